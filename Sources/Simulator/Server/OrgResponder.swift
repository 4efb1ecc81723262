/// Answers requests: checks what every request is checked for, then hands them to their endpoint.
struct OrgResponder: Sendable {
  let org: Org
  let baseURL: String

  /// Salesforce: longest URI, and longest URI with headers, in bytes.
  private static let longestURI = 16_384

  func answer(_ request: WireRequest, _ endpoint: Endpoint, _ faults: [SimulatedFault]) async -> WireResponse {
    if case .admin(let path) = endpoint {
      return await Self.caught { try await AdminEndpoint(org: org).answer(path, request) }
    }
    var response = await Self.caught { try await guarded(request, endpoint, faults) }
    if request.path.first == "services", request.path.dropFirst().first == "data", endpoint != .versions {
      let usage = org.ledger.usage
      response.headers.append(("Sforce-Limit-Info", "api-usage=\(usage.used)/\(usage.limit)"))
    }
    return response
  }

  private static func caught(_ body: () async throws -> WireResponse) async -> WireResponse {
    do {
      return try await body()
    } catch let error as SalesforceError {
      return WireResponse(error)
    } catch {
      return WireResponse(
        SalesforceError(
          status: 500, code: "UNKNOWN_EXCEPTION", message: "An unexpected error occurred: \(type(of: error))"))
    }
  }

