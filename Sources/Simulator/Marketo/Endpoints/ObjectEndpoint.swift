/// Describe, sync, query and delete of companies, salespersons and custom objects (reference 7, 8, 9).
struct ObjectEndpoint: Sendable {
  let context: MarketoContext
  let object: MarketoObject

  private var instance: MarketoInstance { context.instance }

  func answer(_ part: MarketoCall.ObjectPart) throws(MarketoReason) -> MarketoAnswer {
    let reads = part == .describe || (part == .records && context.method == "GET")
    try checkOwner(reads: reads)
    guard instance.withData({ $0.table(object) != nil }) else { throw .noResource }
    switch part {
    case .describe: return describe()
    case .delete: return try delete()
    case .records: return reads ? try query() : try sync()
    }
  }

  /// Native CRM sync owns companies and salespersons (7).
  private func checkOwner(reads: Bool) throws(MarketoReason) {
    if case .custom = object { return }
    let settings = context.settings
    guard !settings.nativeCRM || (reads && !settings.nativeCRMHidesObjects) else { throw .nativeCRM }
  }

  private func describe() -> MarketoAnswer {
    instance.withData { data in
      guard let table = data.table(object) else { return .result([]) }
      let names = data.names(object)
      let fields = names.compactMap { table.place($0) }.map { table.fields[$0] }
      let dedupe = fields.filter(\.isDedupe).map(\.name)
      var members: [(String, JSONValue)] = [
        ("name", .string(object.displayName)), ("idField", .string(object.idField)),
        ("dedupeFields", .strings(dedupe)),
        ("searchableFields", .array(data.searchable(object).map(JSONValue.strings))),
      ]
      if case .custom(let name) = object, let type = data.types[name] {
        members += CustomObjectEndpoint.summary(type, context.settings.datetimeShape).filter {
          !["name", "idField", "dedupeFields", "searchableFields"].contains($0.0)
        }
      }
      members.append(("fields", .array(fields.map { field in described(field) })))
      return .result([.object(members)])
    }
  }

  private func described(_ field: MarketoField) -> JSONValue {
    var field = field
    // A link shows the type of what it links to (4.1).
    if let link = field.link { field.type = link.field == "id" ? .integer : .string }
    let writable = !field.isReadOnly && !(field.isDedupe && object == .salesperson)
    return field.described([("updateable", .bool(writable))])
  }

  // MARK: Writing

  private func sync() throws(MarketoReason) -> MarketoAnswer {
    let input = try context.input()
    let word = context.body?["action"]?.text ?? "createOrUpdate"
    guard let action = ObjectRequest.Action(rawValue: word) else { throw .invalid("Invalid action '\(word)'") }
    let byID = try byID("dedupeBy")
    guard !byID || action == .updateOnly else { throw .invalid("dedupeBy 'idField' is only allowed with 'updateOnly'") }
    let request = ObjectRequest(action: action, byID: byID, failsWholeCall: context.settings.duplicatesFailCall)
    let now = context.now
    let outcomes = try instance.tryData { data throws(MarketoReason) in
      try data.sync(object, input, request, faults: context.recordFaults, now: now)
    }
    return .result(shown(outcomes))
  }

  private func byID(_ name: String) throws(MarketoReason) -> Bool {
    switch context.body?[name]?.text ?? "dedupeFields" {
    case "dedupeFields": return false
    case "idField": return true
    case let other: throw .invalid("Invalid \(name) '\(other)'")
    }
  }

  private func shown(_ outcomes: [ObjectOutcome]) -> [JSONValue] {
    let result: [JSONValue] = instance.withData { data in
      outcomes.enumerated().map { place, outcome in
        var members: [(String, JSONValue)] = [("seq", .int(place)), ("status", .string(outcome.status.rawValue))]
        if let id = outcome.id { members.append((object.idField, data.idValue(object, id))) }
        if let reason = outcome.reason { members.append(context.reasons(reason)) }
        return .object(members)
      }
    }
    return context.quirks.reversed ? result.reversed() : result
  }

