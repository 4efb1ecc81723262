import HummingbirdCore
public import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// A stand-in Marketo Engage instance: speaks its REST and bulk protocols over plain HTTP, with its limits, and keeps
/// all that is written to it in memory.
public struct SimulatedMarketo: Service {
  private let options: SimulatedMarketoOptions
  private let logger: Logger
  private let onListening: @Sendable (Int) async -> Void

  /// An instance.
  /// - Parameter onListening: called once with the port, when connections are taken.
  public init(
    options: SimulatedMarketoOptions, logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    self.options = options
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until it is shut down or cancelled.
  public func run() async throws {
    let instance = try MarketoInstance(options)
    let front = MarketoFront(instance: instance)
    let logger = logger
    let onListening = onListening
    let server = try HTTPServerBuilder.http1().buildServer(
      configuration: ServerConfiguration(address: .hostname(options.host, port: options.port)),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger
    ) { request, writer, _ in
      do {
        try await front.handle(request, writer)
      } catch {
        logger.debug("an answer broke off", metadata: ["error": "\(type(of: error))"])
        throw error
      }
    } onServerRunning: { channel in
      await onListening(channel.localAddress?.port ?? 0)
    }
    defer { instance.imports.shutdown() }
    // What a test holds must not hold up the end.
    try await withGracefulShutdownHandler {
      try await server.run()
    } onGracefulShutdown: {
      instance.writes.set(false)
    }
  }
}
