import Foundation
import PostgreSQL

/// A test needs a server that is not there.
public struct ServerMissing: Error, CustomStringConvertible {
  /// The variable that would name it.
  public let variable: String
  public var description: String { "\(variable) is not set: run ./dev test, which starts the servers" }
}

/// Where a server for tests is.
/// - Throws: ``ServerMissing``.
public func testServer(_ variable: String) throws -> String {
  guard let url = ProcessInfo.processInfo.environment[variable] else { throw ServerMissing(variable: variable) }
  return url
}

/// Makes an empty database on the test server.
/// - Returns: its URL.
public func freshDatabase() async throws -> String {
  let name = freshName()
  try await onTestServer { administrator in
    try await administrator.execute("create database \(name) template template0 encoding 'UTF8'")
    // Nothing here survives its test, so nothing has to reach the disk first.
    try await administrator.execute("alter database \(name) set synchronous_commit = off")
  }
  return try url(of: name)
}

/// Lends an empty database on the test server, and drops it afterwards, whoever is still connected.
public func withFreshDatabase<R: Sendable>(_ body: (String) async throws -> R) async throws -> R {
  let url = try await freshDatabase()
  let outcome: Result<R, any Error>
  do { outcome = .success(try await body(url)) } catch { outcome = .failure(error) }
  let name = url.split(separator: "/").last ?? ""
  try await onTestServer { try await $0.execute("drop database \(name) with (force)") }
  return try outcome.get()
}

private func freshName() -> String { "c" + String(UInt64.random(in: 0...UInt64.max), radix: 36) }

private func url(of database: String) throws -> String {
  try testServer("CRMSYNC_TEST_POSTGRES_URL").split(separator: "/", omittingEmptySubsequences: false).dropLast()
    .joined(separator: "/") + "/" + database
}

private func onTestServer(_ body: (PostgresConnection) async throws -> Void) async throws {
  let administrator = PostgresConnection(PostgresConfiguration(url: try testServer("CRMSYNC_TEST_POSTGRES_URL")))
  try await administrator.connect()
  try await body(administrator)
  await administrator.close()
}
