import SyncModel
import TestSupport
import Testing

@Suite("The rules of a delta's records")
struct ChangeRulesTests {
  private static let known = [
    "Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "IsPersonAccount", "RecordTypeId", "CreatedDate", "Name",
  ]
  private static let objects: [SourceObject] = [
    .personAccounts, .users, .calls, .callKeyMessages, .custom("Order_vod__c"),
  ]

  /// The field that a column of the statement holds.
  private static func field(_ column: Int?, _ fields: [String]) -> String? {
    column.flatMap { fields.indices.contains($0) ? fields[$0].lowercased() : nil }
  }

  @Test("each rule points to its field, which is asked for once, and only if the credentials see it")
  func columns() {
    var chance = Chance.fresh()
    for _ in 0..<3000 {
      let object = Self.objects[chance.below(Self.objects.count)]
      let visible = Self.known.filter { _ in chance.below(4) > 0 }
      let mapped = visible.filter { _ in chance.below(2) == 0 }.map { chance.below(3) == 0 ? $0.lowercased() : $0 }
      let schema = SourceObjectSchema(
        name: object.apiName, fields: visible.map { SourceField(name: $0, type: .string) })
      let types = chance.below(2) == 0 ? [] : ["012000000000001AAA", "012000000000002"]
      let oldest = chance.below(2) == 0 ? nil : Instant(seconds: 1_700_000_000)
      let rules = ChangeRules(
        object: object, fields: mapped, schema: schema, recordTypes: types, createdFrom: oldest)
      let all = mapped + rules.extraFields
      func expect(_ column: Int?, _ name: String, when isWanted: Bool) {
        let isThere = isWanted && (name.contains(".") || visible.contains(name))
        #expect(Self.field(column, all) == (isThere ? name.lowercased() : nil), "\(name) of \(object)")
      }
      let isAccount = object == .personAccounts
      expect(rules.deletedColumn, "IsDeleted", when: true)
      expect(rules.masterColumn, "MasterRecordId", when: isAccount)
      expect(rules.personColumn, "IsPersonAccount", when: isAccount)
      expect(rules.recordTypeColumn, "RecordTypeId", when: !types.isEmpty)
      let created = object == .callKeyMessages ? "Call2_vod__r.CreatedDate" : "CreatedDate"
      let hasAge = object == .calls || object == .callKeyMessages
      expect(rules.createdColumn, created, when: hasAge && oldest != nil)
      #expect(Set(all.map { $0.lowercased() }).count == all.count, "a field is asked for twice")
      #expect(rules.recordTypes == types.map { String($0.prefix(15)) })
    }
  }
}
