import Checkpoints
import Foundation
import ServiceLifecycle
import SyncModel
import Synchronization
import Tenants

/// Ends when every selected object has ended a cycle since the start, or cannot go on without a person.
struct CycleWatch: Service {
  let checkpoints: CheckpointStore
  let tenants: [Tenant]
  /// By the database's clock, in milliseconds.
  let since: Int64
  private let waits = ToldWaits()

  init(checkpoints: CheckpointStore, tenants: [Tenant], since: Int64) {
    self.checkpoints = checkpoints
    self.tenants = tenants
    self.since = since
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        if let ended = try? await haveEnded(), ended { return await letExtractsGo() }
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// Lets the orgs be told that results are no longer needed, as long as that takes no time worth mentioning: an org
  /// that is not told forgets them by itself.
  private func letExtractsGo() async {
    for _ in 0..<100 where !Task.isCancelled {
      var left = 0
      for tenant in tenants {
        left += (try? await checkpoints.extractsToDelete(tenant: tenant.name, limit: 1).count) ?? 0
      }
      if left == 0 { return }
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Whether nothing is left to wait for.
  func haveEnded() async throws -> Bool {
    let statuses = try await checkpoints.tenantStatuses()
    for tenant in tenants where statuses.first(where: { $0.tenant == tenant.name })?.error == nil {
      let ended = Set(try await checkpoints.cyclesEnded(tenant: tenant.name, since: since).map(\.object))
      if !tenant.selections.allSatisfy({ ended.contains($0.object) }) { return false }
    }
    return try await haveErrandsEnded()
  }

  /// Whether nothing is left to deliver or to write back, as far as it gets on.
  private func haveErrandsEnded() async throws -> Bool {
    let statuses = try await checkpoints.errandStatuses()
    for tenant in tenants {
      for errand in tenant.errands {
        let status = statuses.first { $0.tenant == tenant.name && $0.kind == errand.kind }
        if let status, status.failures >= Self.triesOfAnErrand { continue }
        // It is due again and again: once is enough.
        if errand.kind == .leadChanges, let ended = status?.endedAt, ended >= Instant(milliseconds: since).formatted {
          continue
        }
        if let status, status.queued + status.working > 0 { return false }
        // In this order: what is held no more is due.
        let held = try await errand.heldBack()
        if try await errand.demand().workers > 0 { return false }
        if let held {
          waits.tell(held, of: errand.kind, tenant.name)
          return false
        }
      }
    }
    return true
  }

  /// What fails as often will not be done for waiting.
  private static let triesOfAnErrand: Int64 = 3
}

/// Says once of each errand that it waits for the clock alone.
private final class ToldWaits: Sendable {
  private let told = Mutex<Set<String>>([])

  func tell(_ held: HeldBack, of kind: ErrandKind, _ tenant: String) {
    guard told.withLock({ $0.insert("\(tenant)/\(kind.rawValue)").inserted }) else { return }
    let seconds = held.wait.components.seconds + 1
    print(
      "\(tenant): waits \(seconds) s at most for \(held.records) record(s) of \(kind.rawValue): their call got no answer, "
        + "and Marketo may still be at work on them")
    fflush(nil)
  }
}
