import Synchronization

@testable import Veeva

/// What the client tells about its requests.
final class RecordingObserver: LimitObserver {
  struct Refused: Error, Equatable {
    let limit: RequestLimit
  }

  struct State: Sendable {
    var asked = 0
    var endpoints: [String] = []
    var usage: LimitInfo?
  }

  private let state = Mutex(State())

  var seen: State { state.withLock { $0 } }

  func beforeRequest() async throws { state.withLock { $0.asked += 1 } }

  func answered(_ usage: LimitInfo?, endpoint: String) async {
    state.withLock {
      $0.endpoints.append(endpoint)
      $0.usage = usage ?? $0.usage
    }
  }

  func refused(_ limit: RequestLimit) async -> any Error { Refused(limit: limit) }
}
