/// What tests look at and change, outside the org's own API and without a login: `/simulator/…`.
///
/// | request | does |
/// | --- | --- |
/// | `GET health` | 200 when the org serves |
/// | `GET faults`, `POST faults`, `DELETE faults` | shows how often each was met and fired; adds a JSON list of `SimulatedFault`; removes all |
/// | `GET requests`, `DELETE requests` | counts by endpoint and status, rows, bytes, API usage; sets them to zero |
/// | `GET updates` | the updates that clients have made through the API, in order: `object`, `id`, `set` |
/// | `POST sessions/expire` | ends all sessions and REST locators |
/// | `GET clock`, `POST clock` | shows the org's clock; `{"advanceSeconds": 60}`, `{"setSeconds": 1772359200}`, `{"stopped": true}` |
/// | `POST limits` | `{"used": 0, "limit": 1000}` of the daily requests |
/// | `GET settings`, `POST settings` | `latencyMilliseconds`, `jobDelayMilliseconds`, `concurrentJobs`, `restPageRows`, `bulkPageRows`, `shortPages`, `forgetsFinishedJobs`, `rotatesRefreshTokens`, `commitDelaySeconds`, `uploadBytes` |
/// | `POST profile` | `{"hiddenObjects": [], "hiddenFields": ["Account.Phone"], "readOnlyFields": []}` in place of the former ones |
/// | `GET objects` | rows of each object, all and live |
/// | `POST changes` | performs a JSON list of operations, all or none; answers what each did, with ids and the stamp |
///
/// Each operation has `op` and, but for `random`, `object`. Rows are named by `ids`, by `where` (a condition in SOQL),
/// by `sample` with `seed` (so many of them, by chance), by `where` and `sample`, or not at all, which means all.
/// An operation moves SystemModstamp and LastModifiedDate of its rows to the org's clock, at once or, with
/// `visibleAfterSeconds` (or the setting `commitDelaySeconds`), becomes visible later with that same stamp. Account and
/// person contact change together: `Contact` is not an object of operations.
///
/// | op | members | does |
/// | --- | --- | --- |
/// | `insert` | `count`, `set`, `to`, `place` | new rows with generated values but for `set` (CreatedDate is taken, too) and the record type `to`; ids `after` all others or `between` two, mixed unless said |
/// | `update` | rows, `set`, `keepsStamps` | live rows get values; `keepsStamps` as when a formula's result changes |
/// | `touch` | rows, `modified` | SystemModstamp of live rows moves, nothing else, as in a mass update by the platform; with `modified` LastModifiedDate, too |
/// | `delete` | rows | IsDeleted; details of a master go with it |
/// | `undelete` | rows | live again, with the details that went with it |
/// | `purge` | rows | live or deleted rows and their details are seen by nothing any more |
/// | `merge` | `winner`, `losers`; or `sample`, `seed` | accounts: losers are deleted and point to the winner by MasterRecordId, their children refer to the winner; all of them are touched |
/// | `recordType` | rows, `to` | rows get the record type with that developer name; persons stay persons |
/// | `addField` | `field`, `type`, `label`, `length`, `precision`, `scale`, `values`, `nulls`, `formula` | a custom field; each row holds one of `values` by chance, or null in `nulls` rows of 1,024; no stamp moves |
/// | `removeField` | `field` | a custom field goes |
/// | `widenField` | `field`, `type`, `length`, `precision`, `scale` | int to double, date to datetime, numbers, dates and words to string or textarea |
/// | `random` | `seed`, `count` | so many operations of all kinds over all objects, the same for the same seed and org |
///
/// Names and activity of record types change by `update` of RecordType.
///
/// Validation rules, duplicate rules and locks are faults of the kind `refuseUpdate`.
struct AdminEndpoint: Sendable {
  let org: Org

  private struct Clock: Decodable {
    let advanceSeconds: Double?
    let setSeconds: Double?
    let stopped: Bool?
  }

  private struct Limits: Decodable {
    let used: Int?
    let limit: Int?
  }

