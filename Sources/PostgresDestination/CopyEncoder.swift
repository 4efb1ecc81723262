import SyncModel

/// Turns records into COPY text for every table of their mapping.
///
/// Each value is checked against its column's type first, since one bad value would fail the whole COPY. A record
/// with a refused value is written to none of the tables.
///
/// Confined to the task that made it.
final class CopyEncoder {
  /// What a batch came to.
  struct Encoded: Sendable {
    var rows: Int
    var rejects: [Reject]
    /// Records among `rows` that were deleted in the source.
    var deleted = 0
  }

  /// A batch whose shape is not the mapping's: the extract was made for another field list.
  struct MalformedBatch: Error, CustomStringConvertible {
    let columns: Int
    let wanted: Int

    var description: String { "a batch of \(columns) values per record does not fit a list of \(wanted) fields" }
  }

  private struct Column {
    let source: Int
    let type: ValueType
    let isRequired: Bool
  }

  private let mapping: ObjectMapping
  private let tables: [[Column]]
  /// Tells the fates of a delta's records; `nil` where every record is alive.
  private let fates: FateReader?
  /// Values per record.
  private let width: Int
  /// How often one field stands in one table, at most.
  private let repeats: Int
  /// Owned: where rows are encoded before they are appended to a table's text. Grows to the longest row.
  private var scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 << 10)

  /// - Parameter rules: for the page of a delta. Each row of its text ends with the record's fate and the id of the
  ///   record that it was merged into.
  init(_ mapping: ObjectMapping, rules: ChangeRules? = nil) {
    self.mapping = mapping
    fates = rules.map { FateReader($0) }
    width = mapping.fields.count + (rules?.extraFields.count ?? 0)
    tables = mapping.tables.map { table in
      table.columns.map {
        Column(source: $0.source, type: $0.type, isRequired: $0.source <= ObjectMapping.modstampColumn)
      }
    }
    repeats =
      tables.map { columns in
        Dictionary(grouping: columns, by: \.source).values.map(\.count).max() ?? 1
      }.max() ?? 1
  }

  deinit { scratch.deallocate() }

  /// Encodes a batch.
  /// - Parameter outputs: COPY text per table, in the mapping's order; added to.
  func encode(_ batch: RecordBatch, into outputs: inout [[UInt8]]) throws -> Encoded {
    try check(batch, outputs)
    if let fates { return encodeChanges(batch, fates, into: &outputs) }
    let before = outputs.map(\.count)
    var refused: [Int: Reject] = [:]
    // Usually no record is refused, and one pass over each table is all. When some are, those rows are left out of
    // every table by a second pass.
    for (table, columns) in tables.enumerated() { encode(batch, columns, leavingOut: [:], &refused, &outputs[table]) }
    if !refused.isEmpty {
      var none: [Int: Reject] = [:]
      for (table, columns) in tables.enumerated() {
        outputs[table].removeSubrange(before[table]...)
        encode(batch, columns, leavingOut: refused, &none, &outputs[table])
      }
    }
    return Encoded(
      rows: batch.rowCount - refused.count, rejects: refused.sorted { $0.key < $1.key }.map(\.value))
  }

  /// The loops below trust the batch's layout; this is where it is made sure of.
  private func check(_ batch: RecordBatch, _ outputs: [[UInt8]]) throws {
    guard outputs.count == tables.count, batch.columnCount == width, batch.ends.count >= batch.rowCount * width,
      (batch.ends.last ?? 0) <= batch.bytes.count,
      tables.allSatisfy({ $0.allSatisfy { 0..<width ~= $0.source } }),
      (fates?.columns ?? []).allSatisfy({ 0..<width ~= $0 })
    else { throw MalformedBatch(columns: batch.columnCount, wanted: width) }
  }

  private func encode(
    _ batch: RecordBatch, _ columns: [Column], leavingOut: [Int: Reject], _ refused: inout [Int: Reject],
    _ text: inout [UInt8]
  ) {
    let width = batch.columnCount
    batch.bytes.withUnsafeBufferPointer { bytes in
      batch.ends.withUnsafeBufferPointer { ends in
        columns.withUnsafeBufferPointer { columns in
          var used = 0
          for row in 0..<batch.rowCount {
            if !leavingOut.isEmpty, leavingOut[row] != nil { continue }
            let first = row * width
            let rowBytes = width == 0 ? 0 : ends[first + width - 1] - (first == 0 ? 0 : ends[first - 1])
            guard let start = room(for: rowBytes, columns.count, &used, &text) else { continue }
            var output = start
            if let failure = encodeRow(bytes, ends, first: first, columns, &output) {
              if refused[row] == nil { refused[row] = reject(batch, row, failure.column, failure.reason) }
            } else {
              // The last tab becomes the end of the line.
              (output - 1).pointee = UInt8(ascii: "\n")
              used += output - start
            }
          }
          text.append(contentsOf: UnsafeBufferPointer(rebasing: scratch[..<used]))
        }
      }
    }
  }

  /// A place with room for a row whatever is in it: four bytes for a byte, eight more for a value.
  @inline(__always)
  private func room(
    for rowBytes: Int, _ columns: Int, _ used: inout Int, _ text: inout [UInt8]
  ) -> UnsafeMutablePointer<UInt8>? {
    let needed = rowBytes * 4 * repeats + columns * 8 + 8
    if scratch.count - used < needed {
      text.append(contentsOf: UnsafeBufferPointer(rebasing: scratch[..<used]))
      used = 0
      if scratch.count < needed {
        scratch.deallocate()
        scratch = .allocate(capacity: needed)
      }
    }
    return scratch.baseAddress.map { $0 + used }
  }

  /// Writes a row's values, each with a tab behind it.
  @inline(__always)
  private func encodeRow(
    _ bytes: UnsafeBufferPointer<UInt8>, _ ends: UnsafeBufferPointer<Int>, first: Int,
    _ columns: UnsafeBufferPointer<Column>, _ output: inout UnsafeMutablePointer<UInt8>
  ) -> (column: Column, reason: StaticString)? {
    for column in columns {
      let index = first + column.source
      let start = index == 0 ? 0 : ends[index - 1]
      let end = ends[index]
      let before = output
      if start == end {
        if column.isRequired { return (column, "missing") }
      } else if let reason = ValueEncoder.encode(
        UnsafeBufferPointer(rebasing: bytes[start..<end]), as: column.type, &output)
      {
        return (column, reason)
      }
      // Nothing written: no value, or text of nothing but NUL bytes.
      if output == before {
        output[0] = 0x5C
        output[1] = UInt8(ascii: "N")
        output += 2
      }
      output.pointee = UInt8(ascii: "\t")
      output += 1
    }
    return nil
  }

  // MARK: Changes

  private func encodeChanges(_ batch: RecordBatch, _ reader: FateReader, into outputs: inout [[UInt8]]) -> Encoded {
    let before = outputs.map(\.count)
    let fates = fates(of: batch, reader)
    var refused: [Int: Reject] = [:]
    for (table, columns) in tables.enumerated() {
      encodeChanges(batch, columns, reader, fates, leavingOut: [:], &refused, &outputs[table])
    }
    if !refused.isEmpty {
      var none: [Int: Reject] = [:]
      for (table, columns) in tables.enumerated() {
        outputs[table].removeSubrange(before[table]...)
        encodeChanges(batch, columns, reader, fates, leavingOut: refused, &none, &outputs[table])
      }
    }
    var deleted = 0
    for (row, fate) in fates.enumerated() where fate == .deleted && refused[row] == nil { deleted += 1 }
    return Encoded(
      rows: batch.rowCount - refused.count, rejects: refused.sorted { $0.key < $1.key }.map(\.value), deleted: deleted)
  }

  private func fates(of batch: RecordBatch, _ reader: FateReader) -> [RecordFate] {
    batch.bytes.withUnsafeBufferPointer { bytes in
      batch.ends.withUnsafeBufferPointer { ends in
        (0..<batch.rowCount).map { reader.fate(bytes, ends, first: $0 * width) }
      }
    }
  }

  private func encodeChanges(
    _ batch: RecordBatch, _ columns: [Column], _ reader: FateReader, _ fates: [RecordFate],
    leavingOut: [Int: Reject], _ refused: inout [Int: Reject], _ text: inout [UInt8]
  ) {
    batch.bytes.withUnsafeBufferPointer { bytes in
      batch.ends.withUnsafeBufferPointer { ends in
        columns.withUnsafeBufferPointer { columns in
          var used = 0
          for row in 0..<batch.rowCount {
            if !leavingOut.isEmpty, leavingOut[row] != nil { continue }
            let first = row * width
            let rowBytes = width == 0 ? 0 : ends[first + width - 1] - (first == 0 ? 0 : ends[first - 1])
            // Two columns more than the table's.
            guard let start = room(for: rowBytes, columns.count + 2, &used, &text) else { continue }
            var output = start
            let failure =
              fates[row].isGone
              ? encodeGone(bytes, ends, first: first, columns, &output)
              : encodeRow(bytes, ends, first: first, columns, &output)
            if let failure {
              if refused[row] == nil { refused[row] = reject(batch, row, failure.column, failure.reason) }
              continue
            }
            let master = reader.master(bytes, ends, first: first)
            appendFate(fates[row], master, &output)
            used += output - start
          }
          text.append(contentsOf: UnsafeBufferPointer(rebasing: scratch[..<used]))
        }
      }
    }
  }

  /// As ``encodeRow``, of a record that is gone: only its id and its stamp count, whatever else it holds cannot keep it.
  @inline(__always)
  private func encodeGone(
    _ bytes: UnsafeBufferPointer<UInt8>, _ ends: UnsafeBufferPointer<Int>, first: Int,
    _ columns: UnsafeBufferPointer<Column>, _ output: inout UnsafeMutablePointer<UInt8>
  ) -> (column: Column, reason: StaticString)? {
    for column in columns {
      if column.isRequired {
        let index = first + column.source
        let value = UnsafeBufferPointer(rebasing: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
        if value.isEmpty { return (column, "missing") }
        if let reason = ValueEncoder.encode(value, as: column.type, &output) { return (column, reason) }
      } else {
        output[0] = 0x5C
        output[1] = UInt8(ascii: "N")
        output += 2
      }
      output.pointee = UInt8(ascii: "\t")
      output += 1
    }
    return nil
  }

  /// Ends a row with fate and master.
  @inline(__always)
  private func appendFate(
    _ fate: RecordFate, _ master: UnsafeBufferPointer<UInt8>, _ output: inout UnsafeMutablePointer<UInt8>
  ) {
    output[0] = fate.rawValue
    output[1] = UInt8(ascii: "\t")
    output += 2
    // What is no id is left out: the record is gone all the same.
    if !fate.isGone || ValueEncoder.encode(master, as: .identifier, &output) != nil {
      output[0] = 0x5C
      output[1] = UInt8(ascii: "N")
      output += 2
    }
    output[0] = UInt8(ascii: "\n")
    output += 1
  }

  private func reject(_ batch: RecordBatch, _ row: Int, _ column: Column, _ reason: StaticString) -> Reject {
    let id = batch.text(row: row, column: ObjectMapping.idColumn) ?? ""
    let field = mapping.fields[column.source]
    return Reject(
      recordID: VeevaID.widened(id) ?? Self.legible(id), field: field, expected: column.type.rawValue,
      reason: "\(field): \(reason)")
  }

  /// What was delivered in place of an id, as text of at most 64 bytes that PostgreSQL can hold.
  private static func legible(_ id: String) -> String {
    var kept = ""
    var bytes = 0
    for scalar in id.unicodeScalars where scalar != "\0" {
      bytes += UTF8.width(scalar)
      if bytes > 64 { break }
      kept.unicodeScalars.append(scalar)
    }
    return kept
  }
}
