/// The body of `PATCH /composite/sobjects`, as bytes.
struct UpdateBody {
  private(set) var bytes = Array(#"{"allOrNone":false,"records":["#.utf8)

  init(_ records: ArraySlice<RecordUpdate>, object: String) {
    for (place, record) in records.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      put(#"{"attributes":{"type":"#)
      put(text: object)
      put(#"},"id":"#)
      put(text: record.id)
      for (field, value) in record.values {
        bytes.append(UInt8(ascii: ","))
        put(text: field)
        bytes.append(UInt8(ascii: ":"))
        put(value)
      }
      bytes.append(UInt8(ascii: "}"))
    }
    put("]}")
  }

  private mutating func put(_ plain: String) { bytes += plain.utf8 }

  private mutating func put(_ value: WrittenValue) {
    switch value {
    case .null: put("null")
    case .boolean(let flag): put(flag ? "true" : "false")
    case .text(let text): put(text: text)
    case .number(let digits):
      // What is no number would break the body for all others; as a text it is refused alone.
      if digits.wholeMatch(of: #/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/#) != nil {
        put(digits)
      } else {
        put(text: digits)
      }
    }
  }

  private mutating func put(text: String) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
