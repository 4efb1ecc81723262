/// Cuts a statement into words.
struct SOQLTokenizer {
  private let statement: String
  private let bytes: [UInt8]
  private var at = 0

  private init(_ statement: String) {
    self.statement = statement
    bytes = Array(statement.utf8)
  }

  /// All words, the last one of kind `end`.
  static func tokens(_ statement: String) throws(SalesforceError) -> [SOQLToken] {
    var tokenizer = SOQLTokenizer(statement)
    var tokens: [SOQLToken] = []
    while true {
      let token = try tokenizer.next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  private mutating func next() throws(SalesforceError) -> SOQLToken {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    guard at < bytes.count else { return SOQLToken(kind: .end, text: "", offset: at) }
    let start = at
    switch bytes[at] {
    case 0x27: return try string()
    case let byte where Self.isLetter(byte):
      while at < bytes.count, Self.isLetter(bytes[at]) || Self.isDigit(bytes[at]) || bytes[at] == 0x2E { at += 1 }
      return token(.name, start)
    case let byte where Self.isDigit(byte) || byte == 0x2D || byte == 0x2B:
      at += 1
      while at < bytes.count, Self.isLiteral(bytes[at]) { at += 1 }
      return token(.literal, start)
    default: return try symbol()
    }
  }

  private func token(_ kind: SOQLToken.Kind, _ start: Int) -> SOQLToken {
    SOQLToken(kind: kind, text: String(decoding: bytes[start..<at], as: UTF8.self), offset: start)
  }

  private mutating func symbol() throws(SalesforceError) -> SOQLToken {
    let start = at
    let pair = at + 1 < bytes.count ? String(decoding: bytes[at...(at + 1)], as: UTF8.self) : ""
    if ["!=", "<>", "<=", ">="].contains(pair) {
      at += 2
      return SOQLToken(kind: .symbol, text: pair == "<>" ? "!=" : pair, offset: start)
    }
    guard [0x28, 0x29, 0x2C, 0x3D, 0x3C, 0x3E].contains(bytes[at]) else {
      let text = String(decoding: bytes[at...].prefix(4), as: UTF8.self).first.map(String.init) ?? ""
      throw SOQLPlace(statement, start).malformed("unexpected token: '\(text)'")
    }
    at += 1
    return token(.symbol, start)
  }

  private mutating func string() throws(SalesforceError) -> SOQLToken {
    let start = at
    var value: [UInt8] = []
    at += 1
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case 0x27:
        let text = String(decoding: value, as: UTF8.self)
        guard text.unicodeScalars.count <= 4000 else {
          throw .malformedQuery("string literal too long: maximum length is 4000")
        }
        return SOQLToken(kind: .string, text: text, offset: start)
      case 0x5C: try escape(&value)
      default: value.append(byte)
      }
    }
    throw SOQLPlace(statement, start).malformed("line 1:\(start) mismatched character '<EOF>' expecting '''")
  }

  /// Salesforce SOQL: `\n \r \t \b \f \" \' \\ \uXXXX`, and `\_ \%` which LIKE needs; any other one is an error.
  private mutating func escape(_ value: inout [UInt8]) throws(SalesforceError) {
    let start = at - 1
    guard at < bytes.count else { throw SOQLPlace(statement, start).malformed("unexpected end of string") }
    let byte = bytes[at]
    at += 1
    switch byte {
    case 0x6E, 0x4E: value.append(0x0A)
    case 0x72, 0x52: value.append(0x0D)
    case 0x74, 0x54: value.append(0x09)
    case 0x62, 0x42: value.append(0x08)
    case 0x66, 0x46: value.append(0x0C)
    case 0x22, 0x27, 0x5C: value.append(byte)
    case 0x5F, 0x25: value += [0x5C, byte]
    case 0x75:
      guard at + 4 <= bytes.count,
        let code = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw SOQLPlace(statement, start).malformed("invalid unicode escape sequence") }
      at += 4
      value += Array(String(Character(scalar)).utf8)
    default: throw SOQLPlace(statement, start).malformed("Invalid string literal: illegal character sequence '\\'")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isLiteral(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || [0x2B, 0x2D, 0x2E, 0x3A].contains(byte)
  }
}
