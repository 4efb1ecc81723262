/// How many API requests the org has used of those it may make in 24 hours.
///
/// Salesforce REST API, header `Sforce-Limit-Info: api-usage=18/5000; per-app-api-usage=17/250(appName=x)`.
public struct LimitInfo: Sendable, Equatable {
  /// Requests of the last 24 hours, everybody's.
  public let used: Int
  /// Requests allowed in 24 hours.
  public let allowed: Int

  /// Usage.
  public init(used: Int, allowed: Int) {
    self.used = used
    self.allowed = allowed
  }

  /// Reads the header; `nil` where it does not say.
  public init?(header: String) {
    for part in header.split(separator: ";") {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, pair[0].drop(while: { $0 == " " }) == "api-usage" else { continue }
      let numbers = pair[1].split(separator: "/")
      guard numbers.count == 2, let used = Int(numbers[0]), let allowed = Int(numbers[1].prefix { $0.isNumber }),
        used >= 0, allowed >= 0
      else { return nil }
      self.init(used: used, allowed: allowed)
      return
    }
    return nil
  }
}

/// Which limit the server enforced.
public enum RequestLimit: Sendable, Equatable {
  /// Requests in 24 hours.
  case daily
  /// Long requests at the same time.
  case concurrent
}

/// Watches over the org's API allowance.
public protocol LimitObserver: Sendable {
  /// A request is about to be sent.
  /// - Throws: to keep it back.
  func beforeRequest() async throws
  /// An answer came.
  func answered(_ usage: LimitInfo?, endpoint: String) async
  /// The server refused a request for a limit.
  /// - Returns: the error that the caller shall see.
  func refused(_ limit: RequestLimit) async -> any Error
}
