import Foundation
import Testing

/// A configuration that changes under running processes.
@Suite("Changing the configuration", .timeLimit(.minutes(5)))
struct ReloadTests {
  /// Writes the configuration anew with one text in place of another, in one step.
  private func replace(_ old: String, _ new: String, in cluster: TestCluster) throws {
    let text = try String(contentsOfFile: cluster.configuration, encoding: .utf8)
    guard text.contains(old) else { throw Unexpected("the configuration has another shape") }
    try text.replacing(old, with: new).write(toFile: cluster.configuration, atomically: true, encoding: .utf8)
  }

  @Test(
    "on SIGHUP a role reads the file again: mistakes are told, changes are taken over, and it goes on",
    arguments: ["coordinator", "worker"])
  func hangUp(role: String) async throws {
    let cluster = try await TestCluster(records: 50, objects: "{ users: {} }")
    let process = try cluster.start(role)
    try await process.waitFor("\(role) ready")
    try replace("objects: { users: {} }", "objects: { userz: {} }", in: cluster)
    process.signal(SIGHUP)
    try await process.waitFor("userz")
    #expect(process.text.contains("the one before stays in force"))
    try replace("objects: { userz: {} }", "objects: { users: { exclude: [Fax] } }", in: cluster)
    process.signal(SIGHUP)
    try await process.waitFor("it takes effect at the next cycle")
    #expect(process.text.contains("objects.users.exclude"))
    process.signal(SIGTERM)
    #expect(try await process.waitForExit() == 0)
  }

  @Test("without a signal a changed file is seen by itself, and what needs a restart is named")
  func byItself() async throws {
    let cluster = try await TestCluster(records: 50, objects: "{ users: {} }")
    let process = try cluster.start("worker")
    try await process.waitFor("worker ready")
    try replace("shutdown: 20s", "shutdown: 21s", in: cluster)
    try await process.waitFor("needs a restart")
    #expect(process.text.contains("worker.shutdown"))
    process.signal(SIGTERM)
    #expect(try await process.waitForExit() == 0)
  }

  @Test("SIGHUP ends no other verb")
  func otherVerbs() async throws {
    let cluster = try await TestCluster(records: 50, objects: "{ users: {} }")
    cluster.org.signal(SIGHUP)
    let status = try cluster.start("status", ["--watch"])
    try await status.waitFor(cluster.tenant)
    status.signal(SIGHUP)
    // The org still answers, and the other one still runs.
    let (code, text) = try await cluster.run("check")
    #expect(code == 0, "\(text)")
    status.signal(SIGINT)
    #expect(try await status.waitForExit() == 128 + SIGINT)
  }

  @Test("sync now names what it does not know, with what there is")
  func unknownNames() async throws {
    let cluster = try await TestCluster(records: 50, objects: "{ users: {} }")
    let (unknownTenant, tenants) = try await cluster.run("sync", ["now", "nobody"])
    #expect(unknownTenant == 2 && tenants.contains("it names: \(cluster.tenant)"), "\(tenants)")
    let (unknownObject, objects) = try await cluster.run("sync", ["now", cluster.tenant, "Call2_vod__c"])
    #expect(unknownObject == 2 && objects.contains("it syncs: User"), "\(objects)")
  }
}
