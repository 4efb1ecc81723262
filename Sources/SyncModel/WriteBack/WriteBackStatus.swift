/// How much of what marketers have changed is not in Veeva, for people.
public struct WriteBackStatus: Sendable, Codable, Equatable {
  /// Changes that wait for their turn, or for another try.
  public let pending: Int64
  /// Changes that the org has refused, and that stay with marketing.
  public let refused: Int64
  /// How long the oldest pending change has waited, in seconds; `nil` where none is.
  public let longestSeconds: Double?

  /// Figures.
  public init(pending: Int64, refused: Int64, longestSeconds: Double?) {
    self.pending = pending
    self.refused = refused
    self.longestSeconds = longestSeconds
  }
}
