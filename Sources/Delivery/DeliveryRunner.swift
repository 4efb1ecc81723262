public import Marketo
import SyncModel
import Synchronization

/// How deliveries are run.
public struct DeliveryOptions: Sendable {
  /// Calls of one process at a time.
  public var width = 4
  /// How long a claim holds: longer than a call may run, with all that it waits for.
  public var lease = Duration.seconds(600)
  /// How long nobody sends records whose call got no answer: longer than Marketo may still be working on it.
  public var hold = Duration.seconds(150)
  /// How long an import's records are held beyond the last look at it.
  public var importLease = Duration.seconds(3600)
  /// Between two looks at an import.
  public var pollPause = DeliveryMethod.pollPause
  /// Rows in a file at most, besides its bytes.
  public var rowsPerFile = 50_000
  /// Calls without an answer in a row that end a round.
  public var mostFailures = 5

  /// The defaults.
  public init() {}
}

/// What a round did.
public struct DeliverySummary: Sendable, Equatable {
  /// Records that Marketo took, deletions included.
  public var accepted = 0
  public var refused = 0
  /// Sync and delete calls that were answered.
  public var calls = 0
  public var files = 0
  /// Records that were skipped because Marketo does not know a field any more, and wait until it was looked at again.
  public var unknownFields = 0
}

/// Brings what a mirror has and Marketo lacks to Marketo: parents first, set by set.
///
/// Any number of processes may run rounds of the same mirror at once. A crash anywhere leads to a repeated upsert at
/// worst: a record that was sent and not recorded stays claimed until no call can be at work on it any more.
public struct DeliveryRunner: Sendable {
  let store: DeliveryStore
  let client: MarketoClient
  let sources: [DeliverySource]
  let options: DeliveryOptions
  /// Asks for an end at the next safe point; looked at between calls.
  let isStopping: @Sendable () -> Bool
  /// Where a test lets a process die: after a call, before its results are recorded.
  var afterCall: @Sendable () async throws -> Void = {}

  /// A runner.
  /// - Parameter sources: in the order of delivery.
  public init(
    store: DeliveryStore, client: MarketoClient, sources: [DeliverySource], options: DeliveryOptions = .init(),
    isStopping: @escaping @Sendable () -> Bool = { false }
  ) {
    self.store = store
    self.client = client
    self.sources = sources
    self.options = options
    self.isStopping = isStopping
  }

  /// Delivers what waits. What is refused or held back waits for a later round.
  /// - Throws: ``MarketoBudgetExhausted`` where the instance takes no more calls for now; ``MarketoError`` where a
  ///   person has to act, or where Marketo does not answer.
  public func round() async throws -> DeliverySummary {
    let total = Tally()
    // Before anything is claimed: what has gone from the mirror cannot be rendered.
    try await store.sweep(sources)
    for source in sources where !isStopping() {
      try await store.collect(source)
      try await followOpenImports(source, total)
      if source.adopts { try await inParallel { try await adoptSome(source) } }
      try await deliver(source, total)
    }
    // Children before parents, so that nothing refers to what has gone.
    for source in sources.reversed() where source.entity.leadPath != nil {
      try await inParallel { try await removeSome(source, total) }
    }
    return await total.summary
  }

  private func deliver(_ source: DeliverySource, _ total: Tally) async throws {
    while !isStopping() {
      let backlog = try await store.backlog(of: source)
      let method = DeliveryMethod.cheapest(
        source.entity.target, rows: backlog.new, bytesPerRow: backlog.bytesPerRow, areNew: true)
      guard method == .importFile, try await importSome(source, backlog, total) else { break }
    }
    try await inParallel { try await sendSome(source, total) }
  }

  /// Repeats some work on several tasks, each until it finds nothing to do. Where one fails the others end their call,
  /// which is cheaper than not to know what became of it.
  private func inParallel(_ work: @escaping @Sendable () async throws -> Bool) async throws {
    let hasFailed = Flag()
    let error = await withTaskGroup(of: (any Error)?.self) { group in
      for _ in 0..<max(1, options.width) {
        group.addTask {
          do {
            try await repeated(work) { hasFailed.isSet || isStopping() }
            return nil
          } catch {
            hasFailed.set()
            return error
          }
        }
      }
      var first: (any Error)?
      for await error in group { first = first ?? error }
      return first
    }
    if let error { throw error }
  }

