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
    /// Somebody's own constraint refuses rows of the source.
    case constraint(String)
    /// Something that depends on the table forbids to alter it.
    case dependency
    /// The database stores text in another encoding than UTF-8.
    case encoding(String)
    /// The table was altered while a page was on its way, or does not fit the page's mapping any more.
    case altered(String)
    /// The server is out of space or read-only.
    case unavailable
  }

  public let problem: Problem
  public let schema: String
  public let table: String?
  /// The server's words, or the field concerned.
  public let detail: String

  /// Whether it may pass by itself.
  public var isRetriable: Bool { problem == .unavailable || isSchemaDrift }

  /// Whether the mapping is older than the table, and has to be read again.
  public var isSchemaDrift: Bool {
    if case .altered = problem { return true }
    return false
  }

  /// Whether only one object is concerned.
  public var isObjectScoped: Bool {
    switch problem {
    case .incompatibleColumn, .foreignTable, .constraint, .dependency, .altered: true
    case .permission, .encoding, .unavailable: false
    }
  }

  public var description: String {
    let place = table.map { "\(schema).\($0)" } ?? "schema \(schema)"
    switch problem {
    case .permission where table != nil:
      return "destination \(place): \(detail); the sync role must own the schema's tables: "
        + "ALTER TABLE \(place) OWNER TO it, GRANT USAGE, CREATE ON SCHEMA \(schema) TO it, "
        + "and GRANT TEMPORARY ON DATABASE … TO it"
    case .permission:
      return "destination \(place): \(detail); run: GRANT CREATE ON DATABASE … TO the sync role, "
        + "or create schema \(schema) and GRANT ALL ON SCHEMA \(schema) to it"
    case .incompatibleColumn(let column, let has, let wants):
      return "destination \(place): column \(column) is \(has), but the field \(detail) needs \(wants); "
        + "drop or rename the column, or exclude the field, and the next cycle goes on"
    case .foreignTable:
      return "destination \(place): a table of that name exists that was not made by crmsync; "
        + "rename it, or use another schema"
    case .constraint(let name):
      return "destination \(place): constraint \(name), which crmsync did not make, refuses records of the source; "
        + "drop it, or keep it in a table of your own"
    case .dependency:
      return "destination \(place): \(detail); drop what depends on the table's columns, "
        + "and make it again once the table has been altered"
    case .encoding(let name):
      return "destination \(place): the database stores text as \(name), which cannot hold every text of the source; "
        + "use a database made WITH ENCODING 'UTF8'"
    case .altered(let what):
      return "destination \(place): \(what); nothing of the page was written, and it is written again with the "
        + "mapping of the schema as it is now"
    case .unavailable:
      return "destination \(place): \(detail); the sync goes on by itself once the server can write again"
    }
  }

  /// The destination's view of a server error, or the error itself.
  ///
  /// A table or column that went missing stays a server's error: reading the schema again makes it anew.
  static func from(_ error: PostgresError, schema: String, table: String? = nil) -> any Error {
    func destination(_ problem: Problem) -> DestinationError {
      DestinationError(problem: problem, schema: schema, table: table, detail: error.message)
    }
    switch error.sqlState {
    case "42501": return destination(.permission)
    case "53100", "25006": return destination(.unavailable)
    case "0A000", "2BP01": return destination(.dependency)
    case "23502", "23503", "23505", "23514", "23P01":
      return destination(.constraint(error.constraint ?? error.column ?? "unknown"))
    default: return error
    }
  }
}

/// Rows of the page are in the destination already: the page must be merged instead.
public struct PageConflict: Error, Sendable {}
