/// A bounded number of connections to one database, opened as they are needed.
///
/// Waiters are served in the order they came. A connection that broke is opened anew by its next user, who waits for a
/// server that was there before: it may be restarting.
public actor PostgresPool {
  /// How long a server that was there before is waited for.
  private static let returnsWithin = Duration.seconds(5)

  public nonisolated let configuration: PostgresConfiguration
  private let size: Int
  private var idle: [PostgresConnection] = []
  private var open = 0
  private var waiters: [(ticket: UInt64, continuation: CheckedContinuation<PostgresConnection, any Error>)] = []
  private var nextTicket: UInt64 = 0
  private var wasConnected = false
  private var isClosed = false

  /// A pool of at most `size` connections.
  public init(_ configuration: PostgresConfiguration, size: Int) {
    self.configuration = configuration
    self.size = max(1, size)
  }

  /// Lends a connection to a body. Cancelling the task cancels the statement that runs.
  ///
  /// A connection that comes back in mid-transaction is closed: nobody else inherits that.
  public nonisolated(nonsending) func withConnection<R>(
    _ body: (PostgresConnection) async throws -> R
  ) async throws -> R {
    let connection = try await borrow()
    do {
      let result = try await connection.cancellable {
        if await !connection.isConnected { try await connect(connection) }
        return try await body(connection)
      }
      await giveBack(connection)
      return result
    } catch {
      await giveBack(connection)
      throw error
    }
  }

  /// Closes the connections, those that are lent when they come back. Who waits for one is refused.
  public func close() async {
    isClosed = true
    let (closing, refused) = (idle, waiters)
    idle = []
    waiters = []
    for waiter in refused { waiter.continuation.resume(throwing: closedError) }
    for connection in closing { await connection.close() }
  }

  /// How many wait for a connection.
  var waitingCount: Int { waiters.count }

  private var closedError: PostgresError {
    PostgresError(kind: .connection, message: "the connections have been closed", server: configuration.description)
  }

  private func connect(_ connection: PostgresConnection) async throws {
    let end = ContinuousClock.now + Self.returnsWithin
    var pause = Duration.milliseconds(50)
    while true {
      do {
        try await connection.connect()
        wasConnected = true
        return
      } catch {
        guard error.kind == .connection, wasConnected, !isClosed, ContinuousClock.now < end else { throw error }
      }
      // A server that is down cannot announce its return.
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(1))
    }
  }

  private func borrow() async throws -> PostgresConnection {
    if isClosed { throw closedError }
    if let connection = idle.popLast() { return connection }
    if open < size {
      open += 1
      return PostgresConnection(configuration)
    }
    nextTicket += 1
    let ticket = nextTicket
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        if Task.isCancelled {
          continuation.resume(throwing: CancellationError())
        } else {
          waiters.append((ticket, continuation))
        }
      }
    } onCancel: {
      Task { await self.giveUp(ticket) }
    }
  }

  private func giveUp(_ ticket: UInt64) {
    guard let index = waiters.firstIndex(where: { $0.ticket == ticket }) else { return }
    waiters.remove(at: index).continuation.resume(throwing: CancellationError())
  }

  private func giveBack(_ connection: PostgresConnection) async {
    if await connection.isInTransaction { await connection.close() }
    if isClosed {
      await connection.close()
    } else if waiters.isEmpty {
      idle.append(connection)
    } else {
      waiters.removeFirst().continuation.resume(returning: connection)
    }
  }
}
