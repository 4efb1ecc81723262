import PostgreSQL

/// What is wrong with the destination, and what to do about it.
public struct DestinationError: Error, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  public enum Problem: Sendable, Equatable {
    /// The role lacks a right.
    case permission
    /// A column has a type that cannot hold what the mapping wants.
    case incompatibleColumn(String, has: String, wants: String)
    /// There is a table of that name that is not ours.
    case foreignTable
    /// The server is out of space or read-only.
    case unavailable
  }

  public let problem: Problem
  public let schema: String
  public let table: String?
  /// The server's words.
  public let detail: String

  /// Whether it may pass by itself.
  public var isRetriable: Bool { problem == .unavailable }

  /// Whether only one object is concerned.
  public var isObjectScoped: Bool {
    switch problem {
    case .incompatibleColumn, .foreignTable: true
    case .permission, .unavailable: false
    }
  }

  public var description: String {
    let place = table.map { "\(schema).\($0)" } ?? "schema \(schema)"
    switch problem {
    case .permission:
      return "destination \(place): \(detail); run: GRANT CREATE ON DATABASE … TO the sync role, "
        + "or create schema \(schema) and GRANT ALL ON SCHEMA \(schema) to it"
    case .incompatibleColumn(let column, let has, let wants):
      return "destination \(place): column \(column) is \(has), but the field needs \(wants); "
        + "drop or rename the column, or exclude the field, and the next cycle goes on"
    case .foreignTable:
      return "destination \(place): a table of that name exists that was not made by crmsync; "
        + "rename it, or use another schema"
    case .unavailable:
      return "destination \(place): \(detail)"
    }
  }

  /// The destination's view of a server error, or the error itself.
  static func from(_ error: PostgresError, schema: String, table: String? = nil) -> any Error {
    switch error.sqlState {
    case "42501": DestinationError(problem: .permission, schema: schema, table: table, detail: error.message)
    case "53100", "25006": DestinationError(problem: .unavailable, schema: schema, table: table, detail: error.message)
    default: error
    }
  }
}

/// Rows of the page are in the destination already: the page must be merged instead.
public struct PageConflict: Error, Sendable {}
