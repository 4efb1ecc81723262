/// Watches over the calls of an instance, which everybody shares: there is no header that tells what is left.
public protocol MarketoLimitObserver: Sendable {
  /// A call is about to be sent. Its end is told by `ended`.
  /// - Throws: to keep it back.
  func beforeCall() async throws
  /// The call ended, however it did.
  func ended() async
  /// The instance refused a call for a limit.
  /// - Returns: the error that the caller shall see.
  func refused(_ limit: MarketoLimit, _ error: MarketoError) async -> any Error
}

/// Lets everything pass.
public struct NoMarketoLimits: MarketoLimitObserver {
  /// An observer that does nothing.
  public init() {}
  public func beforeCall() async throws {}
  public func ended() async {}
  public func refused(_ limit: MarketoLimit, _ error: MarketoError) async -> any Error { error }
}
