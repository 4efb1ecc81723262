/// Describe, sync, query and delete of leads, and partitions (reference 5, 13).
struct LeadEndpoint: Sendable {
  let context: MarketoContext

  private static let defaultFields = ["id", "email", "updatedAt", "createdAt", "firstName", "lastName"]

  private var instance: MarketoInstance { context.instance }

  func answer() async throws(MarketoReason) -> MarketoAnswer {
    switch context.call {
    case .leadDescribe: return describe()
    case .leadDescribe2: return describe2()
    case .partitions: return context.method == "GET" ? partitions() : try move()
    case .lead(let id): return try lead(id)
    case .leadDelete: return try delete()
    case .leads:
      switch context.method {
      case "GET": return try query()
      case "DELETE": return try delete()
      default: return try await sync()
      }
    default: throw .noResource
    }
  }

  // MARK: Describe

  private func describe() -> MarketoAnswer {
    .result(
      instance.withData { data in
        data.leads.fields.enumerated().filter { !$0.element.isHidden }.map { place, field in
          var members: [(String, JSONValue)] = [
            ("id", .int(place + 1)), ("displayName", .string(field.displayName)),
            ("dataType", .string(field.type.rawValue)),
          ]
          if field.type.hasLength, let length = field.length { members.append(("length", .int(length))) }
          let access: (String) -> JSONValue = { name in
            .object([("name", .string(name)), ("readOnly", .bool(field.isReadOnly))])
          }
          if field.isInREST { members.append(("rest", access(field.name))) }
          members.append(("soap", access(field.name.prefix(1).uppercased() + field.name.dropFirst())))
          return .object(members)
        }
      })
  }

  private func describe2() -> MarketoAnswer {
    instance.withData { data in
      let fields = data.leads.fields.filter { !$0.isHidden && $0.isInREST }
      return .result([
        .object([
          ("name", .string("API Lead")),
          ("searchableFields", .array(fields.filter(Self.isSearchable).map { .strings([$0.name]) })),
          (
            "fields",
            .array(fields.map { $0.described([("updateable", .bool(!$0.isReadOnly)), ("crmManaged", .bool(false))]) })
          ),
        ])
      ])
    }
  }

  private static func isSearchable(_ field: MarketoField) -> Bool {
    StandardFields.leadKeys.contains(field.name) || StandardFields.leadFilters.contains(field.name)
      || (field.isCustom && field.type.isKey)
  }

  // MARK: Sync

  private func sync() async throws(MarketoReason) -> MarketoAnswer {
    let body = context.body
    let input = try context.input()
    let word = body?["action"]?.text ?? "createOrUpdate"
    guard let action = LeadRequest.Action(rawValue: word) else { throw .invalid("Invalid action '\(word)'") }
    let settings = context.settings
    var request = LeadRequest(
      action: action, lookup: body?["lookupField"]?.text ?? "email", source: .api,
      acceptsUnknownLinks: settings.acceptsUnknownLinks, doublesRepeatedKeys: settings.doublesRepeatedKeys)
    if let name = body?["partitionName"]?.text {
      guard action == .createOnly || action == .createOrUpdate else {
        throw .invalid("partitionName is not allowed with action '\(word)'")
      }
      request.partition = try partition(name)
    }
    let final = request
    try instance.tryData { data throws(MarketoReason) in try data.checkLookup(final.lookup, action) }
    if body?["asyncProcessing"]?.truth == true {
      Task { [self] in _ = await write(input, final) }
      return .result([])
    }
    let outcomes = await write(input, final)
    return .result(outcomes.map(shown))
  }

  private func partition(_ name: String) throws(MarketoReason) -> Int {
    guard let partition = instance.withData({ data in data.partitions.first { $0.name == name } }),
      partition.isReachable
    else { throw .partition(name) }
    return partition.id
  }

  /// Looks up, takes its time, and writes: the gap in which another call can make the same lead (5.3).
  private func write(_ input: [[(String, JSONValue)]], _ request: LeadRequest) async -> [LeadOutcome] {
    let faults = context.recordFaults
    let items = instance.withData { data in
      var items = input.enumerated().map { place, members in
        if let fault = faults[place] { return LeadItem(problem: fault) }
        return data.prepare(members, request)
      }
      data.lookUp(&items, request)
      return items
    }
    await instance.writes.pass()
    let time = context.settings.processingTime
    if time > .zero { try? await Task.sleep(for: time) }
    let now = context.now
    return instance.withData { data in data.write(items, request, now: now) }
  }

