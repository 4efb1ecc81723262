import Testing

/// The watch that every test of a copy has: work that nobody does is a failure.
@Suite("Liveness", .serialized, .timeLimit(.minutes(5)))
struct LivenessTests {
  @Test("runnable work without a page for long fails a test, and shows the status")
  func watch() async throws {
    let cluster = try await TestCluster(records: 1000)
    let coordinator = try cluster.start("coordinator")
    let error = await #expect(throws: Unexpected.self) { try await cluster.waitUntilSynced(patience: .seconds(2)) }
    #expect(error?.description.contains("no page was committed") == true)
    #expect(error?.description.contains("Person Accounts") == true || error?.description.contains("Account") == true)
    coordinator.signal(15)
  }
}
