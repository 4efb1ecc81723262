/// What tests look at and change, outside the org's own API and without a login: `/simulator/…`.
///
/// | request | does |
/// | --- | --- |
/// | `GET health` | 200 when the org serves |
/// | `GET faults`, `POST faults`, `DELETE faults` | shows how often each was met and fired; adds a JSON list of `SimulatedFault`; removes all |
/// | `GET requests`, `DELETE requests` | counts by endpoint and status, rows, bytes, API usage; sets them to zero |
/// | `POST sessions/expire` | ends all sessions and REST locators |
/// | `GET clock`, `POST clock` | shows the org's clock; `{"advanceSeconds": 60}` or `{"setSeconds": 1772359200}` |
/// | `POST limits` | `{"used": 0, "limit": 1000}` of the daily requests |
/// | `GET settings`, `POST settings` | `latencyMilliseconds`, `jobDelayMilliseconds`, `concurrentJobs`, `restPageRows`, `bulkPageRows`, `shortPages`, `forgetsFinishedJobs`, `rotatesRefreshTokens` |
/// | `POST profile` | `{"hiddenObjects": [], "hiddenFields": ["Account.Phone"], "readOnlyFields": []}` in place of the former ones |
/// | `GET objects` | rows of each object, all and live |
struct AdminEndpoint: Sendable {
  let org: Org

  private struct Clock: Decodable {
    let advanceSeconds: Double?
    let setSeconds: Double?
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
    }
    return WireResponse(
      json: .object([("now", .string(WireTime.json(org.clock.seconds))), ("seconds", .int(org.clock.seconds))]))
  }

  /// Rows of each object: with deleted ones, and the live ones.
  private func objects() async throws -> WireResponse {
    let counts = try await org.compute { [org] in
      try org.data.objects.map { object in
        let query = try BoundQuery(
          SOQLParser.parse("SELECT COUNT() FROM \(object.name)"), data: org.data, profile: Profile(),
          includeDeleted: false)
        return (object.name, org.data.rows(object.kind), try RowSource(query, data: org.data).total())
      }
    }
    return WireResponse(
      json: .array(
        counts.map { .object([("name", .string($0.0)), ("rows", .int($0.1)), ("live", .int($0.2))]) }))
  }
}
