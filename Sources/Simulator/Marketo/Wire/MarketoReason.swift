/// A code and its text, for a whole call or for one record (reference 3.3, 3.4).
struct MarketoReason: Error, Equatable, Sendable {
  /// The code, as the wire has it: text.
  var code: String
  var message: String
  /// Set where the gateway answers with HTTP instead of an envelope: 401, 404, 413, 414.
  var httpStatus: Int?

  init(_ code: Int, _ message: String, httpStatus: Int? = nil) {
    self.code = String(code)
    self.message = message
    self.httpStatus = httpStatus
  }

  /// Codes that cost neither quota nor rate (3.3, starred).
  static let free: Set<String> = ["601", "602", "604", "605", "608", "611"]

  // The gateway: the call was not executed.
  static let noToken = MarketoReason(600, "Empty access token")
  static let invalidToken = MarketoReason(601, "Access token invalid")
  static let expiredToken = MarketoReason(602, "Access token expired")
  static let denied = MarketoReason(603, "Access denied")
  static func wrongMethod(_ method: String) -> MarketoReason {
    MarketoReason(605, "HTTP Method '\(method)' is not supported")
  }
  static func tooFast(_ calls: Int, _ seconds: Int) -> MarketoReason {
    MarketoReason(606, "Max rate limit '\(calls)' exceeded with in '\(seconds)' secs")
  }
  static let quotaSpent = MarketoReason(607, "Daily API Request Limit Reached")
  static let notJSON = MarketoReason(609, "Invalid JSON")
  static let noResource = MarketoReason(610, "Requested resource not found")
  static let wrongContentType = MarketoReason(612, "Invalid Content Type")
  static let badMultipart = MarketoReason(613, "Invalid Multipart Request")
  static let tooManyAtOnce = MarketoReason(615, "Concurrent access limit reached")
  static let noMetadataAPI = MarketoReason(616, "Invalid subscription type")
  static let bodyTooLarge = MarketoReason(413, "Request Entity Too Large", httpStatus: 413)
  static let addressTooLong = MarketoReason(414, "Request-URI Too Long", httpStatus: 414)
  static let noFile = MarketoReason(404, "Not Found", httpStatus: 404)

  // The request's data.
  static func badDate(_ text: String) -> MarketoReason { MarketoReason(704, "Invalid date format '\(text)'") }
  static func rule(_ message: String) -> MarketoReason { MarketoReason(709, message) }
  static func badValue(_ value: String, _ type: String) -> MarketoReason {
    MarketoReason(1001, "Invalid value '\(value)'. Required of type '\(type)'")
  }
  static func missing(_ parameter: String) -> MarketoReason {
    MarketoReason(1002, "Missing value for the required parameter '\(parameter)'")
  }
  static func invalid(_ message: String) -> MarketoReason { MarketoReason(1003, message) }
  static let leadNotFound = MarketoReason(1004, "Lead not found")
  static let leadExists = MarketoReason(1005, "Lead already exists")
  static func noField(_ name: String) -> MarketoReason { MarketoReason(1006, "Field '\(name)' not found") }
  static let ambiguous = MarketoReason(1007, "Multiple leads match the lookup criteria")
  static func partition(_ name: String) -> MarketoReason {
    MarketoReason(1008, "Access denied to partition '\(name)'")
  }
  static let partitionChange = MarketoReason(1010, "Partition update not allowed")
  static func unsupported(_ field: String) -> MarketoReason { MarketoReason(1011, "Field '\(field)' not supported") }
  static let objectNotFound = MarketoReason(1013, "Object not found")
  static let recordNotFound = MarketoReason(1013, "Record not found")
  static let tooManyImports = MarketoReason(1016, "Too many imports")
  static let objectExists = MarketoReason(1017, "Object already exists")
  static let nativeCRM = MarketoReason(1018, "CRM Enabled")
  static let importRunning = MarketoReason(1019, "Import in progress")
  static let companyField = MarketoReason(1021, "Company update not allowed")
  static let inUse = MarketoReason(1022, "Object in use")
  static let duplicate = MarketoReason(1036, "Duplicate object found in input")
  static let discardFailed = MarketoReason(1048, "Custom object discard draft failed")
  static let activityTooLong = MarketoReason(1049, "Failed to create activity: attributes too long")

  /// As a member of `errors` or `reasons`.
  func json(numeric: Bool) -> JSONValue {
    .object([("code", numeric ? .number(code) : .string(code)), ("message", .string(message))])
  }
}
