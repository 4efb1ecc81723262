/// Answers calls: checks what each is checked for, in the order of the reference (15), then hands it to its endpoint.
struct MarketoResponder: Sendable {
  let instance: MarketoInstance

  private static let longestTarget = 8192

  func answer(_ request: WireRequest, _ faults: [MarketoFault]) async -> WireResponse {
    let quirks = WireQuirks(
      numericCodes: faults.contains { $0.kind == .numericCodes },
      extraMembers: faults.contains { $0.kind == .extraMembers },
      reversed: faults.contains { $0.kind == .reversedResults })
    let writer = EnvelopeWriter(requestID: instance.nextRequestID(), quirks: quirks)
    do {
      return try await guarded(request, faults, quirks, writer)
    } catch {
      instance.gate.note(error: error.code, now: instance.clock.now)
      return writer.response(error)
    }
  }

  private func guarded(
    _ request: WireRequest, _ faults: [MarketoFault], _ quirks: WireQuirks, _ writer: EnvelopeWriter
  ) async throws(MarketoReason) -> WireResponse {
    guard let call = MarketoCall(request.target) else { throw .noResource }
    guard call.methods.contains(request.method) else { throw .wrongMethod(request.method) }
    guard request.target.utf8.count <= Self.longestTarget else { throw .addressTooLong }
    let largest = call.takesFile ? instance.options.importBytes - 1 : instance.options.bodyBytes
    guard request.body.count <= largest else { throw .bodyTooLarge }
    if faults.contains(where: { $0.kind == .expireTokens }) { instance.tokens.expireAll() }
    if faults.contains(where: { $0.kind == .invalidateTokens }) { instance.tokens.invalidateAll() }
    let fault = faults.first { $0.kind == .code || $0.kind == .status || $0.kind == .cut }
    if call == .identity {
      if let fault { return refused(fault, writer) }
      return identity(request)
    }
    try authorise(request)
    let form = Self.form(request)
    let method = request.method == "POST" ? (form["_method"] ?? request.query["_method"] ?? "POST") : request.method
    let reads = method == "GET"
    let needed = call.permissions(reads: reads)
    let withheld = instance.settings.withheld
    guard needed.isEmpty || needed.contains(where: { !withheld.contains($0) }) else { throw .denied }
    if let fault, fault.kind == .code, MarketoReason.free.contains(fault.reason.code), fault.executed != true {
      throw fault.reason
    }
    if let refusal = instance.gate.enter(now: instance.clock.now) { throw refusal }
    defer { instance.gate.leave() }
    await delay(faults)
    if let fault, fault.executed != true { return refused(fault, writer) }
    let response = try await executed(request, call, method, form, faults, quirks, writer)
    return fault.map { refused($0, writer) } ?? response
  }

  private func delay(_ faults: [MarketoFault]) async {
    let time = faults.filter { $0.kind == .latency }.reduce(instance.settings.latency) {
      $0 + .milliseconds($1.milliseconds ?? 1000)
    }
    if time > .zero { try? await Task.sleep(for: time) }
  }

  private func refused(_ fault: MarketoFault, _ writer: EnvelopeWriter) -> WireResponse {
    guard fault.kind == .status else {
      if fault.kind == .code { instance.gate.note(error: fault.reason.code, now: instance.clock.now) }
      return writer.response(fault.reason)
    }
    let status = fault.status ?? 500
    guard fault.html == true else { return WireResponse(status: status, json: .object([])) }
    let page = "<html><head><title>\(status)</title></head><body><h1>Bad Gateway</h1></body></html>"
    return WireResponse(status: status, headers: [("Content-Type", "text/html")], body: .bytes(Array(page.utf8)))
  }

  /// `/identity/oauth/token` (1): parameters in the query; its calls count for nothing.
  private func identity(_ request: WireRequest) -> WireResponse {
    guard request.query["grant_type"] == "client_credentials",
      request.query["client_id"] == instance.options.clientID,
      request.query["client_secret"] == instance.options.clientSecret
    else {
      return WireResponse(
        status: 401,
        json: .object([
          ("error", .string("unauthorized")),
          ("error_description", .string("No client with requested id: or wrong secret")),
        ]))
    }
    let (token, left) = instance.tokens.issue(now: instance.clock.now)
    return WireResponse(
      json: .object([
        ("access_token", .string(token)), ("token_type", .string("bearer")), ("expires_in", .int(left)),
        ("scope", .string(Self.user)),
      ]))
  }

  /// The API user.
  static let user = "sync-bot@example.org"

  /// The token comes in the header alone: as a parameter it counts as none (1).
  private func authorise(_ request: WireRequest) throws(MarketoReason) {
    let parts = (request.headers["authorization"] ?? "").split(separator: " ", maxSplits: 1).map(String.init)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw .noToken }
    switch instance.tokens.standing(parts[1], now: instance.clock.now) {
    case .alive: return
    case .expired: throw .expiredToken
    case .unknown: throw .invalidToken
    }
  }

  private static func contentType(_ request: WireRequest) -> String {
    (request.headers["content-type"] ?? "").prefix { $0 != ";" }.trimmed.lowercased()
  }

  private static func form(_ request: WireRequest) -> [String: String] {
    contentType(request) == "application/x-www-form-urlencoded" ? request.form : [:]
  }

  private func executed(
    _ request: WireRequest, _ call: MarketoCall, _ method: String, _ form: [String: String], _ faults: [MarketoFault],
    _ quirks: WireQuirks, _ writer: EnvelopeWriter
  ) async throws(MarketoReason) -> WireResponse {
    var body: JSONValue?
    if call.takesFile {
      guard Self.contentType(request) == "multipart/form-data" else { throw .wrongContentType }
    } else if !request.body.isEmpty, method != "GET" || form.isEmpty {
      guard Self.contentType(request) == "application/json" else { throw .wrongContentType }
      do {
        body = try JSONReader.read(request.body)
      } catch {
        throw .notJSON
      }
      guard body?.members != nil else { throw .notJSON }
    }
    var context = MarketoContext(
      instance: instance, call: call, request: request, method: method,
      parameters: request.query.merging(form) { query, _ in query }, body: body, quirks: quirks)
    for fault in faults where fault.kind == .record { context.recordFaults[fault.place ?? 0] = fault.reason }
    return writer.response(try await dispatch(context))
  }

  private func dispatch(_ context: MarketoContext) async throws(MarketoReason) -> MarketoAnswer {
    switch context.call {
    case .identity: throw .noResource
    case .leadDescribe, .leadDescribe2, .lead, .leadDelete, .partitions, .leads:
      return try await LeadEndpoint(context: context).answer()
    case .leadFields, .leadField, .companyFields, .companyField:
      return try FieldEndpoint(context: context).answer()
    case .object(let object, let part): return try ObjectEndpoint(context: context, object: object).answer(part)
    case .customObjects: return try CustomObjectEndpoint(context: context).list()
    case .types, .type, .typeDataTypes, .typeLinkables: return try CustomObjectEndpoint(context: context).answer()
    case .pagingToken, .leadChanges, .deletedLeads, .activityTypes, .activities:
      return try ActivityEndpoint(context: context).answer()
    case .customActivities, .customActivityTypes, .newCustomActivityType, .customActivityType:
      return try CustomActivityEndpoint(context: context).answer()
    case .usage, .errors: return StatsEndpoint(context: context).answer()
    case .leadImport, .leadImportPart, .objectImport, .objectImportPart:
      return try ImportEndpoint(context: context).answer()
    }
  }
}
