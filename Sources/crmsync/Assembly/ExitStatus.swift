import AMQP
import ArgumentParser
import Checkpoints
import Delivery
import Marketo
import SyncConfiguration
import Foundation
import JobQueue
import PostgreSQL
import Veeva

/// What the process tells its caller.
enum ExitStatus: Int32, Comparable {
  case done = 0
  /// The work failed.
  case failed = 1
  /// Usage or configuration.
  case usage = 2
  /// A dependency cannot be reached.
  case unreachable = 3

  /// The status for an error: the only place where it is decided.
  init(for error: any Error) {
    self =
      switch error {
      case is ConfigurationError, is ValidationError, is TenantConflict, is UnknownTenant, is UnknownObject,
        is MirrorOfAnotherInstance:
        .usage
      case let error as PostgresError: error.isUnreachable ? .unreachable : .failed
      case let error as QueueError: error.isUnreachable ? .unreachable : .failed
      case let error as VeevaError: error.isUnreachable ? .unreachable : .failed
      case let error as MarketoError: error.isUnreachable ? .unreachable : .failed
      default: .failed
      }
  }

  static func < (a: ExitStatus, b: ExitStatus) -> Bool { a.rawValue < b.rawValue }

  /// Ends the process, and does not let C libraries tidy up: threads of connections may still be using them.
  static func leave(_ code: Int32) -> Never {
    fflush(nil)
    _exit(code)
  }

  /// Says what went wrong and ends the process.
  static func end(with error: any Error) -> Never {
    if let exit = error as? ExitCode { leave(exit.rawValue) }
    FileHandle.standardError.write(Data("crmsync: \(error)\n".utf8))
    leave(ExitStatus(for: error).rawValue)
  }
}

/// A tenant that the configuration does not name.
struct UnknownTenant: Error, CustomStringConvertible {
  let name: String
  let known: [String]

  var description: String {
    "there is no tenant \(name) in the configuration; it names: \(known.sorted().joined(separator: ", "))"
  }
}

/// Something to say to a person before ending with a failure.
struct Failure: Error, CustomStringConvertible {
  let description: String
}
