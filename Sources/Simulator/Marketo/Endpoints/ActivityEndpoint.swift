/// The feeds of activities (reference 12.1 to 12.5).
struct ActivityEndpoint: Sendable {
  let context: MarketoContext

  private static let mostLeads = 30
  private static let mostTypes = 10
  private static let deletionsKept = 14 * 86_400

  private var instance: MarketoInstance { context.instance }

  func answer() throws(MarketoReason) -> MarketoAnswer {
    switch context.call {
    case .pagingToken: return try pagingToken()
    case .activityTypes: return types()
    case .leadChanges:
      guard let fields = context.list("fields") else { throw .missing("fields") }
      let wanted = Set(fields)
      try instance.tryData { data throws(MarketoReason) in
        for name in fields where data.leads.place(name) == nil { throw .noField(name) }
      }
      return try feed { data, activity, shape in data.leadChange(activity, wanted, shape).map { [$0] } ?? [] }
    case .deletedLeads:
      let oldest = context.settings.prunesDeletions ? context.now - Self.deletionsKept : .min
      return try feed { data, activity, shape in
        activity.logged < oldest ? [] : data.deletion(activity, shape).map { [$0] } ?? []
      }
    case .activities:
      guard let list = context.list("activityTypeIds") else { throw .missing("activityTypeIds") }
      guard list.count <= Self.mostTypes else {
        throw .invalid("At most \(Self.mostTypes) activityTypeIds are allowed")
      }
      let types = Set(list.compactMap { Int($0) })
      return try feed { data, activity, shape in types.contains(activity.type) ? data.shown(activity, shape) : [] }
    default: throw .noResource
    }
  }

  private func pagingToken() throws(MarketoReason) -> MarketoAnswer {
    let text = try context.parameter("sinceDatetime")
    let seconds = MarketoMoment.seconds(text) ?? MarketoMoment.day(Array(text.utf8)[...]).map { $0 * 86_400 }
    guard let seconds else { throw .badDate(text) }
    let position = instance.withData { $0.position(since: seconds) }
    return .envelope(.init(nextPageToken: PagingToken.text(position)))
  }

  /// One page, which looks at as many entries of the log as it may hold (12.2).
  private func feed(_ show: (MarketoData, MarketoActivity, MarketoMoment.Shape) -> [JSONValue]) throws(MarketoReason)
    -> MarketoAnswer
  {
    _ = try context.parameter("nextPageToken")
    let position = try context.offset()
    let leads = context.list("leadIds").map { Set($0.compactMap { Int($0) }) }
    guard leads?.count ?? 0 <= Self.mostLeads else { throw .invalid("At most \(Self.mostLeads) leadIds are allowed") }
    let size = instance.pageSize(try context.batchSize())
    let shape = context.settings.datetimeShape
    return instance.withData { data in
      let page = data.page(from: position, size: size) { leads?.contains($0.leadID) ?? true }
      let result = page.entries.flatMap { show(data, $0, shape) }
      return .page(result, next: PagingToken.text(page.next), more: page.more)
    }
  }

  // MARK: Types

  private func types() -> MarketoAnswer {
    let built: [JSONValue] = [
      Self.type(12, "New Lead", "Lead is created", nil, ["Source Type"]),
      Self.type(
        13, "Change Data Value", "Value of a lead's field changed", "Attribute Name", ["New Value", "Old Value"]),
      Self.type(37, "Delete Lead", "Lead is deleted", "Person Name", []),
    ]
    let custom = instance.withData { data in
      data.activityTypes.filter(\.isApproved).map { type in
        JSONValue.object([
          ("id", .int(type.id)), ("name", .string(type.name)), ("description", .string(type.details)),
          ("apiName", .string(type.apiName)), ("primaryAttribute", CustomActivityEndpoint.shown(type.primary)),
          ("attributes", .array(type.attributes.map(CustomActivityEndpoint.shown))),
        ])
      }
    }
    return .result(built + custom)
  }

  private static func type(_ id: Int, _ name: String, _ details: String, _ primary: String?, _ attributes: [String])
    -> JSONValue
  {
    let attribute: (String) -> JSONValue = { .object([("name", .string($0)), ("dataType", .string("string"))]) }
    var members: [(String, JSONValue)] = [
      ("id", .int(id)), ("name", .string(name)), ("description", .string(details)),
    ]
    if let primary { members.append(("primaryAttribute", attribute(primary))) }
    return .object(members + [("attributes", .array(attributes.map(attribute)))])
  }
}
