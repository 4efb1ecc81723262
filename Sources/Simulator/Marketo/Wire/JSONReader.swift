/// Reads JSON of any shape, with members in the order they came in; a name that comes twice is kept twice.
struct JSONReader {
  /// What was not JSON.
  struct Malformed: Error {}

  private static let deepest = 64

  private let bytes: UnsafeBufferPointer<UInt8>
  private var at = 0

  private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The value that a body holds, with nothing but blanks around it.
  static func read(_ body: [UInt8]) throws(Malformed) -> JSONValue {
    let outcome: Result<JSONValue, Malformed> = body.withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      do throws(Malformed) {
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        return reader.at == bytes.count ? .success(value) : .failure(Malformed())
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private mutating func skipBlanks() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }

  /// The next byte, consumed.
  private mutating func take() throws(Malformed) -> UInt8 {
    guard at < bytes.count else { throw Malformed() }
    at += 1
    return bytes[at - 1]
  }

  private mutating func expect(_ text: StaticString) throws(Malformed) {
    for place in 0..<text.utf8CodeUnitCount where try take() != text.utf8Start[place] { throw Malformed() }
  }

  private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
    guard depth < Self.deepest else { throw Malformed() }
    skipBlanks()
    guard at < bytes.count else { throw Malformed() }
    switch bytes[at] {
    case 0x7B: return try object(depth)
    case 0x5B: return try array(depth)
    case 0x22: return .string(try string())
    case 0x74:
      try expect("true")
      return .bool(true)
    case 0x66:
      try expect("false")
      return .bool(false)
    case 0x6E:
      try expect("null")
      return .null
    default: return try number()
    }
  }

  private mutating func object(_ depth: Int) throws(Malformed) -> JSONValue {
    at += 1
    var members: [(String, JSONValue)] = []
    skipBlanks()
    if at < bytes.count, bytes[at] == 0x7D {
      at += 1
      return .object(members)
    }
    while true {
      skipBlanks()
      guard at < bytes.count, bytes[at] == 0x22 else { throw Malformed() }
      let name = try string()
      skipBlanks()
      guard try take() == 0x3A else { throw Malformed() }
      members.append((name, try value(depth: depth + 1)))
      skipBlanks()
      switch try take() {
      case 0x2C: continue
      case 0x7D: return .object(members)
      default: throw Malformed()
      }
    }
  }

  private mutating func array(_ depth: Int) throws(Malformed) -> JSONValue {
    at += 1
    var values: [JSONValue] = []
    skipBlanks()
    if at < bytes.count, bytes[at] == 0x5D {
      at += 1
      return .array(values)
    }
    while true {
      values.append(try value(depth: depth + 1))
      skipBlanks()
      switch try take() {
      case 0x2C: continue
      case 0x5D: return .array(values)
      default: throw Malformed()
      }
    }
  }

  private mutating func string() throws(Malformed) -> String {
    at += 1
    let start = at
    while at < bytes.count, bytes[at] != 0x22, bytes[at] != 0x5C, bytes[at] >= 0x20 { at += 1 }
    guard at < bytes.count else { throw Malformed() }
    if bytes[at] == 0x22 {
      at += 1
      return try Self.text(Array(bytes[start..<(at - 1)]))
    }
    var text = Array(bytes[start..<at])
    while true {
      let byte = try take()
      switch byte {
      case 0x22: return try Self.text(text)
      case 0x5C: try escape(&text)
      case 0..<0x20: throw Malformed()
      default: text.append(byte)
      }
    }
  }

  private static func text(_ bytes: [UInt8]) throws(Malformed) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed() }
    return text
  }

  private mutating func escape(_ text: inout [UInt8]) throws(Malformed) {
    switch try take() {
    case 0x22: text.append(0x22)
    case 0x5C: text.append(0x5C)
    case 0x2F: text.append(0x2F)
    case 0x62: text.append(0x08)
    case 0x66: text.append(0x0C)
    case 0x6E: text.append(0x0A)
    case 0x72: text.append(0x0D)
    case 0x74: text.append(0x09)
    case 0x75:
      var code = UInt32(try hex())
      if (0xD800..<0xDC00).contains(code) {
        try expect("\\u")
        let low = UInt32(try hex())
        guard (0xDC00..<0xE000).contains(low) else { throw Malformed() }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw Malformed() }
      text += Array(String(Character(scalar)).utf8)
    default: throw Malformed()
    }
  }

  private mutating func hex() throws(Malformed) -> UInt16 {
    var code: UInt16 = 0
    for _ in 0..<4 {
      let byte = try take()
      switch byte {
      case 0x30...0x39: code = code << 4 | UInt16(byte - 0x30)
      case 0x41...0x46: code = code << 4 | UInt16(byte - 0x41 + 10)
      case 0x61...0x66: code = code << 4 | UInt16(byte - 0x61 + 10)
      default: throw Malformed()
      }
    }
    return code
  }

  private mutating func number() throws(Malformed) -> JSONValue {
    let start = at
    var whole = true
    while at < bytes.count {
      switch bytes[at] {
      case 0x30...0x39, 0x2D: break
      case 0x2B, 0x2E, 0x45, 0x65: whole = false
      default: return try Self.number(bytes[start..<at], whole)
      }
      at += 1
    }
    return try Self.number(bytes[start..<at], whole)
  }

  private static func number(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ whole: Bool) throws(Malformed) -> JSONValue {
    let text = String(decoding: bytes, as: UTF8.self)
    if whole, let number = Int(text) { return .int(number) }
    guard let first = bytes.first, first == 0x2D || (0x30...0x39).contains(first), Double(text)?.isFinite == true
    else { throw Malformed() }
    return .number(text)
  }
}

extension JSONValue {
  /// A member of an object, the first of that name.
  subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.0 == name }?.1
  }

  /// A string's text.
  var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// A whole number, also one that came as text.
  var whole: Int? {
    switch self {
    case .int(let number): number
    case .string(let text): Int(text)
    default: nil
    }
  }

  var truth: Bool? {
    guard case .bool(let truth) = self else { return nil }
    return truth
  }

  /// An array's values.
  var items: [JSONValue]? {
    guard case .array(let values) = self else { return nil }
    return values
  }

  /// An object's members.
  var members: [(String, JSONValue)]? {
    guard case .object(let members) = self else { return nil }
    return members
  }

  var isNull: Bool {
    if case .null = self { return true }
    return false
  }
}
