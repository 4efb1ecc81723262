import HTTP

/// How a bulk update is carried out.
public struct BulkUpdateOptions: Sendable {
  /// Bytes of a file; more records make more files. A client holds one file, and for the upload a copy of it.
  public var fileBytes: Int
  /// The pause before a job's state is asked for again; it grows to `longestPause`.
  public var firstPause: Duration
  public var longestPause: Duration

  /// Options.
  public init(
    fileBytes: Int = 8 << 20, firstPause: Duration = .seconds(1), longestPause: Duration = .seconds(20)
  ) {
    self.fileBytes = fileBytes
    self.firstPause = firstPause
    self.longestPause = longestPause
  }
}

extension VeevaClient {
  /// Writes any number of records of one object by bulk jobs, one after the other, each record for itself: one that is
  /// refused keeps no other back.
  ///
  /// For more than some thousand records; ``update(_:of:answered:)`` is quicker for fewer. An update that was cut off
  /// may have been done; done again, it does no harm.
  /// - Parameters:
  ///   - fields: what the records may set, by API name.
  ///   - next: the next record, or `nil` at the end. A second record of an id is written after the first.
  ///   - opened: told the id of each job and those of its records before anything is sent. Whoever remembers the id
  ///     can learn later what became of the job: ``followBulkUpdate(_:of:options:answered:)``.
  ///   - answered: told what became of records, in no order, in pieces that do not grow with the job. Records that
  ///     cannot be sent are among them. A job and its results are deleted only when it was told all of them.
  /// - Throws: ``VeevaError`` when a job as a whole failed; records that `answered` was not told of may or may not
  ///   have been written.
  public func updateInBulk(
    of object: String, fields: [String], options: BulkUpdateOptions = BulkUpdateOptions(),
    next: () async throws -> RecordUpdate?,
    opened: (_ job: String, _ records: [String]) async throws -> Void = { _, _ in },
    answered: (_ outcomes: [RecordOutcome]) async throws -> Void
  ) async throws {
    var file = BulkUpdateFile(fields: fields, limit: options.fileBytes)
    var refused: [RecordOutcome] = []
    var record = try await next()
    while let current = record {
      switch file.append(current) {
      case .added: record = try await next()
      case .refused(let refusal):
        refused.append(RecordOutcome(id: current.id, outcome: .refused(refusal)))
        if refused.count >= Self.mostUpdates { try await tell(&refused, answered) }
        record = try await next()
      case .full:
        try await run(file, of: object, options, opened, answered)
        file.removeAll()
      }
    }
    try await tell(&refused, answered)
    if !file.ids.isEmpty { try await run(file, of: object, options, opened, answered) }
  }

  private func tell(
    _ outcomes: inout [RecordOutcome], _ answered: (_ outcomes: [RecordOutcome]) async throws -> Void
  ) async throws {
    if !outcomes.isEmpty { try await answered(outcomes) }
    outcomes = []
  }

  private func run(
    _ file: BulkUpdateFile, of object: String, _ options: BulkUpdateOptions,
    _ opened: (_ job: String, _ records: [String]) async throws -> Void,
    _ answered: (_ outcomes: [RecordOutcome]) async throws -> Void
  ) async throws {
    let job = try await beginBulkUpdate(file, of: object) { try await opened($0, file.ids) }
    try await followBulkUpdate(job, of: object, options: options, answered: answered)
  }

  /// Sets a bulk job out with the records of one file, and does not wait for it: ``followBulkUpdate(_:of:options:answered:)``
  /// tells what became of it. When it throws, the job is aborted; some of its records may have been written.
  /// - Parameter opened: told the job's id before anything is sent.
  /// - Returns: the job's id.
  @discardableResult
  public func beginBulkUpdate(
    _ file: BulkUpdateFile, of object: String, opened: (_ job: String) async throws -> Void
  ) async throws -> String {
    let job = try await createBulkUpdate(of: object).id
    do {
      try await opened(job)
      try await upload(file, to: job, of: object)
      try await start(job, of: object)
    } catch {
      // Most likely nothing is done yet. An abort that fails leaves an open job, which the org gives up by itself.
      try? await abortBulkUpdate(job, of: object)
      throw error
    }
    return job
  }

