import Foundation

/// The URL of a server, taken apart far enough to check it and to keep its password away from its text.
struct ServerURL: Equatable {
  struct Host: Equatable {
    var name: String
    var port: Int?
  }

  private(set) var scheme = ""
  private(set) var user: String?
  /// Decoded; never part of `text`.
  var password: Secret?
  /// PostgreSQL URLs may name several.
  private(set) var hosts: [Host] = []
  /// Still percent-encoded, with its slash.
  private(set) var path = ""
  private(set) var query: [(name: String, value: String)] = []
  /// The URL without its password.
  private(set) var text = ""

  init() {}

  static func == (one: Self, other: Self) -> Bool { one.text == other.text && one.password == other.password }

  /// Takes a URL apart; nil when it has no such shape.
  init?(_ url: String) {
    guard !url.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F }),
      let colon = url.range(of: "://")
    else { return nil }
    scheme = url[..<colon.lowerBound].lowercased()
    let afterScheme = url[colon.upperBound...]
    let authorityEnd = afterScheme.firstIndex { "/?#".contains($0) } ?? afterScheme.endIndex
    let authority = afterScheme[..<authorityEnd]
    let afterAuthority = afterScheme[authorityEnd...]
    guard !afterAuthority.contains("#") else { return nil }
    let parts = afterAuthority.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = parts.first.map(String.init) ?? ""
    guard readQuery(parts.count > 1 ? parts[1] : nil), readAuthority(authority) else { return nil }
    text = assembled(hasQuery: parts.count > 1)
  }

  private mutating func readQuery(_ text: Substring?) -> Bool {
    for item in text?.split(separator: "&") ?? [] {
      let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = pair.count > 1 ? String(pair[1]) : ""
      guard let name = pair.first else { continue }
      if name.lowercased() == "password" {
        guard let decoded = value.removingPercentEncoding else { return false }
        password = Secret(decoded)
      } else {
        query.append((String(name), value))
      }
    }
    return true
  }

  private mutating func readAuthority(_ authority: Substring) -> Bool {
    var hostText = authority
    if let at = authority.lastIndex(of: "@") {
      let userText = authority[..<at]
      hostText = authority[authority.index(after: at)...]
      // A second @ is a password that was not percent-encoded: where it ends is anybody's guess.
      guard !userText.contains("@") else { return false }
      let pair = userText.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      user = pair.first.map(String.init)
      if pair.count > 1, !pair[1].isEmpty {
        guard let decoded = pair[1].removingPercentEncoding else { return false }
        password = Secret(decoded)
      }
    }
    for text in hostText.split(separator: ",", omittingEmptySubsequences: false) where !hostText.isEmpty {
      guard let host = Self.host(text) else { return false }
      hosts.append(host)
    }
    return true
  }

  private static func host(_ text: Substring) -> Host? {
    var name = text
    var rest = text[text.endIndex...]
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else { return nil }
      rest = text[text.index(after: close)...]
      name = text[text.index(after: text.startIndex)..<close]
    } else if let colon = text.firstIndex(of: ":") {
      name = text[..<colon]
      rest = text[colon...]
    }
    guard !name.isEmpty else { return nil }
    if rest.isEmpty { return Host(name: String(name), port: nil) }
    guard rest.hasPrefix(":"), let port = Digits.number(rest.dropFirst()), (1...65_535).contains(port) else {
      return nil
    }
    return Host(name: String(name), port: port)
  }

  private func assembled(hasQuery: Bool) -> String {
    var text = scheme + "://"
    if let user { text += user + "@" }
    text += hosts.map { host in
      let name = host.name.contains(":") ? "[\(host.name)]" : host.name
      return host.port.map { "\(name):\($0)" } ?? name
    }.joined(separator: ",")
    text += path
    if hasQuery, !query.isEmpty { text += "?" + query.map { "\($0.name)=\($0.value)" }.joined(separator: "&") }
    return text
  }

  /// The value of a query item, decoded.
  func parameter(_ name: String) -> String? {
    query.last { $0.name == name }.map { $0.value.removingPercentEncoding ?? $0.value }
  }

  /// Host names that lead to this very machine.
  var isLoopback: Bool {
    !hosts.isEmpty
      && hosts.allSatisfy { $0.name.lowercased() == "localhost" || $0.name == "::1" || Self.isLoopbackAddress($0.name) }
  }

  private static func isLoopbackAddress(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { (Digits.number($0) ?? 256) < 256 }
  }

  /// Hides whatever may be a password in a text that was meant to be a URL, however broken.
  static func masked(_ text: String) -> String {
    var masked = text
    if let at = masked.lastIndex(of: "@") {
      let start = masked.range(of: "://").map(\.upperBound) ?? masked.startIndex
      if start <= at { masked.replaceSubrange(start..<at, with: Secret.mask) }
    }
    if let password = masked.range(of: "password=", options: .caseInsensitive) {
      masked.replaceSubrange(password.upperBound..., with: Secret.mask)
    }
    return masked
  }
}
