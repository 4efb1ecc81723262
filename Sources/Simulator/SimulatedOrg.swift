import Foundation
import HummingbirdCore
public import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// A stand-in Veeva org: speaks the wire protocol of the Salesforce REST API and Bulk API 2.0 over plain HTTP.
///
/// Its rows follow from a seed and are made while they are asked for. They change by updates through its API, and rows
/// and schema by `POST /simulator/changes` or, for demos, of themselves.
public struct SimulatedOrg: Service {
  private let options: SimulatedOrgOptions
  private let logger: Logger
  private let onListening: @Sendable (Int) async -> Void

  /// An org.
  /// - Parameter onListening: called once with the port, when connections are taken.
  public init(
    options: SimulatedOrgOptions, logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    self.options = options
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until it is shut down or cancelled.
  public func run() async throws {
    Self.allowManyFiles()
    let threads = max(1, options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let pool = NIOThreadPool(numberOfThreads: threads)
    pool.start()
    do {
      let org = try Org(options, pool: pool, threads: threads)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await live(org) }
        try await serve(org)
        group.cancelAll()
      }
      await org.jobs.shutdown()
      await org.ingest.shutdown()
    } catch {
      try await pool.shutdownGracefully()
      throw error
    }
    try await pool.shutdownGracefully()
  }

  /// A stream of random changes, as many a second as the options say.
  private func live(_ org: Org) async {
    guard options.changesPerSecond > 0, options.changesPerSecond <= 100_000 else { return }
    let started = ContinuousClock.now
    var done = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(max(0.1, 1 / options.changesPerSecond)))
      let due = Int(started.duration(to: .now).seconds * options.changesPerSecond)
      guard due > done else { continue }
      var operation = ChangeOperation(.random)
      operation.count = min(1000, due - done)
      operation.seed = Mixing.mix(options.seed, UInt64(done))
      let operations = [operation]
      done = due
      do {
        _ = try await org.compute { try org.perform(operations) }
      } catch {
        logger.debug("a random change was refused", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Each finished bulk job holds its results' file open until it is deleted.
  private static func allowManyFiles() {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(kind, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(kind, &limit)
  }

  private func serve(_ org: Org) async throws {
    // The port is known only after binding, before the first connection is taken.
    let front = NIOLockedValueBox<HTTPFront?>(nil)
    let host = options.host
    let logger = logger
    let onListening = onListening
    let server = try HTTPServerBuilder.http1().buildServer(
      configuration: ServerConfiguration(address: .hostname(host, port: options.port)),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger
    ) { request, writer, _ in
      guard let front = front.withLockedValue({ $0 }) else { return }
      do {
        try await front.handle(request, writer)
      } catch {
        logger.debug("an answer broke off", metadata: ["error": "\(type(of: error))"])
        throw error
      }
    } onServerRunning: { channel in
      let port = channel.localAddress?.port ?? 0
      front.withLockedValue {
        $0 = HTTPFront(responder: OrgResponder(org: org, baseURL: "http://\(host):\(port)"))
      }
      await onListening(port)
    }
    try await server.run()
  }
}
