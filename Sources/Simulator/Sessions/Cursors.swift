import NIOConcurrencyHelpers

/// REST query locators: where each query goes on.
final class Cursors: Sendable {
  struct Cursor: @unchecked Sendable {
    // Proof of Sendable: the source is made of values and of the immutable data set, and nobody changes it.
    var source: RowSource
    var total: Int
    var version: String
    var batchSize: Int
  }

  /// A place in a cursor.
  struct Position: Sendable {
    /// Rows served before it.
    var served: Int
    /// Where the source goes on.
    var place: Int
  }

  private struct Entry {
    var cursor: Cursor
    var positions: [Int: Position] = [:]
    var expires: Double
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var created = 0
  }

  private let state = NIOLockedValueBox(State())
  private let clock: VirtualClock
  private let lifetime: Double
  /// Cursors kept; the oldest go first. Sorted answers hold a list of rows, so memory is bounded by it.
  private static let most = 500

  init(clock: VirtualClock, lifetime: Double) {
    self.clock = clock
    self.lifetime = lifetime
  }

  /// Keeps a cursor.
  /// - Returns: its id, 18 characters.
  func open(_ cursor: Cursor) -> String {
    let now = clock.now
    return state.withLockedValue { state in
      state.created += 1
      var sink = ByteSink()
      sink.append("01g5g0")
      sink.reserve(16)
      IDLayout.putBase62(UInt64(state.created) + 5_000_000, &sink)
      IDChecksum.put(&sink)
      let id = String(decoding: sink.bytes, as: UTF8.self)
      state.entries = state.entries.filter { $0.value.expires > now }
      if state.entries.count >= Self.most, let oldest = state.entries.keys.min() { state.entries[oldest] = nil }
      state.entries[id] = Entry(cursor: cursor, expires: now + lifetime)
      return id
    }
  }

  /// Notes where a locator goes on.
  /// - Returns: the locator.
  func locator(_ id: String, _ position: Position) -> String {
    state.withLockedValue { $0.entries[id]?.positions[position.served] = position }
    return "\(id)-\(position.served)"
  }

  /// What a locator stands for; `nil` when it is unknown or expired.
  func find(_ locator: String) -> (id: String, cursor: Cursor, position: Position)? {
    let parts = locator.split(separator: "-")
    guard parts.count == 2, let served = Int(parts[1]) else { return nil }
    let id = String(parts[0])
    let now = clock.now
    return state.withLockedValue { state in
      guard let entry = state.entries[id], entry.expires > now, let position = entry.positions[served]
      else { return nil }
      return (id, entry.cursor, position)
    }
  }

  func forget(_ locator: String) {
    guard let id = locator.split(separator: "-").first else { return }
    state.withLockedValue { $0.entries[String(id)] = nil }
  }

  func forgetAll() { state.withLockedValue { $0.entries = [:] } }
}
