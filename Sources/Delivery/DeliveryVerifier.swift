import Foundation
import Marketo
import PostgreSQL
public import SyncModel

/// What Marketo holds of one table, compared with what was delivered.
public struct DeliveryComparison: Sendable, Codable, Equatable {
  public let entity: String
  /// Records that Marketo has, as remembered.
  public internal(set) var delivered = 0
  /// Wait to be delivered, and may therefore differ.
  public internal(set) var waiting = 0
  public internal(set) var refused = 0
  /// Were read back, and had to be equal.
  public internal(set) var compared = 0
  /// Marketo has none.
  public internal(set) var missing = 0
  /// Marketo has other values.
  public internal(set) var different = 0
  /// Marketo has more than one.
  public internal(set) var doubled = 0
  /// Some of the ids that differ, with the field.
  public internal(set) var examples: [String] = []
  /// Records that a repair lets be delivered again.
  public internal(set) var redelivered = 0

  /// Whether nothing differs.
  public var isEqual: Bool { missing + different + doubled == 0 }

  private static let mostExamples = 10

  mutating func note(_ example: String) {
    if examples.count < Self.mostExamples { examples.append(example) }
  }
}

/// Reads back by key what was delivered, some hundred records at a time.
public struct DeliveryVerifier: Sendable {
  private let end: DeliveryEnd
  private let repairs: Bool

  /// A verifier.
  /// - Parameter repairs: whether what is missing or different is delivered again.
  public init(_ end: DeliveryEnd, repairs: Bool = false) {
    self.end = end
    self.repairs = repairs
  }

  /// Compares all that a plan delivers.
  /// - Parameter progress: told how many records of a table were compared.
  public func verify(
    _ plan: DeliveryPlan, progress: @Sendable (_ entity: String, _ records: Int) -> Void = { _, _ in }
  ) async throws -> [DeliveryComparison] {
    guard try await end.store.isMade() else { return [] }
    var comparisons: [DeliveryComparison] = []
    for source in try await DeliveryPreparation(plan, at: end.client).sources(schema: end.schema) {
      comparisons.append(try await verify(source) { progress(source.entity.table, $0) })
    }
    return comparisons
  }

  private func verify(_ source: DeliverySource, _ progress: (Int) -> Void) async throws -> DeliveryComparison {
    let standing = try await end.store.standing(of: source)
    var comparison = DeliveryComparison(entity: source.entity.table)
    comparison.delivered = standing.delivered
    comparison.waiting = standing.waiting
    comparison.refused = standing.refused
    var last = ""
    while true {
      let page = try await end.store.delivered(of: source, after: last, limit: MarketoClient.recordsPerCall)
      guard let id = page.last?.id else { return comparison }
      last = id
      let wrong = try await compare(page, source, &comparison)
      if repairs, !wrong.isEmpty {
        comparison.redelivered += try await end.store.deliverAgain(wrong, of: source.entity.table)
      }
      progress(comparison.compared)
    }
  }

  /// - Returns: ids of what is missing or different.
  private func compare(
    _ page: [DeliveryStore.DeliveredRecord], _ source: DeliverySource, _ comparison: inout DeliveryComparison
  ) async throws -> [String] {
    let found = try await read(page.map(\.id), source)
    var wrong: [String] = []
    for record in page {
      let there = found[record.id] ?? []
      guard let one = there.first else {
        comparison.missing += 1
        comparison.note("\(record.id): missing")
        wrong.append(record.id)
        continue
      }
      if there.count > 1 {
        comparison.doubled += 1
        comparison.note("\(record.id): \(there.count) times")
      }
      guard let json = record.json else { continue }
      comparison.compared += 1
      let wanted = try JSONDecoder().decode(MarketoRecord.self, from: Data(json.utf8))
      if let field = source.difference(wanted, one) {
        comparison.different += 1
        comparison.note("\(record.id): \(field)")
        wrong.append(record.id)
      }
    }
    return wrong
  }

