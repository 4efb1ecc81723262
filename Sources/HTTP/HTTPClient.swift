import ThreadExecutor

/// How a client connects.
public struct HTTPClientConfiguration: Sendable {
  public var userAgent: String
  /// Certificates to trust instead of the system's, as a PEM file.
  public var caFile: String?
  /// Decoded bytes of a streamed body that may wait for their consumer; past that the server is held off.
  public var bodyBufferBytes: Int

  /// Certificates are always verified; there is no way to turn that off.
  public init(userAgent: String = "crmsync", caFile: String? = nil, bodyBufferBytes: Int = 2 << 20) {
    self.userAgent = userAgent
    self.caFile = caFile
    self.bodyBufferBytes = bodyBufferBytes
  }
}

/// HTTP over libcurl: all transfers of a client share one thread and its connections.
///
/// gzip is asked for and decoded; a compressed body that ends early is a cut one. Redirects are not followed, so that a token never travels to another host.
public actor HTTPClient {
  private let configuration: HTTPClientConfiguration
  private let multi: CurlMulti
  private nonisolated let executor: ThreadExecutor

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A client with its own connections.
  public init(configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
    self.configuration = configuration
    let multi = CurlMulti()
    self.multi = multi
    executor = ThreadExecutor(name: "http", wait: { multi.turn() }, wake: { multi.wake() })
  }

  deinit { executor.stop() }

  /// Exchanges a request for a whole answer.
  /// - Parameter maxBodyBytes: a larger answer is an error.
  public nonisolated func send(_ request: HTTPRequest, maxBodyBytes: Int = 64 << 20) async throws -> HTTPResponse {
    let stream = try await begin(request, isStream: false)
    var body: [UInt8] = []
    for try await chunk in stream.body {
      guard body.count + chunk.count <= maxBodyBytes else {
        throw HTTPError(kind: .tooLarge, host: request.host, detail: "over \(maxBodyBytes) bytes")
      }
      body += chunk
    }
    return HTTPResponse(status: stream.status, headers: stream.headers, body: body)
  }

  /// Exchanges a request for an answer whose body comes as it is consumed.
  public nonisolated func stream(_ request: HTTPRequest) async throws -> HTTPStream {
    try await begin(request, isStream: true)
  }

  private nonisolated func begin(_ request: HTTPRequest, isStream: Bool) async throws -> HTTPStream {
    try Task.checkCancellation()
    let transfer = try await start(request, isStream: isStream)
    let guarded = TransferGuard(transfer: transfer, client: self)
    let (status, headers) = try await withTaskCancellationHandler {
      try await transfer.head()
    } onCancel: {
      guarded.abandon()
    }
    return HTTPStream(status: status, headers: headers, body: HTTPBody(guarded))
  }

  private func start(_ request: HTTPRequest, isStream: Bool) throws -> Transfer {
    let transfer = try Transfer(request, configuration: configuration, isStream: isStream)
    multi.add(transfer)
    return transfer
  }

  /// Lets a transfer go on that was held off.
  func resume(_ transfer: Transfer) { multi.resume(transfer) }

  /// Ends a transfer that nobody waits for any more.
  func remove(_ transfer: Transfer) { multi.abandon(transfer) }
}

/// Ends its transfer when the last one who could consume it is gone.
final class TransferGuard: Sendable {
  let transfer: Transfer
  private let client: HTTPClient

  init(transfer: Transfer, client: HTTPClient) {
    self.transfer = transfer
    self.client = client
  }

  deinit { abandon() }

  func abandon() {
    guard !transfer.isOver else { return }
    Task { [transfer, client] in await client.remove(transfer) }
  }

  func resume() async { await client.resume(transfer) }
}
