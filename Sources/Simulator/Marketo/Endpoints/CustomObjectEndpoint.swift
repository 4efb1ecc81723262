/// The list of custom objects, and their schema (reference 9, 10).
struct CustomObjectEndpoint: Sendable {
  let context: MarketoContext

  private var instance: MarketoInstance { context.instance }

  /// Approved types (9).
  func list() throws(MarketoReason) -> MarketoAnswer {
    let names = context.list("names")
    let shape = context.settings.datetimeShape
    return .result(
      instance.withData { data in
        data.types.values.filter { $0.approved != nil && names?.contains($0.name) != false }
          .sorted { $0.name < $1.name }.map { .object(Self.summary($0, shape)) }
      })
  }

  func answer() throws(MarketoReason) -> MarketoAnswer {
    guard context.settings.hasMetadataAPI else { throw .noMetadataAPI }
    switch context.call {
    case .types: return context.method == "GET" ? types() : try sync()
    case .typeDataTypes: return .result([.strings(MarketoType.creatableOnObject.map(\.rawValue).sorted())])
    case .typeLinkables: return linkables()
    case .type(let name, let part): return try answer(name, part)
    default: throw .noResource
    }
  }

  private func answer(_ name: String, _ part: MarketoCall.TypePart) throws(MarketoReason) -> MarketoAnswer {
    let now = context.now
    switch part {
    case .describe: return try describe(name)
    case .dependentAssets: return .result([])
    case .addField:
      let fields = try context.input().map { members throws(MarketoReason) in try Self.field(.object(members)) }
      try instance.tryData { data throws(MarketoReason) in try data.addFields(fields, to: name, now: now) }
    case .deleteField:
      let names = try context.input().compactMap { members in members.first { $0.0 == "name" }?.1.text }
      try instance.tryData { data throws(MarketoReason) in try data.deleteFields(names, of: name, now: now) }
    case .updateField(let field): try update(field, of: name, now: now)
    case .approve: try instance.tryData { data throws(MarketoReason) in try data.approve(name, now: now) }
    case .discardDraft: try instance.tryData { data throws(MarketoReason) in try data.discard(name) }
    case .delete: try instance.tryData { data throws(MarketoReason) in try data.deleteType(name) }
    }
    return .result([])
  }

  // MARK: Showing

  private static func members(
    _ type: CustomObjectType, _ version: CustomObjectType.Version, isDraft: Bool, _ shape: MarketoMoment.Shape
  ) -> [(String, JSONValue)] {
    let dedupe = version.dedupe.map(\.name)
    let moment: (Int) -> JSONValue = { isDraft ? .null : .string(MarketoMoment.text($0, shape)) }
    return [
      ("name", .string(type.name)), ("displayName", .string(version.displayName)),
      ("pluralName", .string(version.pluralName)), ("description", .string(version.details)),
      ("createdAt", moment(type.created)), ("updatedAt", moment(type.updated)),
      ("idField", isDraft ? .null : .string("marketoGUID")), ("dedupeFields", .strings(dedupe)),
      (
        "searchableFields",
        .array(([dedupe, ["marketoGUID"]] + version.links.map { [$0.name] }).map(JSONValue.strings))
      ),
      ("relationships", .array(version.links.map(relationship))),
    ]
  }

  private static func relationship(_ field: MarketoField) -> JSONValue {
    .object([
      ("field", .string(field.name)), ("type", .string("child")),
      (
        "relatedTo",
        .object([("name", .string(field.link?.object ?? "")), ("field", .string(field.link?.field ?? ""))])
      ),
    ])
  }

  /// What a list says of an approved type.
  static func summary(_ type: CustomObjectType, _ shape: MarketoMoment.Shape) -> [(String, JSONValue)] {
    guard let version = type.approved else { return [] }
    return members(type, version, isDraft: false, shape)
  }

  private func types() -> MarketoAnswer {
    let names = context.list("names")
    let state = context.parameters["state"]
    let shape = context.settings.datetimeShape
    return .result(
      instance.withData { data in
        data.types.values.filter { names?.contains($0.name) != false && (state == nil || state == $0.state) }
          .sorted { $0.name < $1.name }.compactMap { type in
            guard let version = type.approved ?? type.draft else { return nil }
            return .object(
              Self.members(type, version, isDraft: type.approved == nil, shape) + [("state", .string(type.state))])
          }
      })
  }

