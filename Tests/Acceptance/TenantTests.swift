import Foundation
import Testing

/// Several tenants in one cluster: none waits for another.
@Suite("Two tenants", .serialized, .timeLimit(.minutes(10)))
struct TenantTests {
  @Test("a tenant's delta goes on while another loads a large org")
  func fairness() async throws {
    let settings = TestCluster.quick.replacing("sync: {", with: "sync: { pause: 0s, lag: 1s,")
    let cluster = try await TestCluster(records: 1000, settings: settings)
    let large = try await cluster.addTenant("large", records: 400_000, org: ["--latency-ms", "100"])
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await children[0].waitFor("\"leading\"")
    try await cluster.wait("the small tenant to be copied", within: .seconds(120)) {
      try await cluster.number(
        "select count(*) from crmsync.object_sync where tenant = '\(cluster.tenant)' and copied_at is not null") == 2
    }
    try await cluster.wait("the large tenant to be at work", within: .seconds(120)) {
      try await cluster.number("select count(*) from crmsync.job where tenant = '\(large)' and state = 'leased'") > 0
    }
    try await cluster.change(#"[{"op":"update","object":"Account","sample":5,"seed":1,"set":{"FirstName":"Quick"}}]"#)
    try await cluster.wait("the small tenant's change") {
      try await cluster.number("select count(*) from copy.person where first_name = 'Quick'") > 0
    }
    let isLoading = """
      select count(*) from crmsync.object_sync where tenant = '\(large)' and object = 'Account' and copied_at is null
      """
    #expect(try await cluster.number(isLoading) == 1, "the large tenant was done before the small one's delta")
    for child in children { child.signal(15) }
    for child in children { _ = try await child.waitForExit(within: .seconds(30)) }
  }

  @Test("a tenant whose org refuses its login says so, and another is copied all the same")
  func failingTenant() async throws {
    let cluster = try await TestCluster(records: 1000)
    let broken = try await cluster.addTenant("broken", records: 1000, secret: "wrong")
    let children = try ["coordinator", "worker"].map { try cluster.start($0) }
    try await children[0].waitFor("\"leading\"")
    try await cluster.wait("the sound tenant to be copied") {
      try await cluster.number(
        "select count(*) from crmsync.object_sync where tenant = '\(cluster.tenant)' and copied_at is not null") == 2
    }
    try await cluster.wait("the other to say what is wrong") {
      try await cluster.number("select count(*) from crmsync.tenant where name = '\(broken)' and error is not null")
        == 1
    }
    for child in children { child.signal(15) }
    for child in children { _ = try await child.waitForExit(within: .seconds(30)) }
  }
}
