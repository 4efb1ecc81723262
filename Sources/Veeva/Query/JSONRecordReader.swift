public import SyncModel

/// Reads query answers of the REST API into a batch, without an object per record.
///
/// Values are found by field name, in any order; parents selected by a dotted path are nested objects; `attributes`
/// and all else that was not asked for is passed over. Null is an empty value, as everywhere.
public struct JSONRecordReader: Sendable {
  /// What an answer says about itself.
  public struct Answer: Sendable, Equatable {
    /// Records of the whole statement.
    public var totalSize: Int?
    /// Whether there are no more records.
    public var isDone: Bool
    /// Where the next records are.
    public var nextPath: String?
  }

  private let tree: FieldTree
  private let columnCount: Int

  /// A reader for records of these fields, dotted paths included.
  public init(fields: [String]) {
    columnCount = fields.count
    tree = FieldTree(fields: fields)
  }

  /// Reads an answer; its records are added to the batch. Of an answer that cannot be read, none is.
  public func read(_ body: [UInt8], into batch: inout RecordBatch) throws(JSONError) -> Answer {
    try read(body, into: &batch, Self.answer)
  }

  /// Reads a bare list of records; `null` stands for one that there is not, and becomes a row without values.
  public func readList(_ body: [UInt8], into batch: inout RecordBatch) throws(JSONError) {
    try read(body, into: &batch) { (scanner: inout JSONScanner, records: inout JSONRecords) throws(JSONError) -> Void in
      records.mayBeMissing = true
      try records.read(&scanner)
      try scanner.end()
    }
  }

  private func read<Content>(
    _ body: [UInt8], into batch: inout RecordBatch,
    _ content: (inout JSONScanner, inout JSONRecords) throws(JSONError) -> Content
  ) throws(JSONError) -> Content {
    let base = batch.bytes.count
    batch.bytes.append(contentsOf: repeatElement(0, count: body.count))
    var records = JSONRecords(tree: tree, columnCount: columnCount)
    let outcome = body.withUnsafeBufferPointer { input in
      batch.bytes.withUnsafeMutableBufferPointer { output in
        Result { () throws(JSONError) in
          var scanner = JSONScanner(input, into: UnsafeMutableBufferPointer(rebasing: output[base...]))
          let answer = try content(&scanner, &records)
          return (answer, scanner.written)
        }
      }
    }
    switch outcome {
    case .success(let (answer, written)):
      batch.bytes.removeLast(body.count - written)
      for end in records.ends { batch.ends.append(base + end) }
      batch.rowCount += records.count
      return answer
    case .failure(let error):
      batch.bytes.removeLast(body.count)
      throw error
    }
  }

  private static func answer(_ scanner: inout JSONScanner, _ records: inout JSONRecords) throws(JSONError) -> Answer {
    var total: Int?
    var isDone: Bool?
    var next: String?
    try scanner.expect(UInt8(ascii: "{"))
    if !scanner.take(UInt8(ascii: "}")) {
      repeat {
        let mark = scanner.written
        try scanner.key()
        let key = String(decoding: scanner.value(from: mark), as: UTF8.self)
        scanner.rewind(to: mark)
        switch key {
        case "totalSize": total = Int(try text(&scanner))
        case "done": isDone = try text(&scanner) == "true"
        case "nextRecordsUrl":
          let path = try text(&scanner)
          next = path.isEmpty ? nil : path
        case "records": try records.read(&scanner)
        default: try scanner.skip()
        }
      } while scanner.take(UInt8(ascii: ","))
      try scanner.expect(UInt8(ascii: "}"))
    }
    try scanner.end()
    // Taken for `true`, a missing `done` would lose records without a word.
    guard let isDone else { throw scanner.problem("'done' is missing") }
    return Answer(totalSize: total, isDone: isDone, nextPath: next)
  }

  private static func text(_ scanner: inout JSONScanner) throws(JSONError) -> String {
    let mark = scanner.written
    try scanner.scalar()
    defer { scanner.rewind(to: mark) }
    return String(decoding: scanner.value(from: mark), as: UTF8.self)
  }
}
