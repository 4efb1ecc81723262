/// `/limits` and `/limits/recordCount`.
struct LimitsEndpoint: Sendable {
  let org: Org

  func limits() -> WireResponse {
    let usage = org.ledger.usage
    let jobs = org.jobs.all.count
    let limits: [(String, max: Int, remaining: Int)] = [
      ("ConcurrentAsyncGetReportInstances", 200, 200),
      ("DailyApiRequests", usage.limit, max(0, usage.limit - usage.used)),
      ("DailyBulkApiBatches", 15_000, 15_000), ("DailyBulkV2QueryFileStorageMB", 976_562, 976_562),
      ("DailyBulkV2QueryJobs", 10_000, max(0, 10_000 - jobs)), ("DataStorageMB", 1_073_741, 900_000),
    ]
    return WireResponse(
      json: .object(
        limits.map { name, max, remaining in (name, .object([("Max", .int(max)), ("Remaining", .int(remaining))])) }))
  }

  /// Rough counts, of which the org is allowed to be sure: live rows.
  func recordCount(_ names: String?) async throws -> WireResponse {
    let profile = org.profile
    let data = org.data
    let wanted = names.map { $0.split(separator: ",").map { $0.trimmed } }
    let objects =
      wanted.map { $0.compactMap { data.object($0) } } ?? data.objects
    let counts = try await org.compute {
      try objects.filter(profile.shows).map { object in
        let query = try BoundQuery(
          SOQLParser.parse("SELECT COUNT() FROM \(object.name)"), data: data, profile: profile,
          includeDeleted: false)
        return (object.name, try RowSource(query, data: data).total())
      }
    }
    return WireResponse(
      json: .object([
        ("sObjects", .array(counts.map { .object([("count", .int($0.1)), ("name", .string($0.0))]) }))
      ]))
  }
}
