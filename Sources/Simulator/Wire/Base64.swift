import Foundation

/// Base 64 as headers and locators use it.
enum Base64 {
  static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  static func decode(_ text: String) -> [UInt8]? {
    var padded = text
    while padded.utf8.count % 4 != 0 { padded += "=" }
    return Data(base64Encoded: padded).map { Array($0) }
  }

  /// Without padding, as in `Sforce-Locator: MTAwMDA`.
  static func locator(_ number: Int) -> String {
    String(encode(Array(String(number).utf8)).prefix { $0 != "=" })
  }

  static func number(locator: String) -> Int? {
    decode(locator).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
  }
}
