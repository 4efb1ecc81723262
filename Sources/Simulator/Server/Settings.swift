/// Behaviour that may be changed while the org serves, by `POST /simulator/settings`.
struct Settings: Sendable {
  var latency: Duration
  var jobDelay: Duration
  var concurrentJobs: Int
  var restPageRows: Int
  var bulkPageRows: Int
  var shortPages: Bool
  var forgetsFinishedJobs: Bool
  var rotatesRefreshTokens: Bool
  /// Seconds from a change's stamp to the moment at which it becomes visible.
  var commitDelaySeconds = 0
  /// Bytes of an ingest job's file at most (Salesforce: 150 MB once coded as base64).
  var uploadBytes = 112_500_000

  init(_ options: SimulatedOrgOptions) {
    latency = options.latency
    jobDelay = options.jobDelay
    concurrentJobs = options.concurrentJobs
    restPageRows = options.restPageRows
    bulkPageRows = options.bulkPageRows
    shortPages = options.shortPages
    forgetsFinishedJobs = options.forgetsFinishedJobs
    rotatesRefreshTokens = options.rotatesRefreshTokens
  }

  /// What a request may change; what is left out stays.
  struct Change: Decodable {
    let latencyMilliseconds: Int?
    let jobDelayMilliseconds: Int?
    let concurrentJobs: Int?
    let restPageRows: Int?
    let bulkPageRows: Int?
    let shortPages: Bool?
    let forgetsFinishedJobs: Bool?
    let rotatesRefreshTokens: Bool?
    let commitDelaySeconds: Int?
    let uploadBytes: Int?
  }

  mutating func apply(_ change: Change) {
    if let milliseconds = change.latencyMilliseconds { latency = .milliseconds(max(0, milliseconds)) }
    if let milliseconds = change.jobDelayMilliseconds { jobDelay = .milliseconds(max(0, milliseconds)) }
    concurrentJobs = max(1, change.concurrentJobs ?? concurrentJobs)
    restPageRows = max(1, change.restPageRows ?? restPageRows)
    bulkPageRows = max(1, change.bulkPageRows ?? bulkPageRows)
    shortPages = change.shortPages ?? shortPages
    forgetsFinishedJobs = change.forgetsFinishedJobs ?? forgetsFinishedJobs
    rotatesRefreshTokens = change.rotatesRefreshTokens ?? rotatesRefreshTokens
    commitDelaySeconds = max(0, change.commitDelaySeconds ?? commitDelaySeconds)
    uploadBytes = max(0, change.uploadBytes ?? uploadBytes)
  }

  var json: JSONValue {
    .object([
      ("latencyMilliseconds", .int(Int(latency.seconds * 1000))),
      ("jobDelayMilliseconds", .int(Int(jobDelay.seconds * 1000))), ("concurrentJobs", .int(concurrentJobs)),
      ("restPageRows", .int(restPageRows)), ("bulkPageRows", .int(bulkPageRows)), ("shortPages", .bool(shortPages)),
      ("forgetsFinishedJobs", .bool(forgetsFinishedJobs)), ("rotatesRefreshTokens", .bool(rotatesRefreshTokens)),
      ("commitDelaySeconds", .int(commitDelaySeconds)), ("uploadBytes", .int(uploadBytes)),
    ])
  }

  /// Rows of the page that starts after `from` rows when `wanted` were asked for: with short pages a share of them,
  /// the same each time.
  func pageRows(from: Int, wanted: Int) -> Int {
    guard shortPages, wanted > 1 else { return wanted }
    let share = 50 + Int(Mixing.mix(UInt64(from), 0x5047) % 50)
    return max(1, wanted * share / 100)
  }
}
