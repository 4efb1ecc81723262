/// Behaviour that may be changed while the instance serves, by `POST /simulator/settings`.
struct MarketoSettings: Sendable {
  var latency: Duration
  var processingTime: Duration
  var importDelay: Duration
  var importRowsPerSecond: Int?
  var concurrentImports: Int
  var queuedImports: Int
  var nativeCRM: Bool
  var nativeCRMHidesObjects: Bool
  var hasMetadataAPI: Bool
  var withheld: Set<MarketoPermission>
  /// Links of leads to companies and salespersons that do not exist are accepted (5.3, decision).
  var acceptsUnknownLinks = false
  /// A key twice in one call of leads makes two leads (5.3).
  var doublesRepeatedKeys = false
  /// A key twice in one call of other records fails the call, not the records (7).
  var duplicatesFailCall = false
  /// Deletions older than 14 days are gone from their feed (12.4).
  var prunesDeletions = false
  /// Pages of queries and feeds are shorter than asked for.
  var shortPages = false
  var datetimeShape = MarketoMoment.Shape.zulu

  init(_ options: SimulatedMarketoOptions) {
    latency = options.latency
    processingTime = options.processingTime
    importDelay = options.importDelay
    importRowsPerSecond = options.importRowsPerSecond
    concurrentImports = options.concurrentImports
    queuedImports = options.queuedImports
    nativeCRM = options.nativeCRM
    nativeCRMHidesObjects = options.nativeCRMHidesObjects
    hasMetadataAPI = options.hasMetadataAPI
    withheld = options.withheldPermissions
  }

  /// What a request may change; what is left out stays.
  struct Change: Decodable {
    let latencyMilliseconds: Int?
    let processingMilliseconds: Int?
    let importDelayMilliseconds: Int?
    let importRowsPerSecond: Int?
    let concurrentImports: Int?
    let queuedImports: Int?
    let nativeCRM: Bool?
    let nativeCRMHidesObjects: Bool?
    let hasMetadataAPI: Bool?
    let withheldPermissions: Set<MarketoPermission>?
    let acceptsUnknownLinks: Bool?
    let doublesRepeatedKeys: Bool?
    let duplicatesFailCall: Bool?
    let prunesDeletions: Bool?
    let shortPages: Bool?
    let datetimeShape: MarketoMoment.Shape?
  }

  mutating func apply(_ change: Change) {
    if let milliseconds = change.latencyMilliseconds { latency = .milliseconds(max(0, milliseconds)) }
    if let milliseconds = change.processingMilliseconds { processingTime = .milliseconds(max(0, milliseconds)) }
    if let milliseconds = change.importDelayMilliseconds { importDelay = .milliseconds(max(0, milliseconds)) }
    if let rows = change.importRowsPerSecond { importRowsPerSecond = rows > 0 ? rows : nil }
    concurrentImports = max(1, change.concurrentImports ?? concurrentImports)
    queuedImports = max(1, change.queuedImports ?? queuedImports)
    nativeCRM = change.nativeCRM ?? nativeCRM
    nativeCRMHidesObjects = change.nativeCRMHidesObjects ?? nativeCRMHidesObjects
    hasMetadataAPI = change.hasMetadataAPI ?? hasMetadataAPI
    withheld = change.withheldPermissions ?? withheld
    acceptsUnknownLinks = change.acceptsUnknownLinks ?? acceptsUnknownLinks
    doublesRepeatedKeys = change.doublesRepeatedKeys ?? doublesRepeatedKeys
    duplicatesFailCall = change.duplicatesFailCall ?? duplicatesFailCall
    prunesDeletions = change.prunesDeletions ?? prunesDeletions
    shortPages = change.shortPages ?? shortPages
    datetimeShape = change.datetimeShape ?? datetimeShape
  }

  var json: JSONValue {
    .object([
      ("latencyMilliseconds", .int(Int(latency.seconds * 1000))),
      ("processingMilliseconds", .int(Int(processingTime.seconds * 1000))),
      ("importDelayMilliseconds", .int(Int(importDelay.seconds * 1000))),
      ("importRowsPerSecond", importRowsPerSecond.map(JSONValue.int) ?? .null),
      ("concurrentImports", .int(concurrentImports)), ("queuedImports", .int(queuedImports)),
      ("nativeCRM", .bool(nativeCRM)), ("nativeCRMHidesObjects", .bool(nativeCRMHidesObjects)),
      ("hasMetadataAPI", .bool(hasMetadataAPI)),
      ("withheldPermissions", .strings(withheld.map(\.rawValue).sorted())),
      ("acceptsUnknownLinks", .bool(acceptsUnknownLinks)), ("doublesRepeatedKeys", .bool(doublesRepeatedKeys)),
      ("duplicatesFailCall", .bool(duplicatesFailCall)), ("prunesDeletions", .bool(prunesDeletions)),
      ("shortPages", .bool(shortPages)), ("datetimeShape", .string(datetimeShape.rawValue)),
    ])
  }
}
