import Foundation
import UnixSignals

/// Ends the process at once when it is told a second time to stop.
enum SecondSignal {
  /// Begins to count.
  static func install() {
    Task.detached {
      var received = 0
      for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
        received += 1
        if received == 2 { _exit(128 + signal.rawValue) }
      }
    }
  }
}
