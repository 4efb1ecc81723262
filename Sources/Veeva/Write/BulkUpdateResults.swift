import HTTP
import SyncModel

/// What became of one record of a bulk update.
public struct RecordOutcome: Sendable, Equatable {
  /// As it was sent.
  public let id: String
  public let outcome: UpdateOutcome

  /// An outcome.
  public init(id: String, outcome: UpdateOutcome) {
    self.id = id
    self.outcome = outcome
  }
}

/// One of the three files of results of a bulk update on its way: outcomes come batch by batch, in no order.
final class BulkUpdateResults {
  enum Kind: String, CaseIterable {
    case successful = "successfulResults"
    case failed = "failedResults"
    case unprocessed = "unprocessedrecords"
  }

  /// Columns that matter, by place.
  private struct Columns {
    var id: Int
    var error: Int?
  }

  /// Salesforce: a header is at most 32,000 characters long; results add two columns, and quotes.
  private static let longestHeader = 128 << 10

  private let kind: Kind
  private let call: VeevaClient.Call
  private let batchBytes: Int
  private let next: () async throws -> [UInt8]?
  /// Bytes of a header row that is not complete.
  private var head: [UInt8] = []
  private var reader: CSVReader?
  private var columns = Columns(id: 0)
  private var columnCount = 0
  private var isOver = false

  /// Records so far.
  var rowCount: Int { reader?.rowCount ?? 0 }

  /// - Parameter next: the next bytes of the file, or `nil` at its end.
  init(next: @escaping () async throws -> [UInt8]?, kind: Kind, batchBytes: Int, call: VeevaClient.Call) {
    self.next = next
    self.kind = kind
    self.batchBytes = batchBytes
    self.call = call
  }

  /// The next outcomes, or `nil` at the end.
  func nextBatch() async throws -> [RecordOutcome]? {
    do {
      return try await read()
    } catch let error as CSVError {
      throw failure(error == .endsInRecord ? .truncated : .malformedAnswer, error.description)
    } catch let error as HTTPError {
      throw VeevaError.from(error, call: call.name, object: call.object)
    }
  }

  private func read() async throws -> [RecordOutcome]? {
    while !isOver, reader == nil {
      if let chunk = try await next() {
        head += chunk
      } else {
        isOver = true
      }
      try readHeader()
    }
    guard reader != nil else { return nil }
    var batch = RecordBatch(columnCount: columnCount, byteCapacity: batchBytes)
    try reader?.read(head, into: &batch)
    head = []
    while !isOver, batch.bytes.count < batchBytes {
      if let chunk = try await next() {
        try reader?.read(chunk, into: &batch)
      } else {
        isOver = true
      }
    }
    if isOver { try reader?.finish(into: &batch) }
    guard batch.rowCount > 0 else { return nil }
    return try (0..<batch.rowCount).map { try outcome($0, of: batch) }
  }

  /// Reads the names of the columns, once their row is complete: names hold no line breaks.
  private func readHeader() throws {
    guard let end = head.firstIndex(of: UInt8(ascii: "\n")) ?? (isOver && !head.isEmpty ? head.endIndex : nil) else {
      guard head.count <= Self.longestHeader else { throw failure(.malformedAnswer, "there is no header row") }
      return
    }
    let names = head[..<end].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { cell in
      String(decoding: cell.filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
    let lower = names.map { $0.lowercased() }
    guard let id = lower.firstIndex(of: "id") ?? lower.firstIndex(of: "sf__id") else {
      throw failure(.malformedAnswer, "the results have no column Id")
    }
    let error = lower.firstIndex(of: "sf__error")
    guard (kind == .failed) == (error != nil) else {
      throw failure(.malformedAnswer, "the columns are not those of \(kind.rawValue)")
    }
    columns = Columns(id: id, error: error)
    columnCount = names.count
    reader = CSVReader(fields: names)
  }

  private func outcome(_ row: Int, of batch: RecordBatch) throws -> RecordOutcome {
    guard let id = batch.text(row: row, column: columns.id) else {
      throw failure(.malformedAnswer, "a record of the results has no Id")
    }
    let outcome: UpdateOutcome =
      switch kind {
      case .successful: .updated
      case .failed:
        .refused(UpdateRefusal(result: columns.error.flatMap { batch.text(row: row, column: $0) } ?? ""))
      case .unprocessed: .refused(.notProcessed)
      }
    return RecordOutcome(id: id, outcome: outcome)
  }

  private func failure(_ code: VeevaError.Code, _ message: String) -> VeevaError {
    VeevaError(code: code, call: call.name, object: call.object, message: message)
  }
}

extension UpdateRefusal {
  /// The job ended before the record's turn.
  static let notProcessed = UpdateRefusal(
    code: notProcessedCode, message: "the bulk update ended before it came to the record")

  /// Reads a cell of `sf__Error`: `CODE:message:fields --` (Salesforce Bulk API 2.0). What is not built like that is
  /// a message as a whole.
  init(result text: String) {
    let code = text.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
    guard !code.isEmpty, text.dropFirst(code.count).first == ":" else {
      self.init(code: "UNKNOWN_EXCEPTION", message: text.isEmpty ? "no explanation" : text)
      return
    }
    var message = text.dropFirst(code.count + 1)
    var fields: [String] = []
    if message.hasSuffix("--"), let colon = message.lastIndex(of: ":") {
      let names = message[message.index(after: colon)...].dropLast(2).split(separator: ",").map {
        String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }.filter { !$0.isEmpty }
      if names.allSatisfy({ $0.wholeMatch(of: #/[A-Za-z][A-Za-z0-9_.]*/#) != nil }) {
        fields = names
        message = message[..<colon]
      }
    }
    self.init(code: String(code), message: message.isEmpty ? "no explanation" : String(message), fields: fields)
  }
}
