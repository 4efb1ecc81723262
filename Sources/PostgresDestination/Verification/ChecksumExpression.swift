import PostgreSQL
import SyncModel

/// ``SyncModel/RowChecksum`` as an expression of PostgreSQL, of the same value.
enum ChecksumExpression {
  /// The checksum of a row.
  /// - Parameter row: the row's name in the statement.
  static func row(_ row: String, _ columns: [RowChecksum.Column]) -> String {
    let stamp = finite("\(row).veeva_system_modstamp", "round(date_part('epoch', %) * 1000)::bigint")
    let others = columns.map { column in
      "coalesce(hashtextextended(\(canonical(column, of: row)) collate \"C\", \(column.seed)), 0)"
    }
    let seed = (["coalesce(\(stamp), 0)"] + others).joined(separator: " # ")
    return "hashtextextended(\(row).veeva_id collate \"C\", \(seed))"
  }

  /// The canonical form of a column, as text.
  private static func canonical(_ column: RowChecksum.Column, of row: String) -> String {
    let value = "\(row).\(quotedIdentifier(column.name))"
    return switch column.type {
    case .identifier, .text: "\(value)::text"
    case .textList: "array_to_string(\(value), ';')"
    case .boolean: "(case when \(value) then 't' when not \(value) then 'f' end)"
    case .integer: "\(value)::text"
    case .decimal: "trim_scale(\(value))::text"
    case .date: "(\(finite(value, "% - date '1970-01-01'")))::text"
    case .instant: "(\(finite(value, "(extract(epoch from %) * 1000000)::bigint")))::text"
    case .time: "(extract(epoch from \(value)) * 1000000)::bigint::text"
    }
  }

  /// An expression of a date or a moment; null where that is infinite, which no value of the source is.
  private static func finite(_ value: String, _ expression: String) -> String {
    "case when isfinite(\(value)) then \(expression.replacing("%", with: value)) end"
  }
}
