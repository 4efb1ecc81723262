import CCurl

/// What went wrong between us and a server. Names the host, never a path, a query or a header.
public struct HTTPError: Error, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  public enum Kind: String, Sendable {
    case resolve = "its name cannot be resolved"
    case connect = "it cannot be reached"
    case tls = "its certificate cannot be verified"
    case timeout = "it took too long"
    /// The connection ended before the answer did.
    case cut = "the connection was cut"
    case tooLarge = "its answer is larger than allowed"
    /// The answer is compressed in a way that cannot be undone.
    case malformed = "its answer cannot be decoded"
    case cancelled = "cancelled"
    case other = "the transfer failed"
  }

  public let kind: Kind
  public let host: String
  /// libcurl's words.
  public let detail: String

  /// Whether the same request may pass later.
  public var isRetriable: Bool {
    switch kind {
    case .resolve, .connect, .timeout, .cut, .malformed, .other: true
    case .tls, .tooLarge, .cancelled: false
    }
  }

  public var description: String { "\(host): \(kind.rawValue)\(detail.isEmpty ? "" : " (\(detail))")" }

  /// An error by libcurl's code.
  init(code: CURLcode, host: String) {
    let kind: Kind =
      switch code {
      case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
      case CURLE_COULDNT_CONNECT: .connect
      case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CONNECT_ERROR,
        CURLE_SSL_CERTPROBLEM:
        .tls
      case CURLE_OPERATION_TIMEDOUT: .timeout
      case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2_STREAM,
        CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR:
        .cut
      default: .other
      }
    self.init(kind: kind, host: host, detail: String(cString: curl_easy_strerror(code)))
  }

  init(kind: Kind, host: String, detail: String = "") {
    self.kind = kind
    self.host = host
    self.detail = detail
  }
}
