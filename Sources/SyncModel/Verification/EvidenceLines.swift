/// Lines of COPY text that stage what the source says of some ids: id, stamp, whether it is deleted there.
public struct EvidenceLines: Sendable {
  private let bounds: IDBounds
  private let isWanted: [Bool]

  /// Lines of the records of these ranges.
  public init(bounds: IDBounds, ranges: [Int]) {
    self.bounds = bounds
    isWanted = bounds.marked(ranges)
  }

  /// The fields to ask for. Users cannot be deleted, and have no such field.
  public static func fields(of object: SourceObject) -> [String] {
    object == .users ? ["Id", "SystemModstamp"] : ["Id", "SystemModstamp", "IsDeleted"]
  }

  /// The lines of a batch of those fields.
  public func lines(of batch: RecordBatch) -> [UInt8] {
    var text: [UInt8] = []
    let width = batch.columnCount
    guard width >= 2 else { return text }
    batch.bytes.withUnsafeBufferPointer { bytes in
      for row in 0..<batch.rowCount {
        func value(_ column: Int) -> UnsafeBufferPointer<UInt8> {
          let index = row * width + column
          return UnsafeBufferPointer(
            rebasing: bytes[(index == 0 ? 0 : batch.ends[index - 1])..<batch.ends[index]])
        }
        guard let id = PackedID(value(0)), isWanted[bounds.index(of: id)] else { continue }
        VeevaID.append(value(0), to: &text)
        text.append(UInt8(ascii: "\t"))
        text.append(contentsOf: String((WireMoment.microseconds(value(1)) ?? 0) / 1000).utf8)
        text.append(UInt8(ascii: "\t"))
        let isDeleted = width > 2 && value(2).first.map { $0 | 0x20 } == UInt8(ascii: "t")
        text.append(isDeleted ? UInt8(ascii: "t") : UInt8(ascii: "f"))
        text.append(UInt8(ascii: "\n"))
      }
    }
    return text
  }
}