  private func repeated(_ work: () async throws -> Bool, until isOver: () -> Bool) async throws {
    var failures = 0
    while !isOver() {
      do {
        guard try await work() else { return }
        failures = 0
      } catch let error as MarketoError where error.disposition == .retry && failures + 1 < options.mostFailures {
        failures += 1
      }
    }
  }

  // MARK: Calls

  /// Claims, sends and records one call's records.
  /// - Returns: whether there was something to do.
  private func sendSome(_ source: DeliverySource, _ total: Tally) async throws -> Bool {
    guard
      let batch = try await store.claim(
        .any, of: source, atMost: MarketoClient.recordsPerCall, for: options.lease)
    else { return false }
    let (records, sent) = try await fill(batch)
    guard !sent.isEmpty else { return true }
    let outcomes = try await attempt(batch) {
      source.entity.target == .lead
        ? try await client.syncLeads(records, lookupField: source.entity.key)
        : try await client.sync(source.entity.target.object, records)
    }
    try await record(zip(sent, outcomes).map { Self.result($0.veevaID, $1) }, of: batch, total)
    return true
  }

  private func removeSome(_ source: DeliverySource, _ total: Tally) async throws -> Bool {
    guard
      let batch = try await store.claim(
        .removed, of: source, atMost: MarketoClient.recordsPerCall, for: options.lease)
    else { return false }
    let (records, sent) = try await fill(batch)
    let outcomes = try await attempt(batch) { try await client.delete(source.entity.target.object, records) }
    try await record(zip(sent, outcomes).map { Self.result($0.veevaID, $1) }, of: batch, total)
    return true
  }

  /// As many records as a call takes; what is left waits again, and a record that no call takes is refused.
  private func fill(_ batch: DeliveryBatch) async throws -> (Marketo.RecordBatch, [DeliveryBatch.Record]) {
    var records = Marketo.RecordBatch()
    var sent: [DeliveryBatch.Record] = []
    var left: [String] = []
    for record in batch.records {
      if records.append(Array(record.payload.utf8)) {
        sent.append(record)
      } else if sent.isEmpty {
        let large = DeliveryResult(
          veevaID: record.veevaID, .refused, code: "413", message: "the record is larger than a call may be")
        try await store.settle(batch, [large])
      } else {
        left.append(record.veevaID)
      }
    }
    if !left.isEmpty { try await store.release(batch, only: left) }
    return (records, sent)
  }

  /// Makes a call; gives the records back when it fails, at once where it was certainly not carried out.
  func attempt<R>(_ batch: DeliveryBatch, hold: Duration? = nil, _ call: () async throws -> R) async throws -> R {
    do {
      let result = try await call()
      try await afterCall()
      return result
    } catch let error as MarketoError {
      let isCertain =
        switch error.disposition {
        case .retry: false
        default: true
        }
      // Nothing else is left that could be the cause: it is tried again, ever less often, and stands in nobody's way.
      if !isCertain, hold == nil, error.status != nil, batch.records.count == 1, let record = batch.records.first {
        let late = DeliveryResult(
          veevaID: record.veevaID, .later, code: error.reason.code, message: error.reason.message)
        try await store.settle(batch, [late])
        throw error
      }
      try await store.release(batch, hold: isCertain ? .zero : hold ?? options.hold, error: error.description)
      throw error
    } catch let error as MarketoBudgetExhausted {
      try await store.release(batch)
      throw error
    }
  }

  private func record(_ results: [DeliveryResult], of batch: DeliveryBatch, _ total: Tally) async throws {
    try await store.settle(batch, results)
    await total.add(
      accepted: results.count { $0.verdict == .accepted }, refused: results.count { $0.verdict == .refused }, calls: 1,
      unknownFields: results.count { $0.verdict != .accepted && $0.code == Self.unknownField })
  }

  /// An administrator has hidden or renamed a field: that is nothing about the record.
  private static let unknownField = "1006"

  private static func result(_ id: String, _ outcome: MarketoOutcome) -> DeliveryResult {
    let reason = outcome.reasons.first
    if outcome.isDone {
      return DeliveryResult(
        veevaID: id, .accepted, marketoID: outcome.guid ?? outcome.id.map(String.init),
        message: reason.map { "\($0.code) \($0.message)" })
    }
    let isLater = reason?.passesLater == true || reason?.code == unknownField
    return DeliveryResult(
      veevaID: id, isLater ? .later : .refused, code: reason?.code ?? "",
      message: reason?.message ?? "skipped without a reason")
  }

  // MARK: Files

