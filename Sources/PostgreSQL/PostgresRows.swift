import CPostgreSQL

/// The rows that a statement gave, and how many it affected.
public struct PostgresRows: Sendable, RandomAccessCollection {
  /// Rows that an insert, update, delete or select touched, as the server counts them.
  public let affected: Int
  /// What the server says it did, such as `INSERT 0 5`.
  public let commandTag: String
  private let columns: [String: Int]
  private let values: [[String?]]

  /// Copies a result, which stays the caller's.
  init(_ result: OpaquePointer) {
    let names = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
    columns = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    values = (0..<PQntuples(result)).map { row in
      (0..<Int32(names.count)).map { column in
        PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
    commandTag = String(cString: PQcmdStatus(result))
    affected = Int(String(cString: PQcmdTuples(result))) ?? 0
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { values.count }
  public subscript(index: Int) -> PostgresRow { PostgresRow(columns: columns, values: values[index]) }
}

/// One row. Values are asked for by column name and type.
public struct PostgresRow: Sendable {
  fileprivate let columns: [String: Int]
  fileprivate let values: [String?]

  /// The text of a column; `nil` for null.
  /// - Throws: when the statement gave no such column.
  public func string(_ column: String) throws(PostgresError) -> String? {
    guard let index = columns[column], values.indices.contains(index) else {
      throw PostgresError(kind: .unexpectedResult, message: "the answer has no column \(column)")
    }
    return values[index]
  }

  /// The whole number in a column; `nil` for null.
  public func int(_ column: String) throws(PostgresError) -> Int64? {
    try convert(column, "a whole number", Int64.init)
  }

  /// The number in a column; `nil` for null.
  public func double(_ column: String) throws(PostgresError) -> Double? { try convert(column, "a number", Double.init) }

  /// The truth value in a column; `nil` for null.
  public func bool(_ column: String) throws(PostgresError) -> Bool? {
    try convert(column, "a truth value") { $0 == "t" ? true : $0 == "f" ? false : nil }
  }

  private func convert<Value>(
    _ column: String, _ expected: String, _ parse: (String) -> Value?
  ) throws(PostgresError) -> Value? {
    guard let text = try string(column) else { return nil }
    guard let value = parse(text) else {
      throw PostgresError(kind: .unexpectedResult, message: "column \(column) does not hold \(expected)")
    }
    return value
  }
}
