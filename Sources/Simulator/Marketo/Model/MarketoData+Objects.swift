extension MarketoData {
  /// A kind's records; `nil` for a custom object that is unknown or not approved.
  func table(_ object: MarketoObject) -> MarketoTable? {
    switch object {
    case .company: companies
    case .salesperson: salespersons
    case .custom(let name): types[name]?.approved == nil ? nil : types[name]?.table
    }
  }

  private mutating func change<Result>(_ object: MarketoObject, _ body: (inout MarketoTable) -> Result) -> Result? {
    switch object {
    case .company: return body(&companies)
    case .salesperson: return body(&salespersons)
    case .custom(let name):
      // Taken out for the while, so that the records are changed where they are and not copied.
      guard var type = types.removeValue(forKey: name) else { return nil }
      defer { types[name] = type }
      return body(&type.table)
    }
  }

  /// Ids of the records with a key.
  mutating func find(_ object: MarketoObject, _ places: [Int], _ key: String) -> [Int] {
    change(object) { $0.find(places, key) } ?? []
  }

  /// Places of the fields that make a record unique.
  func dedupePlaces(_ object: MarketoObject) -> [Int] {
    guard let table = table(object) else { return [] }
    return names(object).compactMap { table.place($0) }.filter { table.fields[$0].isDedupe }
  }

  /// API names of the fields of a kind.
  func names(_ object: MarketoObject) -> [String] {
    switch object {
    case .company: companies.fields.map(\.name)
    case .salesperson: salespersons.fields.map(\.name)
    case .custom(let name):
      StandardFields.customObject.map(\.name) + (types[name]?.approved?.fields.map(\.name) ?? [])
    }
  }

  /// Groups of fields that a query can go by.
  func searchable(_ object: MarketoObject) -> [[String]] {
    switch object {
    case .company: return [["externalCompanyId"], ["id"], ["company"]]
    case .salesperson: return [["email"], ["id"], ["externalSalesPersonId"]]
    case .custom(let name):
      guard let version = types[name]?.approved else { return [] }
      let key = version.dedupe.map(\.name)
      return [key, ["marketoGUID"]] + version.links.map { [$0.name] }.filter { $0 != key }
    }
  }

  /// The number behind an id field's value.
  func id(_ object: MarketoObject, _ value: JSONValue) -> Int? {
    guard case .custom(let name) = object else { return value.whole }
    return value.text.flatMap { MarketoGUID.id($0, type: name) }
  }

  /// An id field's value.
  func idValue(_ object: MarketoObject, _ id: Int) -> JSONValue {
    guard case .custom(let name) = object else { return .int(id) }
    return .string(MarketoGUID.text(id, type: name))
  }

  /// A record's values; those that are missing are left out.
  func show(_ object: MarketoObject, _ record: MarketoRecord, _ names: [String], _ shape: MarketoMoment.Shape)
    -> [(String, JSONValue)]
  {
    guard let table = table(object) else { return [] }
    return names.compactMap { name in
      if name == object.idField { return (name, idValue(object, record.id)) }
      guard let place = table.place(name) else { return nil }
      let value = Self.shown(record, place, table.fields[place], shape)
      return value.isNull ? nil : (name, value)
    }
  }

  // MARK: Writing

  private struct Item {
    var values: [(place: Int, value: JSONValue)] = []
    var key: String?
    var id: Int?
    var problem: MarketoReason?
  }

  /// Writes records (7, 9).
  /// - Parameter faults: records that fail whatever they hold.
  mutating func sync(
    _ object: MarketoObject, _ input: [[(String, JSONValue)]], _ request: ObjectRequest,
    faults: [Int: MarketoReason] = [:], now: Int
  ) throws(MarketoReason) -> [ObjectOutcome] {
    let dedupe = dedupePlaces(object)
    var items: [Item] = []
    for (place, members) in input.enumerated() {
      var item = Item()
      do throws(MarketoReason) {
        if let fault = faults[place] { throw fault }
        try fill(&item, members, object, dedupe, request)
      } catch {
        item.problem = error
      }
      items.append(item)
    }
    let counts = items.reduce(into: [String: Int]()) { counts, item in
      if let key = item.key ?? item.id.map(String.init) { counts[key, default: 0] += 1 }
    }
    for place in items.indices {
      guard let key = items[place].key ?? items[place].id.map(String.init), counts[key, default: 0] > 1 else {
        continue
      }
      if request.failsWholeCall { throw .duplicate }
      items[place].problem = items[place].problem ?? .duplicate
    }
    return items.map { write($0, object, dedupe, request, now: now) }
  }

  private mutating func fill(
    _ item: inout Item, _ members: [(String, JSONValue)], _ object: MarketoObject, _ dedupe: [Int],
    _ request: ObjectRequest
  ) throws(MarketoReason) {
    guard Set(members.map(\.0)).count == members.count else { throw .invalid("A member comes twice in one record") }
    guard let table = table(object) else { throw .objectNotFound }
    for (name, value) in members {
      if name == object.idField {
        guard request.byID else { throw .invalid("Field '\(name)' is not allowed with dedupeBy 'dedupeFields'") }
        guard let id = id(object, value) else { throw .recordNotFound }
        item.id = id
        continue
      }
      guard let place = table.place(name), !table.fields[place].isReadOnly else { throw .noField(name) }
      let field = table.fields[place]
      guard !(request.byID && field.isDedupe) else {
        throw .invalid("Field '\(name)' is not allowed with dedupeBy 'idField'")
      }
      let stored = try field.stored(value)
      if let link = field.link, !stored.isNull { try check(link, stored) }
      if name == "externalSalesPersonId", case .company = object, let key = stored.text,
        let place = salespersons.place(name), salespersons.find([place], key).isEmpty
      {
        throw .objectNotFound
      }
      item.values.append((place, stored))
    }
    if request.byID {
      guard item.id != nil else { throw .invalid("Value for field '\(object.idField)' not found") }
      return
    }
    let parts = dedupe.map { place in
      (place: place, value: item.values.first { $0.place == place }?.value ?? .null)
    }
    guard let key = table.key(parts) else {
      let name = parts.first { $0.value.isNull }.map { table.fields[$0.place].name } ?? ""
      throw .invalid("Value for dedupe field '\(name)' not found")
    }
    item.key = key
  }

  /// The target of a link has to exist (9).
  private mutating func check(_ link: MarketoField.Link, _ value: JSONValue) throws(MarketoReason) {
    switch link.object {
    case "lead":
      guard let key = MarketoTable.key(value, .link), !findLeads(link.field, key).isEmpty else { throw .leadNotFound }
    case "company":
      guard let id = value.whole, companies.records[id] != nil else { throw .objectNotFound }
    default:
      let target = MarketoObject.custom(link.object)
      guard let place = table(target)?.place(link.field), let key = MarketoTable.key(value, .link),
        !find(target, [place], key).isEmpty
      else { throw .objectNotFound }
    }
  }

  private mutating func write(
    _ item: Item, _ object: MarketoObject, _ dedupe: [Int], _ request: ObjectRequest, now: Int
  ) -> ObjectOutcome {
    if let problem = item.problem { return .skipped(problem) }
    let outcome = change(object) { table -> ObjectOutcome in
      let found = item.id.map { table.records[$0] == nil ? [] : [$0] } ?? table.find(dedupe, item.key ?? "")
      guard let id = found.first else {
        guard request.action != .updateOnly else { return .skipped(.recordNotFound) }
        return ObjectOutcome(status: .created, id: table.insert(item.values, now: now))
      }
      guard request.action != .createOnly else { return .skipped(.objectExists) }
      _ = table.update(id, item.values, now: now)
      return ObjectOutcome(status: .updated, id: id)
    }
    return outcome ?? .skipped(.objectNotFound)
  }

  // MARK: Deleting

  /// Deletes records by key or by id (7, 9).
  mutating func delete(_ object: MarketoObject, _ input: [[(String, JSONValue)]], byID: Bool) -> [ObjectOutcome] {
    let dedupe = dedupePlaces(object)
    return input.map { members in
      do throws(MarketoReason) {
        let id = try target(members, object, dedupe, byID: byID)
        if case .salesperson = object, isUsed(salesperson: id) { throw .inUse }
        guard change(object, { $0.remove(id) != nil }) == true else { throw .recordNotFound }
        return ObjectOutcome(status: .deleted, id: id)
      } catch {
        return .skipped(error)
      }
    }
  }

  private mutating func target(
    _ members: [(String, JSONValue)], _ object: MarketoObject, _ dedupe: [Int], byID: Bool
  ) throws(MarketoReason) -> Int {
    guard let table = table(object) else { throw .objectNotFound }
    let allowed = byID ? [object.idField] : dedupe.map { table.fields[$0].name }
    for name in allowed where !members.contains(where: { $0.0 == name && !$0.1.isNull }) {
      throw .invalid("Value for field '\(name)' not found")
    }
    if let other = members.first(where: { !allowed.contains($0.0) }) {
      throw .invalid("Field '\(other.0)' is not a key")
    }
    if byID {
      guard let value = members.first?.1, let id = id(object, value), table.records[id] != nil else {
        throw .recordNotFound
      }
      return id
    }
    let parts = dedupe.map { place in
      (place: place, value: members.first { $0.0 == table.fields[place].name }?.1 ?? .null)
    }
    guard let key = table.key(parts), let id = find(object, dedupe, key).first else { throw .recordNotFound }
    return id
  }

  /// Whether leads or companies name a salesperson (8).
  private mutating func isUsed(salesperson id: Int) -> Bool {
    guard let place = salespersons.place("externalSalesPersonId"),
      let key = salespersons.records[id]?.value(place).text,
      let onLead = leads.place("externalSalesPersonId"), let onCompany = companies.place("externalSalesPersonId")
    else { return false }
    return !leads.find([onLead], key).isEmpty || !companies.find([onCompany], key).isEmpty
  }
}
