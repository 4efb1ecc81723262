/// Bulk API 2.0 ingest jobs, of updates.
struct IngestEndpoint: Sendable {
  let org: Org
  let version: String

  private struct Creation: Decodable {
    let object: String?
    let operation: String?
    let contentType: String?
    let columnDelimiter: String?
    let lineEnding: String?
  }

  private struct Change: Decodable {
    let state: String?
  }

  private static func invalidState(_ message: String) -> SalesforceError {
    SalesforceError(status: 400, code: "INVALIDJOBSTATE", message: message)
  }

  func create(_ body: [UInt8]) throws -> WireResponse {
    let wanted = try JSONBody.decode(Creation.self, body)
    guard wanted.operation == "update" else {
      throw SalesforceError.invalidJob("Operation must be update: the simulated org takes no other")
    }
    let format = try BulkFormat(
      contentType: wanted.contentType, columnDelimiter: wanted.columnDelimiter, lineEnding: wanted.lineEnding)
    guard let name = wanted.object, let object = org.data.object(name), org.profile.shows(object),
      object.bulkSupported
    else {
      throw SalesforceError.notForBulk(wanted.object ?? "")
    }
    let job = org.ingest.create { id in
      IngestJob(
        id: id, objectName: object.name, version: version, created: org.clock.seconds, format: format)
    }
    return WireResponse(json: job.json(full: false))
  }

  private func job(_ id: String) throws(SalesforceError) -> IngestJob {
    guard let job = org.ingest.job(id) else { throw .notFound() }
    return job
  }

  func list() -> WireResponse {
    WireResponse(
      json: .object([
        ("done", .bool(true)), ("nextRecordsUrl", .null),
        ("records", .array(org.ingest.all.map { $0.json(full: true) })),
      ]))
  }

  func state(_ id: String) throws -> WireResponse { WireResponse(json: try job(id).json(full: true)) }

  /// Takes the file: 201, once.
  func upload(_ id: String, _ request: WireRequest) throws -> WireResponse {
    let job = try job(id)
    guard job.now.state == .open else {
      throw Self.invalidState("A job takes no content in state \(job.now.state.rawValue)")
    }
    guard request.headers["content-type"]?.lowercased().hasPrefix("text/csv") ?? false else {
      throw SalesforceError(status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message: "Content-Type must be text/csv")
    }
    guard request.body.count <= org.settings.uploadBytes else {
      throw SalesforceError(status: 413, code: "REQUEST_ENTITY_TOO_LARGE", message: "The content is too large")
    }
    guard job.take(request.body) else {
      throw SalesforceError.invalidJob(
        "Found multiple contents for job: <\(job.id)>, please 'Close' / 'Abort' / 'Delete' the current Job then create "
          + "a new Job and make sure you only do 'PUT' once on a given Job.")
    }
    return WireResponse(status: 201)
  }

  func change(_ id: String, _ body: [UInt8]) throws -> WireResponse {
    let job = try job(id)
    let before = job.now.state
    switch try JSONBody.decode(Change.self, body).state {
    case "UploadComplete":
      guard job.move(from: [.open], to: .uploadComplete, at: org.clock.seconds) else {
        throw Self.invalidState("Closing already \(before.rawValue) Job not allowed")
      }
      // As it is before it begins.
      let answer = WireResponse(json: job.json(full: false))
      org.ingest.start(job) { [org] in await IngestRunner(org: org, job: job).run() }
      return answer
    case "Aborted":
      guard job.move(from: [.open, .uploadComplete, .inProgress], to: .aborted, at: org.clock.seconds) else {
        throw Self.invalidState("Aborting already \(before.rawValue) Job not allowed")
      }
      org.ingest.stop(job)
    default: throw Self.invalidState("An ingest job can be set to UploadComplete or Aborted")
    }
    return WireResponse(json: job.json(full: false))
  }

  func delete(_ id: String) throws -> WireResponse {
    let job = try job(id)
    guard job.now.state != .inProgress, job.now.state != .open else {
      throw Self.invalidState("A job can be deleted only when it is closed and not at work")
    }
    org.ingest.remove(job)
    return WireResponse(status: 204)
  }

  /// One of the three files of results.
  /// - Parameter plain: whether it goes out uncompressed.
  func results(_ id: String, _ results: IngestJob.Results, plain: Bool) async throws -> WireResponse {
    let job = try job(id)
    guard job.now.state.isTerminal else {
      throw Self.invalidState("The job has no results: its state is \(job.now.state.rawValue)")
    }
    let csv = try await org.compute { job.csv(results) }
    let body: WireResponse.Body = plain ? .parts(length: csv.count, count: 1) { _ in csv } : .bytes(csv)
    return WireResponse(headers: [("Content-Type", "text/csv; charset=UTF-8")], body: body)
  }
}
