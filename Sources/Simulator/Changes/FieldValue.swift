/// A value that a change gave to a field.
enum FieldValue: Sendable, Equatable {
  case null
  case text(EscapedText)
  /// A number, in the form it is written in.
  case number(String)
  case boolean(Bool)
  /// Days since 1970.
  case date(Int)
  /// Seconds since 1970.
  case instant(Int)
  /// A row of another object, by index.
  case row(ObjectKind, Int)

  /// A text in the three forms it is written in.
  struct EscapedText: Sendable, Equatable {
    let raw: [UInt8]
    let csv: [UInt8]
    let json: [UInt8]

    init(_ text: String) {
      raw = Array(text.utf8)
      csv = Lexicon.csvEscaped(raw)
      json = Lexicon.jsonEscaped(raw)
    }
  }

  static func text(_ text: String) -> FieldValue { .text(EscapedText(text)) }

  /// Seconds, days, or 0 or 1; `nil` for null and for what is no number.
  var integer: Int? {
    switch self {
    case .boolean(let value): value ? 1 : 0
    case .date(let days): days
    case .instant(let seconds): seconds
    default: nil
    }
  }
}

extension Renderer {
  /// Writes a value that a change gave.
  /// - Returns: false when it is null.
  func put(_ value: FieldValue, _ form: Lexicon.Form, _ sink: inout ByteSink) -> Bool {
    sink.reserve(64)
    switch value {
    case .null: return false
    case .text(let text):
      switch form {
      case .raw: sink.append(text.raw)
      case .csv: sink.append(text.csv)
      case .json: sink.append(text.json)
      }
    case .number(let text): sink.append(text)
    case .boolean(let value): putBoolean(value, &sink)
    case .date(let days): putDate(days, &sink)
    case .instant(let seconds): putInstant(seconds, form, &sink)
    case .row(let kind, let index): id(kind, index, &sink)
    }
    return true
  }
}
