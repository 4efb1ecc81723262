/// What a call does to leads (reference 5.3).
struct LeadRequest: Sendable {
  enum Action: String, Sendable {
    case createOrUpdate, createOnly, updateOnly, createDuplicate
  }

  var action: Action
  /// Name of the field that leads are found by.
  var lookup: String
  var partition: Int?
  var source: MarketoSource
  /// Accepts links to companies and salespersons that do not exist.
  var acceptsUnknownLinks = false
  /// A key that comes twice in one call makes two leads.
  var doublesRepeatedKeys = false
}

/// One lead of a call, on its way.
struct LeadItem: Sendable {
  var values: [(place: Int, value: JSONValue)] = []
  /// The lookup field's value.
  var key: String?
  /// Leads that had this key when it was looked up.
  var found: [Int] = []
  var problem: MarketoReason?
}

/// What became of one lead of a call.
enum LeadOutcome: Sendable {
  case created(Int)
  case updated(Int)
  case skipped(MarketoReason)
}

extension MarketoData {
  /// Whether leads can be looked up by a field (5.3); the error of the whole call otherwise.
  func checkLookup(_ name: String, _ action: LeadRequest.Action) throws(MarketoReason) {
    guard let place = leads.place(name), leads.fields[place].isInREST else { throw .noField(name) }
    let field = leads.fields[place]
    guard StandardFields.leadKeys.contains(name) || (field.isCustom && field.type.isKey) else {
      throw .unsupported(name)
    }
    guard name != "id" || action == .updateOnly else {
      throw .invalid("Lookup field 'id' is only allowed with action 'updateOnly'")
    }
  }

  /// Checks one lead's values.
  mutating func prepare(_ members: [(String, JSONValue)], _ request: LeadRequest) -> LeadItem {
    var item = LeadItem()
    do throws(MarketoReason) {
      try fill(&item, members, request)
    } catch {
      item.problem = error
    }
    return item
  }

  private mutating func fill(
    _ item: inout LeadItem, _ members: [(String, JSONValue)], _ request: LeadRequest
  ) throws(MarketoReason) {
    guard Set(members.map(\.0)).count == members.count else { throw .invalid("A member comes twice in one record") }
    for (name, value) in members {
      if name == "id" {
        guard request.action == .updateOnly, request.lookup == "id" else {
          throw .invalid("Field 'id' is not allowed with action '\(request.action.rawValue)'")
        }
        item.key = value.whole.map(String.init)
        continue
      }
      guard let place = leads.place(name), leads.fields[place].isInREST, !leads.fields[place].isReadOnly else {
        throw .noField(name)
      }
      let field = leads.fields[place]
      guard !field.isOfCompany else { throw .companyField }
      let stored = try field.stored(value)
      // A lead leaves a company only for another one.
      if name == "externalCompanyId", stored.isNull { continue }
      if !request.acceptsUnknownLinks { try checkLink(name, stored) }
      if name == request.lookup { item.key = MarketoTable.key(stored, field.type) }
      item.values.append((place, stored))
    }
    guard item.key != nil || request.action == .createDuplicate || request.action == .createOnly else {
      throw .invalid("Value for lookup field '\(request.lookup)' not found")
    }
  }

  private mutating func checkLink(_ name: String, _ value: JSONValue) throws(MarketoReason) {
    guard let key = value.text else { return }
    if name == "externalCompanyId", let place = companies.place(name), companies.find([place], key).isEmpty {
      throw .objectNotFound
    }
    if name == "externalSalesPersonId", let place = salespersons.place(name), salespersons.find([place], key).isEmpty {
      throw .objectNotFound
    }
  }

  /// Finds the leads that have the items' keys: what an item goes by, however long it then takes to be written.
  mutating func lookUp(_ items: inout [LeadItem], _ request: LeadRequest) {
    guard request.action != .createDuplicate else { return }
    for place in items.indices where items[place].problem == nil {
      guard let key = items[place].key else { continue }
      items[place].found = findLeads(request.lookup, key)
    }
  }

  /// Ids of the leads that have a value in a field.
  mutating func findLeads(_ field: String, _ key: String) -> [Int] {
    if field == "id" { return Int(key).flatMap { leads.records[$0] }.map { [$0.id] } ?? [] }
    guard let place = leads.place(field) else { return [] }
    return leads.find([place], leads.fields[place].type == .email ? key.lowercased() : key)
  }

