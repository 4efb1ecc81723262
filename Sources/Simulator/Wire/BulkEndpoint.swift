/// Bulk API 2.0 query jobs.
struct BulkEndpoint: Sendable {
  let org: Org
  let version: String

  private struct Creation: Decodable {
    let operation: String?
    let query: String?
    let contentType: String?
    let columnDelimiter: String?
    let lineEnding: String?
  }

  private struct Change: Decodable {
    let state: String?
  }

  func create(_ body: [UInt8]) async throws -> WireResponse {
    let wanted = try JSONBody.decode(Creation.self, body)
    guard let operation = wanted.operation, operation == "query" || operation == "queryAll" else {
      throw SalesforceError.invalidJob("Operation must be query or queryAll")
    }
    guard let soql = wanted.query else { throw SalesforceError.invalidJob("Query is required") }
    let format = try BulkFormat(
      contentType: wanted.contentType, columnDelimiter: wanted.columnDelimiter, lineEnding: wanted.lineEnding)
    let all = operation == "queryAll"
    let data = org.data
    let query = try org.bind(soql, data, includeDeleted: all)
    try check(query)
    let order = Materialiser.Order(
      statement: query.statement, profile: org.profile, includeDeleted: all, delimiter: format.delimiter,
      crlf: format.usesCRLF)
    let job = org.jobs.create { id in
      BulkJob(
        id: id, operation: operation, objectName: query.object.name, version: version, created: org.clock.seconds,
        format: format, order: order, header: Self.header(query, order, data))
    }
    return WireResponse(json: job.json(full: false))
  }

  /// What Bulk 2.0 refuses though REST takes it.
  private func check(_ query: BoundQuery) throws(SalesforceError) {
    guard query.object.bulkSupported else {
      throw .notForBulk(query.object.name)
    }
    if query.isCount {
      throw SalesforceError(
        status: 400, code: "API_ERROR", message: "Aggregate functions are not supported in Bulk Query")
    }
    if query.statement.selection.contains(where: { if case .fields = $0 { true } else { false } }) {
      throw SalesforceError(status: 400, code: "API_ERROR", message: "FIELDS() is not supported in Bulk Query")
    }
    if query.statement.offset != nil {
      throw SalesforceError(status: 400, code: "API_ERROR", message: "OFFSET is not supported in Bulk Query")
    }
    for column in query.columns {
      switch column.field.type {
      case .address, .location:
        throw SalesforceError(
          status: 400, code: "FUNCTIONALITY_NOT_ENABLED", message: "Selecting compound data not supported in Bulk Query"
        )
      case .base64:
        throw SalesforceError(
          status: 400, code: "FUNCTIONALITY_NOT_ENABLED", message: "Selecting base64 data not supported in Bulk Query")
      default: break
      }
    }
  }

  private func job(_ id: String) throws(SalesforceError) -> BulkJob {
    guard let job = org.jobs.job(id) else { throw .notFound() }
    return job
  }

  func state(_ id: String) throws -> WireResponse { WireResponse(json: try job(id).json(full: true)) }

  func list() -> WireResponse {
    WireResponse(
      json: .object([
        ("done", .bool(true)), ("nextRecordsUrl", .null), ("records", .array(org.jobs.all.map { $0.json(full: true) })),
      ]))
  }

  func change(_ id: String, _ body: [UInt8]) async throws -> WireResponse {
    let job = try job(id)
    guard try JSONBody.decode(Change.self, body).state == "Aborted" else {
      throw SalesforceError(status: 400, code: "INVALIDJOBSTATE", message: "A query job can only be set to Aborted")
    }
    guard !job.now.state.isTerminal else {
      throw SalesforceError(
        status: 400, code: "INVALIDJOBSTATE", message: "Aborting already \(job.now.state.rawValue) Job not allowed")
    }
    await org.jobs.abort(job)
    return WireResponse(json: job.json(full: true))
  }

  func delete(_ id: String) async throws -> WireResponse {
    let job = try job(id)
    guard job.now.state.isTerminal else {
      throw SalesforceError(
        status: 400, code: "INVALIDJOBSTATE", message: "A job can be deleted only when it has ended")
    }
    await org.jobs.remove(job)
    return WireResponse(status: 204)
  }