  /// Claims, imports and records one file's records.
  /// - Returns: whether there was something to do.
  private func importSome(_ source: DeliverySource, _ backlog: DeliveryStore.Backlog, _ total: Tally) async throws
    -> Bool
  {
    let rows = min(options.rowsPerFile, max(1, DeliveryMethod.bytesPerFile / max(1, backlog.bytesPerRow)))
    guard let batch = try await store.claim(.new, of: source, atMost: rows, for: options.importLease) else {
      return false
    }
    var file = ImportFile(columns: source.names, mostBytes: DeliveryMethod.bytesPerFile)
    var left: [String] = []
    for record in batch.records where !file.append(record.payload.utf8) { left.append(record.veevaID) }
    if !left.isEmpty { try await store.release(batch, only: left) }
    let lookup = source.entity.target == .lead ? source.entity.key : nil
    let bytes = file.bytes
    // An import without an answer may run nevertheless, and nobody can look for it.
    let state = try await attempt(batch, hold: options.importLease) {
      try await client.startImport(source.entity.target.object, csv: bytes, lookupField: lookup)
    }
    try await store.remember(state.id, of: batch, following: options.pollPause * 6)
    await total.add(files: 1)
    try await follow(OpenImport(batch: batch.id, importID: state.id, rows: file.rows), source, total)
    return true
  }

  private func followOpenImports(_ source: DeliverySource, _ total: Tally) async throws {
    let lease = options.pollPause * 6
    for open in try await store.takeOverImports(of: source.entity.table, following: lease) {
      try await follow(open, source, total)
    }
  }

  /// Looks at an import until it ends, and records what became of its rows.
  private func follow(_ open: OpenImport, _ source: DeliverySource, _ total: Tally) async throws {
    let (object, entity) = (source.entity.target.object, source.entity.table)
    var pause = options.pollPause
    while true {
      let state: MarketoImport
      do {
        state = try await client.importState(object, open.importID)
      } catch let error as MarketoError where error.reason.code == "1013" {
        return try await store.abandon(open, of: entity, hold: .zero, error: error.description)
      }
      switch state.status {
      case .complete: return try await finish(open, state, source, total)
      case .failed:
        try await store.abandon(open, of: entity, hold: options.hold, error: state.message)
        throw DeliveryError(entity: entity, field: nil, what: "the import failed: \(state.message)")
      case .queued, .importing:
        if isStopping() {
          // Marketo goes on with it, and somebody else looks.
          return try await store.keepFollowing(open, for: .zero, records: options.importLease)
        }
        try await store.keepFollowing(open, for: pause * 6, records: options.importLease)
        try await wait(pause, isStopping)
        pause = min(pause * 2, max(options.pollPause, .seconds(30)))
      }
    }
  }

  private func finish(_ open: OpenImport, _ state: MarketoImport, _ source: DeliverySource, _ total: Tally)
    async throws
  {
    let (object, entity) = (source.entity.target.object, source.entity.table)
    let failures = try await returned(state.failed) { try await client.importFailures(object, open.importID) }
    let warnings = try await returned(state.warned) { try await client.importWarnings(object, open.importID) }
    guard failures.count == state.failed, state.processed + state.failed == open.rows else {
      let what =
        "\(open.rows) rows were sent, \(state.processed) imported, \(state.failed) failed, "
        + "\(failures.count) given back"
      return try await store.abandon(open, of: entity, hold: .zero, error: what)
    }
    try await afterCall()
    try await store.settle(open, of: entity, failures: failures)
    try await store.note(warnings: warnings, of: entity)
    await total.add(accepted: state.processed, refused: state.failed)

    func returned(_ count: Int, _ file: () async throws -> [UInt8]?) async throws -> [(key: String, reason: String)] {
      guard count > 0 else { return [] }
      return ReturnedRows.read(try await file() ?? [], key: source.entity.key)
    }
  }
}

/// Adds up what the tasks of a round do.
private actor Tally {
  private(set) var summary = DeliverySummary()

  func add(accepted: Int = 0, refused: Int = 0, calls: Int = 0, files: Int = 0, unknownFields: Int = 0) {
    summary.accepted += accepted
    summary.refused += refused
    summary.calls += calls
    summary.files += files
    summary.unknownFields += unknownFields
  }
}

/// Something that happened, told between tasks.
private final class Flag: Sendable {
  private let state = Mutex(false)

  var isSet: Bool { state.withLock { $0 } }

  func set() { state.withLock { $0 = true } }
}
