import SyncModel

/// Turns records into COPY text for every table of their mapping.
///
/// Each value is checked against its column's type first, since one bad value would fail the whole COPY. A record
/// with a refused value is written to none of the tables.
struct CopyEncoder {
  /// A batch, encoded.
  struct Encoded: Sendable {
    /// COPY text per table, in the mapping's order.
    var tables: [[UInt8]]
    var rows: Int
    var rejects: [Reject]
  }

  private struct Column {
    let source: Int
    let type: ValueType
    let isRequired: Bool
  }

  private let mapping: ObjectMapping
  private let tables: [[Column]]

  init(_ mapping: ObjectMapping) {
    self.mapping = mapping
    tables = mapping.tables.map { table in
      table.columns.map {
        Column(source: $0.source, type: $0.type, isRequired: $0.source <= ObjectMapping.modstampColumn)
      }
    }
  }

  /// Encodes a batch.
  func encode(_ batch: RecordBatch) -> Encoded {
    var refused: [Int: Reject] = [:]
    // Usually no record is refused, and one pass over each table is all. When some are, those rows are left out of
    // every table by a second pass.
    var encoded = tables.map { encode(batch, $0, leavingOut: [:], &refused) }
    if !refused.isEmpty {
      var ignored: [Int: Reject] = [:]
      encoded = tables.map { encode(batch, $0, leavingOut: refused, &ignored) }
    }
    return Encoded(
      tables: encoded, rows: batch.rowCount - refused.count,
      rejects: refused.sorted { $0.key < $1.key }.map(\.value))
  }

  private func encode(
    _ batch: RecordBatch, _ columns: [Column], leavingOut: [Int: Reject], _ refused: inout [Int: Reject]
  ) -> [UInt8] {
    let room = batch.bytes.count * 4 + batch.rowCount * (columns.count * 8 + 8) + 64
    return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      var output = start
      batch.bytes.withUnsafeBufferPointer { bytes in
        batch.ends.withUnsafeBufferPointer { ends in
          columns.withUnsafeBufferPointer { columns in
            for row in 0..<batch.rowCount {
              if !leavingOut.isEmpty, leavingOut[row] != nil { continue }
              let rowStart = output
              let failure = encodeRow(
                bytes, ends, first: row * batch.columnCount, columns, &output)
              if let failure {
                output = rowStart
                if refused[row] == nil { refused[row] = reject(batch, row, failure.column, failure.reason) }
              }
            }
          }
        }
      }
      count = output - start
    }
  }

  @inline(__always)
  private func encodeRow(
    _ bytes: UnsafeBufferPointer<UInt8>, _ ends: UnsafeBufferPointer<Int>, first: Int,
    _ columns: UnsafeBufferPointer<Column>, _ output: inout UnsafeMutablePointer<UInt8>
  ) -> (column: Column, reason: StaticString)? {
    for column in columns {
      let index = first + column.source
      let start = index == 0 ? 0 : ends[index - 1]
      let end = ends[index]
      if start == end {
        if column.isRequired { return (column, "missing") }
        output[0] = 0x5C
        output[1] = UInt8(ascii: "N")
        output += 2
      } else if let reason = ValueEncoder.encode(
        UnsafeBufferPointer(rebasing: bytes[start..<end]), as: column.type, &output)
      {
        return (column, reason)
      }
      output.pointee = UInt8(ascii: "\t")
      output += 1
    }
    // The last tab becomes the end of the line.
    (output - 1).pointee = UInt8(ascii: "\n")
    return nil
  }

  private func reject(_ batch: RecordBatch, _ row: Int, _ column: Column, _ reason: StaticString) -> Reject {
    let id = batch.text(row: row, column: ObjectMapping.idColumn) ?? ""
    return Reject(
      recordID: VeevaID.widened(id) ?? String(id.replacing("\0", with: "").prefix(18)),
      field: mapping.fields[column.source], expected: column.type.rawValue,
      reason: "\(mapping.fields[column.source]): \(reason)")
  }
}
