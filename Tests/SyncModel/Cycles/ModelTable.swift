/// What readers of the destination see of a record.
struct Content: Sendable, Equatable {
  var value: Int
  /// `nil` until the field was filled.
  var field: Int?
}

/// The destination's table, with its guards and its events.
struct ModelTable: Sendable {
  struct Row: Sendable, Equatable {
    var stamp: Int64
    var content: Content
    var isFlagged = false
    var master = -1
  }

  /// What a page means.
  struct Purpose: Sendable {
    /// Whether none of the rows can be there yet: a first copy, which knows no deletions.
    var isCopy = false
    var hasField: Bool
    /// The selected record types, all of them where it is empty.
    var types: [Int]
    /// Records with an older stamp raise no events.
    var eventsSince: Int64
    /// Records with an older stamp need not raise events.
    var silentBefore: Int64
  }

  /// Whether deleted records are flagged and kept, as persons are, or removed, as calls are.
  let flagsDeleted: Bool
  let defect: CycleDefect
  var rows: [Row?] = []
  /// Stamps of records that were seen deleted.
  var removed: [Int: Int64] = [:]
  var changes = 0
  var events = 0
  /// What somebody knows who got a copy when the first copy was complete, and every event since.
  var followed: [Content?] = []
  /// The stamp of each record's last change.
  private var lastStamp: [Int64] = []

  init(flagsDeleted: Bool, defect: CycleDefect) {
    self.flagsDeleted = flagsDeleted
    self.defect = defect
  }

  /// What readers take for there.
  func live(_ id: Int) -> Content? {
    guard id < rows.count, let row = rows[id], !row.isFlagged else { return nil }
    return row.content
  }

  mutating func grow(to count: Int) {
    while rows.count < count {
      rows.append(nil)
      followed.append(nil)
      lastStamp.append(.min)
    }
  }

  /// Works a page in, by the rules of a delta's page.
  mutating func write(_ page: [PageRecord], _ purpose: Purpose) throws(CycleViolation) {
    for one in page { try write(one.id, one.record, purpose) }
  }

  private mutating func write(_ id: Int, _ record: OrgRecord, _ purpose: Purpose) throws(CycleViolation) {
    grow(to: id + 1)
    let hasLeft = !purpose.isCopy && !purpose.types.isEmpty && !purpose.types.contains(record.type)
    let isDeleted = !purpose.isCopy && record.isDeleted
    guard let row = rows[id] else {
      if isDeleted { return remember(id, record.stamp) }
      let isBlocked = !purpose.isCopy && defect != .noTombstones && removed[id].map { $0 > record.stamp } ?? false
      if hasLeft || isBlocked { return }
      let content = Content(value: record.value, field: purpose.hasField ? record.field : nil)
      return try put(id, Row(stamp: record.stamp, content: content), purpose)
    }
    if row.stamp > record.stamp, defect != .noStampGuard { return }
    var next = row
    next.stamp = record.stamp
    if isDeleted || hasLeft {
      if flagsDeleted {
        next.isFlagged = true
        next.master = record.master
        return try put(id, next, purpose)
      }
      remember(id, record.stamp)
      return try put(id, nil, stamp: record.stamp, purpose)
    }
    next.isFlagged = false
    next.master = -1
    next.content.value = record.value
    if purpose.hasField { next.content.field = record.field }
    try put(id, next, purpose)
  }

  private mutating func remember(_ id: Int, _ stamp: Int64) { removed[id] = max(removed[id] ?? .min, stamp) }

  private mutating func put(_ id: Int, _ row: Row, _ purpose: Purpose) throws(CycleViolation) {
    try put(id, row, stamp: row.stamp, purpose)
  }

  private mutating func put(_ id: Int, _ row: Row?, stamp: Int64, _ purpose: Purpose) throws(CycleViolation) {
    if stamp < lastStamp[id] { throw CycleViolation(.orderIsKept, "record \(id): \(stamp) after \(lastStamp[id])") }
    lastStamp[id] = stamp
    let before = live(id)
    rows[id] = row
    let after = live(id)
    if before != after { changes += 1 }
    if purpose.isCopy { return }
    if stamp >= purpose.eventsSince {
      if before != after || defect == .equalContentRaisesEvents { try tell(id, before, after) }
    } else if stamp < purpose.silentBefore {
      // Who follows the events gets what was there before a back-fill with a copy, as at the beginning.
      followed[id] = after
    }
  }

  private mutating func tell(_ id: Int, _ before: Content?, _ after: Content?) throws(CycleViolation) {
    if before == after { throw CycleViolation(.noEmptyEvent, "record \(id) stays \(String(describing: after))") }
    if followed[id] != before { throw CycleViolation(.eventsTellAll, "record \(id) was not known before its event") }
    followed[id] = after
    events += 1
  }

  /// From now on, changes become events.
  mutating func beginEvents() { for id in rows.indices { followed[id] = live(id) } }
}
