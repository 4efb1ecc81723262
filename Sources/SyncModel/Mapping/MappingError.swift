/// Why an object cannot be mapped.
public struct MappingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// API name of the object.
  public let object: String
  public let problem: Problem

  /// What is wrong.
  public enum Problem: Sendable, Equatable {
    case notQueryable
    case missingField(String)
    case unlinked
    case unknownInclude(String)
    case tableNameTaken(String, by: String)
  }

  /// A problem with an object.
  public init(object: String, problem: Problem) {
    self.object = object
    self.problem = problem
  }

  public var description: String {
    switch problem {
    case .notQueryable:
      "\(object) cannot be queried with these credentials: give the sync user's profile Read and View All on it"
    case .missingField(let field):
      "\(object).\(field) is not visible to the sync user, and nothing can be synced without it"
    case .unlinked:
      "\(object) is not linked to Account or Contact, directly or through one other object: add a lookup to Account, "
        + "or remove it from objects.custom"
    case .unknownInclude(let field):
      "\(object).\(field) is named under include: but the sync user cannot see such a field"
    case .tableNameTaken(let table, let other):
      "\(object) would be stored in table \(table), which \(other) already uses: object names must be unique"
    }
  }
}