  /// Says that the file is complete. When the answer is lost, the job's state tells whether it was heard.
  private func start(_ job: String, of object: String) async throws {
    do {
      try await startBulkUpdate(job, of: object)
    } catch let error as VeevaError where error.disposition == .retry {
      guard try await bulkUpdate(job, of: object).state != .open else { throw error }
    }
  }

  /// Waits for the end of a bulk update and tells what became of its records; then deletes it. Can be repeated until it
  /// returns. A job that is still open, since its maker was cut off, is aborted: nothing of it is done.
  /// - Throws: ``VeevaError``, after `answered` was told all, when the job did not come to its proper end: `jobFailed`,
  ///   `jobAborted`, `invalidField`. `resultsGone` when the org does not know the job any more.
  public func followBulkUpdate(
    _ job: String, of object: String, options: BulkUpdateOptions = BulkUpdateOptions(),
    answered: (_ outcomes: [RecordOutcome]) async throws -> Void
  ) async throws {
    do {
      let ended = try await end(of: job, of: object, options)
      for kind in BulkUpdateResults.Kind.allCases { try await tellResults(kind, of: ended, object, answered) }
      // Whatever is left in the org goes after seven days.
      try? await deleteBulkUpdate(job, of: object)
      if let error = Self.failure(ended, object) { throw error }
    } catch let error as VeevaError where error.code == .notFound {
      throw VeevaError(
        code: .resultsGone, call: error.call, object: object, status: error.status, errorCode: error.errorCode,
        message: "the org does not know bulk job \(job) any more; results are kept for seven days")
    }
  }

  private func end(of id: String, of object: String, _ options: BulkUpdateOptions) async throws -> BulkUpdateJob {
    var pause = options.firstPause
    var job = try await bulkUpdate(id, of: object)
    if job.state == .open {
      try await abortBulkUpdate(id, of: object)
      job = try await bulkUpdate(id, of: object)
    }
    while !job.state.isEnd {
      // The org tells nobody when it is done.
      try await Task.sleep(for: pause)
      pause = min(options.longestPause, pause * 3 / 2)
      job = try await bulkUpdate(id, of: object)
    }
    return job
  }

  private func tellResults(
    _ kind: BulkUpdateResults.Kind, of job: BulkUpdateJob, _ object: String,
    _ answered: (_ outcomes: [RecordOutcome]) async throws -> Void
  ) async throws {
    let call = Call(
      name: kind.rawValue, object: object, path: ingestPath(job.id) + "/" + kind.rawValue, accept: "text/csv")
    let chunks = try await stream(call).body.makeAsyncIterator()
    let results = BulkUpdateResults(
      next: { try await chunks.next() }, kind: kind, batchBytes: min(batchBytes, 64 << 10), call: call)
    while let outcomes = try await results.nextBatch() { try await answered(outcomes) }
    // A page that was cut between two records looks whole. Counts of jobs that failed may lag behind.
    guard job.state == .jobComplete, let expected = Self.expected(kind, job), expected != results.rowCount else {
      return
    }
    throw VeevaError(
      code: .truncated, call: call.name, object: object,
      message: "there are \(results.rowCount) records, but the job counted \(expected)")
  }

  private static func expected(_ kind: BulkUpdateResults.Kind, _ job: BulkUpdateJob) -> Int? {
    switch kind {
    case .successful: job.recordsProcessed - job.recordsFailed
    case .failed: job.recordsFailed
    case .unprocessed: nil
    }
  }

  private static func failure(_ job: BulkUpdateJob, _ object: String) -> VeevaError? {
    switch job.state {
    case .failed(let words):
      VeevaError(
        code: words.contains("Field name not found") ? .invalidField : .jobFailed, call: "bulk update",
        object: object, message: words)
    case .aborted:
      VeevaError(code: .jobAborted, call: "bulk update", object: object, message: "bulk job \(job.id) was aborted")
    case .open, .uploadComplete, .inProgress, .jobComplete: nil
    }
  }
}
