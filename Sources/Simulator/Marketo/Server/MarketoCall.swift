/// What a call is for, by its path (reference 5 to 13).
enum MarketoCall: Equatable, Sendable {
  enum ObjectPart: String, Sendable { case records, describe, delete }
  enum TypePart: Equatable, Sendable {
    case describe, addField, deleteField, approve, discardDraft, delete, dependentAssets
    case updateField(String)
  }
  enum ImportPart: String, Sendable { case status, failures, warnings }
  enum ActivityTypePart: String, Sendable { case describe, attributes, approve }

  case identity
  case leadDescribe, leadDescribe2, leads, leadDelete, leadFields, partitions
  case lead(String)
  case leadField(String)
  case object(MarketoObject, ObjectPart)
  case companyFields
  case companyField(String)
  case customObjects
  case types, typeDataTypes, typeLinkables
  case type(String, TypePart)
  case pagingToken, leadChanges, deletedLeads, activityTypes, activities
  case customActivities, customActivityTypes, newCustomActivityType
  case customActivityType(String, ActivityTypePart)
  case usage(days: Int)
  case errors(days: Int)
  case leadImport
  case leadImportPart(String, ImportPart)
  case objectImport(String)
  case objectImportPart(String, String, ImportPart)

  /// - Parameter target: path and query, as sent.
  init?(_ target: String) {
    let path = target.prefix { $0 != "?" }
    guard !path.contains("//") else { return nil }
    var parts = path.split(separator: "/").map { PercentCoding.decode($0, plusIsBlank: false) }
    if parts == ["identity", "oauth", "token"] {
      self = .identity
      return
    }
    guard parts.count >= 3, parts[1] == "v1", let last = parts.last, last.hasSuffix(".json") else { return nil }
    let root = parts[0]
    parts[parts.count - 1] = String(last.dropLast(5))
    guard let call = root == "rest" ? Self.rest(Array(parts.dropFirst(2))) : root == "bulk" ? Self.bulk(parts) : nil
    else { return nil }
    self = call
  }

  private static func rest(_ parts: [String]) -> MarketoCall? {
    switch parts.first {
    case "leads", "lead": leadCall(parts)
    case "companies", "salespersons": objectCall(parts)
    case "customobjects": parts.dropFirst().first == "schema" ? typeCall(parts) : customObjectCall(parts)
    case "activities": activityCall(parts)
    case "stats": statsCall(parts)
    default: nil
    }
  }

  private static func leadCall(_ parts: [String]) -> MarketoCall? {
    switch parts {
    case ["leads"]: .leads
    case ["leads", "describe"]: .leadDescribe
    case ["leads", "describe2"]: .leadDescribe2
    case ["leads", "delete"]: .leadDelete
    case ["leads", "partitions"]: .partitions
    case ["leads", "schema", "fields"]: .leadFields
    default:
      parts.count == 4 && parts.starts(with: ["leads", "schema", "fields"])
        ? .leadField(parts[3]) : parts.count == 2 && parts[0] == "lead" ? .lead(parts[1]) : nil
    }
  }

  private static func objectCall(_ parts: [String]) -> MarketoCall? {
    let object: MarketoObject = parts[0] == "companies" ? .company : .salesperson
    if parts.count == 1 { return .object(object, .records) }
    if parts.count == 2, parts[1] != "records", let part = ObjectPart(rawValue: parts[1]) {
      return .object(object, part)
    }
    guard object == .company, parts.starts(with: ["companies", "schema", "fields"]) else { return nil }
    return parts.count == 3 ? .companyFields : parts.count == 4 ? .companyField(parts[3]) : nil
  }

  private static func customObjectCall(_ parts: [String]) -> MarketoCall? {
    switch parts.count {
    case 1: return .customObjects
    case 2: return .object(.custom(parts[1]), .records)
    case 3:
      guard parts[2] != "records", let part = ObjectPart(rawValue: parts[2]) else { return nil }
      return .object(.custom(parts[1]), part)
    default: return nil
    }
  }

  private static func typeCall(_ parts: [String]) -> MarketoCall? {
    switch (parts.count, parts.last) {
    case (2, _): .types
    case (3, "fieldDataTypes"): .typeDataTypes
    case (3, "linkableObjects"): .typeLinkables
    case (4, "describe"): .type(parts[2], .describe)
    case (4, "addField"): .type(parts[2], .addField)
    case (4, "deleteField"): .type(parts[2], .deleteField)
    case (4, "approve"): .type(parts[2], .approve)
    case (4, "discardDraft"): .type(parts[2], .discardDraft)
    case (4, "delete"): .type(parts[2], .delete)
    case (4, "dependentAssets"): .type(parts[2], .dependentAssets)
    case (5, "updateField"): .type(parts[2], .updateField(parts[3]))
    default: nil
    }
  }

  private static func activityCall(_ parts: [String]) -> MarketoCall? {
    switch parts {
    case ["activities"]: .activities
    case ["activities", "pagingtoken"]: .pagingToken
    case ["activities", "leadchanges"]: .leadChanges
    case ["activities", "deletedleads"]: .deletedLeads
    case ["activities", "types"]: .activityTypes
    case ["activities", "external"]: .customActivities
    case ["activities", "external", "types"]: .customActivityTypes
    case ["activities", "external", "type"]: .newCustomActivityType
    default: customActivityType(parts)
    }
  }

