extension ValueKind where Value == Int {
  /// A whole number in a range.
  static func whole(_ range: ClosedRange<Int>) -> ValueKind {
    let type = "whole number, \(range.lowerBound) to \(range.upperBound)"
    return ValueKind(type, isPlain: true, text: { String($0) }) { scalar, _ throws(Complaint) in
      guard let number = Digits.number(scalar.text) else {
        throw Complaint(
          .wrongType, "\(scalar.quoted) is not a whole number", "write digits only, such as \(range.lowerBound)")
      }
      try checkRange(number, in: range, scalar) { String($0) }
      return number
    }
  }

  /// A number of bytes in a range.
  static func bytes(_ range: ClosedRange<Int>) -> ValueKind {
    let text = ByteCountText.write
    let type = "bytes, \(text(range.lowerBound)) to \(text(range.upperBound))"
    return ValueKind(type, isPlain: true, text: text) { scalar, _ throws(Complaint) in
      guard let bytes = ByteCountText.read(scalar.text) else {
        throw Complaint(
          .wrongType, "\(scalar.quoted) is not a number of bytes",
          "write a whole number and B, KiB, MiB or GiB, such as \(text(range.lowerBound))")
      }
      try checkRange(bytes, in: range, scalar, text)
      return bytes
    }
  }
}

extension ValueKind where Value == Double {
  /// A number in a range.
  static func number(_ range: ClosedRange<Double>) -> ValueKind {
    let type = "number, \(range.lowerBound) to \(range.upperBound)"
    return ValueKind(type, isPlain: true, text: { String($0) }) { scalar, _ throws(Complaint) in
      let isDecimal =
        scalar.text.utf8.count <= 20 && scalar.text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard isDecimal, let number = Double(scalar.text), number.isFinite else {
        throw Complaint(.wrongType, "\(scalar.quoted) is not a number", "write a number such as \(range.upperBound)")
      }
      try checkRange(number, in: range, scalar) { String($0) }
      return number
    }
  }
}

extension ValueKind where Value == Duration {
  /// A duration in a range.
  static func duration(_ range: ClosedRange<Duration>) -> ValueKind {
    let text = DurationText.write
    let type = "duration, \(text(range.lowerBound)) to \(text(range.upperBound))"
    return ValueKind(type, isPlain: true, text: text) { scalar, _ throws(Complaint) in
      guard let duration = DurationText.read(scalar.text) else {
        throw Complaint(
          .wrongType, "\(scalar.quoted) is not a duration",
          "write a whole number and one of ms, s, m, h, d, such as \(text(range.upperBound))")
      }
      try checkRange(duration, in: range, scalar, text)
      return duration
    }
  }
}

private func checkRange<Value: Comparable>(
  _ value: Value, in range: ClosedRange<Value>, _ scalar: Scalar, _ text: (Value) -> String
) throws(Complaint) {
  guard range.contains(value) else {
    throw Complaint(
      .outOfRange, "\(scalar.quoted) is out of range",
      "write a value from \(text(range.lowerBound)) to \(text(range.upperBound))")
  }
}
