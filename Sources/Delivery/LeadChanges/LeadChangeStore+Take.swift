import Foundation
import PostgreSQL
public import SyncModel

/// A marketer's change of one field of one person.
struct PersonChange: Sendable {
  let personID: String
  let field: String
  let guid: String
  let date: Instant
  let old: String?
  let new: String?
}

/// What a page of the feed came to.
public struct LeadChangeSummary: Sendable, Equatable {
  /// Fields of persons that took a marketer's value.
  public var taken = 0
  /// Our own deliveries, duplicates, and what the mirror had already.
  public var unchanged = 0
  /// Changes that lost against one in Veeva.
  public var overruled = 0
  /// Persons that Marketo gets again.
  public var deliveredAgain = 0
  /// Values that the columns cannot hold.
  public var rejects: [Reject] = []

  static func += (a: inout LeadChangeSummary, b: LeadChangeSummary) {
    a.taken += b.taken
    a.unchanged += b.unchanged
    a.overruled += b.overruled
    a.deliveredAgain += b.deliveredAgain
    a.rejects += b.rejects
  }
}

extension LeadChangeStore {
  /// Takes in a page of the feed: what it means for the mirror, and that it was read, in one transaction.
  /// - Parameters:
  ///   - token: where the page began.
  ///   - next: where the feed goes on.
  ///   - readAt: the database's clock before the page was asked for, where it is the last one for now.
  /// - Returns: `nil` when somebody else has taken the page in.
  func take(_ changes: [PersonChange], from token: String, next: String, readAt: Instant?) async throws
    -> LeadChangeSummary?
  {
    let store = self
    return try await pool.withConnection { connection in
      try await connection.transaction { db in
        try db.execute("set local timezone = 'UTC'")
        let current = try db.query("select token from \(store.feed) for update").first?.string("token")
        guard current == token else { return nil }
        var taking = LeadChangeTaking(store: store, changes: changes)
        let summary = try taking.run(on: db)
        _ = try db.query(
          """
          update \(store.feed) set token = $1,
            read_at = coalesce(timestamptz 'epoch' + $2::bigint * interval '1 millisecond', read_at)
          """, [.text(next), readAt.map { .int($0.milliseconds) } ?? .null])
        if let readAt {
          _ = try db.query(
            """
            delete from \(store.source.qualified(LeadChangeTables.sent))
            where ended < timestamptz 'epoch' + $1::bigint * interval '1 millisecond'
            """, [.int(readAt.advanced(by: .zero - store.lag).milliseconds)])
        }
        return summary
      }
    }
  }
}

/// A page of the feed, while it is taken in.
private struct LeadChangeTaking {
  private struct Key: Hashable {
    let person: String
    let field: String
  }

  /// A value that something is done with, as statements read it.
  private struct Line: Encodable {
    let person: String
    let field: String
    var value: String?
    var other: String?
    var batch: String?
    var at: Int64?
    var guids: [String]?
  }

  private let store: LeadChangeStore
  private let changes: [PersonChange]
  private let byName: [String: DeliverySchema.Delivered]
  /// Names of fields that marketing owns.
  private let owned: Set<String>
  private var fields: [Key: LeadField<String?>] = [:]
  private var summary = LeadChangeSummary()

