/// A password, a token or a key. Printing it, dumping it or putting it into a message shows `***`.
public struct Secret: Sendable, Equatable {
  private let value: String

  /// Keeps a value secret.
  public init(_ value: String) { self.value = value }

  /// The value itself: only for handing it to the server that it is meant for.
  public func reveal() -> String { value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { Self.mask }
  public var debugDescription: String { Self.mask }
  public var customMirror: Mirror { Mirror(self, children: []) }

  static let mask = "***"
}
