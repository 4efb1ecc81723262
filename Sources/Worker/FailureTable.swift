import Delivery
import Marketo
import PostgreSQL
import PostgresDestination
import SyncModel
import Tenants
import Veeva

/// The one place where an error of a job's work becomes what follows from it.
///
/// What is away is an interruption, which never leads to the dead letter; an error of the work itself is a failure.
enum FailureTable {
  /// How the work ended, given what was thrown.
  ///
  /// What is not known is retried a bounded number of times, and then parked as a dead letter.
  static func ending(for error: any Error) -> JobEnding {
    switch error {
    case is Fenced: .fenced
    case is CancellationError: .handedBack(after: .zero, reason: nil)
    case let error as BudgetExhausted: .handedBack(after: error.wait, reason: error.description)
    case let error as VeevaError: ending(for: error)
    case let error as MarketoBudgetExhausted: .handedBack(after: error.wait, reason: error.description)
    case let error as MarketoError where [.retry, .renewToken].contains(error.disposition):
      .interrupted(atLeast: .zero, reason: "\(error)")
    case let error as PostgresError where error.kind == .cancelled: .handedBack(after: .zero, reason: nil)
    case let error as PostgresError where error.isInterruption:
      .interrupted(atLeast: .zero, reason: "\(error)")
    case let error as DestinationError where error.problem == .unavailable:
      .interrupted(atLeast: .zero, reason: "\(error)")
    case let error as PostgresError:
      .failed(error.isRetriable ? .transient : .hopeless, error: "\(error)", needsSchema: error.isSchemaDrift)
    case let error as DestinationError:
      .failed(
        error.isRetriable ? .transient : .hopeless, error: "\(error)", needsSchema: error.isSchemaDrift)
    default: .failed(.transient, error: "\(error)", needsSchema: false)
    }
  }

  private static func ending(for error: VeevaError) -> JobEnding {
    if error.isInterruption { return .interrupted(atLeast: error.retryAfter ?? .zero, reason: "\(error)") }
    return switch error.disposition {
    case .retry: .failed(.transient, error: "\(error)", needsSchema: false)
    case .waitForLimit(let limit):
      .handedBack(after: limit == .daily ? APIBudget.recheck : APIBudget.concurrencyPause, reason: "\(error)")
    case .restartExtract: .extractLost(error: "\(error)")
    case .refreshSchema: .failed(.transient, error: "\(error)", needsSchema: true)
    case .hopeless: .failed(.hopeless, error: "\(error)", needsSchema: false)
    }
  }
}

extension PostgresError {
  /// A table or column that the mapping knows is not there.
  var isSchemaDrift: Bool { sqlState == "42P01" || sqlState == "42703" }
}
