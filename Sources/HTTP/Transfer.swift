import CCurl
import Foundation
import Synchronization

/// One exchange with a server: what libcurl's thread puts in, a consumer takes out.
///
/// The easy handle is owned: made here, used on the client's thread only, freed with this object, which the multi
/// handle's table keeps alive as long as libcurl may call back.
// Sendable: everything that both sides touch is in `state`, behind its lock; the rest is touched by the client's
// thread only, or never changes.
final class Transfer: @unchecked Sendable {
  private struct State {
    var status = 0
    var headers = HTTPHeaders()
    var headIsComplete = false
    var chunks: [[UInt8]] = []
    var buffered = 0
    var isPaused = false
    var end: Result<Void, HTTPError>?
    var headWaiter: CheckedContinuation<Void, Never>?
    var chunkWaiter: CheckedContinuation<Void, Never>?
  }

  /// How the body is coded, known with its first bytes. For the client's thread.
  private enum Coding {
    case unknown
    case plain
    case gzip(GzipDecoder)
    case unreadable
  }

  /// Most bytes of a head; far more than any sound server sends.
  private static let mostHeadBytes = 256 << 10
  private static let chunkBytes = 256 << 10
  private static let globalInit: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

  let easy: OpaquePointer
  let host: String
  private let headerList: UnsafeMutablePointer<curl_slist>?
  private let limit: Int
  private var coding = Coding.unknown
  private var headBytes = 0
  /// Bytes that were decoded already of those that libcurl will hand over again after a pause.
  private var decoded = 0
  /// Why this side gave the transfer up.
  private var failure: HTTPError?
  private let state = Mutex(State())

