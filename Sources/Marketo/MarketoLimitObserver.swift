/// Watches over the calls of an instance, which everybody shares: there is no header that tells what is left.
public protocol MarketoLimitObserver: Sendable {
  /// A call is about to be sent. Its end is told by `ended`.
  /// - Parameter timeout: how long it runs at most.
  /// - Returns: a ticket that names the call.
  /// - Throws: to keep it back.
  func beforeCall(lasting timeout: Duration) async throws -> Int64
  /// The call ended, however it did.
  /// - Parameter isAnswered: whether an answer came. Without one Marketo may still be working on it.
  func ended(_ ticket: Int64, isAnswered: Bool) async
  /// The instance refused a call for a limit.
  /// - Returns: the error that the caller shall see.
  func refused(_ limit: MarketoLimit, _ error: MarketoError) async -> any Error
}

/// Lets everything pass.
public struct NoMarketoLimits: MarketoLimitObserver {
  /// An observer that does nothing.
  public init() {}
  public func beforeCall(lasting timeout: Duration) async throws -> Int64 { 0 }
  public func ended(_ ticket: Int64, isAnswered: Bool) async {}
  public func refused(_ limit: MarketoLimit, _ error: MarketoError) async -> any Error { error }
}