  private func guarded(_ request: WireRequest, _ endpoint: Endpoint, _ faults: [SimulatedFault]) async throws
    -> WireResponse
  {
    let headerBytes = request.headers.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 4 }
    guard request.target.utf8.count <= Self.longestURI else {
      throw SalesforceError(status: 414, code: "URI_TOO_LONG", message: "URI Too Long")
    }
    guard request.target.utf8.count + headerBytes <= Self.longestURI else {
      throw SalesforceError(status: 431, code: "UNKNOWN_EXCEPTION", message: "Request Header Fields Too Large")
    }
    for fault in faults where fault.kind == .hideObject || fault.kind == .hideField {
      org.changeProfile {
        if let object = fault.object { $0.hide(object: object) }
        if let field = fault.field { $0.hide(field: field) }
      }
    }
    if faults.contains(where: { $0.kind == .expireSessions }) { org.sessions.expireAll() }
    if let fault = faults.first(where: { $0.kind == .status }) { return Self.broken(fault) }
    switch endpoint {
    case .token: return await OAuthEndpoint(org: org, baseURL: baseURL).token(request)
    case .revoke:
      org.sessions.revoke(request.form["token"] ?? "")
      return WireResponse()
    case .versions: return DescribeEndpoint(org: org).versions()
    default: break
    }
    try authorise(request)
    try checkLimits(faults)
    return try await served(request, endpoint, faults)
  }

  private static func broken(_ fault: SimulatedFault) -> WireResponse {
    let status = fault.status ?? 500
    guard fault.html != true else {
      let page = "<html><head><title>\(status)</title></head><body><h1>We are down for maintenance.</h1></body></html>"
      return WireResponse(status: status, headers: [("Content-Type", "text/html")], body: .bytes(Array(page.utf8)))
    }
    let code = fault.code ?? (status == 503 || status == 502 ? "SERVER_UNAVAILABLE" : "UNKNOWN_EXCEPTION")
    return WireResponse(
      SalesforceError(status: status, code: code, message: "An unexpected error occurred. ErrorId: 1234567-890 (42)"))
  }

  private func authorise(_ request: WireRequest) throws(SalesforceError) {
    guard let header = request.headers["authorization"] else { throw .invalidSession }
    let parts = header.split(separator: " ", maxSplits: 1).map(String.init)
    guard parts.count == 2, ["bearer", "oauth"].contains(parts[0].lowercased()) else {
      throw SalesforceError(status: 401, code: "INVALID_AUTH_HEADER", message: "INVALID_AUTH_HEADER")
    }
    guard org.sessions.use(parts[1]) else { throw .invalidSession }
  }

  private func checkLimits(_ faults: [SimulatedFault]) throws(SalesforceError) {
    let message: String?
    if faults.contains(where: { $0.kind == .requestLimit }) || !org.ledger.take() {
      message = "TotalRequests Limit exceeded."
    } else if faults.contains(where: { $0.kind == .concurrentLimit }) {
      message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    } else {
      message = nil
    }
    if let message { throw SalesforceError(status: 403, code: "REQUEST_LIMIT_EXCEEDED", message: message) }
  }

  private func served(_ request: WireRequest, _ endpoint: Endpoint, _ faults: [SimulatedFault]) async throws
    -> WireResponse
  {
    if endpoint == .userInfo || endpoint == .identity { return OAuthEndpoint(org: org, baseURL: baseURL).userInfo() }
    guard endpoint != .unknown, request.path.count > 2, let version = Self.version(request.path[2]) else {
      throw SalesforceError.notFound()
    }
    if case .queryMore(let locator) = endpoint, faults.contains(where: { $0.kind == .expireLocator }) {
      org.cursors.forget(locator)
    }
    if case .results(let id) = endpoint, faults.contains(where: { $0.kind == .expireLocator }),
      let job = org.jobs.job(id)
    {
      await org.jobs.remove(job)
    }
    let describe = DescribeEndpoint(org: org)
    let query = QueryEndpoint(org: org, version: version)
    let bulk = BulkEndpoint(org: org, version: version)
    let ingest = IngestEndpoint(org: org, version: version)
    switch endpoint {
    case .resources: return describe.resources(version)
    case .describeGlobal: return describe.global(version)
    case .objectInfo(let name): return try describe.info(name, version)
    case .describe(let name): return try describe.describe(name, version, since: request.headers["if-modified-since"])
    case .record(let name, let id): return try query.record(name, id, fields: request.query["fields"])
    case .query(let all): return try await query.query(request, all: all)
    case .queryMore(let locator): return try await query.more(locator, request.path[3])
    case .limits: return LimitsEndpoint(org: org).limits()
    case .recordCount: return try await LimitsEndpoint(org: org).recordCount(request.query["sObjects"])
    case .retrieve(let name): return try await query.retrieve(name, request.body)
    case .update(let name, let id): return try await WriteEndpoint(org: org).update(name, id, request.body)
    case .updateCollection: return try await WriteEndpoint(org: org).updateCollection(request.body)
    case .createJob: return try await bulk.create(request.body)
    case .listJobs: return bulk.list()
    case .job(let id): return try bulk.state(id)
    case .abortJob(let id): return try await bulk.change(id, request.body)
    case .deleteJob(let id): return try await bulk.delete(id)
    case .results(let id):
      let off = faults.first { $0.kind == .wrongCount }.map { $0.difference ?? 1 } ?? 0
      let plain = faults.contains { $0.kind == .truncatedBody }
      return try await bulk.results(id, request, countOff: off, plain: plain)
    case .resultPages(let id): return try bulk.pages(id, request)
    case .createIngest: return try ingest.create(request.body)
    case .listIngest: return ingest.list()
    case .ingest(let id): return try ingest.state(id)
    case .changeIngest(let id): return try ingest.change(id, request.body)
    case .deleteIngest(let id): return try ingest.delete(id)
    case .upload(let id): return try ingest.upload(id, request)
    case .ingestResults(let id, let results):
      let plain = faults.contains { $0.kind == .truncatedBody }
      return try await ingest.results(id, results, plain: plain)
    default: throw SalesforceError.notFound()
    }
  }

  /// `v62.0` → `62.0`, when the org offers it.
  private static func version(_ part: String) -> String? {
    guard part.hasPrefix("v") else { return nil }
    let number = String(part.dropFirst())
    return Org.versions.contains { $0.number == number } ? number : nil
  }
}
