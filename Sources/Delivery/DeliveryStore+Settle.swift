import PostgreSQL

/// What became of one record of a batch.
public struct DeliveryResult: Sendable, Equatable, Encodable {
  /// What it means for the record.
  public enum Verdict: String, Sendable, Encodable {
    case accepted
    /// Not as it is now; a change of it is tried again.
    case refused
    /// May pass later.
    case later
  }

  public let veevaID: String
  public let verdict: Verdict
  /// Marketo's id of it.
  public var marketoID: String?
  /// Of a refusal.
  public var code: String?
  /// Of a refusal, or of a warning about something that was accepted.
  public var message: String?

  /// A result.
  public init(
    veevaID: String, _ verdict: Verdict, marketoID: String? = nil, code: String? = nil, message: String? = nil
  ) {
    self.veevaID = veevaID
    self.verdict = verdict
    self.marketoID = marketoID
    self.code = code
    self.message = message
  }
}

/// Records what became of batches. What belongs to another claim meanwhile is left alone.
extension DeliveryStore {
  /// Records results.
  /// - Returns: how many there were that still belonged to the batch.
  @discardableResult
  public func settle(_ batch: DeliveryBatch, _ results: [DeliveryResult]) async throws -> Int {
    let parameters: [PostgresValue] = [.text(batch.entity), .text(batch.id), try .json(results)]
    let delivery = delivery
    let statement = settling
    return try await pool.withConnection { connection in
      try await connection.transaction { db in
        let settled = try db.query(statement, parameters).affected
        // Records that were deleted, as was wanted, and have not come back.
        let deleted = try db.query(
          """
          delete from \(delivery) where entity = $1 and wanted = '' and delivered = '' and batch is null
            and veeva_id in (select jsonb_array_elements($2::jsonb) ->> 'veevaID')
          """, [parameters[0], parameters[2]]
        ).affected
        try count(deleted: deleted, of: batch.entity, on: db)
        return settled
      }
    }
  }

  private var settling: String {
    """
    \(ofBatch)
    update \(delivery) d set
      delivered = case when r.verdict = 'accepted' then d.sending else d.delivered end,
      delivered_at = case when r.verdict = 'accepted' then clock_timestamp() else d.delivered_at end,
      first_delivered_at = case when r.verdict = 'accepted'
        then coalesce(d.first_delivered_at, clock_timestamp()) else d.first_delivered_at end,
      marketo_id = coalesce(r."marketoID", d.marketo_id),
      refused = case r.verdict when 'refused' then d.sending when 'accepted' then null else d.refused end,
      error_code = case when r.verdict = 'accepted' then null else r.code end,
      error = case when r.verdict = 'accepted' then null else r.message end,
      warning = case when r.verdict = 'accepted' then r.message end,
      attempt = case when r.verdict = 'later' then d.attempt else 0 end,
      due_at = case when r.verdict = 'later' then \(dueAgain(after: "d.attempt")) else '-infinity' end,
      batch = null, in_flight_until = null, sending = null
    from jsonb_to_recordset($3::jsonb) r ("veevaID" text, verdict text, "marketoID" text, code text, message text)
      join mine on mine.veeva_id = r."veevaID"
    where d.entity = $1 and d.veeva_id = mine.veeva_id
    """
  }

  /// When what may pass later is tried again.
  /// - Parameter attempts: a column with the number of attempts so far.
  func dueAgain(after attempts: String) -> String {
    """
    clock_timestamp()
      + least(86400, \(retryPause.components.seconds) * 2 ^ least(\(attempts) - 1, 12)) * interval '1 second'
    """
  }

  /// Locks a batch's records in the order in which collections lock them, so that neither waits for the other.
  var ofBatch: String {
    """
    with mine as materialized (
      select veeva_id from \(delivery) where entity = $1 and batch = $2 order by veeva_id for update
    )
    """
  }

  /// Gives back what was not brought to Marketo, or not for certain.
  /// - Parameters:
  ///   - ids: only these records of the batch; all of them when `nil`.
  ///   - hold: how long nobody may claim them: an upsert whose answer is missing may still be at work.
  ///   - error: why.
  public func release(_ batch: DeliveryBatch, only ids: [String]? = nil, hold: Duration = .zero, error: String? = nil)
    async throws
  {
    _ = try await query(
      """
      \(ofBatch)
      update \(delivery) d set batch = null, sending = null, error = coalesce($5, d.error),
        in_flight_until = case when $3::float8 > 0 then clock_timestamp() + make_interval(secs => $3::float8) end
      from mine where d.entity = $1 and d.veeva_id = mine.veeva_id
        and ($4::jsonb is null or d.veeva_id in (select jsonb_array_elements_text($4::jsonb)))
      """,
      [
        .text(batch.entity), .text(batch.id), .seconds(hold), try ids.map(PostgresValue.json) ?? .null,
        error.map(PostgresValue.text) ?? .null,
      ])
  }
}
