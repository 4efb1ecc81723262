import Foundation
import Marketo
import SyncModel

/// Tells Marketo entries of the activity log, each as a custom activity of the person's lead, once.
///
/// Marketo adds an activity again when the call is repeated. Entries whose call got no answer are therefore looked for
/// in Marketo's feed of activities, by their ids, before they are told again.
struct ActivityLogTeller: Sendable {
  let store: ActivityLogStore
  let client: MarketoClient
  /// Of the activities' type.
  let typeID: Int
  /// Marketo's names of the columns of `person`.
  let names: [String: String]
  let options: DeliveryOptions
  /// Where a test lets a process die: after a call, before its results are recorded.
  var afterCall: @Sendable () async throws -> Void = {}

  /// By how much Marketo's clock and the database's may differ.
  private static let tolerance = Duration.seconds(120)
  /// The type, or an attribute of it, is there no more; that is nothing about the entry.
  private static let lostType: Set<String> = ["1006", "1013"]
  private static let noLead = "1004"

  /// What one call has come to.
  enum Progress {
    case nothingDue
    case told
    /// The type has to be looked at anew.
    case lostType
  }

  /// Tells as many entries as one call takes.
  func tellSome() async throws -> Progress {
    guard var batch = try await store.claim(atMost: MarketoClient.recordsPerCall, for: options.lease) else {
      return .nothingDue
    }
    let found: Set<Int>
    do {
      found = try await findLeads(&batch)
      let told = try await lookFor(batch.entries.filter { $0.doubtfulSince != nil })
      try await store.settle(batch, told.map { ActivityResult(id: $0.key, verdict: .told, guid: $0.value) })
      batch.entries.removeAll { told[$0.id] != nil }
    } catch {
      // Nothing new was sent; what was in doubt still is.
      try await store.doubt(batch, hold: .zero)
      throw error
    }
    let (records, sent) = try await fill(batch)
    guard !sent.isEmpty else { return .told }
    let outcomes = try await add(records, batch)
    let results = zip(sent, outcomes).map { Self.result($0, $1, isFresh: found.contains($0.id)) }
    let lost = zip(sent, outcomes).filter { !found.contains($0.id) && $1.reasons.first?.code == Self.noLead }
    try await store.forget(leads: lost.compactMap { $0.0.lead })
    try await store.settle(batch, results)
    return results.contains { $0.verdict == .later && Self.lostType.contains($0.code ?? "") } ? .lostType : .told
  }

  private func add(_ records: Marketo.RecordBatch, _ batch: ActivityBatch) async throws -> [MarketoOutcome] {
    do {
      let outcomes = try await client.addActivities(records)
      try await afterCall()
      return outcomes
    } catch let error as MarketoError {
      // Only what Marketo itself refused was certainly not carried out.
      if error.disposition == .retry || error.status == nil {
        try await store.doubt(batch, hold: options.hold)
      } else {
        try await store.release(batch)
      }
      throw error
    } catch let error as MarketoBudgetExhausted {
      try await store.release(batch)
      throw error
    }
  }

  /// As many activities as a call takes; what is left waits again.
  private func fill(_ batch: ActivityBatch) async throws -> (Marketo.RecordBatch, [ActivityEntry]) {
    var records = Marketo.RecordBatch()
    var sent: [ActivityEntry] = []
    var left: [Int] = []
    var missing: [ActivityResult] = []
    for entry in batch.entries {
      guard let lead = entry.lead else {
        missing.append(
          ActivityResult(
            id: entry.id, verdict: .later, code: "", message: "Marketo has no lead of person \(entry.person)"))
        continue
      }
      let body = ActivityBody(entry, lead: lead, typeID: typeID, field: names[entry.column] ?? entry.column)
      if records.append(Array(try JSONEncoder().encode(body))) { sent.append(entry) } else { left.append(entry.id) }
    }
    try await store.settle(batch, missing)
    if !left.isEmpty { try await store.release(batch, only: left) }
    return (records, sent)
  }

  private static func result(_ entry: ActivityEntry, _ outcome: MarketoOutcome, isFresh: Bool) -> ActivityResult {
    let reason = outcome.reasons.first
    if outcome.isDone {
      return ActivityResult(id: entry.id, verdict: .told, guid: outcome.guid ?? outcome.id.map(String.init))
    }
    // A lead that was known before may have been merged into another.
    let isLater =
      reason?.passesLater == true || lostType.contains(reason?.code ?? "") || (reason?.code == noLead && !isFresh)
    return ActivityResult(
      id: entry.id, verdict: isLater ? .later : .refused, code: reason?.code ?? "",
      message: reason?.message ?? "skipped without a reason")
  }

  // MARK: Looking

  /// Finds the leads of persons of whom no answer named one, as of imported ones.
  /// - Returns: entries whose lead was found just now.
  private func findLeads(_ batch: inout ActivityBatch) async throws -> Set<Int> {
    let unknown = Array(Set(batch.entries.filter { $0.lead == nil }.map(\.person))).sorted()
    guard !unknown.isEmpty else { return [] }
    var leads: [String: Int] = [:]
    var next: String?
    repeat {
      let page = try await client.query(
        .lead, by: DeliveryEntity.leadKey, unknown, fields: ["id", DeliveryEntity.leadKey], next: next)
      for record in page.records {
        guard let id = record["id"]?.whole, let person = record[DeliveryEntity.leadKey]?.text else { continue }
        leads[person] = min(leads[person] ?? id, id)
      }
      next = page.hasMore ? page.next : nil
    } while next != nil
    try await store.deliveries.note(
      Dictionary(leads.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first }))
    var found: Set<Int> = []
    for place in batch.entries.indices where batch.entries[place].lead == nil {
      guard let lead = leads[batch.entries[place].person] else { continue }
      batch.entries[place].lead = lead
      found.insert(batch.entries[place].id)
    }
    return found
  }

  /// Looks for entries that may have been told.
  /// - Returns: Marketo's ids of the activities, by entry.
  private func lookFor(_ entries: [ActivityEntry]) async throws -> [Int: String] {
    guard let since = entries.compactMap(\.doubtfulSince).min() else { return [:] }
    let wanted = Set(entries.map(\.id))
    var found: [Int: String] = [:]
    var token: String? = try await client.pagingToken(since: since.advanced(by: .zero - Self.tolerance).formatted)
    while let place = token, found.count < wanted.count {
      let page = try await client.customActivities(ofType: typeID, from: place)
      for activity in page.records {
        let text =
          activity.attributes[ActivityLogType.Attribute.entry] ?? activity.attributes[ActivityLogType.entryName]
        guard let id = text.flatMap({ Int($0) }), wanted.contains(id) else { continue }
        found[id] = activity.guid
      }
      token = page.hasMore ? page.next : nil
    }
    return found
  }
}
