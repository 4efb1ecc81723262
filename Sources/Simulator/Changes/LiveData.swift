import NIOConcurrencyHelpers

/// The org's rows as they are now. Readers take a snapshot, which never changes; writers go one at a time.
final class LiveData: Sendable {
  private struct State {
    /// With all that was done.
    var head: Revision
    /// With what is committed.
    var visible: Revision
    /// By the moment at which it commits.
    var pending: [(due: Int, edits: [Revision.Edit])] = []
    var snapshot: DataSet
  }

  private static let longestDelay = 10 * 366 * 86_400

  /// The generated rows.
  let origin: DataSet
  private let state: NIOLockedValueBox<State>
  private let writing = NIOLock()
  private let clock: VirtualClock

  init(_ origin: DataSet, clock: VirtualClock) {
    self.origin = origin
    self.clock = clock
    let revision = Revision(origin)
    state = NIOLockedValueBox(State(head: revision, visible: revision, snapshot: origin))
  }

  /// The rows that are committed.
  var snapshot: DataSet {
    state.withLockedValue { state in
      if let first = state.pending.first, first.due <= clock.seconds { commit(&state) }
      return state.snapshot
    }
  }

  private func commit(_ state: inout State) {
    let now = clock.seconds
    let due = state.pending.prefix { $0.due <= now }
    for change in due { state.visible.apply(change.edits) }
    state.pending.removeFirst(due.count)
    if state.pending.isEmpty { state.visible = state.head }
    state.snapshot = DataSet(origin, state.visible)
  }

  /// Performs operations: all of them, or none when one is refused.
  /// - Parameter delay: seconds from an operation to its commit, unless it says otherwise.
  func perform(_ operations: [ChangeOperation], delay: Int) throws(SalesforceError) -> [ChangeReport] {
    writing.lock()
    defer { writing.unlock() }
    _ = snapshot
    var planner = ChangePlanner(origin: origin, revision: state.withLockedValue { $0.head }, now: clock.seconds)
    var reports: [ChangeReport] = []
    var steps: [(delay: Int, work: ChangePlanner.Work)] = []
    for operation in operations {
      reports += try planner.perform(operation)
      // What describe shows is not part of a transaction.
      let isSchema = [.addField, .removeField, .widenField].contains(operation.op)
      let seconds = min(Self.longestDelay, max(0, operation.visibleAfterSeconds ?? delay))
      steps.append((isSchema ? 0 : seconds, planner.takeWork()))
    }
    publish(planner.revision, steps, now: planner.now)
    return reports
  }

  /// Lets a body change the rows as they are with all that was done before.
  /// - Parameter delay: seconds until what it did commits.
  func plan<Result>(delay: Int, _ body: (inout ChangePlanner) -> Result) -> Result {
    writing.lock()
    defer { writing.unlock() }
    _ = snapshot
    var planner = ChangePlanner(origin: origin, revision: state.withLockedValue { $0.head }, now: clock.seconds)
    let result = body(&planner)
    publish(planner.revision, [(min(Self.longestDelay, max(0, delay)), planner.takeWork())], now: planner.now)
    return result
  }

  private func publish(_ head: Revision, _ steps: [(delay: Int, work: ChangePlanner.Work)], now: Int) {
    state.withLockedValue { state in
      state.head = head
      if state.pending.isEmpty, steps.allSatisfy({ $0.delay == 0 }) {
        state.visible = head
      } else {
        for step in steps {
          for schema in step.work.schemas { schema(&state.visible) }
          state.visible.add(step.work.additions) { origin.shape($0).pointee.rows }
          if step.delay == 0 {
            state.visible.apply(step.work.edits)
          } else {
            let due = now + step.delay
            let place = state.pending.firstIndex { $0.due > due } ?? state.pending.count
            state.pending.insert((due, step.work.edits), at: place)
          }
        }
      }
      state.snapshot = DataSet(origin, state.visible)
    }
  }
}