  private func describe(_ name: String) throws(MarketoReason) -> MarketoAnswer {
    let state = context.parameters["state"]
    let shape = context.settings.datetimeShape
    return try instance.tryData { data throws(MarketoReason) in
      guard let type = data.types[name] else { throw .objectNotFound }
      let wantsDraft = state.map { $0 != "approved" } ?? (type.approved == nil)
      guard let version = wantsDraft ? type.draft : type.approved else { throw .objectNotFound }
      let fields = version.fields.map { field -> JSONValue in
        var more: [(String, JSONValue)] = [("isDedupeField", .bool(field.isDedupe))]
        if let link = field.link {
          more.append(("relatedTo", .object([("name", .string(link.object)), ("field", .string(link.field))])))
        }
        return field.described(more)
      }
      return .result([
        .object(
          Self.members(type, version, isDraft: wantsDraft, shape) + [
            ("state", .string(type.state)), ("version", .string(wantsDraft ? "draft" : "approved")),
            ("fields", .array(fields)),
          ])
      ])
    }
  }

  private func linkables() -> MarketoAnswer {
    .result(
      instance.withData { data in
        data.linkable.map { target in
          .object([
            ("name", .string(target.name)),
            (
              "fields",
              .array(
                target.fields.map {
                  .object([("name", .string($0.displayName)), ("dataType", .string($0.type.rawValue))])
                })
            ),
          ])
        }
      })
  }

  // MARK: Changing

  private func sync() throws(MarketoReason) -> MarketoAnswer {
    guard let body = context.body, let name = body["apiName"]?.text else { throw .missing("apiName") }
    let word = body["action"]?.text ?? "createOrUpdate"
    guard let action = ObjectRequest.Action(rawValue: word) else { throw .invalid("Invalid action '\(word)'") }
    let now = context.now
    try instance.tryData { data throws(MarketoReason) in
      try data.sync(
        .init(
          action: action, name: name, displayName: body["displayName"]?.text, pluralName: body["pluralName"]?.text,
          details: body["description"]?.text, showsInLead: body["showInLeadDetail"]?.truth), now: now)
    }
    return .result([])
  }

  private static func field(_ definition: JSONValue) throws(MarketoReason) -> MarketoField {
    guard let name = definition["name"]?.text else { throw .missing("name") }
    guard let displayName = definition["displayName"]?.text else { throw .missing("displayName") }
    guard let word = definition["dataType"]?.text else { throw .missing("dataType") }
    guard let type = MarketoType(rawValue: word), MarketoType.creatableOnObject.contains(type) else {
      throw .badValue(word, "dataType")
    }
    var field = MarketoField(name, displayName, type)
    field.isCustom = true
    field.details = definition["description"]?.text ?? ""
    field.isDedupe = definition["isDedupeField"]?.truth ?? false
    if type == .link {
      guard let target = definition["relatedTo"]?["name"]?.text, let linked = definition["relatedTo"]?["field"]?.text
      else { throw .missing("relatedTo") }
      field.link = MarketoField.Link(object: target, field: linked)
    }
    return field
  }

  private func update(_ field: String, of name: String, now: Int) throws(MarketoReason) {
    guard let body = context.body else { throw .missing("input") }
    let changes = body["input"]?.items?.first ?? body
    if let word = changes["dataType"]?.text {
      guard let type = MarketoType(rawValue: word), MarketoType.creatableOnObject.contains(type), type != .link else {
        throw .badValue(word, "dataType")
      }
    }
    try instance.tryData { data throws(MarketoReason) in
      try data.updateField(field, of: name, now: now) { field in
        field.displayName = changes["displayName"]?.text ?? field.displayName
        field.details = changes["description"]?.text ?? field.details
        field.isDedupe = changes["isDedupeField"]?.truth ?? field.isDedupe
        if let type = changes["dataType"]?.text.flatMap(MarketoType.init(rawValue:)) { field.type = type }
      }
    }
  }
}
