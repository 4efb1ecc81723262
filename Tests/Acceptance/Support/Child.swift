import Foundation
import Synchronization
import TestSupport

/// A process that a test has started. Ends with the test.
final class Child: Sendable {
  let name: String
  let identifier: pid_t
  private let output = Signalled(Output())

  /// What it has printed, and how it ended.
  private struct Output {
    var text = ""
    /// All of its output is here: the last process that could write has closed its end.
    var isOver = false
    var status: Int32?
  }

  /// Starts a program.
  init(_ name: String, _ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    self.name = name
    // Crashes shall end the process at once, not after a minute of symbols.
    let environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { _, new in new }.merging(environment) { _, new in new }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Unexpected("no pipe: \(String(cString: strerror(errno)))") }
    let (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(writing) }
    do {
      identifier = try spawn(program, arguments, environment: environment, output: writing)
    } catch {
      close(reading)
      throw error
    }
    let (output, identifier) = (output, identifier)
    Thread.detachNewThread { Self.read(reading, into: output) }
    Thread.detachNewThread { Self.await(identifier, into: output) }
  }

  deinit { if output.value.status == nil { kill(identifier, SIGKILL) } }

  private static func read(_ descriptor: Int32, into output: Signalled<Output>) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    var bytes: [UInt8] = []
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer[..<count]
      let whole = wholeCharacters(bytes)
      let text = String(decoding: bytes[..<whole], as: UTF8.self)
      bytes.removeFirst(whole)
      output.update { $0.text += text }
    }
    close(descriptor)
    let rest = String(decoding: bytes, as: UTF8.self)
    output.update {
      $0.text += rest
      $0.isOver = true
    }
  }

  /// How many bytes there are before a character that is not complete yet: a pipe may be read up to its middle.
  private static func wholeCharacters(_ bytes: [UInt8]) -> Int {
    guard let last = bytes.lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return bytes.count }
    let length = bytes[last] < 0x80 ? 1 : bytes[last] < 0xE0 ? 2 : bytes[last] < 0xF0 ? 3 : 4
    return bytes.count - last < length ? last : bytes.count
  }

  private static func await(_ identifier: pid_t, into output: Signalled<Output>) {
    let code = awaitEnd(of: identifier)
    output.update { $0.status = code }
  }

  /// Everything it has printed so far.
  var text: String { output.value.text }

  /// Waits until it prints a text.
  func waitFor(_ marker: String, within limit: Duration = .seconds(60)) async throws {
    let seen = try await within(limit, "\(name) to print '\(marker)'", report: { self.text }) { [output] in
      await output.first { $0.isOver || $0.text.contains(marker) }
    }
    guard seen.text.contains(marker) else {
      throw Unexpected("\(name) ended without printing '\(marker)':\n\(text.suffix(2000))")
    }
  }

  /// Whether it has ended.
  var hasEnded: Bool { output.value.status != nil }

  /// How often it has printed a text so far.
  func count(of marker: String) -> Int { text.ranges(of: marker).count }

  /// Waits until it has ended and all that it printed is there.
  /// - Returns: its exit code; 128 and the signal's number if one ended it.
  func waitForExit(within limit: Duration = .seconds(60)) async throws -> Int32 {
    let end = try await within(limit, "\(name) to end", report: { self.text }) { [output] in
      await output.first { $0.isOver && $0.status != nil }
    }
    return end.status ?? -1
  }

  /// Sends a signal.
  func signal(_ number: Int32) { if output.value.status == nil { kill(identifier, number) } }

  /// Ends it as a power cut would, and waits until it is gone.
  func kill9() async throws {
    signal(SIGKILL)
    _ = try await waitForExit()
  }
}

/// A value that can be waited for.
private final class Signalled<Value: Sendable>: Sendable {
  private struct Waiting {
    let isReady: @Sendable (Value) -> Bool
    let continuation: CheckedContinuation<Value, Never>
  }
  private let state: Mutex<(value: Value, waiting: [Waiting])>

  init(_ value: Value) { state = Mutex((value, [])) }

  var value: Value { state.withLock { $0.value } }

  /// Changes it, and resumes those who have waited for what it is now.
  func update(_ change: (inout Value) -> Void) {
    let (value, ready) = state.withLock { state in
      change(&state.value)
      let value = state.value
      let ready = state.waiting.filter { $0.isReady(value) }
      state.waiting.removeAll { $0.isReady(value) }
      return (value, ready)
    }
    for waiting in ready { waiting.continuation.resume(returning: value) }
  }

  /// The first value, from now on, that is as wished.
  func first(where isReady: @escaping @Sendable (Value) -> Bool) async -> Value {
    await withCheckedContinuation { continuation in
      let value = state.withLock { state -> Value? in
        if isReady(state.value) { return state.value }
        state.waiting.append(Waiting(isReady: isReady, continuation: continuation))
        return nil
      }
      if let value { continuation.resume(returning: value) }
    }
  }
}

/// Something that a test did not expect.
struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
