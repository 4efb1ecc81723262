/// What a request is for, by its method and path.
enum Endpoint: Equatable {
  case token, revoke, userInfo, identity
  case versions
  case resources
  case describeGlobal
  case objectInfo(String)
  case describe(String)
  case record(String, String)
  case query(all: Bool)
  case queryMore(String)
  case limits
  case recordCount
  case retrieve(String)
  case update(String, String)
  case updateCollection
  case createJob
  case listJobs
  case job(String)
  case abortJob(String)
  case deleteJob(String)
  case results(String)
  case resultPages(String)
  case createIngest
  case listIngest
  case ingest(String)
  case changeIngest(String)
  case deleteIngest(String)
  case upload(String)
  case ingestResults(String, IngestJob.Results)
  case admin([String])
  case unknown

  init(_ request: WireRequest) {
    let path = request.path
    switch (request.method, path.first, path.dropFirst().first) {
    case (_, "simulator", _): self = .admin(Array(path.dropFirst()))
    case ("POST", "services", "oauth2") where path.dropFirst(2) == ["token"]: self = .token
    case ("POST", "services", "oauth2") where path.dropFirst(2) == ["revoke"]: self = .revoke
    case ("GET", "services", "oauth2") where path.dropFirst(2) == ["userinfo"]: self = .userInfo
    case ("GET", "id", _) where path.count == 3: self = .identity
    case ("GET", "services", "data") where path.count == 2: self = .versions
    case (let method, "services", "data"): self = Self.resource(method, Array(path.dropFirst(3)), request)
    default: self = .unknown
    }
  }

  /// - Parameter path: what follows the version.
  private static func resource(_ method: String, _ path: [String], _ request: WireRequest) -> Endpoint {
    switch (method, path.count, path.first ?? "") {
    case ("GET", 0, _): return .resources
    case ("GET", 1, "sobjects"): return .describeGlobal
    case ("GET", 2, "sobjects"): return .objectInfo(path[1])
    case ("GET", 3, "sobjects") where path[2] == "describe": return .describe(path[1])
    case ("GET", 3, "sobjects"): return .record(path[1], path[2])
    case ("PATCH", 3, "sobjects"): return .update(path[1], path[2])
    // For clients that have no PATCH.
    case ("POST", 3, "sobjects") where request.query["_HttpMethod"] == "PATCH": return .update(path[1], path[2])
    case ("GET", 1, "query"): return .query(all: false)
    case ("GET", 1, "queryAll"): return .query(all: true)
    case ("GET", 2, "query"), ("GET", 2, "queryAll"): return .queryMore(path[1])
    case ("GET", 1, "limits"): return .limits
    case ("GET", 2, "limits") where path[1] == "recordCount": return .recordCount
    case ("POST", 3, "composite") where path[1] == "sobjects": return .retrieve(path[2])
    case ("PATCH", 2, "composite") where path[1] == "sobjects": return .updateCollection
    case (_, _, "jobs") where path.dropFirst().first == "query": return bulk(method, Array(path.dropFirst(2)))
    case (_, _, "jobs") where path.dropFirst().first == "ingest": return ingestJobs(method, Array(path.dropFirst(2)))
    default: return .unknown
    }
  }

  private static func ingestJobs(_ method: String, _ path: [String]) -> Endpoint {
    switch (method, path.count) {
    case ("POST", 0): return .createIngest
    case ("GET", 0): return .listIngest
    case ("GET", 1): return .ingest(path[0])
    case ("PATCH", 1): return .changeIngest(path[0])
    case ("DELETE", 1): return .deleteIngest(path[0])
    case ("PUT", 2) where path[1] == "batches": return .upload(path[0])
    // Documentation and clients differ in how they write these.
    case ("GET", 2):
      return IngestJob.Results(rawValue: path[1].lowercased()).map { .ingestResults(path[0], $0) } ?? .unknown
    default: return .unknown
    }
  }

  private static func bulk(_ method: String, _ path: [String]) -> Endpoint {
    switch (method, path.count) {
    case ("POST", 0): .createJob
    case ("GET", 0): .listJobs
    case ("GET", 1): .job(path[0])
    case ("PATCH", 1): .abortJob(path[0])
    case ("DELETE", 1): .deleteJob(path[0])
    case ("GET", 2) where path[1] == "results": .results(path[0])
    case ("GET", 2) where path[1] == "resultPages": .resultPages(path[0])
    default: .unknown
    }
  }

  /// For counting.
  var name: String {
    switch self {
    case .token: "POST token"
    case .revoke: "POST revoke"
    case .userInfo: "GET userinfo"
    case .identity: "GET id"
    case .versions: "GET versions"
    case .resources: "GET resources"
    case .describeGlobal: "GET sobjects"
    case .objectInfo: "GET sobject"
    case .describe: "GET describe"
    case .record: "GET record"
    case .query(let all): all ? "GET queryAll" : "GET query"
    case .queryMore: "GET query locator"
    case .limits: "GET limits"
    case .recordCount: "GET limits/recordCount"
    case .retrieve: "POST composite/sobjects"
    case .update: "PATCH record"
    case .updateCollection: "PATCH composite/sobjects"
    case .createJob: "POST jobs/query"
    case .listJobs: "GET jobs/query"
    case .job: "GET jobs/query/id"
    case .abortJob: "PATCH jobs/query/id"
    case .deleteJob: "DELETE jobs/query/id"
    case .results: "GET results"
    case .resultPages: "GET resultPages"
    case .createIngest: "POST jobs/ingest"
    case .listIngest: "GET jobs/ingest"
    case .ingest: "GET jobs/ingest/id"
    case .changeIngest: "PATCH jobs/ingest/id"
    case .deleteIngest: "DELETE jobs/ingest/id"
    case .upload: "PUT batches"
    case .ingestResults(_, let results): "GET \(results.rawValue)"
    case .admin: "admin"
    case .unknown: "unknown"
    }
  }
}
