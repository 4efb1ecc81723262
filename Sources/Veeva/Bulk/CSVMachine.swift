/// The state machine of CSV over bytes; what a chunk ends in the middle of is in its state.
struct CSVMachine: Sendable {
  enum State: UInt8 {
    case cellStart, plain, quoted, quoteInQuoted, carriageReturn
  }

  enum Problem {
    case cells(found: Int)
    case quote
  }

  /// What a run came to.
  struct Run {
    var read: Int
    var written: Int
    var rows: Int
    var problem: Problem?
  }

  private static let quote = UInt8(ascii: "\"")
  private static let comma = UInt8(ascii: ",")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private(set) var state = State.cellStart
  /// Cells of the current row that are complete.
  private(set) var cells = 0

  /// Whether a row has begun.
  var isInRecord: Bool { state != .cellStart || cells > 0 }

  /// Reads bytes until they end or, if wanted, a row does.
  /// - Parameters:
  ///   - output: values back to back; at least as long as `input`, which is what makes the stores below safe: no
  ///     byte is written before the byte that it comes from is read.
  ///   - base: added to each of `ends`.
  mutating func run(
    _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>, base: Int,
    ends: inout [Int], columns: Int, stopAfterRow: Bool
  ) -> Run {
    guard let first = input.baseAddress, let start = output.baseAddress, output.count >= input.count else {
      return Run(read: 0, written: 0, rows: 0)
    }
    let end = first + input.count
    var (from, to) = (first, start)
    var (state, cells, rows) = (state, cells, 0)
    var problem: Problem?
    scanning: while from < end {
      switch state {
      case .cellStart where from.pointee == Self.quote:
        from += 1
        state = .quoted
      case .quoted:
        Self.copyQuoted(&from, end, &to)
        if from == end { break scanning }
        from += 1
        state = .quoteInQuoted
      case .quoteInQuoted where from.pointee == Self.quote:
        to.pointee = Self.quote
        to += 1
        from += 1
        state = .quoted
      case .cellStart, .plain, .quoteInQuoted, .carriageReturn:
        let byte = from.pointee
        from += 1
        if byte == Self.comma, state != .carriageReturn {
          ends.append(base + start.distance(to: to))
          cells += 1
          state = .cellStart
          guard cells < columns else {
            problem = .cells(found: cells + 1)
            break scanning
          }
        } else if byte == Self.newline {
          guard cells + 1 == columns else {
            problem = .cells(found: cells + 1)
            break scanning
          }
          ends.append(base + start.distance(to: to))
          (state, cells, rows) = (.cellStart, 0, rows + 1)
          if stopAfterRow { break scanning }
        } else if byte == Self.carriageReturn, state != .carriageReturn {
          state = .carriageReturn
        } else if byte == Self.quote || state == .quoteInQuoted || state == .carriageReturn {
          problem = .quote
          break scanning
        } else {
          to.pointee = byte
          to += 1
          Self.copyPlain(&from, end, &to)
          state = .plain
        }
      }
    }
    (self.state, self.cells) = (state, cells)
    return Run(read: first.distance(to: from), written: start.distance(to: to), rows: rows, problem: problem)
  }

  /// Copies bytes up to a quote, eight at a time while there are eight.
  @inline(__always)
  private static func copyQuoted(
    _ from: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ to: inout UnsafeMutablePointer<UInt8>
  ) {
    while from.distance(to: end) >= 8 {
      let word = UnsafeRawPointer(from).loadUnaligned(as: UInt64.self)
      UnsafeMutableRawPointer(to).storeBytes(of: word, as: UInt64.self)
      let stops = ByteWord.matches(word, quote)
      guard stops == 0 else {
        from += ByteWord.index(stops)
        to += ByteWord.index(stops)
        return
      }
      from += 8
      to += 8
    }
    while from < end, from.pointee != quote {
      to.pointee = from.pointee
      from += 1
      to += 1
    }
  }

  /// Copies bytes up to one that ends an unquoted cell, or must not stand in it.
  @inline(__always)
  private static func copyPlain(
    _ from: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ to: inout UnsafeMutablePointer<UInt8>
  ) {
    while from.distance(to: end) >= 8 {
      let word = UnsafeRawPointer(from).loadUnaligned(as: UInt64.self)
      UnsafeMutableRawPointer(to).storeBytes(of: word, as: UInt64.self)
      let stops =
        ByteWord.matches(word, comma) | ByteWord.matches(word, newline) | ByteWord.matches(word, quote)
        | ByteWord.matches(word, carriageReturn)
      guard stops == 0 else {
        from += ByteWord.index(stops)
        to += ByteWord.index(stops)
        return
      }
      from += 8
      to += 8
    }
    while from < end {
      let byte = from.pointee
      if byte == comma || byte == newline || byte == quote || byte == carriageReturn { return }
      to.pointee = byte
      from += 1
      to += 1
    }
  }
}
