/// What is wrong with a page of CSV. Quotes nothing of the page.
public enum CSVError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The header row is not the field list.
  case header(String)
  /// A record has too few or too many cells; of too many, the first in excess is counted.
  case cells(row: Int, found: Int, expected: Int)
  /// A quote or a carriage return where none may stand.
  case quote(row: Int)
  /// A record longer than a reader takes.
  case tooLong(row: Int)
  /// The page was cut.
  case endsInRecord

  public var description: String {
    switch self {
    case .header(let problem): "the header row is not the statement's field list: \(problem)"
    case .cells(let row, let found, let expected): "record \(row) has \(found) cells instead of \(expected)"
    case .quote(let row): "record \(row) has a quote or a carriage return where none may stand"
    case .tooLong(let row): "record \(row) is longer than \(CSVReader.longestRecord) bytes"
    case .endsInRecord: "the page ends in the middle of a record"
    }
  }
}
