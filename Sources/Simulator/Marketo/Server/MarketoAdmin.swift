/// What tests look at and change, outside the instance's own API, without a token and outside its limits:
/// `/simulator/…`.
///
/// | request | does |
/// | --- | --- |
/// | `GET health` | 200 when the instance serves |
/// | `GET faults`, `POST faults`, `DELETE faults` | shows how often each was met and fired; adds a JSON list of `MarketoFault`; removes all |
/// | `GET requests`, `DELETE requests` | counts by endpoint and HTTP status; sets them to zero, with the counters of limits |
/// | `GET limits`, `POST limits` | what is used of each limit, and how often it refused; `{"concurrentCalls": 10, "callsPerWindow": 100, "windowSeconds": 20, "callsPerDay": 50000, "usedToday": 0, "callsOfOthers": 90}` |
/// | `POST tokens/expire`, `POST tokens/invalidate` | all tokens answer 602, or 601 |
/// | `GET clock`, `POST clock` | `{"advanceSeconds": 60}` or `{"setSeconds": 1772359200}` |
/// | `GET settings`, `POST settings` | as `MarketoSettings` |
/// | `GET hold`, `POST hold` | `{"leadWrites": true, "imports": true}`: writes of leads wait after their keys were looked up, imports before each part; shows how many wait |
/// | `GET counts` | leads, companies, salespersons, custom objects, activities, tokens issued |
/// | `GET leads`, `GET companies`, `GET salespersons`, `GET customobjects/NAME` | records with all their values; `?fields=a,b`, `?offset=0&limit=1000`, `?field=veevaId&value=…` |
/// | `GET …/duplicates?field=veevaId` | values that more than one record has |
/// | `POST leads`, `POST leads/ID`, `DELETE leads/ID` | what a form or a marketer does: makes, changes, deletes a lead; body `{"phone": "…"}` |
/// | `GET activities` | the log; `?offset=0&limit=1000` |
/// | `GET imports` | all imports |
struct MarketoAdmin: Sendable {
  let instance: MarketoInstance

  private struct Clock: Decodable {
    let advanceSeconds: Double?
    let setSeconds: Double?
  }

  private struct Hold: Decodable {
    let leadWrites: Bool?
    let imports: Bool?
  }

  func answer(_ path: [String], _ request: WireRequest) async -> WireResponse {
    do {
      if let json = try control(path, request) { return WireResponse(json: json) }
      if let json = try data(path, request) { return WireResponse(json: json) }
      return WireResponse(status: 404, json: .object([("error", .string("no such thing"))]))
    } catch let reason as MarketoReason {
      return WireResponse(status: 400, json: .object([("error", .string(reason.message))]))
    } catch let error as SalesforceError {
      return WireResponse(status: error.status, json: .object([("error", .string(error.message))]))
    } catch {
      return WireResponse(status: 400, json: .object([("error", .string("\(type(of: error))"))]))
    }
  }

  private func control(_ path: [String], _ request: WireRequest) throws -> JSONValue? {
    switch (request.method, path) {
    case ("GET", ["health"]): return .object([("status", .string("ok"))])
    case ("GET", ["faults"]): break
    case ("POST", ["faults"]): instance.faults.add(try JSONBody.decode([MarketoFault].self, request.body))
    case ("DELETE", ["faults"]): instance.faults.clear()
    case ("GET", ["requests"]): return instance.ledger.report
    case ("DELETE", ["requests"]):
      instance.ledger.reset()
      instance.gate.resetCounters()
      return instance.ledger.report
    case ("POST", ["tokens", "expire"]):
      instance.tokens.expireAll()
      return .object([])
    case ("POST", ["tokens", "invalidate"]):
      instance.tokens.invalidateAll()
      return .object([])
    case (_, ["limits"]):
      if request.method == "POST" {
        instance.gate.apply(try JSONBody.decode(MarketoGate.Change.self, request.body), now: instance.clock.now)
      }
      return instance.gate.report(now: instance.clock.now)
    case (_, ["clock"]): return try clock(request)
    case (_, ["settings"]):
      if request.method == "POST" {
        instance.change(try JSONBody.decode(MarketoSettings.Change.self, request.body))
      }
      return instance.settings.json
    case (_, ["hold"]): return try hold(request)
    default: return nil
    }
    return .array(
      instance.faults.entries.map { entry in
        .object([
          ("id", .int(entry.id)), ("kind", .string(entry.fault.kind.rawValue)),
          ("path", .string(orNull: entry.fault.path)), ("matched", .int(entry.matched)), ("fired", .int(entry.fired)),
        ])
      })
  }

  private func clock(_ request: WireRequest) throws -> JSONValue {
    if request.method == "POST" {
      let clock = try JSONBody.decode(Clock.self, request.body)
      if let seconds = clock.setSeconds { instance.clock.set(to: seconds) }
      if let seconds = clock.advanceSeconds { instance.clock.advance(by: seconds) }
    }
    let seconds = instance.clock.seconds
    return .object([("now", .string(MarketoMoment.text(seconds, .zulu))), ("seconds", .int(seconds))])
  }

