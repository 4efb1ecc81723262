import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// Roles that lack rights.
@Suite(.server) struct PermissionTests {
  private let destination = PostgresDestination(schema: "t")

  /// Runs a body with a connection of a role that may log in and nothing else.
  private func withRole(_ body: (ObjectMapping, TestDatabase, PostgresConnection, String) async throws -> Void)
    async throws
  {
    let mapping = try ObjectMapping.custom([("V__c", .string)])
    try await withDatabase { database in
      let role = "role_of_\(database.name)"
      try await database.connection.execute("create role \(role) login password 'secret'")
      let poor = PostgresConnection(
        PostgresConfiguration(url: try TestServer.url(database: database.name, user: role, password: "secret")))
      try await poor.connect()
      let result: Result<Void, any Error>
      do { result = .success(try await body(mapping, database, poor, role)) } catch { result = .failure(error) }
      await poor.close()
      _ = try await database.connection.query(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = $1", [.text(role)])
      try await database.connection.execute(
        "reassign owned by \(role) to current_user; drop owned by \(role); drop role \(role)")
      try result.get()
    }
  }

  private func refusal(_ body: () async throws -> Void) async -> DestinationError? {
    do {
      try await body()
      Issue.record("nothing was refused")
    } catch let error as DestinationError {
      #expect(error.problem == .permission && !error.isRetriable && !error.isObjectScoped)
      return error
    } catch {
      Issue.record(error)
    }
    return nil
  }

  @Test("a role that may not create the schema is told what to grant, and granting it helps")
  func schema() async throws {
    try await withRole { mapping, database, poor, role in
      let error = await refusal { try await destination.prepare(mapping, on: poor) }
      #expect(error?.description.contains("GRANT") == true && error?.schema == "t")
      try await database.connection.execute("create schema t; grant all on schema t to \(role)")
      try await destination.prepare(mapping, on: poor)
    }
  }

  @Test("a role that may not alter or write a table is told which", arguments: [WriteMode.insert, .merge(.none)])
  func table(_ mode: WriteMode) async throws {
    try await withRole { mapping, database, poor, role in
      try await destination.prepare(mapping, on: database.connection)
      _ = await refusal { try await destination.prepare(mapping, on: poor) }
      try await database.connection.execute("grant usage on schema t to \(role)")
      let records = [["Id": id(1), "SystemModstamp": stamp]]
      let error = await refusal { try await destination.store(records, of: mapping, mode: mode, on: poor) }
      #expect(error?.table == "thing__c" && error?.description.contains("t.thing__c") == true)
      // The rights that writing needs, and no more.
      try await database.connection.execute(
        "grant select, insert, update on t.thing__c, t.crmsync_entity, t.crmsync_removed to \(role)")
      try await destination.prepare(mapping, on: poor)
      try await destination.store(records, of: mapping, mode: mode, on: poor)
      let wider = try ObjectMapping.custom([("V__c", .string), ("W__c", .string)])
      let alteration = await refusal { try await destination.prepare(wider, on: poor) }
      #expect(alteration?.table == "thing__c" && alteration?.description.contains("OWNER") == true)
    }
  }

  @Test("a read-only server is waited for")
  func readOnly() async throws {
    try await withRole { mapping, database, _, _ in
      try await destination.prepare(mapping, on: database.connection)
      try await database.connection.execute("set default_transaction_read_only = on")
      let error = await #expect(throws: DestinationError.self) {
        try await destination.store(
          [["Id": id(1), "SystemModstamp": stamp]], of: mapping, mode: .insert, on: database.connection)
      }
      try await database.connection.execute("set default_transaction_read_only = off")
      #expect(error?.problem == .unavailable && error?.isRetriable == true)
    }
  }
}
