/// Where a job stands. The diagram is in `docs/job-life-cycle.md`; the rules are in ``JobLifecycle``.
public enum JobState: String, Sendable, Codable, CaseIterable {
  /// Its bulk job has to be created, or is not ready yet. Holds neither a delivery nor a slot.
  case extracting
  /// May go on the queue as soon as it is due.
  case runnable
  /// On the queue, or about to be.
  case queued
  /// A worker holds its lease.
  case leased
  /// Every page is committed.
  case done
  /// Parked as a dead letter until a person decides.
  case dead
}

/// What decides about a job: the part of its row that transitions read and write.
public struct Job: Sendable, Equatable {
  public let id: Int64
  public var method: ExtractMethod
  public var state: JobState
  /// Fencing token: rises with each claim; a write that carries an older one changes nothing.
  public var token: Int64
  /// How often it was put on the queue.
  public var dispatch: Int64
  public var position: Position
  /// Errors of the work itself since the last committed page.
  public var failures: Int
  /// Times that the work was cut off without an error of its own, over the job's life.
  public var interruptions: Int
  /// Workers that vanished with this job since the last committed page.
  public var vanished: Int
  /// Not before this moment; by the database's clock.
  public var dueAt: Instant
  /// Until when the lease holds; by the database's clock.
  public var leaseUntil: Instant?

  /// A job as the planner records it.
  public init(id: Int64, method: ExtractMethod, dueAt: Instant) {
    self.id = id
    self.method = method
    state = method == .bulk ? .extracting : .runnable
    token = 0
    dispatch = 0
    position = Position()
    failures = 0
    interruptions = 0
    vanished = 0
    self.dueAt = dueAt
    leaseUntil = nil
  }
}
