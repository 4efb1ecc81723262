import NIOConcurrencyHelpers

/// Access tokens of the custom service (reference 1): the same one until it expires.
final class MarketoTokens: Sendable {
  enum Standing { case alive, expired, unknown }

  private struct State {
    /// Token → when it dies, by the instance's clock.
    var tokens: [String: Double] = [:]
    var current: String?
    var issued = 0
  }

  private let state = NIOLockedValueBox(State())
  private let lifetime: Double

  init(lifetime: Duration) { self.lifetime = lifetime.seconds }

  /// The token in force, and the seconds it has left.
  func issue(now: Double) -> (token: String, left: Int) {
    state.withLockedValue { state in
      if let token = state.current, let end = state.tokens[token], end - now >= 1 { return (token, Int(end - now)) }
      var random = SystemRandomNumberGenerator()
      let secret = (0..<2).map { _ in String(random.next() as UInt64, radix: 16) }.joined(separator: "-")
      state.issued += 1
      let token = "\(secret)-\(state.issued):sj"
      state.tokens[token] = now + lifetime
      state.current = token
      return (token, max(0, Int(lifetime) - 1))
    }
  }

  func standing(_ token: String, now: Double) -> Standing {
    state.withLockedValue { state in
      guard let end = state.tokens[token] else { return .unknown }
      return end > now ? .alive : .expired
    }
  }

  /// Ends the life of all tokens.
  func expireAll() {
    state.withLockedValue { state in
      state.tokens = state.tokens.mapValues { _ in -.infinity }
      state.current = nil
    }
  }

  /// Makes all tokens unknown.
  func invalidateAll() {
    state.withLockedValue { state in
      state.tokens = [:]
      state.current = nil
    }
  }

  var issued: Int { state.withLockedValue { $0.issued } }
}
