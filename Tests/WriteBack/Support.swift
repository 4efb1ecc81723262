import SyncModel
import Synchronization
import Tenants

/// Counts how often it is asked.
final class Looks: Sendable {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}

/// The mapping as the org shows it now.
enum SchemaOfTest {
  static func read(_ world: WriteBackWorld) async throws -> ObjectMapping {
    try await SchemaReader(tenant: world.tenant).read(.personAccounts).mapping
  }
}
