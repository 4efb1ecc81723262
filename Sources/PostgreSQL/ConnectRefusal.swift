import CPostgreSQL

/// Why a connection could not be opened, read from libpq's words: it gives no codes there.
struct ConnectRefusal {
  private let lines: [Substring]
  private let lacksPassword: Bool

  /// - Parameter handle: of a connection whose errors are verbose.
  init(_ handle: OpaquePointer) {
    self.init(
      message: PQerrorMessage(handle).map { String(cString: $0) } ?? "",
      lacksPassword: PQconnectionNeedsPassword(handle) == 1)
  }

  /// - Parameter message: may hold one line per address and way that was tried, and lines that explain the one before.
  init(message: String, lacksPassword: Bool) {
    lines = message.split(separator: "\n").filter { !$0.hasPrefix("\t") }
    self.lacksPassword = lacksPassword
  }

  /// The line that says most, and the server's code in it.
  private var reason: (text: String, sqlState: String?) {
    let refusals = lines.compactMap { Self.refusal(in: $0) }
    // With `sslmode=prefer` a wrong password is followed by a second refusal, without TLS.
    if let refusal = refusals.first(where: { $0.sqlState == "28P01" }) ?? refusals.last { return refusal }
    let plain = lines.last { !$0.hasPrefix("LOCATION:") && !$0.hasPrefix("HINT:") && !$0.hasPrefix("DETAIL:") }
    return (plain.map(String.init) ?? "the connection could not be opened", nil)
  }

  /// Reads `FATAL:  28P01: password authentication failed`, wherever in the line it stands.
  private static func refusal(in line: Substring) -> (text: String, sqlState: String?)? {
    var rest = line
    while let colon = rest.firstRange(of: ":  ") {
      rest = rest[colon.upperBound...]
      let state = rest.prefix(5)
      let isState = state.utf8.count == 5 && state.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
      if isState, rest.dropFirst(5).hasPrefix(": ") { return (String(rest.dropFirst(7)), String(state)) }
    }
    return nil
  }

  func error(_ configuration: PostgresConfiguration) -> PostgresError {
    let (text, sqlState) = reason
    let isRefusal = sqlState?.hasPrefix("28") ?? lacksPassword
    return PostgresError(
      kind: isRefusal ? .authentication : .connection, message: text, sqlState: sqlState,
      hint: isRefusal ? "check the user and the password in the configuration" : hint(text, sqlState),
      server: configuration.description)
  }

  private func hint(_ text: String, _ sqlState: String?) -> String? {
    switch sqlState {
    case "3D000": return "create the database, or correct its name in the configuration"
    case "53300": return "allow the server more connections, or run fewer slots"
    case .some: return nil
    case nil: break
    }
    if text.contains("root certificate") || text.contains("certificate verify") {
      return "name the file with the server's CA as sslrootcert in the URL"
    }
    if text.contains("SSL") { return "check sslmode in the URL, and that the server offers TLS" }
    return "check that the server runs and that host and port in the configuration are right"
  }
}
