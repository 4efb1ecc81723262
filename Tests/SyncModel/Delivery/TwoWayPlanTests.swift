import Foundation
import SyncModel
import Testing

@Suite("What of a plan travels both ways")
struct TwoWayPlanTests {
  /// A mapping of Person Accounts in which every column has a direction.
  private static func mapping(_ direction: Direction) throws -> ObjectMapping {
    let fields: [(String, FieldType)] = [
      ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("IsDeleted", .boolean),
      ("PersonEmail", .email), ("Tier__c", .int),
    ]
    let schema = SourceObjectSchema(name: "Account", fields: fields.map { SourceField(name: $0.0, type: $0.1) })
    let json = try JSONEncoder().encode(try ObjectMapping(ObjectSelection(.personAccounts), schema))
    let other: Direction = direction == .bothWays ? .fromVeeva : .bothWays
    let text = String(decoding: json, as: UTF8.self)
      .replacing("\"\(other.rawValue)\"", with: "\"\(direction.rawValue)\"")
    return try JSONDecoder().decode(ObjectMapping.self, from: Data(text.utf8))
  }

  private static func twoWay(_ direction: Direction) throws -> [String: [String]] {
    let plan = DeliveryPlan([try mapping(direction)])
    return Dictionary(
      uniqueKeysWithValues: plan.entities.map { ($0.table, $0.fields.filter(\.isTwoWay).map(\.column).sorted()) })
  }

  @Test("two-way columns of persons do, and nothing of companies")
  func twoWay() throws {
    #expect(try Self.twoWay(.fromVeeva) == ["person": [], "company": []])
    let columns = try Self.twoWay(.bothWays)
    #expect(columns["person"]?.contains("email") == true && columns["person"]?.contains("tier__c") == true)
    #expect(columns["company"] == [])
  }

  @Test("what marketing owns is read and never delivered, where the mapping sends it to Veeva")
  func owned() throws {
    func lead(writesBack: Bool) throws -> DeliveryEntity {
      let fields: [(String, FieldType)] = [
        ("Id", .id), ("SystemModstamp", .datetime), ("PersonEmail", .email), ("mkto71_Lead_Score__pc", .double),
        ("mkto71_Inferred_City__pc", .string),
      ]
      let schema = SourceObjectSchema(
        name: "Account", fields: fields.map { SourceField(name: $0.0, type: $0.1, updateable: true) })
      let mapping = try ObjectMapping(ObjectSelection(.personAccounts, writesBack: writesBack), schema)
      return try #require(DeliveryPlan([mapping]).entities.first { $0.target == .lead })
    }
    let (with, without) = (try lead(writesBack: true), try lead(writesBack: false))
    #expect(Set(with.owned.map(\.name)) == ["leadScore", "inferredCity"] && with.isRead)
    #expect(without.owned.isEmpty && !without.isRead)
    #expect(Set(without.omitted.map(\.column)) == ["lead_score", "inferred_city"])
    for entity in [with, without] { #expect(!entity.fields.contains { $0.column == "lead_score" }) }
    let schema = DeliverySchema(
      with,
      present: [
        PresentField(name: "veevaId", dataType: "string", length: 255, isWritable: true),
        PresentField(name: "leadScore", dataType: "score", length: nil, isWritable: false),
      ], keys: ["veevaId"])
    #expect(schema.isPossible && schema.owned.map(\.field.column) == ["lead_score"])
    #expect(
      schema.problems.map(\.field).contains("inferredCity") && !schema.problems.map(\.field).contains("leadScore"))
    #expect(!schema.newFields.contains { $0.name == "inferredCity" })
  }
}
