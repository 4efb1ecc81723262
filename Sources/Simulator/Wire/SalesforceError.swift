/// A refusal in the words of the platform (Salesforce REST API: an array of message, errorCode and fields).
struct SalesforceError: Error, Equatable {
  var status: Int
  var code: String
  var message: String
  var fields: [String] = []

  static func malformedQuery(_ message: String) -> SalesforceError {
    SalesforceError(status: 400, code: "MALFORMED_QUERY", message: message)
  }

  static func invalidField(_ message: String) -> SalesforceError {
    SalesforceError(status: 400, code: "INVALID_FIELD", message: message)
  }

  static func notFound(_ message: String = "The requested resource does not exist") -> SalesforceError {
    SalesforceError(status: 404, code: "NOT_FOUND", message: message)
  }

  static let invalidSession = SalesforceError(
    status: 401, code: "INVALID_SESSION_ID", message: "Session expired or invalid")

  static let invalidLocator = SalesforceError(
    status: 400, code: "INVALID_QUERY_LOCATOR", message: "invalid query locator")
}
