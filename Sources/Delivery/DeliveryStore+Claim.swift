import Foundation
import PostgreSQL
import SyncModel

/// Records that are under way in one call or file, and nowhere else.
public struct DeliveryBatch: Sendable, Equatable {
  /// A record.
  public struct Record: Sendable, Equatable {
    public let veevaID: String
    /// A JSON object, or a line of CSV.
    public let payload: String
  }

  /// Names the claim.
  public let id: String
  public let entity: String
  public let records: [Record]
}

/// Hands out what waits. A record belongs to one claim at a time in the whole cluster, until the claim is settled or
/// its time is over.
extension DeliveryStore {
  /// Which records a claim takes.
  public enum Portion: Sendable, Equatable {
    /// Any, as JSON.
    case any
    /// Those that Marketo has none of, as lines of CSV.
    case new
    /// Those that Marketo has and the mirror has no more, by their key.
    case removed
  }

  /// Claims records, the longest waiting first. Nothing is claimed for a source whose records are rendered in another
  /// way by now.
  /// - Parameter lease: after it they may be claimed anew; longer than any call may run, waiting for its permit included.
  /// - Returns: `nil` when nothing waits that could go now.
  public func claim(_ portion: Portion, of source: DeliverySource, atMost limit: Int, for lease: Duration) async throws
    -> DeliveryBatch?
  {
    let id = UUID().uuidString
    let rows = try await query(
      portion == .removed ? removalClaim(source) : claim(portion, source),
      [.text(source.entity.table), .text(id), .seconds(lease), .int(Int64(limit))]
        + (portion == .removed ? [] : [.text(source.definition)]))
    guard !rows.isEmpty else { return nil }
    return DeliveryBatch(
      id: id, entity: source.entity.table,
      records: try rows.map {
        DeliveryBatch.Record(veevaID: try $0.string("id") ?? "", payload: try $0.string("payload") ?? "")
      })
  }

  /// By the statement's clock, so that all records of a claim run out at one moment.
  static let waiting = """
    d.entity = $1 and d.wanted is distinct from d.delivered and d.wanted is distinct from d.refused
      and d.due_at <= statement_timestamp() and (d.in_flight_until is null or d.in_flight_until <= statement_timestamp())
    """

  private static let order = "d.due_at, d.attempt desc, d.veeva_id"

  /// A record that fails its whole call again and again is found by ever smaller calls.
  private func bounded(_ source: DeliverySource) -> String {
    """
    coalesce((select greatest(1, $4::int >> least(9, 3 * greatest(0, d.attempt - 1))) from \(delivery) d
      where \(Self.waiting) and d.wanted <> ''\(ready(source))\(isLookedFor(source)) order by \(Self.order) limit 1), 1)
    """
  }

  private func claim(_ portion: Portion, _ source: DeliverySource) -> String {
    let payload = portion == .new ? DeliverySource.line(of: source.payload) : source.payload
    return """
      with picked as materialized (
        select d.veeva_id from \(delivery) d
        where \(Self.waiting) and d.wanted <> ''\(portion == .new ? " and d.delivered is null" : "")
          \(ready(source))\(isLookedFor(source))
          and exists (select from \(qualified(DeliveryTables.marks)) m where m.entity = $1 and m.definition = $5)
        order by \(Self.order) limit \(portion == .new ? "$4" : bounded(source)) for update of d skip locked
      ), record as (
        select t.veeva_id, md5(c.json) as hash, \(payload) as payload\(source.sentColumn)
        from picked join \(source.rows) on t.veeva_id = picked.veeva_id \(source.contentJSON)
      )\(source.sentStep)
      update \(delivery) d set batch = $2, in_flight_until = statement_timestamp() + make_interval(secs => $3::float8),
        sending = record.hash, wanted = record.hash, attempt = d.attempt + 1
      from record where d.entity = $1 and d.veeva_id = record.veeva_id
      returning d.veeva_id as id, record.payload as payload
      """
  }

  private func removalClaim(_ source: DeliverySource) -> String {
    """
    with picked as materialized (
      select d.veeva_id from \(delivery) d where \(Self.waiting) and d.wanted = '' and d.delivered is not null
      order by \(Self.order) limit $4 for update of d skip locked
    )
    update \(delivery) d set batch = $2, in_flight_until = statement_timestamp() + make_interval(secs => $3::float8),
      sending = '', attempt = d.attempt + 1
    from picked where d.entity = $1 and d.veeva_id = picked.veeva_id
    returning d.veeva_id as id, json_build_object(\(literal(source.entity.key)), d.veeva_id)::text as payload
    """
  }

  /// Nobody becomes a second lead: who is new is looked for first.
  private func isLookedFor(_ source: DeliverySource) -> String {
    guard source.adopts else { return "" }
    return """
       and (d.delivered is not null or d.is_looked_for or not exists (
        select from \(source.table) t where t.veeva_id = d.veeva_id and t.email is not null))
      """
  }

  /// Parents come first: a custom object's lead is there, and what a lead refers to waits no more.
  func ready(_ source: DeliverySource) -> String {
    if source.entity.leadPath != nil {
      return """
         and exists (select from \(delivery) l
          where l.entity = 'person' and l.veeva_id = d.lead and l.delivered is not null)
        """
    }
    return source.entity.parents.map { parent in
      """
       and not exists (select from \(source.table) t join \(delivery) f on f.entity = \(literal(parent.table))
          and f.veeva_id = t.\(quotedIdentifier(parent.column))
        where t.veeva_id = d.veeva_id and f.delivered is null and f.wanted is distinct from f.refused)
      """
    }.joined()
  }

  /// Records that wait and could go now, and how large they are.
  public struct Backlog: Sendable, Equatable {
    /// Marketo has none of them.
    public let new: Int
    /// Marketo has older versions.
    public let changed: Int
    /// Of a sample.
    public let bytesPerRow: Int
  }

  /// What waits of an entity.
  public func backlog(of source: DeliverySource) async throws -> Backlog {
    let row = try await query(
      """
      with waiting as (
        select d.veeva_id, d.delivered is null as is_new from \(delivery) d
        where \(Self.waiting) and d.wanted <> ''\(ready(source))\(isLookedFor(source))
      ), sample as (select veeva_id from waiting limit 50)
      select count(*) filter (where is_new) as fresh, count(*) filter (where not is_new) as changed,
        (select avg(octet_length(c.json))::bigint
          from sample join \(source.rows) on t.veeva_id = sample.veeva_id \(source.contentJSON)) as bytes
      from waiting
      """, [.text(source.entity.table)]
    ).first
    return Backlog(
      new: Int(try row?.int("fresh") ?? 0), changed: Int(try row?.int("changed") ?? 0),
      bytesPerRow: Int(try row?.int("bytes") ?? 0) + 64)
  }
}

extension PostgresValue {
  /// A length of time, in seconds.
  static func seconds(_ duration: Duration) -> PostgresValue {
    let (seconds, attoseconds) = duration.components
    return .text("\(Double(seconds) + Double(attoseconds) / 1e18)")
  }
}
