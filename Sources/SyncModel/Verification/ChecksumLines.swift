/// Lines of COPY text that stage source records to be compared row by row: id, stamp, a checksum per table.
public struct ChecksumLines: Sendable {
  private let checksum: RowChecksum
  private let bounds: IDBounds
  /// By range: whether its records are wanted.
  private let isWanted: [Bool]
  private let rejected: Set<PackedID>

  /// Lines of the records of these ranges.
  public init(_ checksum: RowChecksum, bounds: IDBounds, ranges: [Int], rejected: Set<PackedID>) {
    self.checksum = checksum
    self.bounds = bounds
    self.rejected = rejected
    isWanted = bounds.marked(ranges)
  }

  /// The lines of a batch; records of other ranges and rejected ones are left out.
  public func lines(of batch: RecordBatch) -> [UInt8] {
    var text: [UInt8] = []
    _ = checksum.forEach(batch) { id in
      isWanted[bounds.index(of: id)] && (rejected.isEmpty || !rejected.contains(id))
    } _: { record, sums in
      VeevaID.append(record.idBytes, to: &text)
      append(record.stamp, to: &text)
      for sum in sums { append(Int64(bitPattern: sum), to: &text) }
      text.append(UInt8(ascii: "\n"))
    }
    return text
  }

  @inline(__always)
  private func append(_ number: Int64, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\t"))
    let start = text.count
    var rest = number.magnitude
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      text.append(0x30 + UInt8(truncatingIfNeeded: digit))
      rest = quotient
    } while rest > 0
    if number < 0 { text.append(UInt8(ascii: "-")) }
    text[start...].reverse()
  }
}
