import PostgreSQL
import PostgresDestination
import SyncModel
import Veeva

/// Sets a bulk job out with the changes of many persons: claims and reads 2,000 at a time, and writes what is left by
/// one file. It does not wait for the job: ``BulkLook`` tells what became of it, in whatever process.
struct BulkRound: Sendable {
  let round: WriteBackRound

  /// How long composite calls write after a job has failed as a whole, or is not permitted.
  static let avoidance = Duration.seconds(3600)
  /// The same after a job was aborted, by an administrator or because its file could not be sent.
  static let shortAvoidance = Duration.seconds(300)

  private var limits: WriteBackLimits { round.limits }

  /// - Returns: whether there was something to do.
  func run() async throws -> Bool {
    let turn = try await round.pool.withConnection {
      try await round.destination.turnToWriteInBulk(lease: limits.bulkLease, on: $0)
    }
    guard let turn else { return false }
    var open = Claims([])
    var hasJob = false
    do {
      try await work(turn, &open, &hasJob)
    } catch {
      await round.release(open.all)
      await end(turn, of: hasJob, after: error)
      throw error
    }
    await round.release(open.all)
    if !hasJob { await end(turn, of: false, after: nil) }
    return !open.isEmpty
  }

  private func work(_ turn: BulkTurn, _ open: inout Claims, _ hasJob: inout Bool) async throws {
    let all = try await read(&open)
    if round.isStopping() { return }
    let fill = BulkFill(all.map { $0.submission }, limit: limits.fileBytes)
    guard fill.fits.count > limits.mostByCalls else { return try await write(all, &open) }
    let moments = Dictionary(all.map { ($0.submission.recordID, $0.readAt) }, uniquingKeysWith: { first, _ in first })
    let onBoard = try await setOut(fill.fits, moments, turn)
    guard !onBoard.isEmpty else { return }
    open.settled(onBoard.flatMap(\.changes).map(\.change))
    // The same fields in the same order: what has fitted fits again.
    let file = BulkFill(onBoard, limit: limits.fileBytes).file
    _ = try await round.noticingSchema {
      try await round.veeva.beginBulkUpdate(file, of: WriteBackRound.object.apiName) { job in
        let isOurs = try await round.pool.withConnection {
          try await round.destination.remember(job: job, turn: turn, on: $0)
        }
        guard isOurs else { throw LostTurn() }
        hasJob = true
      }
    }
    try await round.pool.withConnection { try await round.destination.lookLater(turn: turn, on: $0) }
    // What no file can say, calls can.
    let unfit = Set(fill.unfit.map(\.recordID))
    try await write(all.filter { unfit.contains($0.submission.recordID) }, &open)
  }

  /// Claims and reads up to as many persons as a job may have, and settles what need not be written.
  private func read(_ open: inout Claims) async throws -> [(submission: Submission, readAt: Instant)] {
    var read: [(submission: Submission, readAt: Instant)] = []
    var persons = 0
    while persons < limits.mostInJob, !round.isStopping() {
      let most = min(VeevaClient.mostRetrieved, limits.mostInJob - persons)
      let claimed = try await round.pool.withConnection {
        try await round.destination.captured(limit: most, lease: limits.bulkLease, on: $0)
      }
      guard !claimed.isEmpty else { break }
      open.add(claimed)
      persons += Set(claimed.map(\.recordID)).count
      let (toWrite, moment) = try await round.decide(claimed, &open)
      read += toWrite.map { ($0, moment) }
    }
    return read
  }

  /// - Returns: what is still ours to be written.
  private func setOut(
    _ submissions: [Submission], _ moments: [String: Instant], _ turn: BulkTurn
  ) async throws -> [Submission] {
    var ours: [Submission] = []
    for start in stride(from: 0, to: submissions.count, by: VeevaClient.mostRetrieved) {
      let some = submissions[start..<min(submissions.count, start + VeevaClient.mostRetrieved)]
      let changes = some.flatMap { submission in
        submission.changes.map {
          CarriedChange(change: $0.change, readAt: moments[submission.recordID] ?? .distantPast)
        }
      }
      let names = try await round.pool.withConnection {
        try await round.destination.setOut(changes, turn: turn, on: $0)
      }
      let keys = Set(names.map { Claims.Key(recordID: $0.recordID, column: $0.column) })
      ours += some.compactMap { submission in
        let changes = submission.changes.filter { keys.contains(Claims.Key($0.change)) }
        return changes.isEmpty ? nil : Submission(recordID: submission.recordID, changes: changes)
      }
    }
    return ours
  }

  /// Writes by composite calls.
  private func write(
    _ read: [(submission: Submission, readAt: Instant)], _ open: inout Claims
  ) async throws {
    for (moment, group) in Dictionary(grouping: read, by: { $0.readAt }).sorted(by: { $0.key < $1.key }) {
      try await round.write(group.map { $0.submission }, readAt: moment, &open)
    }
  }

  /// Gives the turn back, in a task of its own: this one may be cancelled.
  private func end(_ turn: BulkTurn, of hasJob: Bool, after error: (any Error)?) async {
    let avoid = (error as? VeevaError)?.avoidsBulk == true ? Self.avoidance : .zero
    await Task {
      try? await round.pool.withConnection {
        if hasJob {
          // What it carries may be under way.
          try await round.destination.lookLater(turn: turn, on: $0)
        } else {
          _ = try await round.destination.endBulk(turn: turn, lease: .zero, avoid: avoid, on: $0)
        }
      }
    }.value
  }
}

/// Somebody else has the turn by now.
struct LostTurn: Error, CustomStringConvertible {
  let description = "preparing a bulk update took so long that another worker has taken it over"
}

extension VeevaError {
  /// Whether another job would most likely come to the same.
  var avoidsBulk: Bool {
    switch disposition {
    case .retry, .waitForLimit: false
    case .restartExtract, .refreshSchema, .hopeless: !isTenantScoped
    }
  }
}
