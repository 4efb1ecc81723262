public import Checkpoints
import Marketo
public import SyncModel

/// Brings what a tenant's mirror has and its Marketo instance lacks to Marketo.
public struct DeliveryErrand: Errand {
  public let kind = ErrandKind.delivery
  private let tenant: String
  private let end: DeliveryEnd
  private let checkpoints: CheckpointStore
  private let objects: @Sendable () -> [SourceObject]
  private let options: DeliveryOptions
  private let memory = Memory()

  /// An errand.
  /// - Parameter objects: those that the configuration selects now.
  public init(
    tenant: String, end: DeliveryEnd, checkpoints: CheckpointStore, options: DeliveryOptions,
    objects: @escaping @Sendable () -> [SourceObject]
  ) {
    self.tenant = tenant
    self.end = end
    self.checkpoints = checkpoints
    self.options = options
    self.objects = objects
  }

  /// Longest wait between two looks: nobody announces that a claim's time is over.
  private static let pause = Duration.seconds(5)
  /// Records for which a second worker is worth its start.
  private static let manyRecords = 4 * MarketoClient.recordsPerCall
  /// Pauses of the instance that are waited for in the slot.
  private static let shortPause = Duration.seconds(45)

  public func demand() async throws -> ErrandDemand {
    ErrandDemand(workers: try await workers(), askAgain: Self.pause)
  }

  public func heldBack() async throws -> HeldBack? { try await end.store.held() }

  private func workers() async throws -> Int {
    let plan = try await plan()
    guard plan.delivers else { return 0 }
    if try await end.store.needsPreparation(for: plan.identity) { return 1 }
    let stopped = Set(try await end.store.problems().filter(\.stopsEntity).map(\.entity))
    var records = 0
    var isDue = try await end.store.hasLoose()
    for entity in plan.entities where !stopped.contains(entity.table) {
      let source = DeliverySource(counting: entity, schema: end.schema)
      records += try await end.store.claimable(source, limit: Self.manyRecords)
      if records >= Self.manyRecords { return 2 }
      if !isDue, records == 0 { isDue = try await end.store.hasChanged(source) }
    }
    return records > 0 || isDue ? 1 : 0
  }

  private func plan() async throws -> DeliveryPlan { try await checkpoints.deliveryPlan(of: objects(), tenant: tenant) }

  public func run(isStopping: @escaping @Sendable () -> Bool) async throws {
    let plan = try await plan()
    guard plan.delivers else { return }
    let sources = try await sources(plan)
    let runner = DeliveryRunner(
      store: end.store, client: end.client, sources: sources, options: options, isStopping: isStopping)
    var isFirst = true
    while !isStopping() {
      let summary: DeliverySummary
      do {
        summary = try await runner.round()
      } catch let exhausted as MarketoBudgetExhausted where exhausted.wait <= Self.shortPause {
        try await wait(exhausted.wait, isStopping)
        continue
      }
      if summary.unknownFields > 0 {
        await memory.forget()
        return try await end.store.remember(plan: nil, problems: [])
      }
      if summary.accepted + summary.refused == 0 {
        // Something was due and could not be had: by time alone does it change.
        if isFirst { try await wait(.seconds(1), isStopping) }
        return
      }
      isFirst = false
      // What may be delivered by another plan waits for a look at the instance.
      guard try await self.plan() == plan else { return }
    }
  }

  private func sources(_ plan: DeliveryPlan) async throws -> [DeliverySource] {
    if let known = await memory.sources(of: plan), try await !end.store.needsPreparation(for: plan.identity),
      try await end.store.isPrepared(for: known)
    {
      return known
    }
    let sources = try await end.prepare(plan, checkpoints: checkpoints)
    await memory.keep(plan, sources)
    return sources
  }
}

/// What this process has found out about the instance.
private actor Memory {
  private var known: (plan: DeliveryPlan, sources: [DeliverySource])?

  func sources(of plan: DeliveryPlan) -> [DeliverySource]? { known?.plan == plan ? known?.sources : nil }
  func keep(_ plan: DeliveryPlan, _ sources: [DeliverySource]) { known = (plan, sources) }
  func forget() { known = nil }
}

extension DeliveryPlan {
  /// Whether there is anything to deliver: without persons, nothing leads to anybody.
  fileprivate var delivers: Bool { lead != nil }
}