  init(_ request: HTTPRequest, configuration: HTTPClientConfiguration, isStream: Bool) throws(HTTPError) {
    host = request.host
    guard Self.globalInit == CURLE_OK, let easy = curl_easy_init() else {
      throw HTTPError(kind: .other, host: request.host, detail: "libcurl cannot start")
    }
    self.easy = OpaquePointer(easy)
    limit = isStream ? configuration.bodyBufferBytes : Int.max
    headerList = Self.list(request.headers)
    configure(request, configuration, isStream)
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headerList)
  }

  /// libcurl's own type of the handle.
  var handle: UnsafeMutableRawPointer { UnsafeMutableRawPointer(easy) }

  private static func list(_ headers: [(name: String, value: String)]) -> UnsafeMutablePointer<curl_slist>? {
    var list: UnsafeMutablePointer<curl_slist>?
    for (name, value) in headers {
      // A line break in a value would begin a header of somebody else's choosing.
      let line = "\(name): \(value)".filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
      list = curl_slist_append(list, line)
    }
    // libcurl would otherwise wait for `100 Continue` before larger bodies.
    return curl_slist_append(list, "Expect:")
  }

  private func configure(_ request: HTTPRequest, _ configuration: HTTPClientConfiguration, _ isStream: Bool) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    set(CURLOPT_URL, request.url)
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_USERAGENT, configuration.userAgent)
    set(CURLOPT_ACCEPT_ENCODING, "gzip")
    set(CURLOPT_HTTP_CONTENT_DECODING, 0)
    if let file = configuration.caFile { set(CURLOPT_CAINFO, file) }
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_BUFFERSIZE, 256 << 10)
    set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.milliseconds)
    if !isStream { set(CURLOPT_TIMEOUT_MS, request.timeout.milliseconds) }
    set(CURLOPT_LOW_SPEED_LIMIT, 1)
    set(CURLOPT_LOW_SPEED_TIME, max(1, Int(request.stallTimeout.components.seconds)))
    if let body = request.body {
      crmsync_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
      // libcurl copies the body at this call.
      body.withUnsafeBytes {
        _ = crmsync_curl_set_pointer(
          handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: $0.baseAddress))
      }
    }
    set(CURLOPT_CUSTOMREQUEST, request.method)
    // On a connection that was used before and ends without an answer libcurl sends a request once more by itself.
    if request.method == "POST" || request.method == "PATCH" { set(CURLOPT_FRESH_CONNECT, 1) }
    crmsync_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
    crmsync_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    crmsync_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    crmsync_curl_set_pointer(handle, CURLOPT_PRIVATE, context)
    crmsync_curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    crmsync_curl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.receive(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
  }

  private func set(_ option: CURLoption, _ value: String) { crmsync_curl_set_string(handle, option, value) }
  private func set(_ option: CURLoption, _ value: Int) { crmsync_curl_set_long(handle, option, value) }

  // MARK: libcurl's side

  /// - Returns: bytes taken; fewer than there are give the transfer up.
  private func receive(header: UnsafeRawBufferPointer) -> Int {
    headBytes += header.count
    guard headBytes <= Self.mostHeadBytes else {
      failure = HTTPError(kind: .tooLarge, host: host, detail: "its header is over \(Self.mostHeadBytes) bytes")
      return 0
    }
    let line = String(decoding: header, as: UTF8.self).trimmingCharacters(in: .newlines)
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if line.hasPrefix("HTTP/") {
        state.headers = HTTPHeaders()
        state.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      } else if line.isEmpty {
        // Answers below 200 announce another.
        guard state.status >= 200 else { return nil }
        state.headIsComplete = true
        defer { state.headWaiter = nil }
        return state.headWaiter
      } else {
        state.headers.append(line: line)
      }
      return nil
    }
    waiter?.resume()
    return header.count
  }

  /// Takes bytes from libcurl, or asks it to hold them back.
  private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    if case .unknown = coding { coding = codingByHeader() }
    switch coding {
    case .gzip(let decoder): return receive(bytes, decoder)
    case .unknown, .plain:
      guard hasRoom() else { return Int(CURL_WRITEFUNC_PAUSE) }
      store(bytes)
      return bytes.count
    case .unreadable:
      failure = HTTPError(kind: .malformed, host: host, detail: "a content encoding that was not asked for")
      return 0
    }
  }

  private func codingByHeader() -> Coding {
    switch state.withLock({ $0.headers.first("Content-Encoding") })?.lowercased() ?? "" {
    case "", "identity": .plain
    case "gzip", "x-gzip": GzipDecoder().map { .gzip($0) } ?? .unreadable
    default: .unreadable
    }
  }

  /// Decodes while there is room. After a pause libcurl hands the same bytes over again.
  private func receive(_ bytes: UnsafeRawBufferPointer, _ decoder: GzipDecoder) -> Int {
    var position = min(decoded, bytes.count)
    var hasMore = true
    while position < bytes.count || hasMore {
      guard hasRoom() else {
        decoded = max(decoded, position)
        return Int(CURL_WRITEFUNC_PAUSE)
      }
      do {
        let (read, more) = try decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[position...]), store)
        (position, hasMore) = (position + read, more)
      } catch {
        failure = HTTPError(kind: .malformed, host: host, detail: "the compressed body is damaged")
        return 0
      }
    }
    decoded -= min(decoded, bytes.count)
    return bytes.count
  }

  /// Whether the consumer has room for more; if not, libcurl is being asked to hold back.
  private func hasRoom() -> Bool {
    state.withLock { state in
      state.isPaused = state.buffered >= limit
      return !state.isPaused
    }
  }

  /// Puts bytes where the consumer finds them.
  private func store(_ bytes: UnsafeRawBufferPointer) {
    let waiter = state.withLock { state in
      if let last = state.chunks.indices.last, state.chunks[last].count + bytes.count <= Self.chunkBytes {
        state.chunks[last].append(contentsOf: bytes)
      } else {
        var chunk: [UInt8] = []
        chunk.reserveCapacity(max(Self.chunkBytes, bytes.count))
        chunk.append(contentsOf: bytes)
        state.chunks.append(chunk)
      }
      state.buffered += bytes.count
      defer { state.chunkWaiter = nil }
      return state.chunkWaiter
    }
    waiter?.resume()
  }

  /// The exchange is over, as far as libcurl can tell.
  func finish(_ result: Result<Void, HTTPError>) {
    var end = result
    if let failure {
      end = .failure(failure)
    } else if case .success = result, endsEarly() {
      end = .failure(HTTPError(kind: .cut, host: host, detail: "its compressed body ends early"))
    }
    let waiters = state.withLock { state in
      if state.end == nil { state.end = end }
      defer { (state.headWaiter, state.chunkWaiter) = (nil, nil) }
      return [state.headWaiter, state.chunkWaiter]
    }
    for waiter in waiters { waiter?.resume() }
  }

  /// Whether a body that libcurl takes for whole is not.
  private func endsEarly() -> Bool {
    switch coding {
    case .gzip(let decoder): !decoder.isWhole
    case .plain, .unreadable: false
    case .unknown:
      // Not a single byte: no whole gzip stream, unless the server says that there is no body.
      if case .plain = codingByHeader() {
        false
      } else {
        state.withLock { ![204, 304].contains($0.status) && $0.headers.first("Content-Length") != "0" }
      }
    }
  }

  // MARK: The consumer's side

  var isOver: Bool { state.withLock { $0.end != nil } }

  /// Whether libcurl was asked to hold back; asking ends that.
  func takePause() -> Bool {
    state.withLock { state in
      defer { state.isPaused = false }
      return state.isPaused
    }
  }

  /// The status and headers, once they are complete.
  func head() async throws -> (Int, HTTPHeaders) {
    await withCheckedContinuation { continuation in
      let isReady = state.withLock { state in
        if state.headIsComplete || state.end != nil { return true }
        state.headWaiter = continuation
        return false
      }
      if isReady { continuation.resume() }
    }
    return try state.withLock { state throws(HTTPError) in
      if !state.headIsComplete {
        try state.end?.get()
        throw HTTPError(kind: .cut, host: host)
      }
      return (state.status, state.headers)
    }
  }

  /// The next chunk and whether the transfer must be told to go on; `nil` at the end.
  func nextChunk() async throws -> ([UInt8]?, shallResume: Bool) {
    await withCheckedContinuation { continuation in
      let isReady = state.withLock { state in
        if !state.chunks.isEmpty || state.end != nil { return true }
        state.chunkWaiter = continuation
        return false
      }
      if isReady { continuation.resume() }
    }
    return try state.withLock { state throws(HTTPError) in
      guard !state.chunks.isEmpty else {
        try state.end?.get()
        return (nil, false)
      }
      let chunk = state.chunks.removeFirst()
      state.buffered -= chunk.count
      return (chunk, state.isPaused && state.buffered < limit / 2)
    }
  }
}

extension Duration {
  /// Whole milliseconds, at least one.
  fileprivate var milliseconds: Int {
    max(1, Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000))
  }
}
