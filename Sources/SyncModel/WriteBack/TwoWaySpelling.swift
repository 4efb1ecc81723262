/// How values of two-way fields are spelled on their way between both sides.
public enum TwoWaySpelling {
  /// The one spelling of a value that both sides may write differently, for comparing them.
  ///
  /// Salesforce: an empty text is none; a checkbox is never empty; the parts of a multi-select picklist have the order
  /// of their definition, whatever the order in which they were written.
  public static func canonical(_ text: String?, as type: ValueType) -> String? {
    guard let text, !text.isEmpty else { return type == .boolean ? "false" : nil }
    switch type {
    case .text: return text.utf8.contains(0) ? text.replacing("\0", with: "") : text
    case .textList:
      let parts = text.split(separator: ";").sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      return parts.isEmpty ? nil : parts.joined(separator: ";")
    case .identifier: return VeevaID.widened(text) ?? text
    case .boolean: return isTrue(text) ? "true" : "false"
    case .integer, .decimal:
      return withBytes(of: text) { bytes in
        var digits: [UInt8] = []
        return DecimalText.write(bytes, &digits) ? String(decoding: digits, as: UTF8.self) : text
      }
    case .date: return text
    case .instant: return withBytes(of: text, WireMoment.microseconds).map { String($0) } ?? text
    case .time: return withBytes(of: text, WireMoment.microsecondsOfDay).map { String($0) } ?? text
    }
  }

  /// A value of the destination as Veeva takes it. What is none of its type stays as it is, and is refused.
  public static func wire(_ text: String, as type: ValueType) -> String {
    switch type {
    case .instant:
      guard let moment = withBytes(of: text, WireMoment.microseconds) else { return text }
      let milliseconds = Int64((Double(moment) / 1000).rounded(.down))
      let fraction = ((milliseconds % 1000) + 1000) % 1000
      return Instant(milliseconds: milliseconds).formatted.dropLast() + "." + padded(fraction) + "Z"
    case .time:
      guard let time = withBytes(of: text, WireMoment.microsecondsOfDay) else { return text }
      return text.prefix(8) + "." + padded(time / 1000 % 1000) + "Z"
    case .boolean: return isTrue(text) ? "true" : "false"
    default: return text
    }
  }

  private static func isTrue(_ text: String) -> Bool { text.first.map { "tT1".contains($0) } ?? false }

  /// Three digits.
  private static func padded(_ number: Int64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }

  private static func withBytes<Result>(of text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    var text = text
    return text.withUTF8(body)
  }
}
