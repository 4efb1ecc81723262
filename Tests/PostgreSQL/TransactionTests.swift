import PostgreSQL
import Testing

@Suite("transactions", .timeLimit(.minutes(3)))
struct TransactionTests {
  @Test("are committed when the body returns and rolled back when it throws")
  func both() async throws {
    struct GivenUp: Error {}
    try await withConnection { db in
      try await db.execute("create temp table t (id int)")
      let rows = try await db.transaction { db in try db.execute("insert into t values (1), (2)") }
      #expect(rows == 2)
      await #expect(throws: GivenUp.self) {
        try await db.transaction { db in
          try db.execute("insert into t values (3)")
          throw GivenUp()
        }
      }
      #expect(try await db.value("count(*) from t") == "2")
    }
  }

  @Test("of a process that freezes in their midst are ended by the server")
  func frozen() async throws {
    try await withConnection { db in
      let limit = try await db.transaction { db in
        try db.query("select current_setting('idle_in_transaction_session_timeout') as it").first?.string("it")
      }
      #expect(limit == "5s" && limit == PostgresConnection.longestSilence)
      // A worker streams a page in a transaction of its own, and may wait for the org meanwhile.
      #expect(try await db.value("current_setting('idle_in_transaction_session_timeout')") == "0")
    }
  }

  @Test("that failed are never taken for committed")
  func swallowed() async throws {
    try await withConnection { db in
      try await db.execute("create temp table t (id int)")
      let error = await #expect(throws: PostgresError.self) {
        try await db.transaction { db in
          try db.execute("insert into t values (1)")
          _ = try? db.execute("select 1 / 0")
        }
      }
      #expect(error?.sqlState == "25P02")
      #expect(await !db.isInTransaction)
      #expect(try await db.value("count(*) from t") == "0")
    }
  }

  @Test("of many tasks on one connection never mix")
  func exclusive() async throws {
    try await withConnection { db in
      try await db.execute("create temp table t (id int); insert into t values (0)")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<100 {
          group.addTask {
            try await db.transaction { db in
              let count = try db.query("select id from t").first?.int("id") ?? 0
              _ = try db.query("update t set id = $1", [.int(count + 1)])
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await db.value("id from t") == "100")
    }
  }

  @Test("that the server ended say so, and the connection is known to be lost")
  func terminated() async throws {
    let other = PostgresConnection(try TestServer.configuration())
    try await other.connect()
    let book = LogBook()
    try await withConnection(logger: book.logger) { db in
      let process = try #require(try await db.value("pg_backend_pid()"))
      let work = Task {
        try await db.transaction { db in
          try db.execute("do $$ begin raise notice 'asleep'; perform pg_sleep(600); end $$")
        }
      }
      try await book.heard("asleep")
      #expect(try await other.value("pg_terminate_backend(\(process))") == "true")
      let error = await #expect(throws: PostgresError.self) { try await work.value }
      #expect(error?.sqlState == "57P01" && error?.isConnectionLost == true && error?.isRetriable == true)
      #expect(await !db.isConnected)
      let next = await #expect(throws: PostgresError.self) { try await db.query("select 1") }
      #expect(next?.isConnectionLost == true)
    }
    await other.close()
  }

  @Test("a cable that is cut under a statement is a lost connection")
  func cut() async throws {
    let cable = try Cable(to: try TestServer.port())
    let book = LogBook()
    let db = PostgresConnection(try TestServer.configuration(port: Int(cable.port)), logger: book.logger)
    try await db.connect()
    let work = Task { try await db.execute("do $$ begin raise notice 'asleep'; perform pg_sleep(5); end $$") }
    try await book.heard("asleep")
    cable.cut()
    let error = await #expect(throws: PostgresError.self) { try await work.value }
    #expect(error?.kind == .connection && error?.isRetriable == true)
    #expect(await !db.isConnected)
  }
}
