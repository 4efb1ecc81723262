@testable import PostgreSQL
import TestSupport
import Testing

@Suite("a pool of connections", .timeLimit(.minutes(3)))
struct PoolTests {
  @Test("opens no more than it may, and lends each to one at a time")
  func bounded() async throws {
    let pool = PostgresPool(try TestServer.configuration(), size: 3)
    let lent = Shared<[ObjectIdentifier: Int]>([:])
    try await withThrowingTaskGroup(of: String?.self) { group in
      for _ in 0..<60 {
        group.addTask {
          try await pool.withConnection { db in
            lent.withLock { lent in
              lent[ObjectIdentifier(db), default: 0] += 1
              #expect(lent[ObjectIdentifier(db)] == 1)
            }
            defer { lent.withLock { $0[ObjectIdentifier(db), default: 0] -= 1 } }
            return try await db.value("pg_backend_pid()")
          }
        }
      }
      let processes = try await group.reduce(into: Set<String?>()) { $0.insert($1) }
      #expect(processes.count <= 3)
    }
    #expect(lent.withLock { $0.count } <= 3)
    await pool.close()
  }

  @Test("serves who waits in the order they came, and forgets who no longer waits")
  func order() async throws {
    let pool = PostgresPool(try TestServer.configuration(), size: 1)
    let served = Shared<[Int]>([])
    let (gate, opener) = AsyncStream.makeStream(of: Void.self)
    let (begun, began) = AsyncStream.makeStream(of: Void.self)
    let holder = Task {
      try await pool.withConnection { _ in
        began.yield()
        for await _ in gate {}
      }
    }
    for await _ in begun { break }
    var waiters: [Task<Void, any Error>] = []
    for number in 0..<6 {
      waiters.append(
        Task { try await pool.withConnection { _ in served.withLock { $0.append(number) } } })
      try await pool.waiting(atLeast: number + 1)
    }
    waiters[2].cancel()
    await #expect(throws: CancellationError.self) { try await waiters[2].value }
    opener.finish()
    try await holder.value
    for number in [0, 1, 3, 4, 5] { try await waiters[number].value }
    #expect(served.withLock { $0 } == [0, 1, 3, 4, 5])
    await pool.close()
  }

  @Test("never lends a connection that the server has closed, or that is in mid-transaction")
  func fresh() async throws {
    let pool = PostgresPool(try TestServer.configuration(), size: 1)
    try await withConnection { other in
      for _ in 0..<5 {
        let process = try #require(try await pool.withConnection { try await $0.value("pg_backend_pid()") })
        // Answers when the process has ended.
        #expect(try await other.value("pg_terminate_backend(\(process), 10000)") == "true")
        #expect(try await pool.withConnection { try await $0.value("1") } == "1")
      }
    }
    try await pool.withConnection { db in _ = try await db.execute("begin") }
    #expect(try await pool.withConnection { await $0.isInTransaction } == false)
    await pool.close()
  }

  @Test("waits for a server that was there before, and for no other")
  func returning() async throws {
    let cable = try Cable(to: try TestServer.port())
    let configuration = try TestServer.configuration(port: Int(cable.port))
    let pool = PostgresPool(configuration, size: 1)
    #expect(try await pool.withConnection { try await $0.value("1") } == "1")
    cable.cut()
    let (begun, began) = AsyncStream.makeStream(of: Void.self)
    let work = Task {
      began.yield()
      return try await pool.withConnection { try await $0.value("2") }
    }
    for await _ in begun { break }
    try cable.mend()
    #expect(try await work.value == "2")
    cable.cut()
    let stranger = PostgresPool(configuration, size: 1)
    let began2 = ContinuousClock.now
    let error = await #expect(throws: PostgresError.self) {
      try await stranger.withConnection { try await $0.value("3") }
    }
    #expect(error?.kind == .connection && ContinuousClock.now - began2 < .seconds(3))
    await pool.close()
  }

  @Test("refuses who waits, and who comes, once it is closed")
  func closed() async throws {
    let pool = PostgresPool(try TestServer.configuration(), size: 1)
    let waiter = try await pool.withConnection { db in
      let waiter = Task { try await pool.withConnection { try await $0.value("1") } }
      try await pool.waiting(atLeast: 1)
      await pool.close()
      #expect(try await db.value("1") == "1")
      return waiter
    }
    await #expect(throws: PostgresError.self) { try await waiter.value }
    await #expect(throws: PostgresError.self) { try await pool.withConnection { try await $0.value("1") } }
  }
}

extension PostgresPool {
  /// Gives way until so many wait.
  fileprivate func waiting(atLeast count: Int) async throws {
    try await until("\(count) waiters", within: .seconds(20)) { waitingCount >= count }
  }
}