  /// Writes items, in their order, by what was found earlier: a lead that another call made in the meantime is not
  /// noticed (5.3, the race).
  mutating func write(_ items: [LeadItem], _ request: LeadRequest, now: Int) -> [LeadOutcome] {
    var made: [String: Int] = [:]
    return items.map { item in
      if let problem = item.problem { return .skipped(problem) }
      var found = item.found.filter { leads.records[$0] != nil }
      if let key = item.key, !request.doublesRepeatedKeys, let id = made[key], !found.contains(id) { found.append(id) }
      let outcome = write(item, found, request, now: now)
      if case .created(let id) = outcome, let key = item.key { made[key] = id }
      return outcome
    }
  }

  private mutating func write(_ item: LeadItem, _ found: [Int], _ request: LeadRequest, now: Int) -> LeadOutcome {
    if request.action == .createDuplicate || found.isEmpty {
      guard request.action != .updateOnly else { return .skipped(.leadNotFound) }
      return .created(create(item.values, partition: request.partition, by: request.source, now: now))
    }
    guard let id = found.first, found.count == 1 else { return .skipped(.ambiguous) }
    guard request.action != .createOnly else { return .skipped(.leadExists) }
    if let problem = partitionProblem(of: id, wanted: request.partition) { return .skipped(problem) }
    change(id, item.values, by: request.source, now: now)
    return .updated(id)
  }

  private func partitionProblem(of id: Int, wanted: Int?) -> MarketoReason? {
    guard let place = leads.place("leadPartitionId"), let current = leads.records[id]?.value(place).whole,
      let partition = partitions.first(where: { $0.id == current })
    else { return nil }
    if !partition.isReachable { return .partition(partition.name) }
    return wanted == nil || wanted == current ? nil : .partitionChange
  }

  /// Makes a lead.
  mutating func create(
    _ values: [(place: Int, value: JSONValue)], partition: Int? = nil, by source: MarketoSource, now: Int
  ) -> Int {
    var values = values
    if let place = leads.place("leadPartitionId") { values.append((place, .int(partition ?? 1))) }
    let id = leads.insert(values, now: now)
    _ = log(.newLead, of: id, by: source, now: now)
    return id
  }

  /// Changes a lead; what is effectively different shows up in lead changes (12.3).
  mutating func change(_ id: Int, _ values: [(place: Int, value: JSONValue)], by source: MarketoSource, now: Int) {
    let changes = leads.update(id, values, now: now)
    if !changes.isEmpty { _ = log(.changed(changes), of: id, by: source, now: now) }
  }

  /// Deletes a lead (5.5).
  mutating func deleteLead(_ id: Int, by source: MarketoSource, now: Int) -> Bool {
    guard let record = leads.remove(id) else { return false }
    let name = ["firstName", "lastName"].compactMap { leads.place($0) }.compactMap { record.value($0).text }
      .joined(separator: " ")
    _ = log(.deleted(name: name), of: id, by: source, now: now)
    return true
  }

  /// A lead's values, its company's among them.
  mutating func show(_ record: MarketoRecord, _ names: [String], _ shape: MarketoMoment.Shape) -> JSONValue {
    .object(names.map { ($0, leadValue(record, $0, shape)) })
  }

  private mutating func leadValue(_ record: MarketoRecord, _ name: String, _ shape: MarketoMoment.Shape) -> JSONValue {
    guard let place = leads.place(name) else { return .null }
    let field = leads.fields[place]
    guard field.isOfCompany else { return Self.shown(record, place, field, shape) }
    guard let link = leads.place("externalCompanyId"), let key = record.value(link).text,
      let keyPlace = companies.place("externalCompanyId"), let id = companies.find([keyPlace], key).first,
      let company = companies.records[id], let companyPlace = companies.place(name)
    else { return Self.shown(record, place, field, shape) }
    return Self.shown(company, companyPlace, field, shape)
  }

  /// A value as answers have it.
  static func shown(_ record: MarketoRecord, _ place: Int, _ field: MarketoField, _ shape: MarketoMoment.Shape)
    -> JSONValue
  {
    switch field.name {
    case "id" where field.isReadOnly: return .int(record.id)
    case "createdAt": return .string(MarketoMoment.text(record.created, shape))
    case "updatedAt": return .string(MarketoMoment.text(record.updated, shape))
    default: break
    }
    let value = record.value(place)
    switch (field.type, value) {
    case (.boolean, .null): return .bool(false)
    // Examples show amounts as text (4.1).
    case (.currency, .int(let number)): return .string(String(number))
    case (.currency, .number(let text)): return .string(text)
    case (.datetime, .string(let text)):
      guard shape == .offset, let seconds = MarketoMoment.seconds(text) else { return value }
      return .string(MarketoMoment.text(seconds, shape))
    default: return value
    }
  }
}
