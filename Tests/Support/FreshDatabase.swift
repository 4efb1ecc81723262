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
  let url = try testServer("CRMSYNC_TEST_POSTGRES_URL")
  let name = "c" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
  let administrator = PostgresConnection(PostgresConfiguration(url: url))
  try await administrator.connect()
  try await administrator.execute("create database \(name) template template0 encoding 'UTF8'")
  // Nothing here survives its test, so nothing has to reach the disk first.
  try await administrator.execute("alter database \(name) set synchronous_commit = off")
  await administrator.close()
  return url.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/" + name
}
