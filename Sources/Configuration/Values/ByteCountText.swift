/// Byte counts as the file writes them: a whole number and one of `B`, `KiB`, `MiB`, `GiB`; without a unit, bytes.
enum ByteCountText {
  private static let units: [(name: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
  ]

  /// The number of bytes, if the text is one.
  static func read(_ text: String) -> Int? {
    guard let (number, name) = Digits.split(text) else { return nil }
    guard let unit = units.first(where: { $0.name == (name.isEmpty ? "B" : name) }) else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
    return overflow ? nil : bytes
  }

  /// The count in the largest unit that needs no fraction.
  static func write(_ bytes: Int) -> String {
    if bytes == 0 { return "0B" }
    let unit = units.first { bytes % $0.bytes == 0 } ?? ("B", 1)
    return "\(bytes / unit.bytes)\(unit.name)"
  }
}
