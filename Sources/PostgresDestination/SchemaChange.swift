import PostgreSQL
import SyncModel

/// A table as it is.
struct ExistingTable: Sendable, Equatable {
  /// A column as it is.
  struct Column: Sendable, Equatable {
    /// As `format_type` spells it, with its modifier: `numeric(10,2)`.
    var type: String
    var comment: String?
  }

  var columns: [String: Column]
  /// A table, rather than a view or a foreign table.
  var isTable = true
  /// Whether `veeva_id` alone is unique.
  var hasKey = true
}

/// What is done to a table, or why nothing can be.
enum SchemaChange: Sendable, Equatable {
  case create
  case add(ColumnDefinition)
  case widen(String, to: String, using: String)
  /// The column's field is no longer synced. The column is kept, since the field may only be hidden, and says so.
  case retire(String, comment: String)
  /// The column's field is synced again.
  case revive(String, comment: String)
  case conflict(String, has: String, wants: String)
  case foreign
}

extension TableMapping {
  private static let ours = "Veeva "
  private static let retired = " (no longer synced)"

  /// What a column says of itself.
  static func comment(on field: String, of object: String) -> String { "\(ours)\(object).\(field)" }

  /// What has to be done to a table, `nil` being none.
  func changes(from existing: ExistingTable?, object: String) -> [SchemaChange] {
    guard let existing else { return [.create] }
    let indispensable = ["veeva_id", "veeva_system_modstamp", "synced_at"]
    guard existing.isTable, existing.hasKey, indispensable.allSatisfy({ existing.columns[$0] != nil }) else {
      return [.foreign]
    }
    let definitions = definitions
    return definitions.flatMap { Self.changes(to: existing, for: $0, object: object) }
      + Self.retirements(in: existing, besides: Set(definitions.map(\.name)))
  }

  private static func changes(
    to table: ExistingTable, for wanted: ColumnDefinition, object: String
  ) -> [SchemaChange] {
    guard let column = table.columns[wanted.name] else { return [.add(wanted)] }
    var changes: [SchemaChange] = []
    if !holds(column.type, wanted.type) {
      guard let conversion = widening(of: wanted.name, from: column.type, to: wanted.type) else {
        return [.conflict(wanted.name, has: column.type, wants: wanted.type)]
      }
      changes.append(.widen(wanted.name, to: wanted.type, using: conversion))
    }
    if let field = wanted.field, column.comment?.hasSuffix(retired) == true {
      changes.append(.revive(wanted.name, comment: comment(on: field, of: object)))
    }
    return changes
  }

  private static func retirements(in table: ExistingTable, besides wanted: Set<String>) -> [SchemaChange] {
    table.columns.sorted { $0.key < $1.key }.compactMap { name, column in
      // A column whose comment is not ours was added by somebody else and is none of our business.
      guard !wanted.contains(name), let comment = column.comment, comment.hasPrefix(ours), !comment.hasSuffix(retired)
      else { return nil }
      return .retire(name, comment: comment + retired)
    }
  }

  /// Whether a column of one type can be written as if it were of the other, and loses nothing.
  private static func holds(_ type: String, _ wanted: String) -> Bool {
    type == wanted || widerTypes.contains { $0 == (type, wanted) }
  }

  /// Types of columns, each with a type that it can stand in for.
  static let widerTypes = [
    ("numeric", "bigint"), ("text", "bigint"), ("text", "numeric"), ("text", "boolean"), ("text", "date"),
    ("text", "time without time zone"),
  ]

  /// The expression that turns a column into a type that loses nothing of it, or `nil` where there is none.
  private static func widening(of column: String, from type: String, to wanted: String) -> String? {
    let name = quotedIdentifier(column)
    switch (base(type), wanted) {
    case (wanted, _): return name
    case ("smallint", "bigint"), ("integer", "bigint"), ("smallint", "numeric"), ("integer", "numeric"),
      ("bigint", "numeric"), ("character varying", "text"), ("bigint", "text"), ("numeric", "text"),
      ("boolean", "text"), ("date", "text"), ("time without time zone", "text"):
      return "\(name)::\(wanted)"
    // As the source writes several values in one text.
    case ("text[]", "text"): return "array_to_string(\(name), ';')"
    case ("timestamp with time zone", "text"):
      return "to_char(\(name) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    default: return nil
    }
  }

  /// A type without its modifier: `numeric(10,2)` is a narrower `numeric`.
  private static func base(_ type: String) -> String {
    guard let open = type.firstIndex(of: "("), let close = type.firstIndex(of: ")") else { return type }
    return String(type[..<open]) + String(type[type.index(after: close)...])
  }
}
