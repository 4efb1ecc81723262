import Foundation
public import SyncModel

/// What is wrong with a page of CSV.
public enum CSVError: Error, Sendable, Equatable, CustomStringConvertible {
  case header(String)
  case cells(row: Int, found: Int, expected: Int)
  case quote(row: Int)
  case tooLong(row: Int)
  case endsInRecord

  public var description: String {
    switch self {
    case .header(let problem): "the header row is not the statement's field list: \(problem)"
    case .cells(let row, let found, let expected): "record \(row) has \(found) cells instead of \(expected)"
    case .quote(let row): "record \(row) has something after a closing quote"
    case .tooLong(let row): "record \(row) is longer than \(CSVReader.longestRecord) bytes"
    case .endsInRecord: "the page ends in the middle of a record"
    }
  }
}

/// Reads CSV as Bulk API 2.0 sends it: a header row on every page, cells quoted or not, line breaks inside quotes.
///
/// Takes chunks of any size. Values go to the batch unescaped; no text is made of any of them.
public struct CSVReader: Sendable {
  /// Longest record, in bytes.
  public static let longestRecord = 64 << 20

  private enum State {
    case cellStart, plain, quoted, quoteInQuoted, carriageReturn
  }

  private let fields: [String]
  private var state = State.cellStart
  private var header: RecordBatch?
  private var cellsInRow = 0
  private var recordStart = 0
  /// Records read so far, over all batches.
  public private(set) var rowCount = 0
  /// A record that an earlier chunk ended in the middle of.
  private var partial: RecordBatch

  /// A reader for a page whose header row names these fields.
  public init(fields: [String]) {
    self.fields = fields
    header = RecordBatch(columnCount: fields.count)
    partial = RecordBatch(columnCount: fields.count)
  }

  /// Reads a chunk. Complete records are added to the batch; the rest is kept for the next chunk.
  public mutating func read(_ chunk: [UInt8], into batch: inout RecordBatch) throws(CSVError) {
    var offset = 0
    if header != nil {
      offset = try readHeader(chunk)
      if header != nil { return }
    }
    // The record that the last chunk broke off goes first.
    if !partial.bytes.isEmpty || !partial.ends.isEmpty {
      let shift = batch.bytes.count
      batch.bytes.append(contentsOf: partial.bytes)
      for end in partial.ends { batch.ends.append(end + shift) }
      partial.removeAll()
    }
    recordStart = batch.rowCount > 0 ? batch.ends[batch.rowCount * fields.count - 1] : 0
    try scan(chunk, from: offset, into: &batch, stopAfterFirst: false)
    try keepPartial(of: &batch)
  }

  /// Ends the page.
  /// - Throws: `endsInRecord` when it was cut.
  public mutating func finish(into batch: inout RecordBatch) throws(CSVError) {
    if header != nil {
      // An empty page is a page without records; half a header is not.
      guard cellsInRow == 0, header?.bytes.isEmpty ?? true else { throw .endsInRecord }
      return
    }
    if partial.ends.isEmpty, partial.bytes.isEmpty, state == .cellStart { return }
    // A last line need not end in a line break, but must be whole.
    guard state != .quoted, cellsInRow == fields.count - 1 else { throw .endsInRecord }
    try read([UInt8(ascii: "\n")], into: &batch)
  }

  private mutating func readHeader(_ chunk: [UInt8]) throws(CSVError) -> Int {
    guard var row = header else { return 0 }
    let next = try scan(chunk, from: 0, into: &row, stopAfterFirst: true)
    header = row
    guard row.rowCount == 1 else { return next }
    for (column, field) in fields.enumerated() {
      let name = row.text(row: 0, column: column) ?? ""
      guard name.lowercased() == field.lowercased() else { throw .header("\(name) instead of \(field)") }
    }
    header = nil
    rowCount = 0
    return next
  }

