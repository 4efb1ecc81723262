import Foundation
import PostgreSQL

extension PostgresValue {
  /// A value as JSON text, for statements that take many values in one parameter. NUL, which PostgreSQL cannot hold, is
  /// left out.
  static func json(_ value: some Encodable) throws -> PostgresValue {
    .text(String(decoding: try JSONEncoder().encode(value), as: UTF8.self).replacing("\\u0000", with: ""))
  }
}
