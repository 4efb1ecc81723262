import Checkpoints
import PostgresDestination
import SyncModel
import Tenants
import Veeva

/// What an error of the coordinator's own work stops.
struct Trouble {
  /// How far trouble reaches.
  enum Scope: Equatable {
    /// One object, until a person acts.
    case object
    /// The tenant, until a person acts.
    case tenant
    /// Nothing: it passes.
    case none
  }

  let scope: Scope

  init(_ error: any Error) {
    scope =
      switch error {
      case is MappingError, is UnsupportedObject, is PlanningGivenUp: .object
      case let error as DestinationError where error.isObjectScoped: .object
      case let error as VeevaError where error.disposition == .hopeless: error.isTenantScoped ? .tenant : .object
      case is TenantConflict, is DestinationError: .tenant
      default: .none
      }
  }
}

extension VeevaError.Disposition {
  /// Whether meeting it again and again means that it will not pass, rather than that the org is busy.
  var countsAsFailure: Bool {
    switch self {
    case .retry, .restartExtract, .refreshSchema: true
    case .waitForLimit, .hopeless: false
    }
  }
}
