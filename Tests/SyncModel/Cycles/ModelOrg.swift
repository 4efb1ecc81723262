import SyncModel

/// A record of the source. Its id is its place.
struct OrgRecord: Sendable, Equatable {
  /// SystemModstamp in seconds, by the source's clock.
  var stamp: Int64
  var value: Int
  /// A field that may come, go and come again.
  var field: Int
  var type: Int
  var isDeleted = false
  /// The record that it was merged into.
  var master = -1
}

/// What a page brings of a record.
struct PageRecord: Sendable, Equatable {
  let id: Int
  let record: OrgRecord
}

/// The last record of a page.
struct Keyset: Sendable, Equatable {
  var stamp: Int64
  var id: Int
}

/// A source: records whose changes become visible when their transaction is committed, up to ten minutes after their
/// stamp.
struct ModelOrg: Sendable {
  struct Transaction: Sendable {
    let visibleAt: Int64
    let id: Int
    let record: OrgRecord?
  }

  static let longestTransaction = 600
  static let types = 3
  static let pageRows = 4

  /// What queries see.
  var records: [OrgRecord?] = []
  var pending: [Transaction] = []
  /// The source's clock is true time plus this.
  var clockOffset: Int64 = 0
  var hasField = false
  /// Whether the credentials see the object.
  var isHidden = false
  /// The newest stamp each record ever had: where the clock was set back, one may have an older one now.
  var highestStamp: [Int64] = []
  /// Hard deletions, which no delta shows.
  var purged: Set<Int> = []
  var calls = 0

  func clock(_ now: Int64) -> Int64 { now + clockOffset }

  /// Whether a transaction holds the record.
  func isHeld(_ id: Int) -> Bool { pending.contains { $0.id == id } }

  /// Commits what is due.
  mutating func commit(_ now: Int64) {
    guard !pending.isEmpty else { return }
    for transaction in pending where transaction.visibleAt <= now { records[transaction.id] = transaction.record }
    pending.removeAll { $0.visibleAt <= now }
  }

  /// Changes a record at a moment, to be seen after a delay.
  mutating func write(_ id: Int, _ record: OrgRecord, at now: Int64, delay: Int64) {
    var record = record
    record.stamp = clock(now)
    // Two changes of one record within a second cannot be told apart by their stamps. Where the clock was set back,
    // a change may well have the older stamp.
    let newest = highestStamp[id]
    if record.stamp <= newest, newest - record.stamp < 20 { record.stamp = newest + 1 }
    highestStamp[id] = max(highestStamp[id], record.stamp)
    if delay == 0 {
      records[id] = record
    } else {
      pending.append(Transaction(visibleAt: now + delay, id: id, record: record))
    }
  }

  mutating func create(_ record: OrgRecord, at now: Int64, delay: Int64) {
    records.append(nil)
    highestStamp.append(.min)
    write(records.count - 1, record, at: now, delay: delay)
  }

  // MARK: Queries

  /// The records of a window, by stamp and id, as far as a bulk job or a page goes.
  func changes(
    _ window: DeltaWindow, _ range: Range<Int>, includeDeleted: Bool, types: [Int], after: Keyset? = nil,
    stampAlone: Bool = false, limit: Int = .max
  ) -> [PageRecord] {
    let from = window.from.milliseconds / 1000
    let to = window.to.milliseconds / 1000
    var found: [PageRecord] = []
    for id in range.clamped(to: 0..<records.count) {
      guard let record = records[id], record.stamp >= from, record.stamp < to, includeDeleted || !record.isDeleted,
        types.isEmpty || types.contains(record.type)
      else { continue }
      if let after {
        guard record.stamp > after.stamp || (record.stamp == after.stamp && id > after.id && !stampAlone) else {
          continue
        }
      }
      found.append(PageRecord(id: id, record: record))
    }
    found.sort { ($0.record.stamp, $0.id) < ($1.record.stamp, $1.id) }
    return found.count > limit ? Array(found.prefix(limit)) : found
  }

  /// The selected records of a range of ids, by id.
  func copy(_ range: Range<Int>, types: [Int], after: Int? = nil, limit: Int = .max) -> [PageRecord] {
    var found: [PageRecord] = []
    for id in range.clamped(to: 0..<records.count) where id > after ?? -1 {
      guard let record = records[id], !record.isDeleted, types.isEmpty || types.contains(record.type) else { continue }
      found.append(PageRecord(id: id, record: record))
      if found.count == limit { break }
    }
    return found
  }
}