  init(store: LeadChangeStore, changes: [PersonChange]) {
    self.store = store
    let byName = Dictionary(store.fields.map { ($0.field.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.byName = byName
    owned = Set(store.source.owned.map(\.field.name))
    self.changes = changes.filter { byName[$0.field] != nil }
  }

  /// Locks the persons, and reads what is known of them.
  private mutating func lock(on db: isolated PostgresConnection) throws {
    let ids = Set(changes.map(\.personID)).sorted()
    guard !ids.isEmpty else { return }
    let list = try PostgresValue.json(ids)
    _ = try db.query(
      "select from \(store.source.table) where veeva_id in (select jsonb_array_elements_text($1::jsonb)) "
        + "order by veeva_id for update", [list])
    try read(list, on: db)
  }

  private mutating func read(_ ids: PostgresValue, on db: isolated PostgresConnection) throws {
    let seen = try readSeen(ids, on: db)
    let sent = try readSent(ids, on: db)
    let rows = try db.query(
      """
      select t.veeva_id, c.json, \(store.source.ownedJSON) as owned,
        (extract(epoch from d.delivered_at) * 1000)::bigint as delivered
      from \(store.source.rows) \(store.source.contentJSON)
      left join \(store.delivery) d on d.entity = 'person' and d.veeva_id = t.veeva_id and d.delivered = md5(c.json)
      where t.veeva_id in (select jsonb_array_elements_text($1::jsonb))
      """, [ids])
    for row in rows {
      guard let person = try row.string("veeva_id"), let json = try row.string("json") else { continue }
      let values = try Self.values(json).merging(try Self.values(try row.string("owned") ?? "{}")) { $1 }
      let deliveredAt = try row.int("delivered").map { Instant(milliseconds: $0) }
      for (name, delivered) in byName {
        let key = Key(person: person, field: name)
        let type = delivered.field.valueType
        let deliveries = (sent[person] ?? []).compactMap { batch, content, began, ended in
          content[name].map {
            LeadField<String?>.Delivery(
              batch: batch, value: LeadValue.canonical($0, type), began: began, ended: ended)
          }
        }
        fields[key] = LeadField(
          mirror: LeadValue.canonical(values[name] ?? nil, type), deliveredAt: deliveredAt, deliveries: deliveries,
          seen: seen[key], tolerance: store.tolerance, isOwned: owned.contains(name))
      }
    }
  }

  private func readSeen(_ ids: PostgresValue, on db: isolated PostgresConnection) throws -> [Key: LeadField<String?>
    .Seen]
  {
    let rows = try db.query(
      """
      select veeva_id, field, mirror, to_json(guids)::text as guids, (extract(epoch from seen_at) * 1000)::bigint as at
      from \(store.source.qualified(LeadChangeTables.fields))
      where veeva_id in (select jsonb_array_elements_text($1::jsonb))
      """, [ids])
    return try rows.reduce(into: [:]) { seen, row in
      guard let person = try row.string("veeva_id"), let field = try row.string("field"), let at = try row.int("at")
      else { return }
      let guids = try JSONDecoder().decode([String].self, from: Data((try row.string("guids") ?? "[]").utf8))
      seen[Key(person: person, field: field)] = .init(
        date: Instant(milliseconds: at), guids: guids, mirror: try row.string("mirror"))
    }
  }

  private typealias Sent = (batch: String, content: [String: String?], began: Instant, ended: Instant?)

  private func readSent(_ ids: PostgresValue, on db: isolated PostgresConnection) throws -> [String: [Sent]] {
    let rows = try db.query(
      """
      select veeva_id, batch, content::text as content, (extract(epoch from began) * 1000)::bigint as began,
        (extract(epoch from ended) * 1000)::bigint as ended
      from \(store.source.qualified(LeadChangeTables.sent))
      where veeva_id in (select jsonb_array_elements_text($1::jsonb))
      """, [ids])
    return try rows.reduce(into: [:]) { sent, row in
      guard let person = try row.string("veeva_id"), let batch = try row.string("batch"),
        let content = try row.string("content"), let began = try row.int("began")
      else { return }
      sent[person, default: []].append(
        (
          batch, try JSONDecoder().decode([String: String?].self, from: Data(content.utf8)),
          Instant(milliseconds: began), try row.int("ended").map { Instant(milliseconds: $0) }
        ))
    }
  }

  /// The values of a record as texts.
  private static func values(_ json: String) throws -> [String: String?] {
    try JSONDecoder().decode([String: Scalar].self, from: Data(json.utf8)).mapValues(\.text)
  }

  private struct Scalar: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if value.decodeNil() {
        text = nil
      } else if let truth = try? value.decode(Bool.self) {
        text = truth ? "true" : "false"
      } else if let number = try? value.decode(Decimal.self) {
        text = "\(number)"
      } else {
        text = try value.decode(String.self)
      }
    }
  }

  // MARK: Deciding

  mutating func run(on db: isolated PostgresConnection) throws -> LeadChangeSummary {
    try lock(on: db)
    var taken: [String: [Line]] = [:]
    var log: [(kind: String, line: Line)] = []
    var again: Set<String> = []
    var touched: Set<Key> = []
    var before: [Key: Set<String>] = [:]
    for change in changes {
      let key = Key(person: change.personID, field: change.field)
      guard var field = fields[key], let delivered = byName[change.field] else { continue }
      let type = delivered.field.valueType
      if touched.insert(key).inserted { before[key] = Set(field.deliveries.map(\.batch)) }
      let stored = LeadValue.stored(change.new, type)
      let meaning = field.meet(
        .init(
          guid: change.guid, date: change.date, old: LeadValue.canonical(change.old, type),
          new: LeadValue.canonical(change.new, type), isHoldable: stored != nil))
      fields[key] = field
      switch meaning {
      case .nothing: summary.unchanged += 1
      case .take:
        summary.taken += 1
        taken[delivered.field.column, default: []].removeAll { $0.person == change.personID }
        taken[delivered.field.column, default: []].append(
          Line(person: change.personID, field: change.field, value: stored ?? nil))
      case .overruled(let lost):
        summary.overruled += 1
        again.insert(change.personID)
        log.append(
          ("overruled", Line(person: change.personID, field: delivered.field.column, value: lost, other: field.mirror)))
      case .refused(let value):
        log.append(
          ("rejected", Line(person: change.personID, field: delivered.field.column, value: value, other: field.mirror)))
        summary.rejects.append(
          Reject(
            recordID: change.personID, field: change.field, expected: type.rawValue,
            reason: "a marketer gave Marketo's field a value that is no \(type.rawValue); it stays in Marketo alone"))
      case .deliverAgain: again.insert(change.personID)
      }
    }
    summary.deliveredAgain = again.count
    for (column, lines) in taken.sorted(by: { $0.key < $1.key }) { try store.update(column, lines, on: db) }
    try write(log, on: db)
    try deliverAgain(again, on: db)
    try remember(touched, before, on: db)
    return summary
  }

  // MARK: Writing

  private func write(_ log: [(kind: String, line: Line)], on db: isolated PostgresConnection) throws {
    guard !log.isEmpty else { return }
    let table = store.source.qualified(LeadChangeTables.activity)
    guard try db.query("select from pg_class where oid = to_regclass($1)", [.text(table)]).count > 0 else { return }
    for (kind, reason) in [("overruled", "changed in Veeva, too"), ("rejected", "the column cannot hold it")] {
      let lines = log.filter { $0.kind == kind }.map(\.line)
      guard !lines.isEmpty else { continue }
      _ = try db.query(
        """
        insert into \(table) (veeva_id, kind, field, value, other_value, reason)
        select l.person, $2, l.field, l.value, l.other, $3
        from jsonb_to_recordset($1::jsonb) l (person text, field text, value text, other text)
        """, [try .json(lines), .text(kind), .text(reason)])
    }
  }

  /// Makes persons wait for delivery though what they should be was delivered, or is under way.
  private func deliverAgain(_ persons: Set<String>, on db: isolated PostgresConnection) throws {
    guard !persons.isEmpty else { return }
    let ids = try PostgresValue.json(persons.sorted())
    _ = try db.query(
      """
      update \(store.source.table) set synced_at = now()
      where veeva_id in (select jsonb_array_elements_text($1::jsonb))
      """, [ids])
    _ = try db.query(
      """
      update \(store.delivery) set delivered = '?', due_at = '-infinity', attempt = 0
      where entity = 'person' and delivered is not null
        and veeva_id in (select jsonb_array_elements_text($1::jsonb))
      """, [ids])
  }

  /// Remembers what was seen, and which deliveries' echoes have come.
  private func remember(_ touched: Set<Key>, _ before: [Key: Set<String>], on db: isolated PostgresConnection) throws {
    var seen: [Line] = []
    var echoes: [Line] = []
    for key in touched.sorted(by: { ($0.person, $0.field) < ($1.person, $1.field) }) {
      guard let field = fields[key], let last = field.seen else { continue }
      seen.append(
        Line(
          person: key.person, field: key.field, value: last.mirror, at: last.date.milliseconds, guids: last.guids))
      let left = Set(field.deliveries.map(\.batch))
      for batch in (before[key] ?? []).subtracting(left).sorted() {
        echoes.append(Line(person: key.person, field: key.field, batch: batch))
      }
    }
    guard !seen.isEmpty else { return }
    _ = try db.query(
      """
      insert into \(store.source.qualified(LeadChangeTables.fields)) as f (veeva_id, field, seen_at, guids, mirror)
      select l.person, l.field, timestamptz 'epoch' + l.at * interval '1 millisecond', l.guids, l.value
      from jsonb_to_recordset($1::jsonb) l (person text, field text, value text, at bigint, guids text[])
      on conflict (veeva_id, field) do update
      set seen_at = excluded.seen_at, guids = excluded.guids, mirror = excluded.mirror
      """, [try .json(seen)])
    // A person may have several in one statement: all of a batch's fields go at once.
    _ = try db.query(
      """
      update \(store.source.qualified(LeadChangeTables.sent)) s set content = s.content - e.fields
      from (select l.person, l.batch, array_agg(l.field) as fields
        from jsonb_to_recordset($1::jsonb) l (person text, batch text, field text) group by l.person, l.batch) e
      where s.veeva_id = e.person and s.batch = e.batch
      """, [try .json(echoes)])
  }
}
