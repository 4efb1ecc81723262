/// The type of a field (reference 4.1).
enum MarketoType: String, Sendable, CaseIterable {
  case string, text, email, phone, url, integer, score, float, currency, percent, boolean, date, datetime
  case reference, formula, link

  /// What a lead field made through the API may be (6): not `text`.
  static let creatableOnLead: Set<MarketoType> = [
    .boolean, .currency, .date, .datetime, .email, .float, .integer, .percent, .phone, .score, .string, .url,
  ]

  /// What a field of a custom object or of a custom activity may be (4.1).
  static let creatableOnObject: Set<MarketoType> = [
    .string, .boolean, .integer, .float, .link, .email, .currency, .date, .datetime, .phone, .text,
  ]

  /// Most bytes of a text area, UTF-8.
  static let longestText = 30_000

  var hasLength: Bool { [.string, .email, .phone, .url, .reference, .text].contains(self) }

  /// Whether a field of this type can be a key of leads (5.3).
  var isKey: Bool { [.string, .email, .integer].contains(self) }
}

extension MarketoField {
  /// A value as it is stored; `null` and the empty text clear (4.2).
  func stored(_ value: JSONValue) throws(MarketoReason) -> JSONValue {
    if value.isNull || value.text?.isEmpty == true { return type == .boolean ? .bool(false) : .null }
    switch type {
    case .string, .phone, .url, .reference, .formula:
      return .string(try limited(try text(value)))
    case .email:
      let text = try limited(try text(value))
      guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw mismatch(value) }
      return .string(text)
    case .text:
      let text = try text(value)
      guard text.utf8.count <= MarketoType.longestText else {
        throw .invalid("Value of field '\(name)' is longer than \(MarketoType.longestText) bytes")
      }
      return .string(text)
    case .integer, .score, .percent:
      guard case .int = value else { throw mismatch(value) }
      return value
    case .float, .currency:
      switch value {
      case .int, .number: return value
      default: throw mismatch(value)
      }
    case .boolean:
      guard case .bool = value else { throw mismatch(value) }
      return value
    case .date:
      let text = try text(value)
      guard MarketoMoment.day(Array(text.utf8)[...]) != nil else { throw mismatch(value) }
      return value
    case .datetime:
      guard let seconds = MarketoMoment.seconds(try text(value)) else { throw mismatch(value) }
      return .string(MarketoMoment.text(seconds, .zulu))
    case .link:
      switch value {
      case .int, .string: return value
      default: throw mismatch(value)
      }
    }
  }

  /// A cell of an import, as the JSON that says the same; `nil` for a blank one, which changes nothing (4.2, 4.3).
  func parsed(_ cell: String) -> JSONValue? {
    guard !cell.isEmpty else { return nil }
    switch type {
    case .integer, .score, .percent: return Int(cell).map(JSONValue.int) ?? .string(cell)
    case .float, .currency: return Double(cell)?.isFinite == true ? .number(cell) : .string(cell)
    case .boolean:
      switch cell.lowercased() {
      case "true", "1", "yes": return .bool(true)
      case "false", "0", "no": return .bool(false)
      default: return .string(cell)
      }
    default: return .string(cell)
    }
  }

  private func text(_ value: JSONValue) throws(MarketoReason) -> String {
    guard let text = value.text else { throw mismatch(value) }
    return text
  }

  private func limited(_ text: String) throws(MarketoReason) -> String {
    guard let length, text.count > length else { return text }
    throw .invalid("Value of field '\(name)' is longer than \(length) characters")
  }

  private func mismatch(_ value: JSONValue) -> MarketoReason {
    let shown = value.text ?? String(decoding: value.encoded, as: UTF8.self)
    return .badValue(String(shown.prefix(100)), type.rawValue)
  }
}
