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

/// A column that a table shall have.
struct ColumnDefinition: Sendable, Equatable {
  let name: String
  let type: String
  /// What follows the type when the column is made.
  var constraint = ""
  /// API name of the field that fills it, if one does.
  var field: String?

  /// The column as DDL.
  var clause: String { "\(quotedIdentifier(name)) \(type)\(constraint.isEmpty ? "" : " \(constraint)")" }
}

extension TableMapping {
  /// Every column that the table shall have.
  var definitions: [ColumnDefinition] {
    var definitions = columns.map { column in
      let constraint =
        switch column.source {
        case ObjectMapping.idColumn: "collate \"C\" primary key"
        case ObjectMapping.modstampColumn: "not null"
        default: ""
        }
      return ColumnDefinition(
        name: column.column, type: column.type.columnType, constraint: constraint, field: column.field)
    }
    if hasVeevaType {
      definitions.append(ColumnDefinition(name: "veeva_type", type: "text", constraint: "not null default 'Contact'"))
    }
    definitions += unmappedFlags
    definitions.append(
      ColumnDefinition(name: "synced_at", type: "timestamp with time zone", constraint: "not null default now()"))
    return definitions
  }

  /// Columns that tell that a record is gone, as far as no field fills them.
  var unmappedFlags: [ColumnDefinition] {
    guard flagsDeleted else { return [] }
    let flags = [
      ColumnDefinition(name: "veeva_is_deleted", type: "boolean", constraint: "default false"),
      // The account that a merged one went into.
      ColumnDefinition(name: "masterrecordid", type: "text"),
    ]
    return flags.filter { flag in !columns.contains { $0.column == flag.name } }
  }

  /// Columns by which rows are looked for: a call's key messages go with it.
  var lookups: [String] {
    guard table == CallDetails.table else { return [] }
    return columns.map(\.column).filter { $0 == CallDetails.parentColumn }
  }
}

/// Key messages as details of calls.
enum CallDetails {
  static let parent = "call"
  static let table = "call_key_message"
  /// Holds the call's id.
  static let parentColumn = "call2_vod__c"
}