  private func hold(_ request: WireRequest) throws -> JSONValue {
    if request.method == "POST" {
      let hold = try JSONBody.decode(Hold.self, request.body)
      if let holds = hold.leadWrites { instance.writes.set(holds) }
      if let holds = hold.imports { instance.imports.writes.set(holds) }
    }
    return .object([
      ("leadWrites", .bool(instance.writes.holds)), ("leadWritesWaiting", .int(instance.writes.waiting)),
      ("imports", .bool(instance.imports.writes.holds)), ("importsWaiting", .int(instance.imports.writes.waiting)),
    ])
  }

  // MARK: Data

  private func data(_ path: [String], _ request: WireRequest) throws -> JSONValue? {
    switch (request.method, path.first ?? "", path.dropFirst().first) {
    case ("GET", "counts", nil): return counts()
    case ("GET", "imports", nil): return imports()
    case ("GET", "activities", nil): return activities(request)
    case ("GET", "leads", _): return records(nil, duplicates: path.last == "duplicates", request)
    case ("GET", "companies", _): return records(.company, duplicates: path.last == "duplicates", request)
    case ("GET", "salespersons", _): return records(.salesperson, duplicates: path.last == "duplicates", request)
    case ("GET", "customobjects", let name?):
      return records(.custom(name), duplicates: path.last == "duplicates", request)
    case ("POST", "leads", let id): return try edit(id.flatMap { Int($0) }, request)
    case ("DELETE", "leads", let id?):
      let now = instance.clock.seconds
      let done = instance.withData { $0.deleteLead(Int(id) ?? 0, by: .marketer, now: now) }
      return .object([("deleted", .bool(done))])
    default: return nil
    }
  }

  private func counts() -> JSONValue {
    instance.withData { data in
      .object([
        ("leads", .int(data.leads.records.count)), ("companies", .int(data.companies.records.count)),
        ("salespersons", .int(data.salespersons.records.count)),
        (
          "customObjects",
          .object(
            data.types.values.sorted { $0.name < $1.name }.map { ($0.name, .int($0.table.records.count)) })
        ),
        ("activities", .int(data.activities.count)), ("tokensIssued", .int(instance.tokens.issued)),
      ])
    }
  }

  private func imports() -> JSONValue {
    .array(
      instance.imports.all.map { job in
        .object([
          ("id", .int(job.id)), ("object", .string(job.object?.displayName ?? "lead")),
          ("status", .string(job.status.rawValue)), ("processed", .int(job.processed)),
          ("failed", .int(job.failures.count)), ("warned", .int(job.warnings.count)),
        ])
      })
  }

  private func activities(_ request: WireRequest) -> JSONValue {
    instance.withData { data in
      .array(Self.slice(data.activities, request).flatMap { data.shown($0, .zulu) })
    }
  }

  private static func slice<Element>(_ all: [Element], _ request: WireRequest) -> ArraySlice<Element> {
    let start = min(all.count, max(0, request.query["offset"].flatMap { Int($0) } ?? 0))
    let count = max(0, request.query["limit"].flatMap { Int($0) } ?? 1000)
    return all[start...].prefix(count)
  }

  private func records(_ object: MarketoObject?, duplicates: Bool, _ request: WireRequest) -> JSONValue? {
    instance.withData { data in
      guard let table = object.map({ data.table($0) }) ?? data.leads else { return nil }
      let field = request.query["field"].flatMap { table.place($0) }
      if duplicates {
        guard let field else { return nil }
        return .array(
          table.duplicates(field).map { .object([("value", .string($0.value)), ("count", .int($0.count))]) })
      }
      let names = request.query["fields"]?.split(separator: ",").map(String.init)
      var ids = table.ids
      if let field, let value = request.query["value"] {
        ids = object.map { data.find($0, [field], value) } ?? data.findLeads(table.fields[field].name, value)
      }
      return .array(
        Self.slice(ids, request).compactMap { id in
          table.records[id].map { record in
            guard let object else {
              let all = names ?? table.fields.map(\.name)
              let shown = data.show(record, all, .zulu).members ?? []
              return .object(names == nil ? shown.filter { !$0.1.isNull } : shown)
            }
            return .object(data.show(object, record, names ?? data.names(object), .zulu))
          }
        })
    }
  }

  /// Makes or changes a lead from outside the API: fields of any kind that are not the instance's own. What it infers
  /// from a visit is told here, too.
  private func edit(_ id: Int?, _ request: WireRequest) throws -> JSONValue {
    guard let members = try JSONReader.read(request.body).members else {
      throw MarketoReason.invalid("The body has to be an object of fields")
    }
    let now = instance.clock.seconds
    return try instance.tryData { data throws(MarketoReason) in
      var values: [(place: Int, value: JSONValue)] = []
      for (name, value) in members {
        guard let place = data.leads.place(name), !data.leads.fields[place].isReadOnly || name.hasPrefix("inferred")
        else { throw .noField(name) }
        values.append((place, try data.leads.fields[place].stored(value)))
      }
      guard let id else { return .object([("id", .int(data.create(values, by: .form, now: now)))]) }
      guard data.leads.records[id] != nil else { throw .leadNotFound }
      data.change(id, values, by: .marketer, now: now)
      return .object([("id", .int(id))])
    }
  }
}
