import CPostgreSQL
import Foundation

/// Where a PostgreSQL server is and how to log in.
public struct PostgresConfiguration: Sendable, Hashable, CustomStringConvertible {
  /// libpq's connection parameters, defaults of ours included.
  let parameters: [String: String]
  private let isValid: Bool

  /// Reads a `postgresql://` URL.
  ///
  /// Where the URL names no `sslmode`, a server on the loopback interface or a socket may be reached without TLS;
  /// any other must show a certificate that verifies (`verify-full`). libpq 16 and later then trust the system's
  /// certificates; earlier ones trust those in `~/.postgresql/root.crt`, unless the URL names `sslrootcert`.
  /// - Parameters:
  ///   - url: as libpq takes it.
  ///   - password: wins over one in the URL.
  ///   - applicationName: shown in `pg_stat_activity`, unless the URL names another.
  public init(url: String, password: String? = nil, applicationName: String = "crmsync") {
    guard var parsed = Self.parse(url) else {
      parameters = [:]
      isValid = false
      return
    }
    if let password { parsed["password"] = password }
    parsed["application_name"] = parsed["application_name"] ?? applicationName
    if parsed["sslmode"] == nil {
      let isLocal = Self.isLocal(parsed, ProcessInfo.processInfo.environment)
      parsed["sslmode"] = isLocal ? "prefer" : "verify-full"
      if !isLocal, parsed["sslrootcert"] == nil, PQlibVersion() >= 160_000 { parsed["sslrootcert"] = "system" }
    }
    parameters = parsed.merging(Self.defaults) { own, _ in own }
    isValid = true
  }

  private static let defaults = [
    "connect_timeout": "10", "keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10",
    "keepalives_count": "3", "tcp_user_timeout": "60000", "client_encoding": "UTF8",
  ]

  /// Server, database and user; never the password.
  public var description: String {
    let host = parameters["host"] ?? parameters["hostaddr"] ?? "localhost"
    let port = parameters["port"] ?? "5432"
    let user = parameters["user"].map { "\($0)@" } ?? ""
    return "postgresql://\(user)\(host):\(port)/\(parameters["dbname"] ?? "")"
  }

  /// What tells this database from another: host, port and name.
  public var identity: String {
    "\(parameters["host"] ?? "localhost"):\(parameters["port"] ?? "5432")/\(parameters["dbname"] ?? "")"
  }

  /// How long connecting may take in all; `nil` for as long as it takes, which libpq spells `0`.
  var connectTimeout: Duration? {
    let seconds = parameters["connect_timeout"].flatMap { Int($0) } ?? 10
    let servers = (parameters["host"] ?? "").split(separator: ",").count
    return seconds > 0 ? .seconds(max(2, seconds) * max(1, servers)) : nil
  }

  /// - Throws: when the URL is none. What libpq says of it is not passed on: it may quote a password.
  func validated() throws(PostgresError) -> [String: String] {
    guard isValid else {
      throw PostgresError(
        kind: .connection,
        message: "the PostgreSQL URL is not valid: it should read postgresql://user@host:5432/database")
    }
    return parameters
  }

  /// Whether nobody else's network lies between us and any of the servers that libpq might choose.
  static func isLocal(_ parameters: [String: String], _ environment: [String: String]) -> Bool {
    // Where the server is stands in a file that libpq reads.
    guard parameters["service"] == nil, environment["PGSERVICE"] == nil else { return false }
    let named = [parameters["hostaddr"], parameters["host"], environment["PGHOSTADDR"], environment["PGHOST"]]
    let hosts = (named.compactMap { $0 }.first { !$0.isEmpty } ?? "").split(
      separator: ",", omittingEmptySubsequences: false)
    return hosts.allSatisfy { host in
      // `@` begins the name of an abstract socket.
      host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") || host == "localhost" || isLoopback(String(host))
    }
  }

  private static func isLoopback(_ address: String) -> Bool {
    var four = in_addr()
    return address == "::1" || inet_pton(AF_INET, address, &four) == 1 && address.hasPrefix("127.")
  }

  private static func parse(_ url: String) -> [String: String]? {
    var message: UnsafeMutablePointer<CChar>?
    // libpq allocates the list and the message; both are freed here, by libpq.
    let options = PQconninfoParse(url, &message)
    defer {
      PQconninfoFree(options)
      PQfreemem(message)
    }
    guard var option = options else { return nil }
    var parameters: [String: String] = [:]
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return parameters
  }
}
