import Foundation
import PostgreSQL

extension PostgresValue {
  /// A length of time, in seconds.
  static func seconds(_ duration: Duration) -> PostgresValue {
    let (seconds, attoseconds) = duration.components
    return .text("\(Double(seconds) + Double(attoseconds) / 1e18)")
  }

  /// A list of texts, as the literal of a `text[]`.
  static func textArray(_ texts: [String]) -> PostgresValue {
    let quoted = texts.map { text in
      "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return .text("{" + quoted.joined(separator: ",") + "}")
  }

  /// A list of numbers, as the literal of a `bigint[]`.
  static func idArray(_ ids: [Int64]) -> PostgresValue {
    .text("{" + ids.map(String.init).joined(separator: ",") + "}")
  }

  /// A value as JSON. Keys are sorted, so that equal values are equal text.
  static func json(_ value: some Encodable) throws -> PostgresValue {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return .text(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}

extension PostgresRow {
  /// The text of a column that is never null.
  func require(_ column: String) throws -> String {
    guard let value = try string(column) else { throw CheckpointError(what: "column \(column) is null") }
    return value
  }

  /// The number in a column that is never null.
  func requireInt(_ column: String) throws -> Int64 {
    guard let value = try int(column) else { throw CheckpointError(what: "column \(column) is null") }
    return value
  }

  /// The value in a column of JSON.
  func json<Value: Decodable>(_ column: String, as type: Value.Type) throws -> Value {
    let text = try require(column)
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw CheckpointError(what: "column \(column) does not hold a \(type): was it written by a newer release?")
    }
  }
}

/// What was remembered cannot be understood.
public struct CheckpointError: Error, Sendable, CustomStringConvertible {
  /// What is wrong with it.
  public let what: String

  public var description: String { "The checkpoints in schema crmsync cannot be read: \(what)" }
}
