/// Bulk imports of leads and of custom objects (reference 11).
struct ImportEndpoint: Sendable {
  let context: MarketoContext

  private var instance: MarketoInstance { context.instance }

  func answer() throws(MarketoReason) -> MarketoAnswer {
    switch context.call {
    case .leadImport: return try create(nil)
    case .objectImport(let name):
      guard instance.withData({ $0.table(.custom(name)) != nil }) else { throw .noResource }
      return try create(.custom(name))
    case .leadImportPart(let id, let part): return try show(try job(id, nil), part)
    case .objectImportPart(let name, let id, let part): return try show(try job(id, .custom(name)), part)
    default: throw .noResource
    }
  }

  private func create(_ object: MarketoObject?) throws(MarketoReason) -> MarketoAnswer {
    let type = context.request.headers["content-type"] ?? ""
    guard let form = Multipart(context.request.body, contentType: type) else { throw .badMultipart }
    func value(_ name: String) -> String? {
      context.parameters[name] ?? form[name].map { String(decoding: $0.content, as: UTF8.self) }
    }
    guard let file = form["file"], file.filename != nil else { throw .missing("file") }
    guard let format = value("format") else { throw .missing("format") }
    guard let delimiter = DelimitedText.delimiter(format) else { throw .badValue(format, "format") }
    var job = ImportJob(object: object, delimiter: delimiter, created: instance.clock.now)
    if object == nil {
      job.lookup = value("lookupField") ?? "email"
      let (lookup, action) = (job.lookup, job.action)
      try instance.tryData { data throws(MarketoReason) in try data.checkLookup(lookup, action) }
      if let name = value("partitionName") {
        guard let partition = instance.withData({ data in data.partitions.first { $0.name == name } }),
          partition.isReachable
        else { throw .partition(name) }
        job.partition = partition.id
      }
      job.list = value("listId")
    }
    let added = try instance.imports.add(job, file: Array(file.content), instance)
    return .result([.object(Self.head(added))])
  }

  private static func head(_ job: ImportJob) -> [(String, JSONValue)] {
    let id: [(String, JSONValue)] = [("batchId", .int(job.id))]
    let status: (String, JSONValue) = ("status", .string(job.status.rawValue))
    guard case .custom(let name) = job.object else {
      return id + [("importId", .string(String(job.id))), status]
    }
    return id + [status, ("objectApiName", .string(name))]
  }

  private func job(_ text: String, _ object: MarketoObject?) throws(MarketoReason) -> ImportJob {
    guard let id = Int(text), let job = instance.imports.job(id, now: instance.clock.now), job.object == object else {
      throw .objectNotFound
    }
    return job
  }

  private func show(_ job: ImportJob, _ part: MarketoCall.ImportPart) throws(MarketoReason) -> MarketoAnswer {
    switch part {
    case .failures, .warnings:
      let rows = part == .failures ? job.failures : job.warnings
      guard job.status == .complete, !rows.isEmpty else { throw .noFile }
      return .file(job.file(rows, part == .failures ? "Import Failure Reason" : "Import Warning Reason"))
    case .status:
      var members = Self.head(job)
      if job.object != nil { members.append(("operation", .string("import"))) }
      members.append((job.object == nil ? "numOfLeadsProcessed" : "numOfObjectsProcessed", .int(job.processed)))
      members.append(("numOfRowsFailed", .int(job.failures.count)))
      members.append(("numOfRowsWithWarning", .int(job.warnings.count)))
      if job.object != nil, job.isEnded { members.append(("importTime", .string("\(job.seconds) second(s)"))) }
      members.append(("message", .string(job.message)))
      return .result([.object(members)])
    }
  }
}
