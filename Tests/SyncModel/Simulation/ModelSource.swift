import SyncModel

/// A page on its way: records `from ..< to`, each with the version of its content.
struct ModelPage: Sendable {
  var from: Int
  var to: Int
  var versions: [UInt8]
  var isLast: Bool
  /// The position after it.
  var next: Position
}

/// A bulk job of the source.
struct ModelExtract: Sendable {
  enum State: Int, Sendable { case running, complete, failed, gone }

  var job: Int
  var state = State.running
  var readyAt: Int64
  /// The content of all records when the bulk job ran.
  var snapshot: [UInt8]
}

/// Records in pages, and bulk jobs that take time, fail, expire, and are forgotten when told so.
struct ModelSource: Sendable {
  /// Version of each record's content, from 1.
  var versions: [UInt8]
  var extracts: [ModelExtract] = []

  init(records: Int) { versions = [UInt8](repeating: 1, count: records) }

  /// Creates a bulk job.
  mutating func create(for job: Int, readyAt: Int64) -> Int {
    extracts.append(ModelExtract(job: job, readyAt: readyAt, snapshot: versions))
    return extracts.count - 1
  }

  /// How a bulk job stands.
  mutating func state(of extract: Int, now: Int64) -> ModelExtract.State {
    if extracts[extract].state == .running, extracts[extract].readyAt <= now { extracts[extract].state = .complete }
    return extracts[extract].state
  }

  /// The page at a position, or `nil` when the bulk job's results are gone.
  func page(at position: Position, method: ExtractMethod, from: Int, to: Int, rows: Int) -> ModelPage? {
    var next = position
    next.pages += 1
    switch method {
    case .bulk:
      guard let name = position.bulkJob, extracts[Names.number(name)].state == .complete else { return nil }
      let number = position.locator.map(Names.number) ?? 0
      let start = min(from + number * rows, to)
      let end = min(start + rows, to)
      next.locator = end < to ? Names.name(number + 1) : nil
      return ModelPage(
        from: start, to: end, versions: extracts[Names.number(name)].snapshot, isLast: end == to, next: next)
    case .rest:
      let start = position.lastID.map { Names.number($0) + 1 } ?? from
      let end = max(start, min(start + rows, to))
      if end > start { next.lastID = Names.name(end - 1) }
      return ModelPage(from: start, to: end, versions: versions, isLast: end - start < rows, next: next)
    }
  }
}

/// Short names for small numbers, made once.
enum Names {
  private static let names = (0..<256).map { String($0) }

  static func name(_ number: Int) -> String { number < 256 ? names[number] : String(number) }

  static func number(_ name: String) -> Int {
    var number = 0
    for byte in name.utf8 { number = number * 10 + Int(byte) - 48 }
    return number
  }
}
