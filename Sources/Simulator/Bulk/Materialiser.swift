import Glibc
import NIOConcurrencyHelpers
import NIOPosix

/// Writes the answer of a statement into a spool file, several pieces at a time.
struct Materialiser: Sendable {
  /// Rows of a piece: small enough for a thread's cache, large enough to compress well.
  static let pieceRows = 2000

  struct Cancelled: Error {}

  let pool: NIOThreadPool
  let threads: Int
  private let benches = Benches()

  init(pool: NIOThreadPool, threads: Int) {
    self.pool = pool
    self.threads = threads
  }

  /// What a job asks for.
  struct Order: Sendable {
    var statement: SOQLStatement
    var profile: Profile
    var includeDeleted: Bool
    var delimiter: UInt8
    var crlf: Bool
  }

  /// Where each piece of the answer starts.
  private struct Cuts: @unchecked Sendable {
    // Proof of Sendable: the source is made of values and of the immutable data set.
    var source: RowSource
    var starts: [(place: Int, rows: Int)]
  }

  /// Makes the file.
  /// - Parameters:
  ///   - progress: told of rows written.
  ///   - isCancelled: asked between pieces.
  func write(
    _ order: Order, of data: DataSet, key: [UInt8], to path: String, progress: @escaping @Sendable (Int) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) async throws -> SpoolFile {
    let part = "\(path).\(UInt64.random(in: 0 ... .max)).part"
    let descriptor = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SpoolFile.Failure(what: "create", code: errno) }
    do {
      let cuts = try await pool.runIfActive { try cut(order, data) }
      let writer = PieceWriter(descriptor: descriptor, count: cuts.starts.count)
      try await withThrowingTaskGroup(of: Void.self) { group in
        var next = 0
        func addNext() {
          guard next < cuts.starts.count else { return }
          let place = next
          next += 1
          group.addTask {
            try await pool.runIfActive {
              if isCancelled() { throw Cancelled() }
              try piece(cuts, place, order, writer)
              progress(cuts.starts[place].rows)
            }
          }
        }
        for _ in 0..<threads { addNext() }
        while try await group.next() != nil { addNext() }
      }
      let (pieces, end) = writer.finished
      try SpoolIndex.append(to: descriptor, at: end, pieces: pieces, key: key)
      guard rename(part, path) == 0 else { throw SpoolFile.Failure(what: "rename", code: errno) }
      return SpoolFile(descriptor: descriptor, pieces: pieces)
    } catch {
      unlink(part)
      close(descriptor)
      throw error
    }
  }

  private func cut(_ order: Order, _ data: DataSet) throws -> Cuts {
    let query = try BoundQuery(
      order.statement, data: data, profile: order.profile, includeDeleted: order.includeDeleted)
    let source = try RowSource(query, data: data)
    var starts: [(place: Int, rows: Int)] = []
    var left = query.limit ?? .max
    var place: Int? = query.range.isEmpty ? nil : source.start
    while let at = place, left > 0 {
      let (next, found) = source.skip(from: at, min(Self.pieceRows, left))
      if found > 0 { starts.append((at, found)) }
      left -= found
      place = next
    }
    return Cuts(source: source, starts: starts)
  }

  private func piece(_ cuts: Cuts, _ place: Int, _ order: Order, _ output: PieceWriter) throws {
    let query = cuts.source.query
    let writer = CSVRowWriter(
      renderer: cuts.source.renderer, columns: query.columns, delimiter: order.delimiter, crlf: order.crlf)
    let count = cuts.starts[place].rows
    let bench = try benches.take()
    defer { benches.give(bench) }
    bench.rows.removeAll(keepingCapacity: true)
    bench.sink.removeAll()
    _ = cuts.source.next(from: cuts.starts[place].place, count, into: &bench.rows)
    let data = cuts.source.renderer.data
    for index in bench.rows { writer.row(data.row(query.object.kind, index), &bench.sink) }
    let rawLength = bench.sink.count
    try bench.deflater.withPiece(bench.sink.bytes) { bytes, crc in
      try output.put(place, bytes, rawLength: rawLength, crc: crc, rows: count)
    }
  }
}

/// Takes pieces from several threads in any order.
private final class PieceWriter: Sendable {
  private struct State {
    var end = 0
    var pieces: [SpoolFile.Piece]
  }

  private let descriptor: Int32
  private let state: NIOLockedValueBox<State>

  init(descriptor: Int32, count: Int) {
    self.descriptor = descriptor
    let none = SpoolFile.Piece(offset: 0, length: 0, rawLength: 0, crc: 0, rows: 0)
    state = NIOLockedValueBox(State(pieces: Array(repeating: none, count: count)))
  }

  func put(_ place: Int, _ bytes: UnsafeRawBufferPointer, rawLength: Int, crc: UInt, rows: Int) throws {
    let offset = state.withLockedValue { state in
      let offset = state.end
      state.end += bytes.count
      state.pieces[place] = SpoolFile.Piece(
        offset: offset, length: bytes.count, rawLength: rawLength, crc: crc, rows: rows)
      return offset
    }
    try SpoolFile.write(descriptor, bytes, at: offset)
  }

  var finished: (pieces: [SpoolFile.Piece], end: Int) { state.withLockedValue { ($0.pieces, $0.end) } }
}
