import Foundation
import PostgreSQL
import Testing

/// Databases for tests, a few at a time: the server's connections are few, and other suites want some.
///
/// A database is handed on, emptied, since making and dropping one costs more than most tests; who leaves last drops
/// them all.
actor DatabasePool {
  static let shared = DatabasePool()
  private static let size = 4

  private var open = 0
  private var idle: [String] = []
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func borrow() async throws -> String {
    while open - idle.count >= Self.size { await withCheckedContinuation { waiting.append($0) } }
    if let name = idle.popLast() { return name }
    open += 1
    let name = "destination_test_\(UUID().uuidString.lowercased().replacing("-", with: "").prefix(12))"
    try await onServer("create database \(name) template template0 encoding 'UTF8'")
    return name
  }

  func giveBack(_ name: String) async throws {
    try await empty(name)
    idle.append(name)
    if !waiting.isEmpty {
      waiting.removeFirst().resume()
    } else if idle.count == open {
      let names = idle
      idle = []
      open = 0
      for name in names { try await onServer("drop database \(name) with (force)") }
    }
  }

  private func empty(_ name: String) async throws {
    let db = PostgresConnection(PostgresConfiguration(url: try TestServer.url(database: name)))
    try await db.connect()
    try await db.execute(
      """
      do $$ declare name text; begin
        for name in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
          execute format('drop schema %I cascade', name);
        end loop;
        create schema public;
      end $$
      """)
    await db.close()
  }

  private func onServer(_ statement: String) async throws {
    let server = PostgresConnection(PostgresConfiguration(url: try TestServer.url(database: "postgres")))
    try await server.connect()
    try await server.execute(statement)
    await server.close()
  }
}