  private func delete() throws(MarketoReason) -> MarketoAnswer {
    let input = try context.input()
    let byID = try byID("deleteBy")
    var outcomes = instance.withData { $0.delete(object, input, byID: byID) }
    for (place, fault) in context.recordFaults where outcomes.indices.contains(place) {
      outcomes[place] = .skipped(fault)
    }
    return .result(shown(outcomes))
  }

  // MARK: Query

  private func query() throws(MarketoReason) -> MarketoAnswer {
    guard let filter = context.parameters["filterType"] ?? context.body?["filterType"]?.text, !filter.isEmpty else {
      throw .missing("filterType")
    }
    return try instance.tryData { data throws(MarketoReason) in
      let group = try group(filter, data)
      let names = try fields(data)
      let ids = try ids(group, &data)
      let (page, next) = try context.page(of: ids)
      let shape = context.settings.datetimeShape
      guard let table = data.table(object) else { throw .noResource }
      var result: [JSONValue] = []
      for (seq, id) in page.enumerated() {
        guard let record = table.records[id] else { continue }
        result.append(.object([("seq", .int(seq))] + data.show(object, record, names, shape)))
      }
      return .page(result, next: next, more: next != nil)
    }
  }

  /// The fields that a filter goes by (7: searchable ones, or an alias).
  private func group(_ filter: String, _ data: MarketoData) throws(MarketoReason) -> [String] {
    guard let table = data.table(object) else { throw .noResource }
    if filter == "idField" { return [object.idField] }
    if filter == "dedupeFields" { return data.dedupePlaces(object).map { table.fields[$0].name } }
    guard table.place(filter) != nil else { throw .noField(filter) }
    guard data.searchable(object).contains([filter]) else { throw .unsupported(filter) }
    return [filter]
  }

  private func fields(_ data: MarketoData) throws(MarketoReason) -> [String] {
    guard let table = data.table(object) else { throw .noResource }
    var listed = context.list("fields")
    if let items = context.body?["fields"]?.items { listed = items.compactMap(\.text) }
    if let text = context.body?["fields"]?.text { listed = text.split(separator: ",").map { $0.trimmed } }
    guard let listed else {
      if object == .salesperson { return data.names(object) }
      return [object.idField] + data.dedupePlaces(object).map { table.fields[$0].name } + ["createdAt", "updatedAt"]
    }
    for name in listed where table.place(name) == nil { throw .noField(name) }
    return listed.contains(object.idField) ? listed : [object.idField] + listed
  }

  private func ids(_ group: [String], _ data: inout MarketoData) throws(MarketoReason) -> [Int] {
    let keys = try keys(group)
    guard keys.count <= instance.options.recordsPerCall else {
      throw .invalid("The filter exceeds the limit of \(instance.options.recordsPerCall) values")
    }
    if group == [object.idField] {
      return keys.compactMap { data.id(object, .string($0)) }.filter { data.table(object)?.records[$0] != nil }
    }
    guard let table = data.table(object) else { throw .noResource }
    let places = group.compactMap { table.place($0) }
    var ids: [Int] = []
    for key in keys { ids += data.find(object, places, key) }
    return ids
  }

  /// Values of the filter: a list, or objects with all key fields (9, compound keys).
  private func keys(_ group: [String]) throws(MarketoReason) -> [String] {
    if let items = context.body?["input"]?.items {
      return try items.map { item throws(MarketoReason) in
        let parts = group.map { name in item[name].flatMap { MarketoTable.key($0, .string) } }
        guard !parts.contains(nil) else { throw .invalid("An input lacks one of \(group.joined(separator: ", "))") }
        return parts.compactMap { $0 }.joined(separator: "\u{1F}")
      }
    }
    guard let values = context.list("filterValues") else { throw .missing("filterValues") }
    guard group.count == 1 else { throw .invalid("A compound key takes input instead of filterValues") }
    return values
  }
}
