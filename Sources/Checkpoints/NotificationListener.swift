public import Logging
public import PostgreSQL
public import ServiceLifecycle

/// Turns the database's notifications into a signal, on a connection of its own.
///
/// A notification is a hint: whoever waits for the signal looks by itself every now and then, since poolers drop
/// LISTEN and connections break.
public struct NotificationListener: Service {
  /// What is notified.
  public enum Channel: String, Sendable {
    /// Jobs ended, or an operator changed something: for the coordinator.
    case progress = "crmsync_progress"
    /// Jobs were put on the queue: for workers.
    case work = "crmsync_work"
  }

  private let configuration: PostgresConfiguration
  private let channels: [(Channel, WorkSignal)]
  private let logger: Logger

  /// A listener that raises each channel's signal.
  public init(_ configuration: PostgresConfiguration, channels: [(Channel, WorkSignal)], logger: Logger) {
    self.configuration = configuration
    self.channels = channels
    self.logger = logger
  }

  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let connection = PostgresConnection(configuration)
        do {
          try await connection.connect()
          try await listen(on: connection)
        } catch {
          logger.debug("cannot listen for notifications; looking by the clock", metadata: ["error": "\(error)"])
          try? await Task.sleep(for: .seconds(2))
        }
        await connection.close()
      }
    }
  }

  private func listen(on connection: PostgresConnection) async throws {
    for (channel, _) in channels { try await connection.listen(channel.rawValue) }
    while !Task.isCancelled {
      guard let heard = try await connection.nextNotification(timeout: .seconds(30)) else { continue }
      for (channel, signal) in channels where channel.rawValue == heard.channel { signal.raise() }
    }
  }
}
