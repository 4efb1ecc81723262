/// What is wrong with a query answer. Quotes nothing of the answer.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Byte offset.
  public let offset: Int
  /// What is wrong there.
  public let problem: String

  public var description: String { "the answer is not what the API documents: \(problem) at byte \(offset)" }
}
