import Simulator
import Testing

@testable import Marketo

@Suite("What an API user may do")
struct AccessTests {
  private static let type = NewActivityType(
    apiName: "crmsyncCheck", name: "Check", description: "", triggerName: "Checks", filterName: "Checked",
    primaryAttribute: ActivityAttribute("field", "Field"))

  @Test("calls that change nothing tell that all is allowed")
  func allowed() async throws {
    try await AgainstSimulatedMarketo.run { world in
      let client = world.client
      try await client.rehearseWrite(.lead, key: "veevaId")
      try await client.rehearseWrite(.company, key: "externalCompanyId")
      try await client.rehearseWrite(.salesperson, key: "externalSalesPersonId")
      try await client.rehearseWrite(.custom("veevaCall"), key: "veevaId")
      try await client.rehearseLeadFields()
      try await client.rehearseTypes()
      try await client.rehearseActivities()
      try await client.rehearseActivityTypes()
      #expect(try await client.usableActivityType(Self.type) == nil)
      #expect(try await client.draftActivityType(Self.type) == nil)
      let counts = try await world.admin("counts")
      #expect(counts["leads"] as? Int == 0 && counts["companies"] as? Int == 0 && counts["salespersons"] as? Int == 0)
      #expect((counts["customObjects"] as? [String: Int])?.isEmpty == true)
    }
  }

  @Test(
    "each permission that is missing is found",
    arguments: [
      MarketoPermission.readWriteLead, .readWriteCompany, .readWriteSalesPerson, .readWriteCustomObject,
      .readWriteSchemaCustomField, .readWriteCustomObjectType, .readWriteActivity, .readWriteActivityMetadata,
    ])
  func denied(_ permission: MarketoPermission) async throws {
    try await AgainstSimulatedMarketo.run {
      $0.withheldPermissions = [permission]
    } _: { world in
      let client = world.client
      let error = await #expect(throws: MarketoError.self) {
        try await client.rehearseWrite(.lead, key: "veevaId")
        try await client.rehearseWrite(.company, key: "externalCompanyId")
        try await client.rehearseWrite(.salesperson, key: "externalSalesPersonId")
        try await client.rehearseWrite(.custom("veevaCall"), key: "veevaId")
        try await client.rehearseLeadFields()
        try await client.rehearseTypes()
        try await client.rehearseActivities()
        try await client.rehearseActivityTypes()
      }
      #expect(error?.reason.code == "603")
    }
  }

  @Test("native CRM sync, and a subscription without the metadata API, are found")
  func unavailable() async throws {
    try await AgainstSimulatedMarketo.run {
      $0.nativeCRM = true
      $0.hasMetadataAPI = false
    } _: { world in
      let client = world.client
      let native = await #expect(throws: MarketoError.self) {
        try await client.rehearseWrite(.company, key: "externalCompanyId")
      }
      #expect(native?.reason.code == "1018" && native?.description.contains("Native CRM sync") == true)
      let types = await #expect(throws: MarketoError.self) { try await client.rehearseTypes() }
      #expect(types?.reason.code == "616")
    }
  }
}
