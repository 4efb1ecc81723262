public import Checkpoints
import Marketo
public import SyncModel

/// Tells a tenant's Marketo instance what became of marketers' changes that Veeva did not take: each entry of the
/// table `person_activity` becomes an activity of the person's lead.
///
/// Where the instance does not let it, that is remembered and shown, and looked at again after a while: nothing else
/// waits for it.
public struct ActivityLogErrand: Errand {
  public let kind = ErrandKind.activityLog
  private let end: DeliveryEnd
  private let options: DeliveryOptions
  private let lead: @Sendable () async throws -> DeliveryEntity?

  /// Longest wait between two looks.
  private static let pause = Duration.seconds(5)

  /// An errand.
  /// - Parameter objects: those that the configuration selects now.
  public init(
    tenant: String, end: DeliveryEnd, checkpoints: CheckpointStore, options: DeliveryOptions,
    objects: @escaping @Sendable () -> [SourceObject]
  ) {
    self.init(end: end, options: options) {
      guard let lead = try await checkpoints.deliveryPlan(of: objects(), tenant: tenant).lead else { return nil }
      return lead.travelsBack ? lead : nil
    }
  }

  /// - Parameter lead: leads as they are delivered, where something of them travels both ways.
  init(
    end: DeliveryEnd, options: DeliveryOptions = .init(), lead: @escaping @Sendable () async throws -> DeliveryEntity?
  ) {
    self.end = end
    self.options = options
    self.lead = lead
  }

  private var store: ActivityLogStore { end.activityLog }

  public func demand() async throws -> ErrandDemand {
    guard try await lead() != nil else { return ErrandDemand(workers: 0, askAgain: Self.pause) }
    // One after the other, so that entries come in the order of their ids.
    return ErrandDemand(workers: try await store.hasWork() ? 1 : 0, askAgain: Self.pause)
  }

  public func heldBack() async throws -> HeldBack? { try await store.held() }

  public func run(isStopping: @escaping @Sendable () -> Bool) async throws {
    guard let lead = try await lead(), try await store.prepare() else { return }
    do {
      let typeID = try await typeID()
      let teller = ActivityLogTeller(
        store: store, client: end.client, typeID: typeID,
        names: Dictionary(
          (lead.fields + lead.owned).map { ($0.column, $0.name) }, uniquingKeysWith: { first, _ in first }),
        options: options)
      while !isStopping() {
        switch try await teller.tellSome() {
        case .told: continue
        case .nothingDue: return try await store.remember(typeID: typeID)
        case .lostType: return try await store.remember(typeID: nil)
        }
      }
    } catch let error as MarketoError where error.disposition == .hopeless {
      try await store.remember(typeID: nil, problem: error.description)
    }
  }

  private func typeID() async throws -> Int {
    if let known = try await store.typeID() { return known }
    let type = try await ActivityLogType(at: end.client)
    try await type.rehearse(at: end.client)
    let id = try await type.make(at: end.client)
    try await store.remember(typeID: id)
    return id
  }
}

extension DeliveryEnd {
  /// What Marketo was told of the activity log.
  public var activityLog: ActivityLogStore { ActivityLogStore(deliveries: store) }
}
