import Foundation

/// What tells one PostgreSQL database from another, as far as its URL shows.
struct DatabaseIdentity: Hashable {
  private let servers: [String]
  private let database: String

  init(_ url: ServerURL) {
    let port = url.parameter("port").flatMap { Digits.number($0) } ?? 5432
    var hosts = url.hosts.map { "\(Self.canonical($0.name)):\($0.port ?? port)" }
    if hosts.isEmpty { hosts = ["\(Self.canonical(url.parameter("host") ?? "localhost")):\(port)"] }
    servers = hosts.sorted()
    let path = String(url.path.drop { $0 == "/" })
    let named = url.parameter("dbname") ?? (path.removingPercentEncoding ?? path)
    database = named.isEmpty ? (url.user ?? "") : named
  }

  private static func canonical(_ host: String) -> String {
    let host = host.lowercased()
    return ["localhost", "::1"].contains(host) ? "127.0.0.1" : host
  }
}
