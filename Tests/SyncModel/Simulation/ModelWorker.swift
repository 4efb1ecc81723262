import SyncModel

/// A worker with one slot, as a machine that does one thing at a time: it may crash or fall asleep between any two.
struct ModelWorker: Sendable {
  enum Phase: Int, Sendable {
    case idle, claiming, fetching, committing, checkpointing, recording, acknowledging
  }

  /// How the work on a job ended; see `JobEnding` of the product.
  enum Ending: Int, Sendable { case handedBack, limited, interrupted, failed, hopeless, extractLost }

  var phase = Phase.idle
  var message = Message(job: 0, dispatch: 0)
  /// Whether the broker still counts the message as delivered here.
  var holdsDelivery = false
  var token: Int64 = 0
  /// The referee's number of the claim.
  var claim = 0
  var position = Position()
  /// Failures since the last committed page, as the worker knows them.
  var failures = 0
  var page: ModelPage?
  var ending = Ending.handedBack
  /// By the process's own clock.
  var startedAt: Int64 = 0
  /// How far the process's own clock is off.
  var clockOffset: Int64 = 0
  /// Steps that the page's transfer still takes; the lease is renewed at each.
  var slowSteps = 0
  var isStopping = false
  var pausedUntil: Int64 = 0
}

/// A coordinator as a machine that does one thing at a time.
struct ModelCoordinator: Sendable {
  /// The second half of something begun: between the halves the process may crash or sleep.
  enum Pending: Equatable, Sendable {
    case none
    case extractCreated(job: Int, extract: Int)
    case extractRefused(job: Int)
    case extractAsked(job: Int, extract: Int, complete: Bool)
    case publish(job: Int, dispatch: Int64)
    case mark(job: Int)
    case withdraw(job: Int, dispatch: Int64)
    case refill
    case rescue(job: Int, token: Int64)
    case extractDeleted(job: Int)
  }

  var leadership = Leadership(lease: Scenario.term)
  /// Rises with each start of the process: a new process has a new name.
  var name: Int
  /// The term it acts under, 0 as a standby.
  var term: Int64 = 0
  var pending = Pending.none
  var askAt: Int64 = 0
  var sweepAt: Int64 = 0
  var pollAt: Int64 = 0
  var clockOffset: Int64 = 0
  var pausedUntil: Int64 = 0
}

/// The leader's lease as the database keeps it.
struct ModelLead: Sendable {
  var holder = -1
  var term: Int64 = 0
  var expiresAt: Int64 = -1
}
