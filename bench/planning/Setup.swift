import AMQP
import Foundation
import PostgreSQL

/// Where the servers are, and how many jobs are to be measured.
struct Setup: Sendable {
  static let tenant = "bench"
  /// Jobs that are on the queue or at work at once.
  static let batch = 100
  /// Jobs that are claimed or committed at once: the slots of two workers.
  static let slots = 8

  let database: PostgresConfiguration
  let broker: AMQPConfiguration
  let jobs: Int

  /// Reads `BENCH_DATABASE`, `BENCH_BROKER` and `BENCH_JOBS`.
  init(_ environment: [String: String]) throws {
    guard let database = environment["BENCH_DATABASE"], let broker = environment["BENCH_BROKER"],
      let jobs = environment["BENCH_JOBS"].flatMap(Int.init), jobs > 0
    else { throw SetupError() }
    self.database = PostgresConfiguration(url: database)
    self.broker = try AMQPConfiguration(url: broker, name: "crmsync-bench")
    self.jobs = jobs
  }

  /// The jobs' places in batches.
  func batches(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: Self.batch).map { $0..<min($0 + Self.batch, count) }
  }
}

/// What the tool was not told.
struct SetupError: Error, CustomStringConvertible {
  var description: String {
    "usage: BENCH_DATABASE=postgresql://… BENCH_BROKER=amqp://… BENCH_JOBS=100000 crmsync-bench product|bare"
  }
}
