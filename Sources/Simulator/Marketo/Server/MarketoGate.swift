import Foundation
import NIOConcurrencyHelpers

/// The limits that all callers of the instance share (reference 2): calls at a time, in a window, and in a day.
///
/// A call that is refused for one of them still counts toward the window and the day (3.3, the stricter reading).
final class MarketoGate: Sendable {
  struct Limits: Sendable {
    var concurrent: Int
    var perWindow: Int
    var windowSeconds: Double
    var perDay: Int
  }

  fileprivate struct State {
    var limits: Limits
    var running = 0
    var mostRunning = 0
    /// Moments of the calls in the window, ascending.
    var recent: [Double] = []
    var mostRecent = 0
    var day = Int.min
    var used = 0
    var errors: [String: Int] = [:]
    var refused: [String: Int] = [:]
  }

  private let state: NIOLockedValueBox<State>
  private let zone: TimeZone?

  init(_ limits: Limits, zone: String) {
    state = NIOLockedValueBox(State(limits: limits))
    self.zone = TimeZone(identifier: zone)
  }

  /// Lets a call in, or says why not; who is in has to `leave`.
  func enter(now: Double) -> MarketoReason? {
    let day = day(now)
    return state.withLockedValue { state in
      state.roll(to: day)
      state.recent.removeAll { $0 <= now - state.limits.windowSeconds || $0 > now }
      state.recent.append(now)
      state.mostRecent = max(state.mostRecent, state.recent.count)
      state.used += 1
      let reason: MarketoReason
      if state.running >= state.limits.concurrent {
        reason = .tooManyAtOnce
      } else if state.recent.count > state.limits.perWindow {
        reason = .tooFast(state.limits.perWindow, Int(state.limits.windowSeconds))
      } else if state.used > state.limits.perDay {
        reason = .quotaSpent
      } else {
        state.running += 1
        state.mostRunning = max(state.mostRunning, state.running)
        return nil
      }
      state.refused[reason.code, default: 0] += 1
      return reason
    }
  }

  func leave() { state.withLockedValue { $0.running -= 1 } }

  /// Counts an error of the day, for the statistics (2).
  func note(error code: String, now: Double) {
    let day = day(now)
    state.withLockedValue {
      $0.roll(to: day)
      $0.errors[code, default: 0] += 1
    }
  }

  /// Days since 1970 where the quota is reset.
  func day(_ now: Double) -> Int {
    // Without a zone's rules: US Central without daylight saving.
    let offset = zone?.secondsFromGMT(for: Date(timeIntervalSince1970: now)) ?? -6 * 3600
    return Int(((now + Double(offset)) / 86_400).rounded(.down))
  }

  /// Calls and errors of the day.
  func today(now: Double) -> (day: Int, used: Int, errors: [String: Int]) {
    let day = day(now)
    return state.withLockedValue {
      $0.roll(to: day)
      return (day, $0.used, $0.errors)
    }
  }

  struct Change: Decodable {
    let concurrentCalls: Int?
    let callsPerWindow: Int?
    let windowSeconds: Double?
    let callsPerDay: Int?
    let usedToday: Int?
    /// Calls of somebody else that the window holds from now on.
    let callsOfOthers: Int?
  }

  func apply(_ change: Change, now: Double) {
    let day = day(now)
    state.withLockedValue { state in
      state.roll(to: day)
      state.limits.concurrent = max(0, change.concurrentCalls ?? state.limits.concurrent)
      state.limits.perWindow = max(0, change.callsPerWindow ?? state.limits.perWindow)
      state.limits.windowSeconds = max(0, change.windowSeconds ?? state.limits.windowSeconds)
      state.limits.perDay = max(0, change.callsPerDay ?? state.limits.perDay)
      state.used = max(0, change.usedToday ?? state.used)
      if let others = change.callsOfOthers {
        state.recent += [Double](repeating: now, count: max(0, others))
        state.used += max(0, others)
      }
    }
  }

  /// Limits, what is used of them, the most that ever was, and how often each refused.
  func report(now: Double) -> JSONValue {
    let day = day(now)
    return state.withLockedValue { state in
      state.roll(to: day)
      let recent = state.recent.count { $0 > now - state.limits.windowSeconds }
      return .object([
        ("concurrentCalls", .int(state.limits.concurrent)), ("callsPerWindow", .int(state.limits.perWindow)),
        ("windowSeconds", .number("\(state.limits.windowSeconds)")), ("callsPerDay", .int(state.limits.perDay)),
        ("running", .int(state.running)), ("mostRunning", .int(state.mostRunning)), ("inWindow", .int(recent)),
        ("mostInWindow", .int(state.mostRecent)), ("usedToday", .int(state.used)),
        ("refused", .object(state.refused.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })),
      ])
    }
  }

  func resetCounters() {
    state.withLockedValue {
      $0.refused = [:]
      $0.mostRunning = $0.running
      $0.mostRecent = 0
    }
  }
}

extension MarketoGate.State {
  fileprivate mutating func roll(to day: Int) {
    guard self.day != day else { return }
    self.day = day
    used = 0
    errors = [:]
  }
}
