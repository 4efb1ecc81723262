/// A body, chunk by chunk, for one consumer. While nobody takes chunks, the server is held off.
///
/// A body that was cut throws; it never just ends early.
public struct HTTPBody: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  private let guarded: TransferGuard

  init(_ guarded: TransferGuard) { self.guarded = guarded }

  public func makeAsyncIterator() -> Iterator { Iterator(guarded: guarded) }

  /// Takes chunks of up to some hundred kilobytes.
  public struct Iterator: AsyncIteratorProtocol {
    let guarded: TransferGuard

    /// The next chunk, `nil` at the end.
    public func next() async throws -> [UInt8]? {
      let guarded = guarded
      let transfer = guarded.transfer
      let (chunk, shallResume) = try await withTaskCancellationHandler {
        try await transfer.nextChunk()
      } onCancel: {
        guarded.abandon()
      }
      if shallResume { await guarded.resume() }
      return chunk
    }
  }
}