  private struct Hidden: Decodable {
    let hiddenObjects: [String]?
    let hiddenFields: [String]?
    let readOnlyFields: [String]?
  }

  func answer(_ path: [String], _ request: WireRequest) async throws -> WireResponse {
    switch (request.method, path) {
    case ("GET", ["health"]): return WireResponse(json: .object([("status", .string("ok"))]))
    case ("GET", ["faults"]): return faults()
    case ("POST", ["faults"]):
      org.faults.add(try JSONBody.decode([SimulatedFault].self, request.body))
      return faults()
    case ("DELETE", ["faults"]):
      org.faults.clear()
      return faults()
    case ("GET", ["requests"]): return WireResponse(json: org.ledger.report)
    case ("DELETE", ["requests"]):
      org.ledger.reset()
      return WireResponse(json: org.ledger.report)
    case ("GET", ["updates"]): return WireResponse(json: org.updates.report)
    case ("POST", ["sessions", "expire"]):
      org.sessions.expireAll()
      org.cursors.forgetAll()
      return WireResponse(status: 204)
    case ("POST", ["clock"]), ("GET", ["clock"]): return try clock(request)
    case ("POST", ["limits"]):
      let limits = try JSONBody.decode(Limits.self, request.body)
      org.ledger.set(used: limits.used, limit: limits.limit)
      return WireResponse(json: org.ledger.report)
    case ("GET", ["settings"]): return WireResponse(json: org.settings.json)
    case ("POST", ["settings"]):
      org.change(try JSONBody.decode(Settings.Change.self, request.body))
      return WireResponse(json: org.settings.json)
    case ("POST", ["profile"]):
      let hidden = try JSONBody.decode(Hidden.self, request.body)
      org.changeProfile {
        $0 = Profile(
          hiddenObjects: hidden.hiddenObjects ?? [], hiddenFields: hidden.hiddenFields ?? [],
          readOnlyFields: hidden.readOnlyFields ?? [])
      }
      return WireResponse(status: 204)
    case ("GET", ["objects"]): return try await objects()
    case ("POST", ["changes"]):
      let operations = try JSONBody.decode([ChangeOperation].self, request.body)
      let reports = try await org.compute { [org] in try org.perform(operations) }
      return WireResponse(json: .array(reports.map(\.json)))
    default: throw SalesforceError.notFound()
    }
  }

  private func faults() -> WireResponse {
    WireResponse(
      json: .array(
        org.faults.entries.map { entry in
          .object([
            ("id", .int(entry.id)), ("kind", .string(entry.fault.kind.rawValue)),
            ("method", .string(orNull: entry.fault.method)), ("path", .string(orNull: entry.fault.path)),
            ("matched", .int(entry.matched)), ("fired", .int(entry.fired)),
          ])
        }))
  }

  private func clock(_ request: WireRequest) throws(SalesforceError) -> WireResponse {
    if request.method == "POST" {
      let clock = try JSONBody.decode(Clock.self, request.body)
      if let seconds = clock.setSeconds { org.clock.set(to: seconds) }
      if let seconds = clock.advanceSeconds { org.clock.advance(by: seconds) }
      if let stopped = clock.stopped { org.clock.stop(stopped) }
    }
    return WireResponse(
      json: .object([("now", .string(WireTime.json(org.clock.seconds))), ("seconds", .int(org.clock.seconds))]))
  }

  /// Rows of each object: with deleted ones, and the live ones.
  private func objects() async throws -> WireResponse {
    let counts = try await org.compute { [org] in
      let data = org.data
      return try data.objects.map { object in
        let counts = try [true, false].map { all in
          let query = try BoundQuery(
            SOQLParser.parse("SELECT COUNT() FROM \(object.name)"), data: data, profile: Profile(),
            includeDeleted: all)
          return try RowSource(query, data: data).total()
        }
        return (object.name, counts[0], counts[1])
      }
    }
    return WireResponse(
      json: .array(
        counts.map { .object([("name", .string($0.0)), ("rows", .int($0.1)), ("live", .int($0.2))]) }))
  }
}