  private func shown(_ outcome: LeadOutcome) -> JSONValue {
    switch outcome {
    case .created(let id): .object([("id", .int(id)), ("status", .string("created"))])
    case .updated(let id): .object([("id", .int(id)), ("status", .string("updated"))])
    case .skipped(let reason): .object([("status", .string("skipped")), context.reasons(reason)])
    }
  }

  // MARK: Query

  /// Most leads that a filter may match before it is refused (5.4).
  private func query() throws(MarketoReason) -> MarketoAnswer {
    let type = try context.parameter("filterType")
    guard let values = context.list("filterValues") else { throw .missing("filterValues") }
    guard values.count <= instance.options.recordsPerCall else {
      throw .invalid("filterValues exceeds the limit of \(instance.options.recordsPerCall)")
    }
    let most = instance.options.filterMatches
    let names = context.list("fields") ?? Self.defaultFields
    return try instance.tryData { data throws(MarketoReason) in
      guard let place = data.leads.place(type) else { throw .noField(type) }
      guard Self.isSearchable(data.leads.fields[place]) else { throw .unsupported(type) }
      try Self.check(names, data)
      var ids: [Int] = []
      var seen: Set<Int> = []
      for value in values {
        for id in data.findLeads(type, value) where seen.insert(id).inserted { ids.append(id) }
      }
      guard ids.count <= most else { throw .invalid("Too many results match the filter") }
      let (page, next) = try context.page(of: ids)
      let shape = context.settings.datetimeShape
      var result: [JSONValue] = []
      for id in page {
        if let record = data.leads.records[id] { result.append(data.show(record, Self.withID(names), shape)) }
      }
      return .page(result, next: next, more: next != nil)
    }
  }

  private static func check(_ names: [String], _ data: MarketoData) throws(MarketoReason) {
    for name in names {
      guard let place = data.leads.place(name), data.leads.fields[place].isInREST else { throw .noField(name) }
    }
  }

  private static func withID(_ names: [String]) -> [String] { names.contains("id") ? names : ["id"] + names }

  private func lead(_ text: String) throws(MarketoReason) -> MarketoAnswer {
    let names = context.list("fields") ?? Self.defaultFields
    let shape = context.settings.datetimeShape
    return try instance.tryData { data throws(MarketoReason) in
      try Self.check(names, data)
      guard let id = Int(text), let record = data.leads.records[id] else { throw .leadNotFound }
      return .result([data.show(record, Self.withID(names), shape)])
    }
  }

  // MARK: Delete and partitions

  private func delete() throws(MarketoReason) -> MarketoAnswer {
    let ids: [Int?]
    if context.request.body.isEmpty, let list = context.list("id") {
      guard list.count <= instance.options.recordsPerCall else { throw .invalid("Too many ids") }
      ids = list.map { Int($0) }
    } else {
      ids = try context.input().map { members in members.first { $0.0 == "id" }?.1.whole }
    }
    let now = context.now
    return .result(
      instance.withData { data in
        ids.enumerated().map { place, id in
          if let fault = context.recordFaults[place] {
            return .object([("status", .string("skipped")), context.reasons(fault)])
          }
          guard let id, data.deleteLead(id, by: .api, now: now) else {
            return .object([("status", .string("skipped")), context.reasons(.leadNotFound)])
          }
          return .object([("id", .int(id)), ("status", .string("deleted"))])
        }
      })
  }

  private func partitions() -> MarketoAnswer {
    .result(
      instance.withData { data in
        data.partitions.filter(\.isReachable).map {
          .object([("id", .int($0.id)), ("name", .string($0.name)), ("description", .string(""))])
        }
      })
  }

  /// Moves leads to other partitions (13).
  private func move() throws(MarketoReason) -> MarketoAnswer {
    let input = try context.input()
    let now = context.now
    return .result(
      instance.withData { data in
        input.map { members in
          let record = JSONValue.object(members)
          let name = record["partitionName"]?.text ?? ""
          guard let partition = data.partitions.first(where: { $0.name == name }), partition.isReachable else {
            return .object([("status", .string("skipped")), context.reasons(.partition(name))])
          }
          guard let id = record["id"]?.whole, data.leads.records[id] != nil,
            let place = data.leads.place("leadPartitionId")
          else { return .object([("status", .string("skipped")), context.reasons(.leadNotFound)]) }
          data.change(id, [(place, .int(partition.id))], by: .api, now: now)
          return .object([("id", .int(id)), ("status", .string("updated"))])
        }
      })
  }
}
