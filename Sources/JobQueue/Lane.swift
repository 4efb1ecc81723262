/// Which kind of work a queue carries, so that a long initial load never delays the short ones.
public enum Lane: String, Sendable, Codable, CaseIterable {
  case initial
  case delta
  case writeback
}
