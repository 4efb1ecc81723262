import Testing

@testable import PostgreSQL

@Suite("where a PostgreSQL server is")
struct ConfigurationTests {
  private func sslmode(_ url: String) -> String? { PostgresConfiguration(url: url).parameters["sslmode"] }

  @Test(
    "a server on this machine may be reached without TLS",
    arguments: [
      "postgresql://u@localhost/d", "postgresql://u@127.0.0.1:5433/d", "postgresql://u@127.9.9.9/d",
      "postgresql://u@[::1]/d", "postgresql:///d?host=/run/postgresql", "postgresql://u@127.0.0.1,localhost/d",
    ])
  func local(url: String) { #expect(sslmode(url) == "prefer") }

  @Test(
    "any other server must show a certificate that verifies",
    arguments: [
      "postgresql://u@db.example.com/d", "postgresql://u@10.0.0.1/d", "postgresql://u@127.0.0.1.example.com/d",
      "postgresql://u@localhost,db.example.com/d", "postgresql://u@localhost/d?hostaddr=10.0.0.1",
      "postgresql:///d?service=marketing",
    ])
  func remote(url: String) { #expect(sslmode(url) == "verify-full") }

  @Test("the environment's host counts where the URL names none")
  func environment() {
    #expect(PostgresConfiguration.isLocal([:], [:]))
    #expect(!PostgresConfiguration.isLocal([:], ["PGHOST": "db.example.com"]))
    #expect(PostgresConfiguration.isLocal(["host": "localhost"], ["PGHOST": "db.example.com"]))
    #expect(!PostgresConfiguration.isLocal([:], ["PGSERVICE": "marketing"]))
  }

  @Test("the URL's own wishes win")
  func wishes() {
    let configuration = PostgresConfiguration(
      url: "postgresql://u@db.example.com/d?sslmode=require&connect_timeout=3&application_name=mine")
    #expect(configuration.parameters["sslmode"] == "require")
    #expect(configuration.connectTimeout == .seconds(3))
    #expect(configuration.parameters["application_name"] == "mine")
    #expect(PostgresConfiguration(url: "postgresql://u@a/d").connectTimeout == .seconds(10))
    #expect(PostgresConfiguration(url: "postgresql://u@a,b/d").connectTimeout == .seconds(20))
    #expect(PostgresConfiguration(url: "postgresql://u@a/d?connect_timeout=0").connectTimeout == nil)
  }

  @Test("a password shows in no description and no error")
  func secret() {
    let configuration = PostgresConfiguration(url: "postgresql://u:s3cret@h:1/d")
    #expect(configuration.description == "postgresql://u@h:1/d")
    let broken = PostgresConfiguration(url: "postgresql://u:s3cret@h:1/d?nonsense=s3cret")
    let error = #expect(throws: PostgresError.self) { try broken.validated() }
    #expect(error?.description.contains("s3cret") == false)
  }
}

@Suite("why a connection was refused")
struct ConnectRefusalTests {
  private let here = PostgresConfiguration(url: "postgresql://u@localhost/d")

  @Test("the server's code is read, wherever in libpq's words it stands")
  func code() {
    let message = """
      connection to server at "localhost" (::1), port 5432 failed: Connection refused
      \tIs the server running on that host and accepting TCP/IP connections?
      connection to server at "localhost" (127.0.0.1), port 5432 failed: FATAL:  28P01: password authentication failed for user "u"
      LOCATION:  auth_failed, auth.c:336
      connection to server at "localhost" (127.0.0.1), port 5432 failed: FATAL:  28000: no pg_hba.conf entry
      LOCATION:  ClientAuthentication, auth.c:551
      """
    let error = ConnectRefusal(message: message, lacksPassword: false).error(here)
    #expect(error.kind == .authentication)
    #expect(error.sqlState == "28P01")
    #expect(error.message == "password authentication failed for user \"u\"")
  }

  @Test("without a code, the last address's words count")
  func words() {
    let message = """
      connection to server at "localhost" (::1), port 5432 failed: Network is unreachable
      connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused
      \tIs the server running on that host and accepting TCP/IP connections?
      """
    let error = ConnectRefusal(message: message, lacksPassword: false).error(here)
    #expect(error.kind == .connection && error.sqlState == nil)
    #expect(error.message.hasSuffix("(127.0.0.1), port 5432 failed: Connection refused"))
    #expect(ConnectRefusal(message: "", lacksPassword: true).error(here).kind == .authentication)
  }
}
