import Checkpoints
import PostgreSQL
import SyncModel
import Tenants
import Testing

@testable import SyncConfiguration

@Suite("Objects that the Bulk API does not take")
struct SourceExtractTests {
  private let tenant = Tenant(
    name: "acme", settings: TenantConfiguration(),
    checkpoints: CheckpointStore(
      pool: PostgresPool(PostgresConfiguration(url: "postgresql://nobody@127.0.0.1:1/none"), size: 1)),
    connections: 1, live: LiveSelections(Configuration()))

  private func partition(_ fields: Int) -> Partition {
    Partition(
      object: .custom("Legacy_Note_vod__c"), method: .rest, fields: (0..<fields).map { "A_Field_\($0)_vod__c" },
      conditions: [], range: .all)
  }

  @Test("a statement that fits a URL is read by REST; a longer one is an error that says why and what to do")
  func longStatement() throws {
    #expect(throws: Never.self) { try tenant.requireREST(for: partition(100), limits: PlanningLimits()) }
    let error = #expect(throws: UnsupportedObject.self) {
      try tenant.requireREST(for: partition(500), limits: PlanningLimits())
    }
    let text = error?.description ?? ""
    #expect(text.contains("tenant acme, object Legacy_Note_vod__c") && text.contains("500 fields"))
    #expect(text.contains("exclude fields"))
  }
}
