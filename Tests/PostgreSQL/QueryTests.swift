import PostgreSQL
import Testing

@Suite("statements", .timeLimit(.minutes(3)))
struct QueryTests {
  @Test("parameters arrive as they are")
  func parameters() async throws {
    try await withConnection { db in
      for text in [
        "", "plain", "'; drop table x; --", "ünïcödé 🧪 \u{1}\n\t\\", String(repeating: "long ", count: 100_000),
      ] {
        #expect(try await db.value("$1::text", [.text(text)]) == text)
      }
      for number in [Int64.min, -1, 0, Int64.max] {
        #expect(try await db.query("select $1::bigint as n", [.int(number)]).first?.int("n") == number)
      }
      let row = try await db.query(
        "select $1::boolean as yes, $2::boolean as no, $3::text as nothing, 1.5::float8 as half",
        [.bool(true), .bool(false), .null]
      ).first
      #expect(try row?.bool("yes") == true && row?.bool("no") == false)
      #expect(try row?.string("nothing") == nil && row?.int("nothing") == nil)
      #expect(try row?.double("half") == 1.5)
    }
  }

  @Test("a text that would be cut is refused instead")
  func zeroByte() async throws {
    try await withConnection { db async throws in
      let error = await #expect(throws: PostgresError.self) { try await db.value("$1::text", [.text("a\0b")]) }
      #expect(error?.sqlState == "22021")
      #expect(try await db.value("1") == "1")
    }
  }

  @Test("a missing column and a value of another type are errors, not crashes")
  func wrongColumn() async throws {
    try await withConnection { db in
      let row = try #require(try await db.query("select 'x' as a, null as b").first)
      for wrong in [
        { _ = try row.int("a") }, { _ = try row.bool("a") }, { _ = try row.double("a") }, { _ = try row.string("c") },
      ] {
        let error = #expect(throws: PostgresError.self) { try wrong() }
        #expect(error?.kind == .unexpectedResult)
      }
    }
  }

  @Test("the server's error is complete, and the connection can go on")
  func errors() async throws {
    try await withConnection { db in
      try await db.execute("create temp table t (id int constraint id_key primary key); insert into t values (1)")
      let error = await #expect(throws: PostgresError.self) { try await db.execute("insert into t values (1)") }
      #expect(error?.kind == .query && error?.sqlState == "23505" && error?.constraint == "id_key")
      #expect(error?.table == "t" && error?.isRetriable == false && error?.isConnectionLost == false)
      #expect(try await db.execute("insert into t values (2), (3)") == 2)
      #expect(try await db.execute("select 1; delete from t where id > 1; ") == 2)
      #expect(try await db.execute("") == 0)
    }
  }

  @Test("no value of a statement shows in an error")
  func values() async throws {
    try await withConnection { db in
      for statement in [
        "select 'personal \"data\"'::int", "select 'personal data'::timestamptz", "select '{personal data'::json",
      ] {
        let error = await #expect(throws: PostgresError.self) { try await db.execute(statement) }
        #expect(error?.sqlState?.hasPrefix("22") == true)
        #expect(error?.description.contains("data") == false, "\(statement): \(error?.description ?? "")")
      }
    }
  }

  @Test("a COPY among plain statements is refused, and the connection can go on")
  func copyAmongStatements() async throws {
    try await withConnection { db in
      try await db.execute("create temp table t (id int)")
      for statement in ["copy t from stdin", "copy (select generate_series(1, 100000)) to stdout"] {
        let error = await #expect(throws: PostgresError.self) { try await db.execute(statement) }
        #expect(error?.kind == .unexpectedResult)
        #expect(try await db.value("count(*) from t") == "0")
      }
    }
  }

  @Test("notices reach the log")
  func notices() async throws {
    let book = LogBook()
    try await withConnection(logger: book.logger) { db in
      try await db.execute("do $$ begin raise notice 'mind the gap'; end $$")
      try await book.heard("mind the gap")
    }
  }

  @Test("a large answer and a large statement pass at the same time")
  func large() async throws {
    try await withConnection { db in
      let text = String(repeating: "x", count: 8 << 20)
      let rows = try await db.query(
        "select $1::text as a, $1::text as b, n from generate_series(1, 3) n", [.text(text)])
      #expect(rows.count == 3 && rows.affected == 3)
      #expect(try rows.allSatisfy { try $0.string("a") == text && $0.string("b") == text })
    }
  }

  @Test("identifiers are quoted")
  func identifiers() async throws {
    try await withConnection { db in
      let name = "Strange \"name\"; --"
      try await db.execute("create temp table \(quotedIdentifier(name)) (id int)")
      #expect(try await db.value("to_regclass($1) is not null", [.text(quotedIdentifier(name))]) == "true")
    }
  }
}
