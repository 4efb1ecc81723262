public import Checkpoints
public import Marketo
public import SyncModel

/// Says that a Marketo instance takes no calls for now. This is no failure: the work goes on later by itself.
public struct MarketoBudgetExhausted: Error, Sendable, CustomStringConvertible {
  public let instance: String
  /// Why, in words.
  public let reason: String
  /// How long to wait.
  public let wait: Duration

  public var description: String { "Marketo instance \(instance) waits \(wait.components.seconds) s: \(reason)" }
}

/// The budget of one Marketo instance, shared with all processes through the checkpoints.
///
/// Calls of a process queue here, so that only the first of them asks the database. Short waits are sat out; a long one
/// is told to the caller.
public actor SharedMarketoBudget: MarketoLimitObserver {
  private let instance: String
  private let limits: MarketoBudget.Limits
  private let checkpoints: CheckpointStore
  private let patience: Duration
  private var last: Task<Int64, any Error>?

  /// A budget.
  /// - Parameters:
  ///   - instance: what names the instance in the whole cluster, such as its host.
  ///   - patience: longer waits are told to the caller.
  public init(
    instance: String, limits: MarketoBudget.Limits = .init(), checkpoints: CheckpointStore,
    patience: Duration = .seconds(60)
  ) {
    self.instance = instance
    self.limits = limits
    self.checkpoints = checkpoints
    self.patience = patience
  }

  /// - Throws: ``MarketoBudgetExhausted`` where the wait is longer than the patience.
  public func beforeCall(lasting timeout: Duration) async throws -> Int64 {
    let previous = last
    let turn = Task {
      _ = await previous?.result
      return try await self.permit(lasting: timeout)
    }
    last = turn
    return try await withTaskCancellationHandler {
      try await turn.value
    } onCancel: {
      turn.cancel()
    }
  }

  private func permit(lasting timeout: Duration) async throws -> Int64 {
    let end = ContinuousClock.now + patience
    while true {
      try Task.checkCancellation()
      let (permit, wait) = try await checkpoints.beginMarketoCall(to: instance, lasting: timeout, within: limits)
      switch permit {
      case .go(let ticket): return ticket
      case .wait(_, let reason):
        guard ContinuousClock.now + wait < end else {
          throw MarketoBudgetExhausted(instance: instance, reason: reason.rawValue, wait: wait)
        }
        // Nobody can announce that a window has moved on.
        try await Task.sleep(for: max(wait, .milliseconds(10)))
      }
    }
  }

  public func ended(_ ticket: Int64, isAnswered: Bool) async {
    let (checkpoints, instance) = (checkpoints, instance)
    // The end is told though the caller may have been cancelled. Failing to tell is made good by the lease's end.
    await Task { try? await checkpoints.endMarketoCall(ticket, to: instance, isAnswered: isAnswered) }.value
  }

  public func refused(_ limit: MarketoLimit, _ error: MarketoError) async -> any Error {
    let reason: MarketoBudget.Reason
    switch limit {
    case .rate: reason = .rate
    case .concurrency: reason = .concurrency
    case .daily: reason = .daily
    // Others' imports fill the queue; calls may go on.
    case .imports:
      return MarketoBudgetExhausted(instance: instance, reason: error.reason.message, wait: Self.importPause)
    }
    let limits = limits
    let wait = try? await checkpoints.updateMarketoBudget(of: instance) { budget, now in
      budget.refused(reason, within: limits, at: now)
      return Duration.milliseconds(max(0, (budget.blockedUntil ?? now).milliseconds - now.milliseconds))
    }
    return MarketoBudgetExhausted(instance: instance, reason: error.reason.message, wait: wait ?? .seconds(20))
  }

  /// How long a queue that is full of imports is left alone.
  public static let importPause = Duration.seconds(30)
}
