/// A bounded number of connections to one database, opened as they are needed.
///
/// Waiters are served in the order they came. A connection that broke is opened anew by its next user.
public actor PostgresPool {
  public nonisolated let configuration: PostgresConfiguration
  private let size: Int
  private var idle: [PostgresConnection] = []
  private var open = 0
  private var waiters: [(ticket: UInt64, continuation: CheckedContinuation<PostgresConnection?, Never>)] = []
  private var nextTicket: UInt64 = 0

  /// A pool of at most `size` connections.
  public init(_ configuration: PostgresConfiguration, size: Int) {
    self.configuration = configuration
    self.size = max(1, size)
  }

  /// Lends a connection to a body. Cancelling the task cancels the statement that runs.
  public nonisolated(nonsending) func withConnection<R>(
    _ body: (PostgresConnection) async throws -> R
  ) async throws -> R {
    let connection = try await borrow()
    do {
      if await !connection.isConnected { try await connection.connect() }
      let result = try await connection.cancellable { try await body(connection) }
      await giveBack(connection)
      return result
    } catch {
      await giveBack(connection)
      throw error
    }
  }

  /// Closes the connections that nobody uses.
  public func close() async {
    let closing = idle
    idle = []
    open -= closing.count
    for connection in closing { await connection.close() }
  }

  private func borrow() async throws -> PostgresConnection {
    if let connection = idle.popLast() { return connection }
    if open < size {
      open += 1
      return PostgresConnection(configuration)
    }
    nextTicket += 1
    let ticket = nextTicket
    let lent = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<PostgresConnection?, Never>) in
        if Task.isCancelled { continuation.resume(returning: nil) } else { waiters.append((ticket, continuation)) }
      }
    } onCancel: {
      Task { await self.giveUp(ticket) }
    }
    guard let lent else { throw CancellationError() }
    return lent
  }

  private func giveUp(_ ticket: UInt64) {
    guard let index = waiters.firstIndex(where: { $0.ticket == ticket }) else { return }
    waiters.remove(at: index).continuation.resume(returning: nil)
  }

  private func giveBack(_ connection: PostgresConnection) async {
    // A body that threw in mid-transaction leaves it open; nobody else must inherit that.
    if await connection.isInTransaction { await connection.close() }
    if waiters.isEmpty {
      idle.append(connection)
    } else {
      waiters.removeFirst().continuation.resume(returning: connection)
    }
  }
}
