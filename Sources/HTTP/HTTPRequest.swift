/// What to ask a server for.
public struct HTTPRequest: Sendable {
  public var method: String
  public var url: String
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]?
  /// The whole exchange may take so long; a stream is bounded by `stallTimeout` alone.
  public var timeout: Duration
  /// Connecting, TLS included, may take so long.
  public var connectTimeout: Duration
  /// A transfer that moves less than a byte a second for so long is given up.
  public var stallTimeout: Duration

  /// A request.
  public init(
    method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
    timeout: Duration = .seconds(120), connectTimeout: Duration = .seconds(15), stallTimeout: Duration = .seconds(60)
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.connectTimeout = connectTimeout
    self.stallTimeout = stallTimeout
  }

  /// The server's name, for errors: never the path or the query.
  var host: String {
    let rest = url.split(separator: "://", maxSplits: 1).last.map(String.init) ?? url
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    return authority.split(separator: "@").last.map(String.init) ?? String(authority)
  }
}

/// Header fields of an answer.
public struct HTTPHeaders: Sendable {
  private var fields: [(name: String, value: String)] = []

  /// The first field of that name, whatever its case.
  public func first(_ name: String) -> String? {
    let name = name.lowercased()
    return fields.first { $0.name == name }?.value
  }

  mutating func append(line: String) {
    guard let colon = line.firstIndex(of: ":") else { return }
    let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
    fields.append((line[..<colon].lowercased(), String(value)))
  }
}

/// A whole answer.
public struct HTTPResponse: Sendable {
  public let status: Int
  public let headers: HTTPHeaders
  public let body: [UInt8]
}

/// An answer whose body is still on its way.
public struct HTTPStream: Sendable {
  public let status: Int
  public let headers: HTTPHeaders
  public let body: HTTPBody
}
