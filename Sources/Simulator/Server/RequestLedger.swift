import NIOConcurrencyHelpers

/// What was asked of the org, and what is left of its daily allowance.
final class RequestLedger: Sendable {
  private struct State {
    var endpoints: [String: Int] = [:]
    var statuses: [Int: Int] = [:]
    var used = 0
    var limit: Int
    var rows = 0
    var bytes = 0
  }

  private let state: NIOLockedValueBox<State>

  init(limit: Int) { state = NIOLockedValueBox(State(limit: limit)) }

  func note(endpoint: String, status: Int, bytes: Int) {
    state.withLockedValue {
      $0.endpoints[endpoint, default: 0] += 1
      $0.statuses[status, default: 0] += 1
      $0.bytes += bytes
    }
  }

  func note(rows: Int) { state.withLockedValue { $0.rows += rows } }

  /// Takes one request from the allowance.
  /// - Returns: false when there is none left.
  func take() -> Bool {
    state.withLockedValue {
      guard $0.used < $0.limit else { return false }
      $0.used += 1
      return true
    }
  }

  var usage: (used: Int, limit: Int) { state.withLockedValue { ($0.used, $0.limit) } }

  func set(used: Int?, limit: Int?) {
    state.withLockedValue {
      if let used { $0.used = max(0, used) }
      if let limit { $0.limit = max(0, limit) }
    }
  }

  func reset() {
    state.withLockedValue {
      $0.endpoints = [:]
      $0.statuses = [:]
      $0.rows = 0
      $0.bytes = 0
    }
  }

  var report: JSONValue {
    state.withLockedValue { state in
      .object([
        ("total", .int(state.endpoints.values.reduce(0, +))),
        ("endpoints", .object(state.endpoints.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })),
        ("statuses", .object(state.statuses.sorted { $0.key < $1.key }.map { (String($0.key), .int($0.value)) })),
        ("rows", .int(state.rows)), ("bodyBytes", .int(state.bytes)),
        ("apiUsage", .object([("used", .int(state.used)), ("limit", .int(state.limit))])),
      ])
    }
  }
}
