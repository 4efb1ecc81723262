import Checkpoints
import Logging
public import SyncModel

/// How a slot's work on a job ended.
enum JobEnding: Sendable {
  /// The last page is committed.
  case finished
  /// The rest goes back to the queue; no failure.
  case handedBack(after: Duration, reason: String?)
  /// Something outside was away; it is tried again after a wait that doubles, and after `atLeast`. No failure.
  case interrupted(atLeast: Duration, reason: String)
  /// The lease was lost to another worker.
  case fenced
  /// The results of the extract are gone.
  case extractLost(error: String)
  case failed(FailureKind, error: String, needsSchema: Bool)
}

/// A write found that the job's token is no longer ours.
struct Fenced: Error {}

/// Bounds of a worker's work.
public struct WorkerLimits: Sendable {
  /// Unique in the cluster.
  public var name: String
  /// Jobs at once.
  public var slots: Int
  public var lease: Duration
  /// Work after which the rest of a job is handed back at a page boundary; well below the broker's
  /// acknowledgement timeout of 30 minutes.
  public var jobTime: Duration
  /// Rows asked for per bulk result page.
  public var pageRows: Int
  public var retry: RetryPolicy

  /// Bounds.
  public init(name: String, slots: Int, lease: Duration, jobTime: Duration, pageRows: Int, retry: RetryPolicy) {
    self.name = name
    self.slots = slots
    self.lease = lease
    self.jobTime = jobTime
    self.pageRows = pageRows
    self.retry = retry
  }
}

extension ClaimedJob {
  /// What every log line about a job carries.
  var metadata: Logger.Metadata {
    [
      "tenant": "\(tenant)", "object": "\(partition.object)", "job": "\(id)", "token": "\(token)",
      "page": "\(position.pages)",
    ]
  }
}

extension Logger.Metadata {
  func with(_ key: String, _ value: String) -> Logger.Metadata {
    var copy = self
    copy[key] = "\(value)"
    return copy
  }
}
