public import Checkpoints
public import JobQueue
import SyncModel

/// Everything that `status` shows, at one moment.
public struct ClusterStatus: Sendable, Codable {
  /// Shape of the JSON form; rises when a field changes its meaning.
  public var version = 1
  public let tenants: [TenantStatus]
  public let objects: [ObjectStatus]
  public let processes: [ProcessStatus]
  /// Messages ready on the queues, by queue name; empty where the broker cannot be asked.
  public let queues: [String: Int]
  /// Messages that no worker could read.
  public let unreadableMessages: Int?

  /// Reads the checkpoints and, where it can be reached, the broker.
  public static func read(_ checkpoints: CheckpointStore, queues: QueueDepths?) async throws -> ClusterStatus {
    let tenants = try await checkpoints.tenantStatuses()
    // A broker that is down is no reason to show nothing.
    let depths = try? await queues?.read(tenants: tenants.map(\.tenant))
    return ClusterStatus(
      tenants: tenants, objects: try await checkpoints.objectStatuses(), processes: try await checkpoints.processes(),
      queues: depths?.ready ?? [:], unreadableMessages: depths?.dead)
  }

  /// Whether every object was copied once, or cannot be without a person.
  public var isCopied: Bool { !objects.isEmpty && objects.allSatisfy { $0.isCopied || $0.phase == .failed } }

  /// Whether something needs a person.
  public var hasFailed: Bool { tenants.contains { $0.error != nil } || objects.contains { $0.phase == .failed } }
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
    if phase == .done { return 1 }
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
