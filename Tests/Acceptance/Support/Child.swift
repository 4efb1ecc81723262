import Foundation
import Synchronization

/// A process that a test has started. Ends with the test.
final class Child: Sendable {
  private struct Output {
    var text = ""
    var waiting: [(String, CheckedContinuation<Bool, Never>)] = []
    var isOver = false
  }

  let name: String
  private let process: Process
  private let output = Mutex(Output())

  /// Starts a program.
  init(_ name: String, _ binary: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    self.name = name
    process = Process()
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments = arguments
    // Crashes shall end the process at once, not after a minute of symbols.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { _, new in new }.merging(environment) { _, new in new }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in self?.take(handle) }
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  private func take(_ handle: FileHandle) {
    let data = handle.availableData
    let resumed = output.withLock { output in
      output.text += String(decoding: data, as: UTF8.self)
      if data.isEmpty { output.isOver = true }
      let ready = output.waiting.filter { output.isOver || output.text.contains($0.0) }
      output.waiting.removeAll { waiting in output.isOver || output.text.contains(waiting.0) }
      return ready.map { ($0.1, output.text.contains($0.0)) }
    }
    if data.isEmpty { handle.readabilityHandler = nil }
    for (continuation, found) in resumed { continuation.resume(returning: found) }
  }

  /// Everything it has printed so far.
  var text: String { output.withLock { $0.text } }

  /// Waits until it prints a text.
  func waitFor(_ marker: String, within limit: Duration = .seconds(60)) async throws {
    let found = try await withTimeout(limit, "\(name) to print '\(marker)'", report: { self.text }) {
      await withCheckedContinuation { continuation in
        let now = self.output.withLock { output -> Bool? in
          if output.text.contains(marker) { return true }
          if output.isOver { return false }
          output.waiting.append((marker, continuation))
          return nil
        }
        if let now { continuation.resume(returning: now) }
      }
    }
    guard found else { throw Unexpected("\(name) ended without printing '\(marker)':\n\(text.suffix(2000))") }
  }

  /// Waits until it ends.
  func waitForExit(within limit: Duration = .seconds(60)) async throws -> Int32 {
    let process = process
    _ = try await withTimeout(limit, "\(name) to end", report: { self.text }) {
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          process.waitUntilExit()
          continuation.resume(returning: true)
        }
      }
    }
    return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
  }

  /// Sends a signal.
  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Ends it as a power cut would, and waits until it is gone.
  func kill9() async throws {
    signal(SIGKILL)
    _ = try await waitForExit()
  }
}

/// Something that a test did not expect.
struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Waits for something with a limit whose message names what was waited for.
func withTimeout<R: Sendable>(
  _ limit: Duration, _ what: String, report: @escaping @Sendable () -> String = { "" },
  _ body: @escaping @Sendable () async throws -> R
) async throws -> R {
  let outcome = AsyncThrowingStream<R, any Error>.makeStream()
  let work = Task {
    do {
      outcome.continuation.yield(try await body())
      outcome.continuation.finish()
    } catch {
      outcome.continuation.finish(throwing: error)
    }
  }
  let timer = Task {
    try await Task.sleep(for: limit)
    outcome.continuation.finish(throwing: Unexpected("waited \(limit) for \(what); \(report().suffix(3000))"))
    work.cancel()
  }
  defer { timer.cancel() }
  for try await value in outcome.stream { return value }
  throw Unexpected("\(what): no result")
}
