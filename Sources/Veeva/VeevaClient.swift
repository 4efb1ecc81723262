import Foundation
public import HTTP
import SyncModel

/// A client of one Veeva CRM org: Salesforce REST API and Bulk API 2.0.
///
/// Calls are grouped by what they are about, a file each. Every call goes to the host that the login named, with
/// the login that the whole cluster shares; a login found dead is renewed once per call. Redirects are not followed:
/// they mean that the org has moved, which a new login tells.
public struct VeevaClient: Sendable {
  /// API version, such as `62.0`.
  public let apiVersion: String
  let http: HTTPClient
  let loginURL: String
  let batchBytes: Int
  private let sessions: SessionCache
  private let limits: any LimitObserver

  /// Quick repeats of a read that a passing fault cut off before its answer; everything else is for the job's life
  /// cycle to decide.
  private static let quickRepeats = 2
  private static let longestQuickWait = Duration.seconds(2)

  /// A client.
  /// - Parameter batchBytes: bytes of values in a batch of bulk results; a batch ends with the chunk that passes it.
  public init(
    loginURL: String, apiVersion: String, credentials: VeevaCredentials, http: HTTPClient,
    sessions: any SessionStore, limits: any LimitObserver,
    batchBytes: Int = 512 << 10
  ) {
    self.apiVersion = apiVersion
    self.http = http
    let loginURL = String(loginURL.reversed().drop { $0 == "/" }.reversed())
    self.loginURL = loginURL
    self.limits = limits
    self.batchBytes = batchBytes
    self.sessions = SessionCache(
      store: sessions, login: Login(http: http, loginURL: loginURL, credentials: credentials))
  }

  /// 18-character id of the org that the credentials lead to.
  public func organizationID() async throws -> String { try await sessions.session().organizationID }

  /// What a call is, for errors, metrics and repeats.
  struct Call {
    var name: String
    var object: String?
    var method = "GET"
    /// Of the body.
    var contentType = "application/json; charset=UTF-8"
    /// From the root of the instance.
    var path: String
    var body: [UInt8]?
    /// Whether it only reads, so that it may be repeated.
    var reads: Bool?
    var accept = "application/json"
    var timeout = Duration.seconds(130)

    var mayRepeat: Bool { reads ?? (method == "GET") }
  }

  /// The path of a resource of the pinned API version.
  func path(_ resource: String) -> String { "/services/data/v\(apiVersion)/\(resource)" }

  /// Makes a call and gives its whole answer.
  func send(_ call: Call) async throws -> HTTPResponse {
    try await repeating(call) {
      let response = try await authorized(call) {
        try await http.send($0)
      } inspect: {
        ($0.status, $0.headers)
      }
      guard (200..<300).contains(response.status) else {
        throw await refusal(response.status, response.headers, response.body, call)
      }
      return response
    }
  }

  /// Makes a call whose answer is streamed.
  func stream(_ call: Call) async throws -> HTTPStream {
    try await repeating(call) {
      let stream = try await authorized(call) {
        try await http.stream($0)
      } inspect: {
        ($0.status, $0.headers)
      }
      guard (200..<300).contains(stream.status) else {
        throw await refusal(stream.status, stream.headers, await Self.beginning(of: stream.body), call)
      }
      return stream
    }
  }

  /// As much of a refusal's body as can be had, and as is worth reading.
  private static func beginning(of body: HTTPBody) async -> [UInt8] {
    var bytes: [UInt8] = []
    let chunks = body.makeAsyncIterator()
    while bytes.count < 1 << 16, let chunk = try? await chunks.next() { bytes += chunk }
    return bytes
  }

  private func repeating<Answer>(_ call: Call, _ attempt: () async throws -> Answer) async throws -> Answer {
    var repeats = 0
    while true {
      do {
        return try await attempt()
      } catch let error as VeevaError where error.isBrief && call.mayRepeat && repeats < Self.quickRepeats {
        if let wait = error.retryAfter, wait > Self.longestQuickWait { throw error }
        repeats += 1
        try await Task.sleep(for: error.retryAfter ?? .milliseconds(Int.random(in: 50...150) * repeats))
      }
    }
  }

  /// Sends with a login; with a fresh one, once, if the login was dead.
  private func authorized<Answer: Sendable>(
    _ call: Call, _ exchange: (HTTPRequest) async throws -> Answer, inspect: (Answer) -> (Int, HTTPHeaders)
  ) async throws -> Answer {
    var session = try await sessions.session()
    var isFresh = false
    while true {
      try await limits.beforeRequest()
      let answer: Answer
      do {
        answer = try await exchange(request(call, session))
      } catch let error as HTTPError {
        throw VeevaError.from(error, call: call.name, object: call.object)
      }
      let (status, headers) = inspect(answer)
      await limits.answered(headers.first("Sforce-Limit-Info").flatMap(LimitInfo.init), endpoint: call.name)
      let hasMoved = [301, 302, 303, 307, 308].contains(status)
      guard status == 401 || hasMoved, !isFresh else { return answer }
      session = try await sessions.renew(replacing: session)
      isFresh = true
    }
  }

  private func request(_ call: Call, _ session: VeevaSession) -> HTTPRequest {
    var headers = [
      ("Authorization", "Bearer \(session.accessToken)"), ("Accept", call.accept),
      ("Sforce-Call-Options", "client=crmsync"),
    ]
    if call.body != nil { headers.append(("Content-Type", call.contentType)) }
    return HTTPRequest(
      method: call.method, url: session.instanceURL + call.path, headers: headers.map { (name: $0.0, value: $0.1) },
      body: call.body, timeout: call.timeout)
  }

  /// What the caller shall see of a refusal: limits are the budget's to word.
  private func refusal(_ status: Int, _ headers: HTTPHeaders, _ body: [UInt8], _ call: Call) async -> any Error {
    let error = VeevaError(status: status, headers: headers, body: body, call: call.name, object: call.object)
    guard case .waitForLimit(let limit) = error.disposition else { return error }
    return await limits.refused(limit)
  }
}

extension VeevaClient.Call {
  /// Decodes an answer.
  func decode<Answer: Decodable>(_ type: Answer.Type, from body: [UInt8]) throws -> Answer {
    do {
      return try JSONDecoder().decode(type, from: Data(body))
    } catch {
      throw VeevaError(
        code: .malformedAnswer, call: name, object: object, message: "the answer is not what the API documents")
    }
  }
}
