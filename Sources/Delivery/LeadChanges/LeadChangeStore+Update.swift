import Marketo
import PostgreSQL
import SyncModel

/// How what Marketo has gets into the mirror.
extension LeadChangeStore {
  /// A value of one person, as the statement reads it.
  private struct Line: Encodable {
    let person: String
    let value: String
  }

  /// An ordinary update: it does not say that the sync makes it, so that it is captured and written to Veeva.
  /// - Parameter lines: objects with `person` and `value`, as text that the column's type is read from.
  func update(_ column: String, _ lines: some Encodable, on db: isolated PostgresConnection) throws {
    guard let delivered = fields.first(where: { $0.field.column == column }) else { return }
    _ = try db.query(
      """
      update \(source.table) p set \(quotedIdentifier(column)) = \(Self.typed(delivered.field.valueType))
      from jsonb_to_recordset($1::jsonb) l (person text, value text) where p.veeva_id = l.person
      """, [try .json(lines)])
  }

  private static func typed(_ type: ValueType) -> String {
    switch type {
    case .identifier, .text: "l.value"
    case .textList: "string_to_array(l.value, ';')"
    case .boolean: "l.value::boolean"
    case .integer: "l.value::bigint"
    case .decimal: "l.value::numeric"
    case .date: "l.value::date"
    case .instant: "l.value::timestamptz"
    case .time: "l.value::time"
    }
  }

  /// Takes what marketing owns of leads that have just become persons. An empty value says nothing; one that the column
  /// cannot hold waits for the feed to refuse it. Safe to repeat.
  func take(_ adopted: [(person: String, record: MarketoRecord)]) async throws {
    var values: [(field: DeliveryField, line: Line)] = []
    for (person, record) in adopted {
      for field in source.owned.map(\.field) {
        guard let text = record[field.name]?.plain, case let value?? = LeadValue.stored(text, field.valueType) else {
          continue
        }
        values.append((field, Line(person: person, value: value)))
      }
    }
    guard !values.isEmpty else { return }
    let (store, found) = (self, values)
    try await pool.withConnection { connection in
      try await connection.transaction { db in
        try db.execute("set local timezone = 'UTC'")
        let seen = try store.lockUnread(Set(found.map(\.line.person)).sorted(), on: db)
        for (column, some) in Dictionary(grouping: found, by: \.field.column).sorted(by: { $0.key < $1.key }) {
          let lines = some.filter { !seen.contains("\($0.line.person) \($0.field.name)") }.map(\.line)
          if !lines.isEmpty { try store.update(column, lines, on: db) }
        }
      }
    }
  }

  /// Locks persons.
  /// - Returns: persons and fields of which the feed has told something later than they were looked up.
  private func lockUnread(_ persons: [String], on db: isolated PostgresConnection) throws -> Set<String> {
    let ids = try PostgresValue.json(persons)
    let among = "in (select jsonb_array_elements_text($1::jsonb))"
    _ = try db.query("select from \(source.table) where veeva_id \(among) order by veeva_id for update", [ids])
    let rows = try db.query(
      "select veeva_id || ' ' || field as name from \(source.qualified(LeadChangeTables.fields)) where veeva_id \(among)",
      [ids])
    return Set(try rows.compactMap { try $0.string("name") })
  }
}

extension MarketoValue {
  /// As Marketo's feeds write it.
  fileprivate var plain: String? {
    switch self {
    case .null: nil
    case .text(let text): text
    case .whole(let number): String(number)
    case .number(let number): "\(number)"
    case .truth(let isTrue): isTrue ? "true" : "false"
    }
  }
}
