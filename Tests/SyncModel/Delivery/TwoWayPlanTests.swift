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
}