  private func finished(_ id: String) throws(SalesforceError) -> (BulkJob, SpoolFile) {
    let job = try job(id)
    guard job.version == version else {
      throw SalesforceError(
        status: 409, code: "CONFLICT", message: "The job was created with API version \(job.version)")
    }
    let now = job.now
    guard now.state == .jobComplete, let file = now.file else {
      throw SalesforceError(
        status: 400, code: "INVALIDJOBSTATE", message: "The job has no results: its state is \(now.state.rawValue)")
    }
    return (job, file)
  }

  /// One page of CSV.
  /// - Parameter countOff: added to the number of records that the answer claims.
  func results(_ id: String, _ request: WireRequest, countOff: Int, plain: Bool) async throws -> WireResponse {
    let (job, file) = try finished(id)
    let from = try start(request.query["locator"], file)
    let wanted = try number(request.query["maxRecords"], org.settings.bulkPageRows)
    let count = org.settings.pageRows(from: from, wanted: wanted)
    let header = job.header
    let forgets = org.settings.forgetsFinishedJobs
    return try await org.compute { [org] in
      let page = try ResultPage(file, header: header, from: from, count: count)
      let end = page.from + page.rows
      var headers = [
        ("Content-Type", "text/csv; charset=UTF-8"), ("Sforce-NumberOfRecords", String(page.rows + countOff)),
        ("Sforce-Locator", end < file.rows ? Base64.locator(end) : "null"),
      ]
      let gzip = request.acceptsGzip && !plain
      if gzip { headers.append(("Content-Encoding", "gzip")) }
      org.ledger.note(rows: page.rows)
      let body = gzip ? try page.gzip() : page.plain()
      return WireResponse(headers: headers, body: forgets ? Self.guarded(body, job) : body)
    }
  }

  /// A body that breaks off when its job is forgotten.
  private static func guarded(_ body: WireResponse.Body, _ job: BulkJob) -> WireResponse.Body {
    guard case .parts(let length, let count, let make) = body else { return body }
    return .parts(length: length, count: count) { place in
      guard !job.now.isCancelled else { throw SalesforceError.notFound() }
      return try await make(place)
    }
  }

  private func start(_ locator: String?, _ file: SpoolFile) throws(SalesforceError) -> Int {
    guard let locator, !locator.isEmpty else { return 0 }
    guard let from = Base64.number(locator: locator), from >= 0, from <= file.rows else {
      throw .invalidLocator
    }
    return from
  }

  private func number(_ text: String?, _ standard: Int) throws(SalesforceError) -> Int {
    guard let text else { return standard }
    guard let number = Int(text), number > 0 else {
      throw SalesforceError(status: 400, code: "API_ERROR", message: "maxRecords must be a positive number")
    }
    return number
  }

  private static func header(_ query: BoundQuery, _ order: Materialiser.Order, _ data: DataSet) -> [UInt8] {
    let writer = CSVRowWriter(
      renderer: Renderer(data: data), columns: query.columns, delimiter: order.delimiter, crlf: order.crlf)
    var sink = ByteSink()
    writer.header(&sink)
    return Array(sink.bytes)
  }

  /// Addresses of up to five pages at a time.
  func pages(_ id: String, _ request: WireRequest) throws -> WireResponse {
    let (job, file) = try finished(id)
    let size = try number(request.query["maxRecords"], org.settings.bulkPageRows)
    let suffix = request.query["maxRecords"].map { "&maxRecords=\($0)" } ?? ""
    let base = "/services/data/v\(version)/jobs/query/\(job.id)"
    var from = try start(request.query["locator"], file)
    var pages: [JSONValue] = []
    repeat {
      pages.append(
        .object([("resultUrl", .string("\(base)/results?locator=\(Base64.locator(from))\(suffix)"))]))
      from += org.settings.pageRows(from: from, wanted: size)
    } while from < file.rows && pages.count < 5
    let done = from >= file.rows
    let next = JSONValue.string("\(base)/resultPages?locator=\(Base64.locator(from))\(suffix)")
    return WireResponse(
      json: .object([("resultPages", .array(pages)), ("nextRecordsUrl", done ? .null : next), ("done", .bool(done))]))
  }
}
