/// A JSON value whose objects keep their order.
enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int)
  /// A number in the form it shall have.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  static func == (a: JSONValue, b: JSONValue) -> Bool { a.encoded == b.encoded }

  static func strings(_ list: [String]) -> JSONValue { .array(list.map(JSONValue.string)) }

  static func string(orNull text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    write(&bytes)
    return bytes
  }

  private func write(_ bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += Array("null".utf8)
    case .bool(let value): bytes += Array((value ? "true" : "false").utf8)
    case .int(let value): bytes += Array(String(value).utf8)
    case .number(let text): bytes += Array(text.utf8)
    case .string(let text):
      bytes.append(0x22)
      bytes += Lexicon.jsonEscaped(Array(text.utf8))
      bytes.append(0x22)
    case .array(let values):
      bytes.append(0x5B)
      for (place, value) in values.enumerated() {
        if place > 0 { bytes.append(0x2C) }
        value.write(&bytes)
      }
      bytes.append(0x5D)
    case .object(let members):
      bytes.append(0x7B)
      for (place, member) in members.enumerated() {
        if place > 0 { bytes.append(0x2C) }
        JSONValue.string(member.0).write(&bytes)
        bytes.append(0x3A)
        member.1.write(&bytes)
      }
      bytes.append(0x7D)
    }
  }
}
