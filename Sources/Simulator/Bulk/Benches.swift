import NIOConcurrencyHelpers

/// Buffers that threads take turns with, so that pieces are made without asking the system for memory.
final class Benches: Sendable {
  /// What one thread needs to make a piece.
  final class Bench {
    var rows: [Int] = []
    var sink = ByteSink(capacity: 1 << 20)
    let deflater: Deflater

    init() throws { deflater = try Deflater() }
  }

  private struct Idle: @unchecked Sendable {
    // Proof of Sendable: a bench is in the list or in the hands of one thread, never both.
    var benches: [Bench] = []
  }

  private let idle = NIOLockedValueBox(Idle())

  func take() throws -> Bench { try idle.withLockedValue { $0.benches.popLast() } ?? Bench() }

  func give(_ bench: Bench) { idle.withLockedValue { $0.benches.append(bench) } }
}
