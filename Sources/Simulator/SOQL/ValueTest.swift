import Glibc

/// A comparison of a value's text (Salesforce SOQL: text compares without regard to case, ids with it).
struct ValueTest {
  enum Rule {
    case isNull
    case isNotNull
    case text(SOQLStatement.Comparator, Folded)
    case textIn(Set<Folded>, negated: Bool)
    case number(SOQLStatement.Comparator, [Double])
    case id(SOQLStatement.Comparator, [[UInt8]])
    case like([UInt8])
    /// One of the groups, each of which must be there as a whole.
    case includes([Set<Folded>], negated: Bool)
  }

  /// A text with case removed.
  typealias Folded = [UInt8]

  let rule: Rule

  var matchesNull: Bool {
    switch rule {
    case .isNull: true
    case .text(.notEqual, _), .number(.notEqual, _), .number(.notIn, _), .id(.notEqual, _), .id(.notIn, _): true
    case .textIn(_, let negated), .includes(_, let negated): negated
    default: false
    }
  }

  func matches(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    switch rule {
    case .isNull: return false
    case .isNotNull: return true
    case .text(let comparator, let bound): return Self.compare(Self.fold(value), comparator, bound)
    case .textIn(let texts, let negated): return texts.contains(Self.fold(value)) != negated
    case .number(let comparator, let bounds):
      guard let number = Double(String(decoding: value, as: UTF8.self)) else { return false }
      return Self.compare(number, comparator, bounds)
    case .id(let comparator, let stems):
      let stem = Array(value.prefix(15))
      switch comparator {
      case .equal, .isIn: return stems.contains(stem)
      case .notEqual, .notIn: return !stems.contains(stem)
      default: return stems.first.map { Self.compare(stem, comparator, $0) } ?? false
      }
    case .like(let pattern): return Self.like(Self.fold(value), pattern)
    case .includes(let groups, let negated):
      let parts = Set(Self.fold(value).split(separator: 0x3B).map { Array($0) })
      return groups.contains { $0.isSubset(of: parts) } != negated
    }
  }

  static func fold(_ text: String) -> Folded { Array(text.lowercased().utf8) }

  static func fold(_ value: UnsafeBufferPointer<UInt8>) -> Folded {
    if value.allSatisfy({ $0 < 0x80 }) { return value.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 } }
    return fold(String(decoding: value, as: UTF8.self))
  }

  private static func compare(_ a: [UInt8], _ comparator: SOQLStatement.Comparator, _ b: [UInt8]) -> Bool {
    switch comparator {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a.lexicographicallyPrecedes(b)
    case .lessOrEqual: !b.lexicographicallyPrecedes(a)
    case .greater: b.lexicographicallyPrecedes(a)
    case .greaterOrEqual: !a.lexicographicallyPrecedes(b)
    default: false
    }
  }

  private static func compare(_ a: Double, _ comparator: SOQLStatement.Comparator, _ bounds: [Double]) -> Bool {
    switch comparator {
    case .isIn: return bounds.contains(a)
    case .notIn: return !bounds.contains(a)
    default: break
    }
    guard let b = bounds.first else { return false }
    return switch comparator {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    default: false
    }
  }

  /// `%` any run, `_` any character, backslash before either takes it literally. Linear in text times pattern.
  static func like(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
    var at = 0
    var place = 0
    var resume: (place: Int, at: Int)?
    while at < text.count {
      if place < pattern.count, pattern[place] == 0x25 {
        resume = (place + 1, at)
        place += 1
      } else if let length = step(text, at, pattern, place) {
        at += length.text
        place += length.pattern
      } else if let back = resume {
        at = back.at + 1
        place = back.place
        resume = (back.place, at)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == 0x25 }
  }

  /// How far one character of the pattern takes, or `nil` when it does not fit.
  private static func step(_ text: [UInt8], _ at: Int, _ pattern: [UInt8], _ place: Int) -> (text: Int, pattern: Int)? {
    guard place < pattern.count else { return nil }
    switch pattern[place] {
    case 0x5F:
      var length = 1
      while at + length < text.count, text[at + length] & 0xC0 == 0x80 { length += 1 }
      return (length, 1)
    case 0x5C where place + 1 < pattern.count && (pattern[place + 1] == 0x25 || pattern[place + 1] == 0x5F):
      return text[at] == pattern[place + 1] ? (1, 2) : nil
    case let byte: return text[at] == byte ? (1, 1) : nil
    }
  }
}
