/// Custom activities and their types (reference 12.6).
struct CustomActivityEndpoint: Sendable {
  let context: MarketoContext

  private static let mostTypes = 10
  private static let mostAttributes = 20
  private static let mostBytes = 65_536
  private static let firstID = 100_001

  private var instance: MarketoInstance { context.instance }

  func answer() throws(MarketoReason) -> MarketoAnswer {
    switch context.call {
    case .customActivityTypes:
      return .result(instance.withData { data in data.activityTypes.map { Self.shown($0) } })
    case .newCustomActivityType: return try create()
    case .customActivityType(let name, .describe): return try change(name) { _ in }
    case .customActivityType(let name, .approve):
      return try change(name) { type throws(MarketoReason) in
        guard type.hasDraft else { throw .rule("Nothing to approve: '\(name)' has no draft") }
        (type.isApproved, type.hasDraft) = (true, false)
      }
    case .customActivityType(let name, .attributes): return try addAttributes(to: name)
    case .customActivities: return try add()
    default: throw .noResource
    }
  }

  static func shown(_ attribute: CustomActivityType.Attribute) -> JSONValue {
    .object([
      ("apiName", .string(attribute.apiName)), ("name", .string(attribute.name)),
      ("dataType", .string(attribute.type.rawValue)),
    ])
  }

  private static func shown(_ type: CustomActivityType) -> JSONValue {
    .object([
      ("id", .int(type.id)), ("apiName", .string(type.apiName)), ("name", .string(type.name)),
      ("description", .string(type.details)), ("triggerName", .string(type.triggerName)),
      ("filterName", .string(type.filterName)), ("status", .string(type.status)),
      ("primaryAttribute", shown(type.primary)), ("attributes", .array(type.attributes.map(shown))),
    ])
  }

  // MARK: Types

  private func create() throws(MarketoReason) -> MarketoAnswer {
    func text(_ name: String) throws(MarketoReason) -> String {
      guard let text = context.body?[name]?.text, !text.isEmpty else { throw .missing(name) }
      return text
    }
    let (apiName, name) = (try text("apiName"), try text("name"))
    let (trigger, filter) = (try text("triggerName"), try text("filterName"))
    guard let definition = context.body?["primaryAttribute"] else { throw .missing("primaryAttribute") }
    guard MarketoData.isName(apiName) else { throw .invalid("Invalid apiName '\(apiName)'") }
    let primary = try Self.attribute(definition)
    let details = context.body?["description"]?.text ?? ""
    return try instance.tryData { data throws(MarketoReason) in
      guard data.activityTypes.count < Self.mostTypes else {
        throw MarketoReason(1027, "At most \(Self.mostTypes) custom activity types are allowed")
      }
      guard !data.activityTypes.contains(where: { $0.apiName == apiName || $0.name == name }) else {
        throw .objectExists
      }
      let type = CustomActivityType(
        id: Self.firstID + data.activityTypes.count, apiName: apiName, name: name, triggerName: trigger,
        filterName: filter, details: details, primary: primary)
      data.activityTypes.append(type)
      return .result([Self.shown(type)])
    }
  }

  private static func attribute(_ definition: JSONValue) throws(MarketoReason) -> CustomActivityType.Attribute {
    guard let apiName = definition["apiName"]?.text else { throw .missing("apiName") }
    guard let name = definition["name"]?.text else { throw .missing("name") }
    let word = definition["dataType"]?.text ?? "string"
    guard let type = MarketoType(rawValue: word), MarketoType.creatableOnObject.contains(type), type != .link else {
      throw .badValue(word, "dataType")
    }
    return .init(apiName: apiName, name: name, type: type)
  }

  private func change(_ name: String, _ body: (inout CustomActivityType) throws(MarketoReason) -> Void)
    throws(MarketoReason) -> MarketoAnswer
  {
    try instance.tryData { data throws(MarketoReason) in
      guard let place = data.activityTypes.firstIndex(where: { $0.apiName == name }) else { throw .objectNotFound }
      try body(&data.activityTypes[place])
      return .result([Self.shown(data.activityTypes[place])])
    }
  }

  private func addAttributes(to name: String) throws(MarketoReason) -> MarketoAnswer {
    guard let items = context.body?["attributes"]?.items else { throw .missing("attributes") }
    let attributes = try items.map { item throws(MarketoReason) in try Self.attribute(item) }
    return try change(name) { type throws(MarketoReason) in
      for attribute in attributes where type.attributes.contains(where: { $0.apiName == attribute.apiName }) {
        throw .objectExists
      }
      guard type.attributes.count + attributes.count <= Self.mostAttributes else {
        throw MarketoReason(1028, "At most \(Self.mostAttributes) attributes are allowed")
      }
      type.attributes += attributes
      type.hasDraft = true
    }
  }

  // MARK: Activities

  /// Adds activities; results are in the order of the input, failures in `errors`.
  private func add() throws(MarketoReason) -> MarketoAnswer {
    let input = try context.input()
    let now = context.now
    return .result(
      instance.withData { data in
        input.enumerated().map { place, members in
          do throws(MarketoReason) {
            if let fault = context.recordFaults[place] { throw fault }
            let id = try Self.add(.object(members), &data, now: now)
            return .object([
              ("id", .int(id)), ("marketoGUID", .string(String(id))), ("status", .string("added")),
            ])
          } catch {
            return .object([
              ("status", .string("skipped")),
              ("errors", .array([error.json(numeric: context.quirks.numericCodes)])),
            ])
          }
        }
      })
  }

  private static func add(_ record: JSONValue, _ data: inout MarketoData, now: Int) throws(MarketoReason) -> Int {
    for name in ["leadId", "activityDate", "activityTypeId", "primaryAttributeValue", "attributes"]
    where record[name]?.isNull ?? true {
      throw .missing(name)
    }
    guard let lead = record["leadId"]?.whole, data.leads.records[lead] != nil else { throw .leadNotFound }
    guard let number = record["activityTypeId"]?.whole,
      let type = data.activityTypes.first(where: { $0.id == number && $0.isApproved })
    else { throw .objectNotFound }
    let text = record["activityDate"]?.text ?? ""
    guard let date = MarketoMoment.seconds(text) else { throw .badValue(text, "datetime") }
    var attributes: [(String, JSONValue)] = []
    for item in record["attributes"]?.items ?? [] {
      let name = item["apiName"]?.text ?? item["name"]?.text ?? ""
      guard let attribute = type.attributes.first(where: { $0.apiName == name || $0.name == name }) else {
        throw .noField(name)
      }
      let field = MarketoField(attribute.apiName, attribute.name, attribute.type)
      attributes.append((attribute.apiName, try field.stored(item["value"] ?? .null)))
    }
    let bytes = attributes.reduce(0) { $0 + $1.0.utf8.count + $1.1.encoded.count }
    guard bytes <= mostBytes else { throw .activityTooLong }
    let primary = MarketoTable.key(record["primaryAttributeValue"] ?? .null, .string) ?? ""
    return data.log(
      .custom(type: type.id, primary: primary, attributes: attributes), of: lead, at: date, by: .api, now: now)
  }
}
