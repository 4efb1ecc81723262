import PostgreSQL
import TestSupport
import Testing

@Suite("cancelling a task", .timeLimit(.minutes(2)))
struct CancellationTests {
  private static let sleeping = "do $$ begin raise notice 'asleep'; perform pg_sleep(600); end $$"

  @Test("ends the statement that runs at the server, and the connection can go on")
  func statement() async throws {
    let book = LogBook()
    try await withConnection(logger: book.logger) { db in
      for _ in 0..<3 {
        let statement = Task { try await db.execute(Self.sleeping) }
        try await book.heard("asleep")
        let began = ContinuousClock.now
        statement.cancel()
        let error = await #expect(throws: PostgresError.self) { try await statement.value }
        #expect(error?.kind == .cancelled)
        #expect(ContinuousClock.now - began < .seconds(5))
        #expect(try await db.value("1") == "1")
      }
    }
  }

  @Test("rolls a transaction back")
  func transaction() async throws {
    let book = LogBook()
    try await withConnection(logger: book.logger) { db in
      try await db.execute("create temp table t (id int)")
      let work = Task {
        try await db.transaction { db in
          try db.execute("insert into t values (1)")
          try db.execute(Self.sleeping)
        }
      }
      try await book.heard("asleep")
      work.cancel()
      let error = await #expect(throws: PostgresError.self) { try await work.value }
      #expect(error?.kind == .cancelled)
      #expect(await !db.isInTransaction)
      #expect(try await db.value("count(*) from t") == "0")
    }
  }

  @Test("ends a COPY that the server does not take, and the connection can go on")
  func copy() async throws {
    let book = LogBook()
    try await withConnection(logger: book.logger) { db in
      try await db.execute(
        """
        create temp table t (id int);
        create function pg_temp.nap() returns trigger language plpgsql as
          $$ begin raise notice 'asleep'; perform pg_sleep(600); return new; end $$;
        create trigger nap before insert on t for each row execute function pg_temp.nap()
        """)
      let work = Task {
        try await db.beginCopy("copy t from stdin")
        let rows = [UInt8]("1\n".utf8)
        let block = (0..<100_000).flatMap { _ in rows }
        for _ in 0..<500 { try await db.copy(block) }
        try await db.endCopy()
      }
      try await book.heard("asleep")
      work.cancel()
      let error = await #expect(throws: PostgresError.self) { try await work.value }
      #expect(error?.kind == .cancelled)
      await db.abortCopy(reason: "given up")
      #expect(try await db.value("count(*) from t") == "0")
    }
  }

  @Test("at any instant, never leaves a statement running")
  func anyInstant() async throws {
    var chance = Chance.fresh()
    let seed = chance.seed
    try await withConnection { db in
      for round in 0..<30 {
        let statement = Task { try await db.query("select pg_sleep(600)") }
        let pause = Duration.microseconds(Int.random(in: 0...3000, using: &chance))
        // Not to wait for something: the cancellation shall come at any instant of the statement.
        if round % 10 > 0 { try await Task.sleep(for: pause) }
        statement.cancel()
        let outcome = try await within(.seconds(20), "round \(round) of seed \(seed)") { await statement.result }
        #expect(throws: PostgresError.self, "round \(round) of seed \(seed)") { try outcome.get() }
        #expect(try await db.value("1") == "1")
      }
    }
  }

  @Test("leaves time for what a cancelled task must still do")
  func afterwards() async throws {
    try await withConnection { db in
      try await db.execute("begin")
      let cleaning = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await db.execute("select pg_sleep(0.5); rollback")
        return await db.isInTransaction
      }
      #expect(try await cleaning.value == false)
    }
  }
}
