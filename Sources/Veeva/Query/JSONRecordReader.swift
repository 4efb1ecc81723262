public import SyncModel

/// What is wrong with a query answer.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Byte offset.
  public let offset: Int
  public let problem: String

  public var description: String { "the answer is not what the API documents: \(problem) at byte \(offset)" }
}

/// Reads query answers of the REST API into a batch, without an object per record.
///
/// Values are found by field name, in any order; `attributes` is passed over; parents selected by a dotted path are
/// nested objects. Null is an empty value, as everywhere.
public struct JSONRecordReader: Sendable {
  /// What an answer says about itself.
  public struct Answer: Sendable, Equatable {
    public var totalSize: Int?
    public var isDone = true
    /// Where the next records are.
    public var nextPath: String?
  }

  private static let deepest = 32
  private let columns: [[UInt8]: Int]
  private let columnCount: Int

  /// A reader for records of these fields, dotted paths included.
  public init(fields: [String]) {
    columnCount = fields.count
    columns = Dictionary(
      fields.enumerated().map { (Array($1.lowercased().utf8), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Reads an answer; its records are added to the batch.
  public func read(_ body: [UInt8], into batch: inout RecordBatch) throws(JSONError) -> Answer {
    var scanner = JSONScanner(body)
    var answer = Answer()
    try scanner.object { scanner, key throws(JSONError) in
      switch key {
      case Array("totalSize".utf8): answer.totalSize = Int(String(decoding: try scanner.scalar(), as: UTF8.self))
      case Array("done".utf8): answer.isDone = try scanner.scalar() == Array("true".utf8)
      case Array("nextRecordsUrl".utf8):
        let path = try scanner.scalar()
        answer.nextPath = path.isEmpty ? nil : String(decoding: path, as: UTF8.self)
      case Array("records".utf8):
        try scanner.array { scanner throws(JSONError) in try record(&scanner, into: &batch) }
      default: try scanner.skip(depth: 0)
      }
    }
    try scanner.end()
    return answer
  }

  private func record(_ scanner: inout JSONScanner, into batch: inout RecordBatch) throws(JSONError) {
    var values = [[UInt8]](repeating: [], count: columnCount)
    try members(&scanner, prefix: [], depth: 0, into: &values)
    for value in values {
      batch.bytes.append(contentsOf: value)
      batch.ends.append(batch.bytes.count)
    }
    batch.rowCount += 1
  }

  private func members(
    _ scanner: inout JSONScanner, prefix: [UInt8], depth: Int, into values: inout [[UInt8]]
  ) throws(JSONError) {
    guard depth < Self.deepest else { throw scanner.problem("nesting too deep") }
    try scanner.object { scanner, key throws(JSONError) in
      let path = prefix + key.map(Self.lowercased)
      if let column = columns[path], !scanner.isAtContainer {
        values[column] = try scanner.scalar()
      } else if scanner.isAtObject, path != Array("attributes".utf8) {
        try members(&scanner, prefix: path + [UInt8(ascii: ".")], depth: depth + 1, into: &values)
      } else {
        try scanner.skip(depth: depth)
      }
    }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte + 32 : byte
  }
}

/// Walks over JSON bytes.
struct JSONScanner {
  private let bytes: [UInt8]
  private var position = 0
  private static let deepest = 64

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func problem(_ what: String) -> JSONError { JSONError(offset: position, problem: what) }

  var isAtObject: Bool { peek() == UInt8(ascii: "{") }
  var isAtContainer: Bool { isAtObject || peek() == UInt8(ascii: "[") }

  /// Walks over the members of an object; the body takes each value.
  mutating func object(_ member: (inout JSONScanner, [UInt8]) throws(JSONError) -> Void) throws(JSONError) {
    try expect(UInt8(ascii: "{"))
    if take(UInt8(ascii: "}")) { return }
    repeat {
      skipBlanks()
      guard peek() == UInt8(ascii: "\"") else { throw problem("a key is missing") }
      let key = try string()
      try expect(UInt8(ascii: ":"))
      skipBlanks()
      try member(&self, key)
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  /// Walks over the elements of an array; the body takes each.
  mutating func array(_ element: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
    try expect(UInt8(ascii: "["))
    if take(UInt8(ascii: "]")) { return }
    repeat {
      skipBlanks()
      try element(&self)
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
  }

  /// A string's contents, a number's or truth value's text, nothing for null.
  mutating func scalar() throws(JSONError) -> [UInt8] {
    skipBlanks()
    guard let first = peek() else { throw problem("the answer ends early") }
    if first == UInt8(ascii: "\"") { return try string() }
    let start = position
    while let byte = peek(), Self.isPlain(byte) { position += 1 }
    let text = bytes[start..<position]
    if text.elementsEqual("null".utf8) { return [] }
    let isWord = text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8)
    guard isWord || (!text.isEmpty && (first == UInt8(ascii: "-") || (first >= 0x30 && first <= 0x39))) else {
      throw problem("a value is missing")
    }
    return Array(text)
  }

  /// Passes over any value.
  mutating func skip(depth: Int) throws(JSONError) {
    guard depth < Self.deepest else { throw problem("nesting too deep") }
    skipBlanks()
    switch peek() {
    case UInt8(ascii: "{"):
      try object { scanner, _ throws(JSONError) in try scanner.skip(depth: depth + 1) }
    case UInt8(ascii: "["): try array { scanner throws(JSONError) in try scanner.skip(depth: depth + 1) }
    default: _ = try scalar()
    }
  }

  /// Nothing may follow.
  mutating func end() throws(JSONError) {
    skipBlanks()
    guard position == bytes.count else { throw problem("something follows the answer") }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
      || byte == UInt8(ascii: ".")
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
  }

  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipBlanks()
    guard peek() == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard take(byte) else { throw problem("'\(Unicode.Scalar(byte))' is missing") }
  }

  private mutating func string() throws(JSONError) -> [UInt8] {
    position += 1
    var value: [UInt8] = []
    while true {
      let start = position
      while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
      value += bytes[start..<position]
      guard let byte = peek() else { throw problem("a string does not end") }
      position += 1
      if byte == UInt8(ascii: "\"") { return value }
      try escape(into: &value)
    }
  }

  private mutating func escape(into value: inout [UInt8]) throws(JSONError) {
    guard let byte = peek() else { throw problem("a string does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): value.append(0x0A)
    case UInt8(ascii: "r"): value.append(0x0D)
    case UInt8(ascii: "t"): value.append(0x09)
    case UInt8(ascii: "b"): value.append(0x08)
    case UInt8(ascii: "f"): value.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): value.append(byte)
    case UInt8(ascii: "u"): value += Array(String(Character(try unicode())).utf8)
    default: throw problem("an unknown escape")
    }
  }

  /// The character of `\uXXXX`, or of a pair of them; a lone half becomes the replacement character.
  private mutating func unicode() throws(JSONError) -> Unicode.Scalar {
    let replacement = Unicode.Scalar(0xFFFD as UInt16) ?? " "
    let unit = try hexadecimal()
    guard (0xD800...0xDFFF).contains(unit) else { return Unicode.Scalar(unit) ?? replacement }
    let isHigh = unit < 0xDC00
    guard isHigh, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { return replacement }
    let mark = position
    position += 2
    let low = try hexadecimal()
    guard (0xDC00...0xDFFF).contains(low) else {
      position = mark
      return replacement
    }
    let code = 0x10000 + (UInt32(unit) - 0xD800) * 0x400 + (UInt32(low) - 0xDC00)
    return Unicode.Scalar(code) ?? replacement
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw problem("a \\u escape is not four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
