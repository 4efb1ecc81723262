import PostgreSQL
import Synchronization
import Testing

@Suite("COPY", .timeLimit(.minutes(3)))
struct CopyTests {
  private func rows(_ range: Range<Int>) -> [UInt8] {
    range.flatMap { Array("\($0)\ttext \($0)\n".utf8) }
  }

  @Test("bytes in, cut anywhere, are the bytes out")
  func roundTrip() async throws {
    try await withConnection { db in
      try await db.execute("create temp table t (id int, name text)")
      let all = rows(0..<50_000)
      try await db.beginCopy("copy t from stdin")
      var rest = all[...]
      while !rest.isEmpty {
        let part = rest.prefix(Int.random(in: 1...400_000))
        try await db.copy([UInt8](part))
        rest = rest[part.endIndex...]
      }
      try await db.copy([])
      #expect(try await db.endCopy() == 50_000)
      let out = Mutex<[UInt8]>([])
      try await db.copyOut("copy t to stdout") { row in out.withLock { $0.append(contentsOf: row) } }
      #expect(out.withLock { $0 == all })
    }
  }

  @Test("a row that cannot be stored fails the COPY, however much follows it, and the connection can go on")
  func badRow() async throws {
    try await withConnection { db in
      try await db.execute("create temp table t (id int, name text)")
      try await db.beginCopy("copy t from stdin")
      try await db.copy(rows(0..<10) + Array("not a number\tx\n".utf8))
      for _ in 0..<50 { try await db.copy(rows(0..<20_000)) }
      let error = await #expect(throws: PostgresError.self) { try await db.endCopy() }
      #expect(error?.sqlState == "22P02" && error?.description.contains("not a number") == false)
      #expect(try await db.value("count(*) from t") == "0")
    }
  }

  @Test("a COPY that is given up leaves nothing")
  func abort() async throws {
    try await withConnection { db in
      try await db.execute("create temp table t (id int, name text)")
      await db.abortCopy(reason: "nothing is open")
      try await db.beginCopy("copy t from stdin")
      try await db.copy(rows(0..<1000))
      #expect(await db.isInTransaction)
      await db.abortCopy(reason: "given up")
      #expect(await !db.isInTransaction)
      #expect(try await db.value("count(*) from t") == "0")
    }
  }

  @Test("a transaction that leaves its COPY open is rolled back")
  func leftOpen() async throws {
    struct GivenUp: Error {}
    try await withConnection { db in
      try await db.execute("create temp table t (id int, name text)")
      await #expect(throws: GivenUp.self) {
        try await db.transaction { db in
          try db.beginCopy("copy t from stdin")
          try db.copy(Array("1\tx\n".utf8))
          throw GivenUp()
        }
      }
      #expect(await !db.isInTransaction)
      #expect(try await db.value("count(*) from t") == "0")
    }
  }

  @Test("what is no COPY is refused, and the connection can go on")
  func noCopy() async throws {
    try await withConnection { db in
      try await db.execute("create temp table t (id int)")
      for statement in ["select 1", "copy t to stdout", "copy nowhere from stdin"] {
        let error = await #expect(throws: PostgresError.self) { try await db.beginCopy(statement) }
        #expect(error?.kind == (statement.contains("nowhere") ? .query : .unexpectedResult))
        #expect(try await db.value("1") == "1")
      }
      for statement in ["select 1", "copy t from stdin", "copy nowhere to stdout"] {
        let error = await #expect(throws: PostgresError.self) { try await db.copyOut(statement) { _ in } }
        #expect(error?.kind == (statement.contains("nowhere") ? .query : .unexpectedResult))
        #expect(try await db.value("1") == "1")
      }
      await #expect(throws: PostgresError.self) { try await db.copy([1]) }
      await #expect(throws: PostgresError.self) { try await db.endCopy() }
    }
  }

  @Test("a sink that throws ends the statement at the server")
  func sinkThrows() async throws {
    struct Full: Error {}
    try await withConnection { db async throws in
      let taken = Mutex(0)
      await #expect(throws: Full.self) {
        try await db.copyOut("copy (select generate_series(1, 1000000000)) to stdout") { _ in
          try taken.withLock { taken in
            taken += 1
            if taken == 10 { throw Full() }
          }
        }
      }
      #expect(try await db.value("1") == "1")
    }
  }
}
