import Foundation
import Testing

/// `crmsync plan` looks, and its figures are those of the copy that follows.
@Suite("The plan", .serialized, .timeLimit(.minutes(5)))
struct PlanTests {
  private struct Planned: Decodable {
    let object: String
    let rows: Int
    let method: String
    let partitions: Int
    let apiCalls: Int
  }

  private struct Requests: Decodable {
    struct Usage: Decodable { let used: Int }
    let endpoints: [String: Int]
    let apiUsage: Usage
  }

  private func requests(_ cluster: TestCluster) async throws -> Requests {
    let child = try Child("curl", "/usr/bin/env", ["curl", "-sf", cluster.orgURL + "/simulator/requests"])
    _ = try await child.waitForExit()
    return try JSONDecoder().decode(Requests.self, from: Data(child.text.utf8))
  }

  @Test("it changes nothing, and counts the API calls that the copy then takes, each bulk job asked after once")
  func plan() async throws {
    let cluster = try await TestCluster(
      records: 8000, objects: CopyTests.everything,
      settings: TestCluster.quick.replacing("sync: {", with: "sync: { restBelowRows: 6000,"))
    let (status, text) = try await cluster.run("plan", ["--json"])
    try #require(status == 0, "\(text)")
    #expect(
      try await cluster.number(
        "select count(*) from pg_namespace where nspname in ('crmsync', 'copy')") == 0)
    let planned = try JSONDecoder().decode([String: [Planned]].self, from: Data(text.utf8))[cluster.tenant] ?? []
    #expect(Set(planned.map(\.method)) == ["bulk", "rest"])

    let before = try await requests(cluster)
    let copied = try await cluster.run("run", ["--once"])
    try #require(copied.status == 0, "\(copied.text.suffix(2000))")
    let after = try await requests(cluster)
    func calls(_ endpoint: String) -> Int { (after.endpoints[endpoint] ?? 0) - (before.endpoints[endpoint] ?? 0) }
    let bulkJobs = calls("POST jobs/query")
    #expect(bulkJobs == planned.filter { $0.method == "bulk" }.reduce(0) { $0 + $1.partitions })
    let furtherLooks = calls("GET jobs/query/id") - bulkJobs
    #expect(
      planned.reduce(0) { $0 + $1.apiCalls } == after.apiUsage.used - before.apiUsage.used - furtherLooks,
      "\(planned), \(before), \(after)")
  }
}