  /// What Marketo has under some keys.
  private func read(_ ids: [String], _ source: DeliverySource) async throws -> [String: [MarketoRecord]] {
    let (object, key) = (source.entity.target.object, source.entity.key)
    var found: [String: [MarketoRecord]] = [:]
    var next: String?
    repeat {
      let page =
        source.entity.leadPath == nil
        ? try await end.client.query(object, by: key, ids, fields: source.names, next: next)
        : try await end.client.query(object, byKeys: ids.map { [key: $0] }, fields: source.names, next: next)
      for record in page.records {
        if let id = record[key]?.text { found[id, default: []].append(record) }
      }
      next = page.hasMore ? page.next : nil
    } while next != nil
    return found
  }
}

extension DeliverySource {
  /// The first field in which a record of Marketo is not what it should be.
  func difference(_ wanted: MarketoRecord, _ there: MarketoRecord) -> String? {
    let types = Dictionary(fields.map { ($0.field.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    return wanted.keys.sorted().first { name in
      !Self.areEqual(wanted[name] ?? .null, there[name] ?? .null, types[name] ?? .string)
    }
  }

  private static func areEqual(_ one: MarketoValue, _ other: MarketoValue, _ type: DeliveryFieldType) -> Bool {
    switch (plain(one, type), plain(other, type)) {
    case (.whole(let whole), .number(let number)), (.number(let number), .whole(let whole)): Double(whole) == number
    case (let one, let other): one == other
    }
  }

  /// A value in one spelling. Marketo knows no empty texts, and holds what is not set for false.
  private static func plain(_ value: MarketoValue, _ type: DeliveryFieldType) -> MarketoValue {
    switch value {
    case .null: return type == .boolean ? .truth(false) : .null
    case .text(let text):
      guard !text.isEmpty else { return .null }
      switch type {
      case .datetime: return .text(moment(text))
      // Amounts come as text.
      case .currency, .float, .integer, .percent, .score: return Double(text).map(MarketoValue.number) ?? value
      default: return value
      }
    case .whole, .number, .truth: return value
    }
  }

  /// Marketo writes a moment as `2026-03-01T10:15:00Z` or `2026-03-01T10:15:00+0000`, now and then with a fraction.
  private static func moment(_ text: String) -> String {
    String(text.prefix(19)) + (text.hasSuffix("Z") || text.hasSuffix("+0000") || text.hasSuffix("+00:00") ? "Z" : text)
  }
}

extension DeliveryStore {
  /// A record that Marketo has.
  struct DeliveredRecord: Sendable {
    let id: String
    /// What it should be there; `nil` where Marketo may have an older version.
    let json: String?
  }

  /// Records that Marketo has, by their ids.
  func delivered(of source: DeliverySource, after last: String, limit: Int) async throws -> [DeliveredRecord] {
    try await query(
      """
      select d.veeva_id as id, case when md5(r.json) = d.delivered and d.batch is null then r.json end as json
      from (select veeva_id, delivered, batch from \(delivery)
        where entity = $1 and delivered <> '' and veeva_id > $2 order by veeva_id limit $3) d
      left join lateral (
        select c.json from \(source.rows) \(source.contentJSON) where t.veeva_id = d.veeva_id
      ) r on true
      order by d.veeva_id
      """, [.text(source.entity.table), .text(last), .int(Int64(limit))]
    ).map { DeliveredRecord(id: try $0.string("id") ?? "", json: try $0.string("json")) }
  }

  /// Lets records be delivered as if Marketo had none of them.
  /// - Returns: how many; none that is under way.
  func deliverAgain(_ ids: [String], of entity: String) async throws -> Int {
    return try await query(
      """
      update \(delivery) set delivered = null, refused = null, due_at = '-infinity', attempt = 0
      where entity = $1 and batch is null and veeva_id in (select jsonb_array_elements_text($2::jsonb))
      """, [.text(entity), try .json(ids)]
    ).affected
  }
}
