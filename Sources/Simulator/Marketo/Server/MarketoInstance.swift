import NIOConcurrencyHelpers

/// Everything that the instance's answers depend on.
final class MarketoInstance: Sendable {
  let options: SimulatedMarketoOptions
  let clock: VirtualClock
  let tokens: MarketoTokens
  let gate: MarketoGate
  let faults: FaultBoard<MarketoFault>
  let ledger: RequestLedger
  /// Where writes of leads wait, between looking up and writing.
  let writes = HoldPoint()
  let imports: MarketoImports
  private let data: NIOLockedValueBox<MarketoData>
  private let live: NIOLockedValueBox<MarketoSettings>
  private let requests = NIOLockedValueBox(0)

  init(_ options: SimulatedMarketoOptions) throws {
    self.options = options
    clock = VirtualClock()
    if let start = options.startsAt { clock.set(to: Double(start)) }
    tokens = MarketoTokens(lifetime: options.tokenLifetime)
    gate = MarketoGate(
      .init(
        concurrent: options.concurrentCalls, perWindow: options.callsPerWindow,
        windowSeconds: options.window.seconds, perDay: options.callsPerDay), zone: options.quotaTimeZone)
    faults = FaultBoard(options.faults, seed: options.seed)
    ledger = RequestLedger(limit: options.callsPerDay)
    imports = MarketoImports(retention: options.importRetention)
    var data = MarketoData(partitions: options.partitions, unreachable: options.unreachablePartitions)
    try ExistingLeads.fill(&data, options, now: clock.seconds - 400 * 86_400)
    self.data = NIOLockedValueBox(data)
    live = NIOLockedValueBox(MarketoSettings(options))
  }

  var settings: MarketoSettings { live.withLockedValue { $0 } }

  func change(_ change: MarketoSettings.Change) { live.withLockedValue { $0.apply(change) } }

  /// Reads or changes what the instance holds, alone.
  func withData<Result>(_ body: (inout MarketoData) throws -> Result) rethrows -> Result {
    try data.withLockedValue(body)
  }

  /// Like `withData`, for bodies that fail with a reason.
  func tryData<Result>(_ body: (inout MarketoData) throws(MarketoReason) -> Result) throws(MarketoReason) -> Result {
    let outcome = data.withLockedValue { data in
      do throws(MarketoReason) {
        return Swift.Result<Result, MarketoReason>.success(try body(&data))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  func nextRequestID() -> String {
    let number = requests.withLockedValue {
      $0 += 1
      return $0
    }
    return String(number, radix: 16) + "#" + String(Int(clock.now * 1000), radix: 16)
  }

  /// A page of a query: at most what was asked for, and with short pages less.
  func pageSize(_ wanted: Int) -> Int { settings.shortPages ? max(1, wanted / 2) : wanted }
}
