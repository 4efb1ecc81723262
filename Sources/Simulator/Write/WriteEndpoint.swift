/// Updates of records: `PATCH /composite/sobjects` and `PATCH /sobjects/{X}/{id}`.
struct WriteEndpoint: Sendable {
  let org: Org

  /// Salesforce: most records of a collection, and most runs of one object among them.
  private static let mostRecords = 200
  private static let mostChunks = 10

  private struct Collection: Decodable {
    let allOrNone: Bool?
    let records: [WrittenRecord]
  }

  private var writer: RecordWriter { RecordWriter(profile: org.profile, faults: org.faults) }

  /// One record: 204 when it is updated.
  func update(_ name: String, _ id: String, _ body: [UInt8]) async throws -> WireResponse {
    guard let object = org.data.object(name), org.profile.shows(object) else { throw SalesforceError.notFound() }
    var record = try JSONBody.decode(WrittenRecord.self, body)
    guard record.id == nil else {
      throw SalesforceError(
        status: 400, code: "INVALID_FIELD",
        message: "The Id field should not be specified in the sobject data.", fields: ["Id"])
    }
    (record.object, record.id) = (object.name, id)
    let whole = record
    let error = try await org.compute { [self] in run([whole], allOrNone: false).first ?? nil }
    guard var error else { return WireResponse(status: 204) }
    if error.code == "INVALID_CROSS_REFERENCE_KEY", error.fields.isEmpty { error.status = 404 }
    throw error
  }

  /// Up to 200 records: 200, with the results in their order, whatever became of them.
  func updateCollection(_ body: [UInt8]) async throws -> WireResponse {
    let collection = try JSONBody.decode(Collection.self, body)
    let records = collection.records
    guard records.count <= Self.mostRecords else {
      throw SalesforceError(
        status: 400, code: "EXCEEDED_ID_LIMIT",
        message: "record limit reached. cannot submit more than \(Self.mostRecords) records into this call")
    }
    let chunks = records.indices.count { $0 == 0 || records[$0].object != records[$0 - 1].object }
    guard chunks <= Self.mostChunks else {
      throw SalesforceError(
        status: 400, code: "LIMIT_EXCEEDED",
        message: "Cannot have more than \(Self.mostChunks) chunks in a single operation")
    }
    let allOrNone = collection.allOrNone ?? false
    let errors = try await org.compute { [self] in run(records, allOrNone: allOrNone) }
    return WireResponse(json: .array(zip(records, errors).map { Self.result($0, $1) }))
  }

  /// - Returns: for each record what stood in its way.
  private func run(_ records: [WrittenRecord], allOrNone: Bool) -> [SalesforceError?] {
    let writer = writer
    let errors = org.changes.plan(delay: org.settings.commitDelaySeconds) { planner in
      let before = planner
      var seen: Set<String> = []
      var errors: [SalesforceError?] = records.map { record in
        if let id = record.id, !seen.insert(String(id.prefix(15))).inserted {
          return SalesforceError(status: 400, code: "DUPLICATE_VALUE", message: "duplicate id specified: \(id)")
        }
        do throws(SalesforceError) {
          try writer.update(record, on: &planner)
          return nil
        } catch {
          return error
        }
      }
      if allOrNone, errors.contains(where: { $0 != nil }) {
        planner = before
        errors = errors.map { $0 ?? Self.rolledBack }
      }
      return errors
    }
    for (record, error) in zip(records, errors) where error == nil { org.updates.note(record) }
    return errors
  }

  private static let rolledBack = SalesforceError(
    status: 400, code: "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    message: "Record rolled back because not all records were valid and the request was using AllOrNone header")

  private static func result(_ record: WrittenRecord, _ error: SalesforceError?) -> JSONValue {
    guard let error else {
      return .object([("id", .string(orNull: record.id)), ("success", .bool(true)), ("errors", .array([]))])
    }
    let entry = JSONValue.object([
      ("statusCode", .string(error.code)), ("message", .string(error.message)), ("fields", .strings(error.fields)),
    ])
    return .object([("success", .bool(false)), ("errors", .array([entry]))])
  }
}
