import CPostgreSQL
import Foundation

/// Where a PostgreSQL server is and how to log in.
public struct PostgresConfiguration: Sendable, Hashable, CustomStringConvertible {
  /// libpq's connection parameters, defaults of ours included.
  let parameters: [String: String]
  private let problem: String?

  /// Reads a `postgresql://` URL.
  ///
  /// Where the URL names no `sslmode`, a server on the loopback interface or a socket may be reached without TLS;
  /// any other must show a certificate that verifies (`verify-full`).
  /// - Parameters:
  ///   - url: as libpq takes it.
  ///   - password: wins over one in the URL.
  ///   - applicationName: shown in `pg_stat_activity`.
  public init(url: String, password: String? = nil, applicationName: String = "crmsync") {
    switch Self.parse(url) {
    case .success(var parsed):
      parsed["application_name"] = applicationName
      if let password { parsed["password"] = password }
      let host = parsed["hostaddr"] ?? parsed["host"] ?? ""
      if parsed["sslmode"] == nil { parsed["sslmode"] = Self.isLocal(host) ? "prefer" : "verify-full" }
      parameters = parsed.merging(Self.defaults) { own, _ in own }
      problem = nil
    case .failure(let error):
      parameters = [:]
      problem = error.message
    }
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

  /// - Throws: what is wrong with the URL.
  func validated() throws(PostgresError) -> [String: String] {
    if let problem { throw PostgresError(kind: .connection, message: "the PostgreSQL URL is not valid: \(problem)") }
    return parameters
  }

  private static func isLocal(_ host: String) -> Bool {
    host.isEmpty || host.hasPrefix("/") || host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }

  private static func parse(_ url: String) -> Result<[String: String], PostgresError> {
    var message: UnsafeMutablePointer<CChar>?
    // libpq allocates the list and the message; both are freed here, by libpq.
    guard let options = PQconninfoParse(url, &message) else {
      defer { PQfreemem(message) }
      // The message may quote the URL, and the URL may hold a password.
      return .failure(PostgresError(kind: .connection, message: "it should read postgresql://user@host:5432/database"))
    }
    defer { PQconninfoFree(options) }
    var parameters: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return .success(parameters)
  }
}
