import NIOConcurrencyHelpers

/// A trouble that is made on purpose, by the rules that all kinds share.
protocol InjectedFault: Sendable {
  /// How many matching requests pass unharmed first; none where it is `nil`.
  var after: Int? { get }
  /// How often it fires at most; without end when `nil`.
  var count: Int? { get }
  /// Share of matching requests that it hits; all where it is `nil`.
  var rate: Double? { get }
}

/// The faults in force, and how often each was met and fired.
final class FaultBoard<Fault: InjectedFault>: Sendable {
  struct Entry: Sendable {
    var id: Int
    var fault: Fault
    var matched = 0
    var fired = 0
  }

  private struct State {
    var entries: [Entry] = []
    var nextID = 1
  }

  private let state: NIOLockedValueBox<State>
  private let seed: UInt64

  init(_ faults: [Fault], seed: UInt64) {
    self.seed = seed
    state = NIOLockedValueBox(State())
    add(faults)
  }

  func add(_ faults: [Fault]) {
    state.withLockedValue { state in
      for fault in faults {
        state.entries.append(Entry(id: state.nextID, fault: fault))
        state.nextID += 1
      }
    }
  }

  func clear() { state.withLockedValue { $0.entries = [] } }

  func remove(_ id: Int) { state.withLockedValue { $0.entries.removeAll { $0.id == id } } }

  var entries: [Entry] { state.withLockedValue { $0.entries } }

  /// The faults that hit what `matches` is asked about.
  func fire(_ matches: (Fault) -> Bool) -> [Fault] {
    state.withLockedValue { state in
      var hits: [Fault] = []
      for place in state.entries.indices where matches(state.entries[place].fault) {
        let ordinal = state.entries[place].matched
        state.entries[place].matched += 1
        let entry = state.entries[place]
        guard ordinal >= entry.fault.after ?? 0, entry.fired < entry.fault.count ?? .max, strikes(entry, ordinal)
        else { continue }
        state.entries[place].fired += 1
        hits.append(entry.fault)
      }
      return hits
    }
  }

  /// Chance that follows from seed, fault and ordinal alone.
  private func strikes(_ entry: Entry, _ ordinal: Int) -> Bool {
    let rate = entry.fault.rate ?? 1
    if rate >= 1 { return true }
    let chance = Mixing.mix(Mixing.mix(seed, UInt64(entry.id)), UInt64(ordinal))
    return Double(chance >> 11) / Double(1 << 53) < rate
  }
}

extension FaultBoard where Fault == SimulatedFault {
  /// The faults that hit a request.
  func fire(method: String, target: String) -> [SimulatedFault] {
    fire { fault in
      fault.isAboutRequests && (fault.method ?? method).uppercased() == method && Self.contains(target, fault.path)
    }
  }

  /// The faults that hit a bulk job.
  func fire(statement: String) -> [SimulatedFault] {
    fire { $0.isAboutJobs && Self.contains(statement, $0.path) }
  }

  private static func contains(_ text: String, _ part: String?) -> Bool {
    guard let part, !part.isEmpty else { return true }
    return text.contains(part)
  }
}
