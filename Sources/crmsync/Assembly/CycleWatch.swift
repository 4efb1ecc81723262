import Checkpoints
import ServiceLifecycle

/// Ends when every tenant's cycle has ended, or cannot go on without a person.
struct CycleWatch: Service {
  let checkpoints: CheckpointStore
  let tenants: [String]

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        if let ended = try? await haveEnded(), ended { return }
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  private func haveEnded() async throws -> Bool {
    let statuses = try await checkpoints.tenantStatuses().filter { tenants.contains($0.tenant) }
    return statuses.count == tenants.count
      && statuses.allSatisfy { $0.error != nil || ($0.cycleState ?? .running) != .running }
  }
}
