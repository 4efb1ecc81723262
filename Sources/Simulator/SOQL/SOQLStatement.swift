/// A statement as written, names not yet looked up.
struct SOQLStatement: Sendable, Equatable {
  /// A dotted name.
  struct Path: Sendable, Equatable {
    var parts: [String]
    var offset: Int
    var text: String { parts.joined(separator: ".") }
  }

  enum Selection: Sendable, Equatable {
    case field(Path)
    /// `COUNT()`.
    case count
    /// `FIELDS(ALL)`, `FIELDS(STANDARD)`, `FIELDS(CUSTOM)`.
    case fields(String, offset: Int)
  }

  enum Comparator: String, Sendable, Equatable {
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case like, isIn, notIn, includes, excludes
  }

  enum Value: Sendable, Equatable {
    case null
    case boolean(Bool)
    case string(String)
    case number(Double)
    /// Days since 1970.
    case date(Int)
    /// Seconds since 1970.
    case datetime(Int)
  }

  struct Comparison: Sendable, Equatable {
    var path: Path
    var comparator: Comparator
    var values: [Value]
    var offset: Int
  }

  indirect enum Condition: Sendable, Equatable {
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case comparison(Comparison)
  }

  struct Order: Sendable, Equatable {
    var path: Path
    var descending: Bool
    var nullsLast: Bool
  }

  var text: String
  var selection: [Selection] = []
  var object = ""
  var objectOffset = 0
  var condition: Condition?
  var order: [Order] = []
  var limit: Int?
  var offset: Int?
}
