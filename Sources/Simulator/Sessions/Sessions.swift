import NIOConcurrencyHelpers

/// Access and refresh tokens.
final class Sessions: Sendable {
  private struct State {
    /// Access token → when it dies, in seconds of the org's clock.
    var tokens: [String: Double] = [:]
    var refreshTokens: Set<String>
    var issued = 0
  }

  private let state: NIOLockedValueBox<State>
  private let clock: VirtualClock
  /// Salesforce: the session timeout, sliding on use.
  private let lifetime: Double
  /// The 15-character org id, with which every token starts. Orgs with other data are other orgs.
  let organisation: String
  /// The same with its checksum, which counts capitals: digits have none.
  var organisation18: String { organisation + "EAA" }

  init(seed: UInt64, clock: VirtualClock, lifetime: Double, refreshToken: String) {
    let number = String(seed % 10_000_000_000)
    organisation = "00D5g" + String(repeating: "0", count: 10 - number.count) + number
    self.clock = clock
    self.lifetime = lifetime
    state = NIOLockedValueBox(State(refreshTokens: [refreshToken]))
  }

  /// A new access token.
  func open() -> String {
    var random = SystemRandomNumberGenerator()
    let secret = (0..<4).map { _ in String(random.next() as UInt64, radix: 36) }.joined()
    let token = "\(organisation)!AQEA\(secret)"
    let now = clock.now
    state.withLockedValue {
      $0.tokens = $0.tokens.filter { $0.value > now }
      $0.tokens[token] = now + lifetime
      $0.issued += 1
    }
    return token
  }

  /// Whether a token is alive; if so it lives on for its whole lifetime.
  func use(_ token: String) -> Bool {
    let now = clock.now
    return state.withLockedValue {
      guard let end = $0.tokens[token], end > now else { return false }
      $0.tokens[token] = now + lifetime
      return true
    }
  }

  /// Ends every session.
  func expireAll() { state.withLockedValue { $0.tokens = [:] } }

  func revoke(_ token: String) {
    state.withLockedValue {
      $0.tokens[token] = nil
      $0.refreshTokens.remove(token)
    }
  }

  /// Takes a refresh token.
  /// - Parameter rotating: the token dies and another one takes its place.
  /// - Returns: `nil` when the token is not valid; else the new refresh token if there is one.
  func refresh(_ token: String, rotating: Bool) -> String?? {
    state.withLockedValue {
      guard $0.refreshTokens.contains(token) else { return .none }
      guard rotating else { return .some(nil) }
      var random = SystemRandomNumberGenerator()
      let next = "5Aep861" + String(random.next() as UInt64, radix: 36) + String(random.next() as UInt64, radix: 36)
      $0.refreshTokens.remove(token)
      $0.refreshTokens.insert(next)
      return .some(next)
    }
  }

  var count: (alive: Int, issued: Int) {
    let now = clock.now
    return state.withLockedValue { state in (state.tokens.count { $0.value > now }, state.issued) }
  }
}