  private mutating func keepPartial(of batch: inout RecordBatch) throws(CSVError) {
    let complete = batch.rowCount * fields.count
    let bytes = complete > 0 ? batch.ends[complete - 1] : 0
    guard batch.bytes.count > bytes || batch.ends.count > complete else { return }
    guard batch.bytes.count - bytes <= Self.longestRecord else { throw .tooLong(row: rowCount + 1) }
    partial.bytes.append(contentsOf: batch.bytes[bytes...])
    for end in batch.ends[complete...] { partial.ends.append(end - bytes) }
    batch.bytes.removeSubrange(bytes...)
    batch.ends.removeSubrange(complete...)
  }

  /// The state machine. Output never outgrows input, so room for a chunk is made once.
  /// - Returns: where it stopped.
  @discardableResult
  private mutating func scan(
    _ chunk: [UInt8], from start: Int, into batch: inout RecordBatch, stopAfterFirst: Bool
  ) throws(CSVError) -> Int {
    let base = batch.bytes.count
    batch.bytes.append(contentsOf: repeatElement(0, count: chunk.count - start))
    var output = base
    var position = start
    let result = chunk.withUnsafeBufferPointer { input in
      batch.bytes.withUnsafeMutableBufferPointer { bytes in
        Result { () throws(CSVError) in
          try step(input, &position, bytes, &output, &batch.ends, &batch.rowCount, stopAfterFirst)
        }
      }
    }
    batch.bytes.removeSubrange(output...)
    try result.get()
    return position
  }

  private mutating func step(
    _ input: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ bytes: UnsafeMutableBufferPointer<UInt8>,
    _ output: inout Int, _ ends: inout [Int], _ rows: inout Int, _ stopAfterFirst: Bool
  ) throws(CSVError) {
    let quote = UInt8(ascii: "\"")
    let comma = UInt8(ascii: ",")
    let newline = UInt8(ascii: "\n")
    let carriageReturn = UInt8(ascii: "\r")
    while position < input.count {
      let byte = input[position]
      switch state {
      case .quoted:
        position += Self.copy(input, position, until: quote, bytes, &output)
        if position < input.count {
          position += 1
          state = .quoteInQuoted
        }
        continue
      case .cellStart where byte == quote:
        position += 1
        state = .quoted
        continue
      case .quoteInQuoted where byte == quote:
        bytes[output] = quote
        output += 1
        position += 1
        state = .quoted
        continue
      case .cellStart, .plain, .quoteInQuoted:
        if byte == comma {
          ends.append(output)
          cellsInRow += 1
          state = .cellStart
        } else if byte == newline {
          try endRow(&ends, &rows, output)
          position += 1
          if stopAfterFirst { return }
          continue
        } else if byte == carriageReturn {
          state = .carriageReturn
        } else if state == .quoteInQuoted {
          throw .quote(row: rowCount + 1)
        } else {
          bytes[output] = byte
          output += 1
          state = .plain
        }
        position += 1
      case .carriageReturn:
        guard byte == newline else { throw .quote(row: rowCount + 1) }
        try endRow(&ends, &rows, output)
        position += 1
        if stopAfterFirst { return }
      }
    }
  }

  @inline(__always)
  private mutating func endRow(_ ends: inout [Int], _ rows: inout Int, _ output: Int) throws(CSVError) {
    cellsInRow += 1
    // A line without anything on it is no record, unless there is only one column.
    guard cellsInRow == fields.count else {
      throw .cells(row: rowCount + 1, found: cellsInRow, expected: fields.count)
    }
    ends.append(output)
    cellsInRow = 0
    rows += 1
    rowCount += 1
    state = .cellStart
  }

  /// Copies bytes up to a stop byte.
  /// - Returns: how many.
  @inline(__always)
  private static func copy(
    _ input: UnsafeBufferPointer<UInt8>, _ position: Int, until stop: UInt8,
    _ bytes: UnsafeMutableBufferPointer<UInt8>, _ output: inout Int
  ) -> Int {
    guard let source = input.baseAddress, let target = bytes.baseAddress else { return 0 }
    let rest = input.count - position
    let from = source + position
    let count = memchr(from, Int32(stop), rest).map { UnsafeRawPointer(from).distance(to: $0) } ?? rest
    memcpy(target + output, from, count)
    output += count
    return count
  }
}
