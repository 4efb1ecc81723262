import Foundation

/// Bodies of requests.
enum JSONBody {
  static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(SalesforceError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw SalesforceError(
        status: 400, code: "JSON_PARSER_ERROR", message: "The request body is not the JSON that this resource takes")
    }
  }
}

extension StringProtocol {
  /// Without blanks at either end.
  var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
