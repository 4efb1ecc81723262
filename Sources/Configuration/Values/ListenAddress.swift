/// Where a process listens: a host and a TCP port.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
  /// A name or an address; IPv6 addresses without brackets.
  public var host: String
  /// From 0 to 65535; 0 lets the system choose a free port.
  public var port: Int

  /// An address.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Reads `host:port` or `[IPv6 address]:port`.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Digits.number(text[text.index(after: colon)...]),
      port <= 65_535
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "/@[]".contains($0) }) else { return nil }
    self.init(host: String(host), port: port)
  }
}
