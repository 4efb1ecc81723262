/// The records of one call, as JSON objects, within Marketo's limits of number and size.
public struct RecordBatch: Sendable {
  private(set) var bytes: [UInt8] = []
  /// Records in it.
  public private(set) var count = 0

  /// Left for what stands around the records.
  private static let frame = 1024

  /// An empty batch.
  public init() {}

  /// Adds a record.
  /// - Parameter record: a JSON object.
  /// - Returns: false, and nothing is added, when the batch is full.
  public mutating func append(_ record: [UInt8]) -> Bool {
    guard count < MarketoClient.recordsPerCall,
      bytes.count + record.count + 1 + Self.frame <= MarketoClient.bodyBytes
    else { return false }
    if count > 0 { bytes.append(0x2C) }
    bytes += record
    count += 1
    return true
  }

  /// The body of a call.
  /// - Parameter options: members beside `input`, whose values need no escaping.
  func body(_ options: [(String, String)]) -> [UInt8] {
    var body: [UInt8] = [0x7B]
    for (name, value) in options { body += Array("\"\(name)\":\"\(value)\",".utf8) }
    body += Array("\"input\":[".utf8)
    body += bytes
    body += [0x5D, 0x7D]
    return body
  }
}
