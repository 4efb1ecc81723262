import CCurl

/// libcurl's multi handle and the transfers that it works on.
///
/// Owned by one thread: `turn` is called by the client's executor between jobs, the other methods by jobs of the
/// client, which run on the same thread. Only `wake` may be called from any thread, as libcurl allows.
// Sendable: by the sentence above; the handle itself never changes.
final class CurlMulti: @unchecked Sendable {
  /// Freed with this object, which outlives the thread: the thread's closures hold it.
  private let multi: OpaquePointer?
  private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]

  init() { multi = curl_multi_init().map { OpaquePointer($0) } }

  deinit {
    for transfer in transfers.values { curl_multi_remove_handle(handle, transfer.handle) }
    curl_multi_cleanup(handle)
  }

  private var handle: UnsafeMutableRawPointer? { multi.map { UnsafeMutableRawPointer($0) } }

  /// Moves bytes, ends what is over, and waits up to a second for more.
  func turn() {
    var running: Int32 = 0
    curl_multi_perform(handle, &running)
    var left: Int32 = 0
    while let message = curl_multi_info_read(handle, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
      let code = crmsync_curl_result(message)
      guard let transfer = transfers.removeValue(forKey: easy) else { continue }
      curl_multi_remove_handle(handle, easy)
      transfer.finish(code == CURLE_OK ? .success(()) : .failure(HTTPError(code: code, host: transfer.host)))
    }
    curl_multi_poll(handle, nil, 0, 1000, nil)
  }

  /// Ends the wait of `turn`.
  func wake() { curl_multi_wakeup(handle) }

  func add(_ transfer: Transfer) {
    transfers[transfer.handle] = transfer
    curl_multi_add_handle(handle, transfer.handle)
  }

  /// Lets a transfer go on that its consumer had held off.
  func resume(_ transfer: Transfer) {
    guard transfers[transfer.handle] != nil, transfer.takePause() else { return }
    curl_easy_pause(transfer.handle, CURLPAUSE_CONT)
  }

  /// Ends a transfer before its end.
  func abandon(_ transfer: Transfer) {
    guard transfers.removeValue(forKey: transfer.handle) != nil else { return }
    curl_multi_remove_handle(handle, transfer.handle)
    transfer.finish(.failure(HTTPError(kind: .cancelled, host: transfer.host)))
  }
}
