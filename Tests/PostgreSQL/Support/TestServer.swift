import Foundation
import Logging
import PostgreSQL
import Testing

/// Where the test server is.
enum TestServer {
  struct Missing: Error, CustomStringConvertible {
    var description: String { "CRMSYNC_TEST_POSTGRES_URL names no PostgreSQL server: run ./dev test" }
  }

  /// The server's URL, with parts of it replaced.
  static func url(
    user: String? = nil, password: String? = nil, database: String? = nil, port: Int? = nil, host: String? = nil,
    options: String? = nil
  ) throws -> String {
    guard let url = ProcessInfo.processInfo.environment["CRMSYNC_TEST_POSTGRES_URL"],
      var parts = URLComponents(string: url)
    else { throw Missing() }
    if let user { parts.user = user }
    if let password { parts.password = password }
    if let database { parts.path = "/\(database)" }
    if let port { parts.port = port }
    if let host { parts.host = host }
    if let options { parts.query = options }
    return try #require(parts.string)
  }

  static func port() throws -> UInt16 {
    let port = URLComponents(string: try url())?.port ?? 5432
    return UInt16(port)
  }

  static func configuration(
    user: String? = nil, password: String? = nil, database: String? = nil, port: Int? = nil, host: String? = nil,
    options: String? = nil
  ) throws -> PostgresConfiguration {
    PostgresConfiguration(
      url: try url(
        user: user, password: password, database: database, port: port, host: host, options: options))
  }
}

/// Lends a body an open connection.
func withConnection<R>(
  logger: Logger = Logger(label: "test"), _ body: (PostgresConnection) async throws -> R
) async throws -> R {
  let connection = PostgresConnection(try TestServer.configuration(), logger: logger)
  try await connection.connect()
  do {
    let result = try await body(connection)
    await connection.close()
    return result
  } catch {
    await connection.close()
    throw error
  }
}

extension PostgresConnection {
  /// The only value of the first row.
  func value(_ statement: String, _ parameters: [PostgresValue] = []) throws -> String? {
    try query("select v::text as value from (select \(statement)) as x(v)", parameters).first?.string("value")
  }
}
