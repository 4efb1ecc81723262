/// Walks over JSON bytes and copies values out, escapes resolved.
///
/// Confined to the closure that lends the two buffers. `output` is at least as long as `input`: no value is longer
/// than its text, and none is copied twice.
struct JSONScanner {
  private let input: UnsafeBufferPointer<UInt8>
  private let output: UnsafeMutableBufferPointer<UInt8>
  private(set) var position = 0
  /// Bytes of `output` that are in use.
  private(set) var written = 0
  private static let deepest = 64

  init(_ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) {
    self.input = input
    self.output = output
  }

  func problem(_ what: String) -> JSONError { JSONError(offset: position, problem: what) }

  /// Bytes of `output` from a mark on.
  func value(from mark: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: output[mark..<written])
  }

  /// Forgets what was copied after a mark.
  mutating func rewind(to mark: Int) { written = mark }

  /// Replaces what was copied after a mark by bytes that are no more.
  mutating func replace(from mark: Int, with bytes: [UInt8]) {
    for (offset, byte) in bytes.enumerated() { output[mark + offset] = byte }
    written = mark + bytes.count
  }

  // MARK: Structure

  /// The next byte that is not blank; `nil` at the end.
  mutating func next() -> UInt8? {
    while position < input.count {
      let byte = input[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      position += 1
    }
    return nil
  }

  /// Passes a byte if it comes next.
  mutating func take(_ byte: UInt8) -> Bool {
    guard next() == byte else { return false }
    position += 1
    return true
  }

  mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard take(byte) else { throw problem("'\(Unicode.Scalar(byte))' is missing") }
  }

  /// Reads a key and the colon after it. The key lies in the output behind a mark until it is rewound.
  mutating func key() throws(JSONError) {
    guard next() == UInt8(ascii: "\"") else { throw problem("a key is missing") }
    try string()
    try expect(UInt8(ascii: ":"))
  }

  /// Passes over any value.
  mutating func skip(depth: Int = 0) throws(JSONError) {
    guard depth < Self.deepest else { throw problem("nesting too deep") }
    let mark = written
    defer { written = mark }
    if take(UInt8(ascii: "{")) {
      if take(UInt8(ascii: "}")) { return }
      repeat {
        try key()
        try skip(depth: depth + 1)
      } while take(UInt8(ascii: ","))
      try expect(UInt8(ascii: "}"))
    } else if take(UInt8(ascii: "[")) {
      if take(UInt8(ascii: "]")) { return }
      repeat { try skip(depth: depth + 1) } while take(UInt8(ascii: ","))
      try expect(UInt8(ascii: "]"))
    } else {
      try scalar()
    }
  }

  /// Nothing may follow.
  mutating func end() throws(JSONError) {
    guard next() == nil else { throw problem("something follows the answer") }
  }

  // MARK: Values

  /// Copies a string's contents, a number's or truth value's text, nothing for null.
  mutating func scalar() throws(JSONError) {
    guard let first = next() else { throw problem("the answer ends early") }
    if first == UInt8(ascii: "\"") { return try string() }
    let start = position
    while position < input.count, Self.isWord(input[position]) { position += 1 }
    let text = input[start..<position]
    if text.elementsEqual("null".utf8) { return }
    let isNumber = first == UInt8(ascii: "-") || (first >= 0x30 && first <= 0x39)
    guard !text.isEmpty, isNumber || text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8) else {
      throw problem("a value is missing")
    }
    for byte in text { append(byte) }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
  }

  private mutating func append(_ byte: UInt8) {
    output[written] = byte
    written += 1
  }

  private mutating func string() throws(JSONError) {
    position += 1
    while true {
      copyPlain()
      guard position < input.count else { throw problem("a string does not end") }
      let byte = input[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return }
      try escape()
    }
  }

  /// Copies bytes up to a quote or a backslash, eight at a time while there are eight.
  @inline(__always)
  private mutating func copyPlain() {
    guard let from = input.baseAddress, let to = output.baseAddress else { return }
    var (read, write) = (position, written)
    defer { (position, written) = (read, write) }
    while input.count - read >= 8, output.count - write >= 8 {
      let word = UnsafeRawPointer(from + read).loadUnaligned(as: UInt64.self)
      UnsafeMutableRawPointer(to + write).storeBytes(of: word, as: UInt64.self)
      let stops = ByteWord.matches(word, UInt8(ascii: "\"")) | ByteWord.matches(word, UInt8(ascii: "\\"))
      guard stops == 0 else {
        read += ByteWord.index(stops)
        write += ByteWord.index(stops)
        return
      }
      read += 8
      write += 8
    }
    while read < input.count, from[read] != UInt8(ascii: "\""), from[read] != UInt8(ascii: "\\") {
      output[write] = from[read]
      read += 1
      write += 1
    }
  }

  private mutating func escape() throws(JSONError) {
    guard position < input.count else { throw problem("a string does not end") }
    let byte = input[position]
    position += 1
    switch byte {
    case UInt8(ascii: "n"): append(0x0A)
    case UInt8(ascii: "r"): append(0x0D)
    case UInt8(ascii: "t"): append(0x09)
    case UInt8(ascii: "b"): append(0x08)
    case UInt8(ascii: "f"): append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): append(byte)
    case UInt8(ascii: "u"): for byte in UTF8.encode(try character()) ?? .encodedReplacementCharacter { append(byte) }
    default: throw problem("an unknown escape")
    }
  }

  /// The character of `\uXXXX`, or of a pair of them; a lone half becomes the replacement character.
  private mutating func character() throws(JSONError) -> Unicode.Scalar {
    let unit = try hexadecimal()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard unit < 0xDC00, position + 1 < input.count, input[position] == UInt8(ascii: "\\"),
      input[position + 1] == UInt8(ascii: "u")
    else { return "\u{FFFD}" }
    let mark = position
    position += 2
    let low = try hexadecimal()
    guard (0xDC00...0xDFFF).contains(low) else {
      position = mark
      return "\u{FFFD}"
    }
    return Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) * 0x400 + UInt32(low) - 0xDC00) ?? "\u{FFFD}"
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard position < input.count, let digit = Self.digit(input[position]) else {
        throw problem("a \\u escape is not four hexadecimal digits")
      }
      unit = unit << 4 | digit
      position += 1
    }
    return unit
  }

  private static func digit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case 0x30...0x39: UInt16(byte) - 0x30
    case 0x41...0x46: UInt16(byte) - 0x41 + 10
    case 0x61...0x66: UInt16(byte) - 0x61 + 10
    default: nil
    }
  }
}
