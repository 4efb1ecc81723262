/// A field of a lead, company, salesperson or custom object.
struct MarketoField: Sendable {
  /// Where a link field of a custom object points (reference 10).
  struct Link: Sendable, Equatable {
    /// `lead`, `company`, or the API name of a custom object.
    var object: String
    /// API name of the linked field.
    var field: String
  }

  /// The name that REST uses.
  var name: String
  var displayName: String
  var type: MarketoType
  /// Most characters.
  var length: Int?
  var details = ""
  /// Written by the instance alone.
  var isReadOnly = false
  /// Seen on a lead, but owned by its company (5.3).
  var isOfCompany = false
  var isCustom = false
  var isMadeByAPI = false
  var isHidden = false
  var isEncodedInEmail = true
  var isSensitive = false
  /// False for a field that only the SOAP API knows (5.1: no `rest`).
  var isInREST = true
  var link: Link?
  var isDedupe = false

  init(
    _ name: String, _ displayName: String, _ type: MarketoType = .string, length: Int? = nil, isReadOnly: Bool = false,
    isOfCompany: Bool = false
  ) {
    self.name = name
    self.displayName = displayName
    self.type = type
    self.length = length ?? (type == .text ? MarketoType.longestText : type.hasLength ? 255 : nil)
    self.isReadOnly = isReadOnly
    self.isOfCompany = isOfCompany
  }

  /// Common members of all describes.
  func described(_ more: [(String, JSONValue)]) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(name)), ("displayName", .string(displayName)), ("dataType", .string(type.rawValue)),
    ]
    if type.hasLength, let length { members.append(("length", .int(length))) }
    return .object(members + more)
  }
}
