/// REST query, queryAll, locators, single records and `composite/sobjects` retrieve.
struct QueryEndpoint: Sendable {
  let org: Org
  let version: String

  /// Salesforce: most records of a page, and of a retrieve.
  private static let mostRecords = 2000

  /// First page of a statement.
  func query(_ request: WireRequest, all: Bool) async throws -> WireResponse {
    if let explained = request.query["explain"] { return try explain(explained, all: all) }
    guard let soql = request.query["q"] else { throw SalesforceError.malformedQuery("SOQL statement is missing") }
    let batchSize = batchSize(request)
    let path = all ? "queryAll" : "query"
    return try await org.compute { [self] in
      let data = org.data
      let query = try org.bind(soql, data, includeDeleted: all)
      let source = try RowSource(query, data: data)
      let total = source.total()
      if query.isCount {
        return WireResponse(
          json: .object([("totalSize", .int(total)), ("done", .bool(true)), ("records", .array([]))]))
      }
      var start: Int? = query.range.isEmpty ? nil : source.start
      if let place = start, query.offset > 0 { start = source.skip(from: place, query.offset).next }
      let cursor = Cursors.Cursor(source: source, total: total, version: version, batchSize: batchSize)
      return page(cursor, id: nil, .init(served: 0, place: start ?? 0), path)
    }
  }

  /// A later page.
  func more(_ locator: String, _ path: String) async throws -> WireResponse {
    guard let (id, cursor, position) = org.cursors.find(locator) else { throw SalesforceError.invalidLocator }
    let response = try await org.compute { [self] in page(cursor, id: id, position, path) }
    return response
  }

  private func batchSize(_ request: WireRequest) -> Int {
    let most = min(Self.mostRecords, max(1, org.settings.restPageRows))
    guard let options = request.headers["sforce-query-options"] else { return most }
    for option in options.split(separator: ",") {
      let parts = option.split(separator: "=").map { $0.trimmed.lowercased() }
      if parts.count == 2, parts[0] == "batchsize", let size = Int(parts[1]) {
        return min(most, max(200, min(Self.mostRecords, size)))
      }
    }
    return most
  }

  private func page(_ cursor: Cursors.Cursor, id: String?, _ position: Cursors.Position, _ path: String) -> WireResponse
  {
    let source = cursor.source
    var rows: [Int] = []
    let size = org.settings.pageRows(from: position.served, wanted: cursor.batchSize)
    let wanted = min(size, cursor.total - position.served)
    let next = wanted > 0 ? source.next(from: position.place, wanted, into: &rows) : nil
    let served = position.served + rows.count
    let writer = JSONRowWriter(
      renderer: source.renderer, object: source.query.object, columns: source.query.columns, version: cursor.version)
    var sink = ByteSink(capacity: 1 << 20)
    sink.append("{\"totalSize\":\(cursor.total),\"done\":")
    if let next, served < cursor.total {
      let id = id ?? org.cursors.open(cursor)
      let locator = org.cursors.locator(id, .init(served: served, place: next))
      sink.append("false,\"nextRecordsUrl\":\"/services/data/v\(cursor.version)/\(path)/\(locator)\"")
    } else {
      sink.append("true")
      if let id, org.settings.forgetsFinishedJobs { org.cursors.forget(id) }
    }
    sink.append(",\"records\":[")
    for (place, index) in rows.enumerated() {
      if place > 0 { sink.append(0x2C) }
      writer.row(source.renderer.data.row(source.query.object.kind, index), &sink)
    }
    sink.append("]}")
    org.ledger.note(rows: rows.count)
    return WireResponse(jsonBytes: Array(sink.bytes))
  }

  private func explain(_ soql: String, all: Bool) throws -> WireResponse {
    let data = org.data
    let query = try org.bind(soql, data, includeDeleted: all)
    let rows = data.rows(query.object.kind)
    return WireResponse(
      json: .object([
        (
          "plans",
          .array([
            .object([
              ("cardinality", .int(query.range.count)), ("fields", .array([])),
              ("leadingOperationType", .string(query.range.count < rows ? "Index" : "TableScan")),
              ("relativeCost", .number(rows == 0 ? "0.0" : "\(Double(query.range.count) / Double(rows))")),
              ("sobjectCardinality", .int(rows)), ("sobjectType", .string(query.object.name)),
            ])
          ])
        ), ("sourceQuery", .string(soql)),
      ]))
  }

  /// One record by id.
  func record(_ name: String, _ id: String, fields: String?) throws -> WireResponse {
    let profile = org.profile
    let data = org.data
    guard let object = data.object(name), profile.shows(object) else { throw SalesforceError.notFound() }
    guard let stem = IDChecksum.stem(id), let index = data.index(object.kind, of: stem),
      case let row = data.row(object.kind, index), !row.isGone
    else { throw SalesforceError.notFound("Provided external ID field does not exist or is not accessible: \(id)") }
    guard !row.isDeleted else {
      throw SalesforceError(status: 404, code: "ENTITY_IS_DELETED", message: "entity is deleted")
    }
    let names =
      fields.map { $0.split(separator: ",").map { String($0.trimmed) } }
      ?? object.fields.filter { profile.shows($0, of: object) }.map(\.name)
    let writer = try writer(object, names, data, profile)
    var sink = ByteSink()
    writer.row(row, &sink)
    return WireResponse(jsonBytes: Array(sink.bytes))
  }

  private func writer(_ object: ObjectDefinition, _ names: [String], _ data: DataSet, _ profile: Profile)
    throws(SalesforceError) -> JSONRowWriter
  {
    var statement = SOQLStatement(text: names.joined(separator: ","))
    statement.object = object.name
    let lookup = FieldLookup(data: data, profile: profile, statement: statement)
    let columns = try names.map { name throws(SalesforceError) in
      try lookup.column(.init(parts: name.split(separator: ".").map(String.init), offset: 0), of: object)
    }
    return JSONRowWriter(renderer: Renderer(data: data), object: object, columns: columns, version: version)
  }

  private struct Retrieve: Decodable {
    let ids: [String]
    let fields: [String]
  }

  /// `POST /composite/sobjects/{X}`: records in the order of the ids, `null` for what is missing or deleted.
  func retrieve(_ name: String, _ body: [UInt8]) async throws -> WireResponse {
    let profile = org.profile
    let data = org.data
    guard let object = data.object(name), profile.shows(object) else { throw SalesforceError.notFound() }
    let wanted = try JSONBody.decode(Retrieve.self, body)
    guard wanted.ids.count <= Self.mostRecords else {
      throw SalesforceError(
        status: 400, code: "LIMIT_EXCEEDED", message: "record limit reached. cannot submit more than 2000 records")
    }
    let writer = Unshared(value: try writer(object, wanted.fields, data, profile))
    return try await org.compute { [org] in
      var sink = ByteSink(capacity: 1 << 16)
      sink.append("[")
      for (place, id) in wanted.ids.enumerated() {
        if place > 0 { sink.append(0x2C) }
        if let stem = IDChecksum.stem(id), let index = data.index(object.kind, of: stem),
          case let row = data.row(object.kind, index), !row.isDeleted, !row.isGone
        {
          writer.value.row(row, &sink)
        } else {
          sink.append("null")
        }
      }
      sink.append("]")
      org.ledger.note(rows: wanted.ids.count)
      return WireResponse(jsonBytes: Array(sink.bytes))
    }
  }

  /// Carries a value of immutable parts to another thread.
  private struct Unshared<Value>: @unchecked Sendable {
    // Proof of Sendable: only used for `JSONRowWriter`, which is made of constants and the immutable data set.
    let value: Value
  }
}