  private static func customActivityType(_ parts: [String]) -> MarketoCall? {
    guard parts.count >= 5, parts.starts(with: ["activities", "external", "type"]) else { return nil }
    switch Array(parts[4...]) {
    case ["describe"]: return .customActivityType(parts[3], .describe)
    case ["approve"]: return .customActivityType(parts[3], .approve)
    case ["attributes", "create"]: return .customActivityType(parts[3], .attributes)
    default: return nil
    }
  }

  private static func statsCall(_ parts: [String]) -> MarketoCall? {
    switch parts {
    case ["stats", "usage"]: .usage(days: 1)
    case ["stats", "usage", "last7days"]: .usage(days: 7)
    case ["stats", "errors"]: .errors(days: 1)
    case ["stats", "errors", "last7days"]: .errors(days: 7)
    default: nil
    }
  }

  private static func bulk(_ parts: [String]) -> MarketoCall? {
    let parts = Array(parts.dropFirst(2))
    switch (parts.first, parts.count) {
    case ("leads", 1): return .leadImport
    case ("leads", 3) where parts[1] == "batch": return .leadImportPart(parts[2], .status)
    case ("leads", 4) where parts[1] == "batch" && parts[3] != "status":
      return ImportPart(rawValue: parts[3]).map { .leadImportPart(parts[2], $0) }
    case ("customobjects", 3) where parts[2] == "import": return .objectImport(parts[1])
    case ("customobjects", 5) where parts[2] == "import":
      return ImportPart(rawValue: parts[4]).map { .objectImportPart(parts[1], parts[3], $0) }
    default: return nil
    }
  }

  var isBulk: Bool {
    switch self {
    case .leadImport, .leadImportPart, .objectImport, .objectImportPart: true
    default: false
    }
  }

  /// Takes a file in a form.
  var takesFile: Bool {
    switch self {
    case .leadImport, .objectImport: true
    default: false
    }
  }

  /// The HTTP methods it answers.
  var methods: [String] {
    switch self {
    case .identity, .leadFields, .partitions, .types, .object(_, .records), .leadField: ["GET", "POST"]
    case .leads: ["GET", "POST", "DELETE"]
    case .leadDelete, .object(_, .delete), .customActivities, .newCustomActivityType, .leadImport, .objectImport:
      ["POST"]
    case .type(_, let part): part == .describe || part == .dependentAssets ? ["GET"] : ["POST"]
    case .customActivityType(_, let part): part == .describe ? ["GET"] : ["POST"]
    default: ["GET"]
    }
  }

  /// Any of these permissions opens it (reference 1).
  /// - Parameter reads: the call changes nothing.
  func permissions(reads: Bool) -> [MarketoPermission] {
    switch self {
    case .identity, .usage, .errors: []
    case .leadDescribe, .leadDescribe2, .lead: [.readOnlyLead, .readWriteLead]
    case .leads, .partitions: reads ? [.readOnlyLead, .readWriteLead] : [.readWriteLead]
    case .leadDelete, .leadImport, .leadImportPart: [.readWriteLead]
    case .leadFields, .leadField, .companyFields, .companyField:
      reads ? [.readWriteSchemaStandardField, .readWriteSchemaCustomField] : [.readWriteSchemaCustomField]
    case .object(.company, _): [.readWriteCompany]
    case .object(.salesperson, _): [.readWriteSalesPerson]
    case .object(.custom, _), .customObjects, .objectImport, .objectImportPart: [.readWriteCustomObject]
    case .types, .type, .typeDataTypes, .typeLinkables:
      reads ? [.readOnlyCustomObjectType, .readWriteCustomObjectType] : [.readWriteCustomObjectType]
    case .pagingToken, .leadChanges, .deletedLeads, .activityTypes, .activities:
      [.readOnlyActivity, .readWriteActivity]
    case .customActivities: [.readWriteActivity]
    case .customActivityTypes, .newCustomActivityType, .customActivityType: [.readWriteActivityMetadata]
    }
  }

  /// For counting.
  var name: String {
    switch self {
    case .object(let object, let part):
      switch object {
      case .company: "companies \(part.rawValue)"
      case .salesperson: "salespersons \(part.rawValue)"
      case .custom(let name): "customobjects/\(name) \(part.rawValue)"
      }
    case .lead: "lead"
    case .leadField: "leadField"
    case .companyField: "companyField"
    case .type(_, let part):
      if case .updateField = part { "type updateField" } else { "type \(part)" }
    case .customActivityType(_, let part): "customActivityType \(part.rawValue)"
    case .leadImportPart(_, let part): "leadImport \(part.rawValue)"
    case .objectImport(let name): "import/\(name)"
    case .objectImportPart(let name, _, let part): "import/\(name) \(part.rawValue)"
    case .usage(let days): "usage \(days)"
    case .errors(let days): "errors \(days)"
    default: "\(self)"
    }
  }
}
