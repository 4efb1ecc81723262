public import SyncModel

/// Reads CSV as Bulk API 2.0 sends it: a header row on every page, cells quoted or not, line breaks inside quotes.
///
/// Takes chunks of any size. Values go to the batch unescaped; no text is made of any of them. After an error the
/// page is lost and the reader with it.
public struct CSVReader: Sendable {
  /// Longest record, in bytes.
  public static let longestRecord = 64 << 20

  /// Bytes that are looked at in one go while a record from an earlier chunk is completed.
  private static let window = 4096

  private let fields: [String]
  private var machine = CSVMachine()
  /// Whether the header row has been read.
  private(set) var hasHeader = false
  /// Records read so far, over all batches.
  public private(set) var rowCount = 0
  /// The header row, or a record that an earlier chunk ended in the middle of.
  private var partial: RecordBatch

  /// A reader for a page whose header row names these fields.
  public init(fields: [String]) {
    self.fields = fields
    partial = RecordBatch(columnCount: fields.count)
  }

  /// Reads a chunk. Complete records are added to the batch; the rest is kept for the next chunk.
  public mutating func read(_ chunk: [UInt8], into batch: inout RecordBatch) throws(CSVError) {
    try chunk.withUnsafeBufferPointer { chunk throws(CSVError) in
      var position = 0
      while position < chunk.count, !hasHeader || machine.isInRecord {
        position += try completePartial(chunk, from: position, into: &batch)
      }
      guard position < chunk.count else { return }
      let rows = batch.rowCount
      _ = try scan(UnsafeBufferPointer(rebasing: chunk[position...]), into: &batch, stopAfterRow: false)
      rowCount += batch.rowCount - rows
      try keepPartial(of: &batch)
    }
  }

  /// Ends the page. The last line need not end in a line break, but must be whole; a page without a single byte is
  /// a page without records.
  /// - Throws: `endsInRecord` when it was cut.
  public mutating func finish(into batch: inout RecordBatch) throws(CSVError) {
    guard machine.isInRecord else { return }
    guard machine.state != .quoted, machine.cells == fields.count - 1 else { throw .endsInRecord }
    let wasHeader = !hasHeader
    do {
      try read([UInt8(ascii: "\n")], into: &batch)
    } catch {
      throw wasHeader ? .endsInRecord : error
    }
  }

  /// Goes on with the row that an earlier chunk ended in the middle of, or the header row.
  /// - Returns: bytes that were read.
  private mutating func completePartial(
    _ chunk: UnsafeBufferPointer<UInt8>, from start: Int, into batch: inout RecordBatch
  ) throws(CSVError) -> Int {
    let end = min(chunk.count, start + Self.window)
    var row = RecordBatch(columnCount: fields.count)
    swap(&row, &partial)
    let read = try scan(UnsafeBufferPointer(rebasing: chunk[start..<end]), into: &row, stopAfterRow: true)
    if row.rowCount == 0 {
      guard row.bytes.count <= Self.longestRecord else { throw .tooLong(row: rowCount + 1) }
    } else if hasHeader {
      let shift = batch.bytes.count
      batch.bytes.append(contentsOf: row.bytes)
      for end in row.ends { batch.ends.append(end + shift) }
      batch.rowCount += 1
      rowCount += 1
      row.removeAll()
    } else {
      try check(header: row)
      hasHeader = true
      row.removeAll()
    }
    swap(&row, &partial)
    return read
  }

  private func check(header: RecordBatch) throws(CSVError) {
    for (column, field) in fields.enumerated() {
      // What stands there instead is not quoted: without a header it would be a record's value.
      guard header.text(row: 0, column: column)?.lowercased() == field.lowercased() else {
        throw .header("column \(column + 1) is not \(field)")
      }
    }
  }

  private mutating func keepPartial(of batch: inout RecordBatch) throws(CSVError) {
    guard machine.isInRecord else { return }
    let complete = batch.rowCount * fields.count
    let bytes = complete > 0 ? batch.ends[complete - 1] : 0
    guard batch.bytes.count - bytes <= Self.longestRecord else { throw .tooLong(row: rowCount + 1) }
    partial.bytes.append(contentsOf: batch.bytes[bytes...])
    for end in batch.ends[complete...] { partial.ends.append(end - bytes) }
    batch.bytes.removeSubrange(bytes...)
    batch.ends.removeSubrange(complete...)
  }

  /// Runs the state machine over bytes. Output never outgrows input, so room is made once.
  /// - Returns: bytes that were read.
  private mutating func scan(
    _ input: UnsafeBufferPointer<UInt8>, into batch: inout RecordBatch, stopAfterRow: Bool
  ) throws(CSVError) -> Int {
    let base = batch.bytes.count
    batch.bytes.append(contentsOf: repeatElement(0, count: input.count))
    let run = batch.bytes.withUnsafeMutableBufferPointer { bytes in
      machine.run(
        input, into: UnsafeMutableBufferPointer(rebasing: bytes[base...]), base: base, ends: &batch.ends,
        columns: fields.count, stopAfterRow: stopAfterRow)
    }
    batch.bytes.removeLast(input.count - run.written)
    batch.rowCount += run.rows
    let row = rowCount + run.rows + 1
    switch run.problem {
    case nil: return run.read
    // A header row of other columns is no record with a fault.
    case .cells where !hasHeader: throw .header("it has other than \(fields.count) columns")
    case .cells(let found): throw .cells(row: row, found: found, expected: fields.count)
    case .quote where !hasHeader: throw .header("it is not CSV")
    case .quote: throw .quote(row: row)
    }
  }
}
