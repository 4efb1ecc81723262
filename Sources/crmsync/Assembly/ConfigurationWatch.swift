import ServiceLifecycle
import Tenants
import UnixSignals

/// Follows the configuration file while a role runs: every second, and at once on SIGHUP.
struct ConfigurationWatch: Service {
  let follower: ConfigurationFollower

  private static let interval = Duration.seconds(1)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          for await _ in await UnixSignalsSequence(trapping: .sighup) { await follower.reload() }
        }
        group.addTask {
          while !Task.isCancelled {
            await follower.look()
            try? await Task.sleep(for: Self.interval)
          }
        }
      }
    }
  }
}
