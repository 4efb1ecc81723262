import Foundation
public import Logging
import Synchronization

/// Passes markers, and halts or crashes at one when a crash test asks for it.
public struct ProgressMarkers: Sendable {
  private let halt: Appointment?
  private let abort: Appointment?
  private let logger: Logger

  /// Markers that halt where `CRMSYNC_HALT_AT` says and crash where `CRMSYNC_ABORT_AT` says: `MARKER` or
  /// `MARKER:COUNT`.
  public init(logger: Logger) {
    self.logger = logger
    let environment = ProcessInfo.processInfo.environment
    halt = environment["CRMSYNC_HALT_AT"].flatMap(Appointment.init)
    abort = environment["CRMSYNC_ABORT_AT"].flatMap(Appointment.init)
  }

  /// The process got to a marker.
  public func reached(_ marker: ProgressMarker) async {
    logger.trace("reached \(marker.rawValue)")
    if let abort, abort.isDue(at: marker) { Foundation.abort() }
    guard let halt, halt.isDue(at: marker) else { return }
    FileHandle.standardError.write(Data("halted at \(marker.rawValue)\n".utf8))
    // Nothing resumes this: the test kills the process here.
    let never = AsyncStream<Never> { _ in }
    for await _ in never {}
  }
}

/// A marker, and after how many times something happens there.
private final class Appointment: Sendable {
  private let marker: ProgressMarker
  private let remaining: Mutex<Int>

  init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard let name = parts.first, let marker = ProgressMarker(rawValue: String(name)) else { return nil }
    self.marker = marker
    remaining = Mutex(parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
  }

  func isDue(at reached: ProgressMarker) -> Bool {
    guard reached == marker else { return false }
    return remaining.withLock { remaining in
      remaining -= 1
      return remaining == 0
    }
  }
}
