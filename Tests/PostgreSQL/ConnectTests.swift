import Foundation
import PostgreSQL
import Testing

@Suite("opening a connection", .timeLimit(.minutes(3)))
struct ConnectTests {
  private func refusal(_ configuration: PostgresConfiguration) async throws -> PostgresError {
    let connection = PostgresConnection(configuration)
    let error = await #expect(throws: PostgresError.self) { try await connection.connect() }
    #expect(await !connection.isConnected)
    return try #require(error)
  }

  @Test("a wrong password is told from a server that is away, and is not repeated in the error")
  func wrongPassword() async throws {
    let error = try await refusal(try TestServer.configuration(password: "not-the-password"))
    #expect(error.kind == .authentication && error.sqlState == "28P01")
    #expect(error.isUnreachable && error.isRetriable)
    #expect(error.description.contains("127.0.0.1"))
    #expect(!error.description.contains("not-the-password"))
  }

  @Test("a missing database is named, with what to do")
  func missingDatabase() async throws {
    let error = try await refusal(try TestServer.configuration(database: "no_such_database"))
    #expect(error.kind == .connection && error.sqlState == "3D000")
    #expect(error.description.contains("no_such_database") && error.hint?.contains("create") == true)
  }

  @Test("a port where nobody listens, and a host that nobody knows")
  func away() async throws {
    let (socket, port) = try Cable.listen(on: 0)
    close(socket)
    let refused = try await refusal(try TestServer.configuration(port: Int(port)))
    #expect(refused.kind == .connection && refused.isRetriable && refused.message.contains("refused"))
    let unknown = try await refusal(try TestServer.configuration(host: "no-such-host.invalid"))
    #expect(unknown.kind == .connection && unknown.message.contains("no-such-host.invalid"))
  }

  @Test("a server that takes the connection and says nothing is given up in time")
  func silent() async throws {
    let (socket, port) = try Cable.listen(on: 0)
    defer { close(socket) }
    let began = ContinuousClock.now
    let error = try await refusal(try TestServer.configuration(port: Int(port), options: "connect_timeout=2"))
    #expect(error.kind == .connection)
    // Generous, for a busy machine: without the limit of two seconds it would wait for ever.
    #expect(ContinuousClock.now - began < .seconds(60))
  }

  @Test("cancelling the task ends connecting")
  func cancelled() async throws {
    let (socket, port) = try Cable.listen(on: 0)
    defer { close(socket) }
    let connection = PostgresConnection(
      try TestServer.configuration(port: Int(port), options: "connect_timeout=50"))
    let connecting = Task { try await connection.connect() }
    // The server has heard the client, so it is connecting.
    let client = accept(socket, nil, nil)
    defer { close(client) }
    connecting.cancel()
    let error = await #expect(throws: PostgresError.self) { try await connecting.value }
    #expect(error?.kind == .cancelled)
  }

  @Test("a server that offers no TLS is refused where a certificate is asked for")
  func noTLS() async throws {
    let error = try await refusal(try TestServer.configuration(options: "sslmode=verify-full"))
    #expect(error.kind == .connection && error.hint?.contains("ssl") == true)
  }

  @Test("a connection can be opened again, and closed twice")
  func again() async throws {
    let connection = PostgresConnection(try TestServer.configuration())
    let error = await #expect(throws: PostgresError.self) { try await connection.query("select 1") }
    #expect(error?.kind == .connection)
    for _ in 0..<3 {
      try await connection.connect()
      #expect(await connection.isConnected)
      #expect(try await connection.value("1") == "1")
    }
    await connection.close()
    await connection.close()
    #expect(await !connection.isConnected)
  }
}
