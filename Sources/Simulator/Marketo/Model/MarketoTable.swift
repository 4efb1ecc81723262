/// A row of a table.
struct MarketoRecord: Sendable {
  let id: Int
  /// Seconds since 1970, by the instance's clock.
  var created: Int
  var updated: Int
  /// By place of the field; shorter than the fields when some were added later.
  var values: [JSONValue]

  func value(_ place: Int) -> JSONValue { place < values.count ? values[place] : .null }
}

/// A value that became another one.
struct MarketoChange: Sendable {
  let place: Int
  let old: JSONValue
  let new: JSONValue
}

/// Records of one kind, found by id and by the value of any field.
struct MarketoTable: Sendable {
  private(set) var fields: [MarketoField]
  private(set) var records: [Int: MarketoRecord] = [:]
  private var places: [String: Int]
  /// Fields → value → ids. Made when first asked for, and kept in step from then on.
  private var indexes: [[Int]: [String: [Int]]] = [:]
  private var nextID: Int

  init(_ fields: [MarketoField], firstID: Int) {
    self.fields = fields
    nextID = firstID
    places = Dictionary(uniqueKeysWithValues: fields.enumerated().map { ($0.element.name, $0.offset) })
  }

  /// Where a field's values are, by API name.
  func place(_ name: String) -> Int? { places[name] }

  var ids: [Int] { records.keys.sorted() }

  /// Adds a field, or changes how one is described; values stay.
  mutating func set(_ field: MarketoField) {
    if let place = places[field.name] {
      fields[place] = field
    } else {
      places[field.name] = fields.count
      fields.append(field)
    }
  }

  /// Makes a field's name unknown; another one of that name starts empty.
  mutating func forget(_ name: String) { places[name] = nil }

  mutating func insert(_ values: [(place: Int, value: JSONValue)], now: Int) -> Int {
    let id = nextID
    nextID += 1
    var record = MarketoRecord(
      id: id, created: now, updated: now, values: [JSONValue](repeating: .null, count: fields.count))
    for (place, value) in values { record.values[place] = value }
    for list in lists {
      if let key = key(record, list) { indexes[list, default: [:]][key, default: []].append(id) }
    }
    records[id] = record
    return id
  }

  /// Writes values.
  /// - Returns: what is now different from before.
  mutating func update(_ id: Int, _ values: [(place: Int, value: JSONValue)], now: Int) -> [MarketoChange] {
    guard var record = records[id] else { return [] }
    var changes: [MarketoChange] = []
    for (place, value) in values {
      let old = record.value(place)
      guard !Self.same(old, value) else { continue }
      while record.values.count <= place { record.values.append(.null) }
      record.values[place] = value
      changes.append(MarketoChange(place: place, old: old, new: value))
    }
    guard !changes.isEmpty, let before = records[id] else { return [] }
    // A lead's updatedAt moves for standard fields alone (reference 4.4).
    if changes.contains(where: { !fields[$0.place].isCustom }) { record.updated = now }
    for list in lists where changes.contains(where: { list.contains($0.place) }) {
      move(id, in: list, from: key(before, list), to: key(record, list))
    }
    records[id] = record
    return changes
  }

  mutating func remove(_ id: Int) -> MarketoRecord? {
    guard let record = records.removeValue(forKey: id) else { return nil }
    for list in lists { move(id, in: list, from: key(record, list), to: nil) }
    return record
  }

  /// What is indexed: an array, since iterating the keys of the dictionary would share it, and each write copy it.
  private var lists: [[Int]] { Array(indexes.keys) }

  private mutating func move(_ id: Int, in list: [Int], from old: String?, to new: String?) {
    guard old != new else { return }
    if let old {
      indexes[list]?[old]?.removeAll { $0 == id }
      if indexes[list]?[old]?.isEmpty == true { indexes[list]?[old] = nil }
    }
    if let new { indexes[list, default: [:]][new, default: []].append(id) }
  }

  /// Ids of the records whose values in these fields make this key, in the order they got them.
  mutating func find(_ list: [Int], _ key: String) -> [Int] {
    if indexes[list] == nil {
      var index: [String: [Int]] = [:]
      for id in ids {
        if let record = records[id], let key = self.key(record, list) { index[key, default: []].append(id) }
      }
      indexes[list] = index
    }
    return indexes[list]?[key] ?? []
  }

  private func key(_ record: MarketoRecord, _ list: [Int]) -> String? {
    key(list.map { (place: $0, value: record.value($0)) })
  }

  /// The key that values make: `nil` when one of them is missing.
  func key(_ values: [(place: Int, value: JSONValue)]) -> String? {
    var key = ""
    for (number, entry) in values.enumerated() {
      guard let part = Self.key(entry.value, fields[entry.place].type) else { return nil }
      key += number == 0 ? part : "\u{1F}" + part
    }
    return key
  }

  /// A value as a key. Addresses are compared without regard to case (decision: the reference is silent).
  static func key(_ value: JSONValue, _ type: MarketoType) -> String? {
    switch value {
    case .string(let text): type == .email ? text.lowercased() : text
    case .int(let number): String(number)
    case .number(let text): text
    case .bool(let truth): truth ? "true" : "false"
    default: nil
    }
  }

  private static func same(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.string(let a), .string(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.bool(let a), .bool(let b)): a == b
    case (.int, .number), (.number, .int), (.number, .number): number(a) == number(b)
    default: false
    }
  }

  private static func number(_ value: JSONValue) -> Double? {
    switch value {
    case .int(let number): Double(number)
    case .number(let text): Double(text)
    default: nil
    }
  }

  /// Values that more than one record has in a field, with the number of records.
  func duplicates(_ place: Int) -> [(value: String, count: Int)] {
    var counts: [String: Int] = [:]
    for record in records.values {
      if let key = Self.key(record.value(place), fields[place].type) { counts[key, default: 0] += 1 }
    }
    return counts.filter { $0.value > 1 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
