import PostgreSQL
import SyncModel

extension ValueType {
  /// The column type in PostgreSQL, as `format_type` spells it.
  var columnType: String {
    switch self {
    case .identifier, .text: "text"
    case .textList: "text[]"
    case .boolean: "boolean"
    case .integer: "bigint"
    case .decimal: "numeric"
    case .date: "date"
    case .instant: "timestamp with time zone"
    case .time: "time without time zone"
    }
  }
}

/// A column that a table has or shall have.
struct ColumnDefinition: Sendable, Equatable {
  let name: String
  let type: String
  /// What follows the type when the column is made.
  var constraint = ""

  /// The column as DDL.
  var clause: String { "\(quotedIdentifier(name)) \(type)\(constraint.isEmpty ? "" : " \(constraint)")" }
}

/// What is done to a table, or why nothing can be.
enum SchemaChange: Sendable, Equatable {
  case create
  case add(ColumnDefinition)
  case widen(String, to: String)
  case conflict(String, has: String, wants: String)
  case foreign
}

extension TableMapping {
  /// Every column that the table shall have.
  var definitions: [ColumnDefinition] {
    var definitions = columns.map { column in
      let constraint =
        switch column.field {
        case "Id": "collate \"C\" primary key"
        case "SystemModstamp": "not null"
        default: ""
        }
      return ColumnDefinition(name: column.column, type: column.type.columnType, constraint: constraint)
    }
    if hasVeevaType {
      definitions.append(ColumnDefinition(name: "veeva_type", type: "text", constraint: "not null default 'Contact'"))
    }
    definitions.append(
      ColumnDefinition(name: "synced_at", type: "timestamp with time zone", constraint: "not null default now()"))
    return definitions
  }

  /// What has to be done to a table with these columns, `nil` being no table.
  ///
  /// A column that the mapping no longer knows is kept: its field may only be hidden.
  func changes(from existing: [String: String]?) -> [SchemaChange] {
    guard let existing else { return [.create] }
    guard existing["veeva_id"] != nil, existing["synced_at"] != nil else { return [.foreign] }
    return definitions.compactMap { wanted in
      guard let type = existing[wanted.name] else { return .add(wanted) }
      if type == wanted.type { return nil }
      if Self.holds(type, wanted.type) { return nil }
      return Self.holds(wanted.type, type)
        ? .widen(wanted.name, to: wanted.type) : .conflict(wanted.name, has: type, wants: wanted.type)
    }
  }

  /// Whether a column of one type holds every value of another without loss.
  private static func holds(_ wide: String, _ narrow: String) -> Bool {
    switch (wide, narrow) {
    case ("numeric", "bigint"), ("text", "bigint"), ("text", "numeric"), ("text", "boolean"), ("text", "date"),
      ("text", "time without time zone"):
      true
    default: false
    }
  }
}
