/// Named points on the path of a record, between which a crash must be harmless.
///
/// Each is logged at trace level when it is passed. For crash tests, the environment variable `CRMSYNC_HALT_AT`
/// names one, such as `page-committed` or `page-committed:3`: the process says `halted at page-committed` on
/// standard error the first (third) time it gets there and then does nothing more at that point, so that a test
/// can kill it exactly there. `CRMSYNC_ABORT_AT` names in the same way where the process crashes.
public enum ProgressMarker: String, Sendable, CaseIterable {
  /// Worker: the lease is taken, nothing was fetched yet.
  case claimed
  /// Worker: a part of a page was fetched.
  case pageFetching = "page-fetching"
  /// Worker: a part of a page was copied into the open transaction.
  case pageCopying = "page-copying"
  /// Worker: the whole page is written, the transaction still open.
  case pageWritten = "page-written"
  /// Worker: a page and its checkpoint are committed.
  case pageCommitted = "page-committed"
  /// Worker: the last page is committed, the message not acknowledged.
  case jobFinished = "job-finished"
  /// Worker: the message is acknowledged.
  case acknowledged
  /// Coordinator: an object's jobs are recorded, nothing is published.
  case jobsRecorded = "jobs-recorded"
  /// Coordinator: a bulk job was created in the source, not yet recorded.
  case extractCreated = "extract-created"
  /// Coordinator: bulk jobs are being waited for.
  case extractWaiting = "extract-waiting"
  /// Coordinator: jobs are marked as queued, not yet published.
  case jobsDispatched = "jobs-dispatched"
  /// Coordinator: a message is confirmed, the next not yet published.
  case messagePublished = "message-published"
  /// Coordinator: expired leases were taken back, nothing else yet.
  case leasesSwept = "leases-swept"
  /// Coordinator: a finished bulk job was deleted in the source, not yet recorded.
  case extractDeleted = "extract-deleted"
  /// Coordinator: a cycle was closed.
  case cycleClosed = "cycle-closed"
  /// Coordinator: the destination's tables were altered, the mapping not yet stored.
  case tablesPrepared = "tables-prepared"
}
