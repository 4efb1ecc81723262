public import SyncConfiguration
public import SyncModel
import Synchronization

/// When an object's cycles begin, and what they reach.
public struct CycleTimes: Sendable, Equatable {
  /// Rest between two cycles.
  public var pause: Duration
  /// How far a delta reaches back behind where the one before ended, for records that become visible after their stamp.
  public var overlap: Duration
  /// How far a delta stays behind the org's clock, whose present second is not over yet.
  public var lag: Duration

  /// Times.
  public init(pause: Duration = .seconds(300), overlap: Duration = .seconds(900), lag: Duration = .seconds(10)) {
    self.pause = pause
    self.overlap = overlap
    self.lag = lag
  }

  /// What the configuration says of them.
  public init(_ sync: Configuration.Sync) { self.init(pause: sync.pause, overlap: sync.overlap, lag: sync.lag) }
}

/// What of the configuration may change while a process runs: which objects and fields are selected, and when
/// cycles begin. Read it anew for every cycle.
public final class LiveSelections: Sendable {
  private struct State {
    var selections: [String: [ObjectSelection]]
    var times: CycleTimes
    var observers: [@Sendable () -> Void] = []
  }
  private let state: Mutex<State>

  /// What a configuration selects.
  public init(_ configuration: Configuration) {
    state = Mutex(
      State(
        selections: configuration.tenants.mapValues(\.selections), times: CycleTimes(configuration.sync)))
  }

  /// What is selected of a tenant's org now, in the order in which objects are best begun.
  public func selections(of tenant: String) -> [ObjectSelection] { state.withLock { $0.selections[tenant] ?? [] } }

  /// Whether a tenant's marketers' changes travel back now.
  func writesBack(of tenant: String) -> Bool {
    selections(of: tenant).contains { $0.object == .personAccounts && $0.writesBack }
  }

  /// When cycles begin, and what they reach, now.
  public var times: CycleTimes { state.withLock { $0.times } }

  /// Calls a closure after each change from now on, such as one that raises a signal.
  public func onChange(_ act: @escaping @Sendable () -> Void) { state.withLock { $0.observers.append(act) } }

  /// Takes over what another configuration selects of the tenants that there are. Tenants that it adds are none of
  /// this process's; those that it no longer names stay as they are until the next start.
  /// - Returns: whether anything changed.
  @discardableResult
  public func update(_ configuration: Configuration) -> Bool {
    let observers = state.withLock { state -> [@Sendable () -> Void]? in
      let (selections, times) = (state.selections, state.times)
      for name in selections.keys {
        if let tenant = configuration.tenants[name] { state.selections[name] = tenant.selections }
      }
      state.times = CycleTimes(configuration.sync)
      return state.selections == selections && state.times == times ? nil : state.observers
    }
    observers?.forEach { $0() }
    return observers != nil
  }
}
