public import Checkpoints
public import JobQueue
import SyncModel
public import Tenants

/// Everything that `status` shows, at one moment.
public struct ClusterStatus: Sendable, Codable {
  /// Shape of the JSON form; rises when a field changes its meaning.
  public var version = 1
  public let tenants: [TenantStatus]
  public let objects: [ObjectStatus]
  /// Deliveries, write-backs and the like.
  public let errands: [ErrandStatus]
  /// Of tenants whose mirror is delivered to a Marketo instance.
  public let deliveries: [DeliveryStatus]?
  public let processes: [ProcessStatus]
  /// Messages ready on the queues, by queue name; empty where the broker cannot be asked.
  public let queues: [String: Int]
  /// Messages that no worker could read.
  public let unreadableMessages: Int?

  /// Reads the checkpoints and, where they can be reached, the broker and the destinations.
  /// - Parameter tenants: whose destinations are asked for events that wait.
  public static func read(
    _ checkpoints: CheckpointStore, tenants known: [Tenant], queues: QueueDepths?
  ) async throws -> ClusterStatus {
    async let unpublished = unpublishedEvents(of: known)
    async let delivered = deliveries(of: known, checkpoints)
    async let captured = writeBacks(of: known)
    var tenants = try await checkpoints.tenantStatuses()
    // A broker that is down is no reason to show nothing.
    let depths = try? await queues?.read(tenants: tenants.map(\.tenant))
    let (waiting, writeBacks) = await (unpublished, captured)
    let shares = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0.apiShare) })
    for place in tenants.indices {
      tenants[place].unpublishedEvents = waiting[tenants[place].tenant]
      tenants[place].writeBack = writeBacks[tenants[place].tenant]
      if let share = shares[tenants[place].tenant] { tenants[place].noteUsedShare(share) }
    }
    return ClusterStatus(
      tenants: tenants, objects: try await checkpoints.objectStatuses(),
      errands: try await checkpoints.errandStatuses(), deliveries: await delivered,
      processes: try await checkpoints.processes(), queues: depths?.ready ?? [:], unreadableMessages: depths?.dead)
  }

  /// Events that wait, by tenant. One whose destination has no tables yet, or is down, is left out, and delays no other.
  private static func unpublishedEvents(of tenants: [Tenant]) async -> [String: Int64] {
    await withTaskGroup(of: (String, Int64?).self) { group in
      for tenant in tenants { group.addTask { (tenant.name, try? await tenant.unpublishedCount()) } }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
  }

  /// How deliveries stand. A tenant whose mirror has no tables yet, or is down, is left out.
  private static func deliveries(of tenants: [Tenant], _ checkpoints: CheckpointStore) async -> [DeliveryStatus] {
    await withTaskGroup(of: DeliveryStatus?.self) { group in
      for tenant in tenants where tenant.delivery != nil {
        group.addTask { try? await DeliveryStatus.read(tenant, checkpoints) }
      }
      return await group.reduce(into: []) { all, one in all += one.map { [$0] } ?? [] }
        .sorted { $0.tenant < $1.tenant }
    }
  }

  /// Changes that travel back, by tenant; as above.
  private static func writeBacks(of tenants: [Tenant]) async -> [String: WriteBackStatus] {
    await withTaskGroup(of: (String, WriteBackStatus?).self) { group in
      for tenant in tenants { group.addTask { (tenant.name, try? await tenant.writeBackStatus()) } }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
  }

  /// Whether every object was copied once, or cannot be without a person.
  public var isCopied: Bool { !objects.isEmpty && objects.allSatisfy { $0.isCopied || $0.phase == .failed } }

  /// Whether something needs a person.
  public var hasFailed: Bool {
    tenants.contains { $0.error != nil } || objects.contains { $0.phase == .failed }
      || errands.contains { $0.failures > 0 }
      || deliveries?.contains(where: \.isStopped) == true
  }
}

extension TenantStatus {
  /// Says that calls wait where the share of the allowance is used up: no refusal of the org tells of that.
  mutating func noteUsedShare(_ share: Double) {
    guard waitingFor == nil, apiAllowed > 0, Double(apiUsed) >= Double(apiAllowed) * share else { return }
    waitingFor = APIBudget.Reason.ourShare.rawValue
  }
}

extension ObjectStatus {
  /// The state in the words that users know.
  public var state: String {
    switch phase {
    case .done: "Last Synced"
    case .waiting, .planning, .copying: "Sync in Progress"
    case .failed: "Failed"
    }
  }

  /// Committed and rejected rows as a part of those expected, from 0 to 1; `nil` while the total is unknown.
  public var fraction: Double? {
    // A delta that has found nothing yet shows the copy's figures, which are complete.
    if phase == .done || isCopied && kind == .initial { return 1 }
    guard let expected = rowsExpected, expected > 0 else { return nil }
    // The total is an estimate; a bar that stands at 100 % while rows still come would lie.
    return min(0.999, Double(rowsCommitted + rowsRejected) / Double(expected))
  }

  /// Rows per second since the first page.
  public var rate: Double? {
    guard let seconds, seconds > 0.5, rowsCommitted > 0 else { return nil }
    return Double(rowsCommitted) / seconds
  }

  /// Why it is not faster, for an object that is being copied.
  public var holdUp: String? {
    guard phase.isOpen else { return nil }
    if phase == .waiting { return "waiting to be planned" }
    if phase == .planning { return "the source lists its ids" }
    if jobsLeased == 0, jobsQueued > 0 { return "no free worker" }
    if jobsLeased == 0, jobsExtracting > 0 { return "the source prepares the extract" }
    if jobsLeased == 0, lastError != nil { return "retrying: \(lastError ?? "")" }
    return nil
  }
}
