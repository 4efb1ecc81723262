import Foundation
import SyncModel
import TestSupport
import Testing

@Suite("The plan of deliveries")
struct DeliveryPlanTests {
  /// Objects with the fields that matter here.
  private static func object(_ object: SourceObject, _ fields: [SourceField]) throws -> ObjectMapping {
    let all =
      [
        SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime),
        SourceField(name: "CreatedDate", type: .datetime), SourceField(name: "IsDeleted", type: .boolean),
      ] + fields
    return try ObjectMapping(ObjectSelection(object), SourceObjectSchema(name: object.apiName, fields: all))
  }

  private static func reference(_ name: String, _ target: String) -> SourceField {
    SourceField(name: name, type: .reference, referenceTo: [target])
  }

  private static func standard() throws -> [ObjectMapping] {
    [
      try object(
        .callKeyMessages,
        [reference("Call2_vod__c", "Call2_vod__c"), SourceField(name: "Category_vod__c", type: .picklist, length: 255)]),
      try object(
        .calls, [reference("Account_vod__c", "Account"), SourceField(name: "Note__c", type: .textarea, length: 32_000)]),
      try object(
        .personAccounts,
        [
          SourceField(name: "FirstName", type: .string), SourceField(name: "PersonEmail", type: .email),
          reference("OwnerId", "User"), SourceField(name: "PersonContactId", type: .reference),
          SourceField(name: "Tier__c", type: .int), SourceField(name: "Hobby__pc", type: .multipicklist),
          SourceField(name: "mkto71_Lead_Score__pc", type: .double), SourceField(name: "Name", type: .string),
        ]),
      try object(.users, [SourceField(name: "Email", type: .email), SourceField(name: "Username", type: .string)]),
    ]
  }

  @Test("parents come before what refers to them, with Marketo's own names")
  func order() throws {
    let plan = DeliveryPlan(try Self.standard())
    #expect(plan.entities.map(\.table) == ["salesperson", "company", "person", "call", "call_key_message"])
    #expect(plan.unlinked.isEmpty)
    let lead = plan.entities[2]
    #expect(lead.key == "veevaId" && lead.target == .lead)
    let names = Dictionary(uniqueKeysWithValues: lead.fields.map { ($0.column, $0.name) })
    #expect(names["first_name"] == "firstName" && names["email"] == "email" && names["hobby__pc"] == "Hobby__pc")
    #expect(names["veeva_type"] == "veevaType" && names["lead_score"] == nil && names["owner_id"] == nil)
    #expect(lead.fields.first { $0.column == "hobby__pc" }?.type == .string, "no text area can be made on a lead")
    #expect(plan.entities[0].omitted.map(\.column).contains("username"))
  }

  @Test("what hangs two levels deep is linked through its parent, and keeps the parent's id")
  func paths() throws {
    let plan = DeliveryPlan(try Self.standard())
    #expect(plan.entities[3].leadPath == LeadPath(parent: nil, column: "account_vod__c", reference: .account))
    #expect(
      plan.entities[4].leadPath
        == LeadPath(
          parent: .init(table: "call", column: "call2_vod__c"), column: "account_vod__c", reference: .account))
    #expect(plan.entities[4].target == .custom("veevaCallKeyMessage"))
    #expect(plan.entities[4].fields.contains { $0.name == "Call2_vod__c" && $0.type == .string })
    #expect(plan.entities[3].fields.first { $0.name == "Note__c" }?.type == .text)
    #expect(plan.entities[4].fields.first { $0.name == "Category_vod__c" }?.type == .string)
  }

  @Test("a mapping that was kept before links were can be read, and leads to nobody until it is made anew")
  func olderMapping() throws {
    let call = try Self.object(.calls, [Self.reference("Account_vod__c", "Account")])
    var json = String(decoding: try JSONEncoder().encode(call), as: UTF8.self)
    json = json.replacing(#""referenceTo":["Account"],"#, with: "").replacing(#","referenceTo":["Account"]"#, with: "")
    #expect(!json.contains("referenceTo"))
    let older = try JSONDecoder().decode(ObjectMapping.self, from: Data(json.utf8))
    #expect(DeliveryPlan([older]).unlinked == ["call"] && DeliveryPlan([call]).unlinked.isEmpty)
  }

  @Test("a contact's id leads to the person, too; what leads to none is named and left out")
  func contacts() throws {
    let plan = DeliveryPlan([
      try Self.object(.custom("Survey__c"), [Self.reference("Person__c", "Contact")]),
      try Self.object(.custom("Lone__c"), [Self.reference("Territory__c", "Territory")]),
      try Self.object(.custom("Answer__c"), [Self.reference("Survey__c", "Survey__c")]),
    ])
    #expect(plan.unlinked == ["lone__c"])
    #expect(plan.entities.map(\.table) == ["answer__c", "survey__c"])
    #expect(plan.entities[1].leadPath == LeadPath(parent: nil, column: "person__c", reference: .contact))
  }

  @Test("a type gets at most fifty fields: stamp and links first, and the rest is named")
  func fifty() throws {
    let many = (0..<80).map { SourceField(name: "A\($0)__c", type: .string, length: 80) }
    let plan = DeliveryPlan([try Self.object(.custom("Wide__c"), many + [Self.reference("Z_Person__c", "Account")])])
    let entity = try #require(plan.entities.first)
    #expect(entity.fields.count + 2 == DeliveryEntity.mostCustomFields)
    #expect(entity.fields.prefix(2).map(\.column) == ["veeva_system_modstamp", "z_person__c"])
    #expect(!entity.omitted.isEmpty && entity.fields.count + entity.omitted.count == 83)
  }

  @Test(
    "whatever the fields: names are Marketo's kind of names, each once, and the plan does not depend on their order")
  func property() throws {
    var random = Chance.fresh()
    let types: [FieldType] = [.string, .textarea, .int, .double, .boolean, .date, .datetime, .time, .multipicklist]
    for _ in 0..<200 {
      var fields = (0..<random.below(120)).map { number in
        SourceField(
          name: "F\(number)_\(random.below(3))__\(random.below(2) == 0 ? "c" : "pc")",
          type: types[random.below(types.count)], length: random.below(500))
      }
      fields.append(Self.reference("Account__c", "Account"))
      let kinds: [SourceObject] = [.personAccounts, .users, .custom("X\(random.below(9))__c")]
      let one = try kinds.map { try Self.object($0, fields) }
      fields.shuffle(using: &random)
      let other = try kinds.shuffled(using: &random).map { try Self.object($0, fields) }
      let plan = DeliveryPlan(one)
      #expect(plan.entities.map(\.table) == DeliveryPlan(other).entities.map(\.table))
      for entity in plan.entities {
        let names = entity.fields.map(\.name)
        #expect(Set(names).count == names.count && !names.contains(entity.key))
        #expect(names.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } && $0.first?.isLetter == true })
        #expect(Set(entity.fields.map(\.column)).isDisjoint(with: entity.omitted.map(\.column)))
      }
    }
  }
}

@Suite("What an instance has to get before a delivery")
struct DeliverySchemaTests {
  private func entity(_ target: SourceObject, _ fields: [SourceField]) throws -> DeliveryEntity {
    let all = [SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime)] + fields
    let schema = SourceObjectSchema(name: target.apiName, fields: all)
    return try #require(
      DeliveryPlan([try ObjectMapping(ObjectSelection(target), schema)]).entities.last)
  }

  @Test("a type that is missing is made with key and link; one that is there gets what it lacks")
  func customObject() throws {
    let call = try entity(
      .calls,
      [
        SourceField(name: "Account_vod__c", type: .reference, referenceTo: ["Account"]),
        SourceField(name: "Minutes__c", type: .int),
      ])
    let fresh = DeliverySchema(call, present: nil, keys: [])
    #expect(fresh.makesType && fresh.isPossible && fresh.newFields.count == call.fields.count + 2)
    #expect(fresh.newFields.first { $0.isKey }?.name == "veevaId")
    #expect(fresh.newFields.first { $0.linksToLead }?.type == .link)
    let present = ["veevaId", "leadVeevaId", "Account_vod__c", "veevaSystemModstamp"].map {
      PresentField(
        name: $0, dataType: $0 == "veevaSystemModstamp" ? "datetime" : "string", length: 255, isWritable: true)
    }
    let grown = DeliverySchema(call, present: present, keys: ["veevaId"])
    #expect(!grown.makesType && grown.newFields.map(\.name) == ["Minutes__c"] && grown.isPossible)
    #expect(!DeliverySchema(call, present: present, keys: ["x"]).isPossible)
    let unlinked = present.filter { $0.name != "leadVeevaId" }
    #expect(!DeliverySchema(call, present: unlinked, keys: ["veevaId"]).isPossible)
  }

  @Test("a field of the wrong type or that cannot be written is left out and named; a wrong key stops the entity")
  func lead() throws {
    let lead = try #require(
      try DeliveryPlan([
        {
          let schema = SourceObjectSchema(
            name: "Account",
            fields: [
              SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime),
              SourceField(name: "PersonEmail", type: .email), SourceField(name: "Tier__c", type: .int),
              SourceField(name: "FirstName", type: .string),
            ])
          return try ObjectMapping(ObjectSelection(.personAccounts), schema)
        }()
      ]).entities.first { $0.target == .lead })
    let key = PresentField(name: "veevaId", dataType: "string", length: 255, isWritable: true)
    let present = [
      key, PresentField(name: "email", dataType: "email", length: 255, isWritable: true),
      PresentField(name: "Tier__c", dataType: "date", length: nil, isWritable: true),
      PresentField(name: "firstName", dataType: "string", length: 255, isWritable: false),
    ]
    let schema = DeliverySchema(lead, present: present, keys: ["veevaId"])
    #expect(schema.isPossible && Set(schema.problems.map(\.field)) == ["Tier__c", "firstName"])
    #expect(schema.fields.contains { $0.field.name == "email" })
    #expect(Set(schema.newFields.map(\.name)) == ["veevaSystemModstamp", "veevaType"])
    for wrong in [
      PresentField(name: "veevaId", dataType: "integer", length: nil, isWritable: true),
      PresentField(name: "veevaId", dataType: "string", length: 255, isWritable: false),
    ] { #expect(!DeliverySchema(lead, present: [wrong], keys: ["veevaId"]).isPossible) }
    #expect(!DeliverySchema(lead, present: [key], keys: ["email"]).isPossible)
    #expect(DeliverySchema(lead, present: [], keys: []).newFields.contains { $0.name == "veevaId" })
  }
}

@Suite("How rows are brought to Marketo")
struct DeliveryMethodTests {
  @Test("few rows go by calls and many by file, whichever takes fewer calls")
  func cheapest() {
    #expect(DeliveryMethod.cheapest(.lead, rows: 300, bytesPerRow: 500, areNew: true) == .calls)
    #expect(DeliveryMethod.cheapest(.lead, rows: 100_000, bytesPerRow: 500, areNew: true) == .importFile)
    #expect(DeliveryMethod.cheapest(.custom("x"), rows: 100_000, bytesPerRow: 500, areNew: true) == .importFile)
  }

  @Test("never by file what Marketo has already, since a file cannot clear; nor companies and salespersons")
  func never() {
    var random = Chance.fresh()
    for _ in 0..<1000 {
      let (rows, bytes) = (random.below(1_000_000), 1 + random.below(20_000))
      #expect(DeliveryMethod.cheapest(.lead, rows: rows, bytesPerRow: bytes, areNew: false) == .calls)
      #expect(DeliveryMethod.cheapest(.company, rows: rows, bytesPerRow: bytes, areNew: true) == .calls)
      let method = DeliveryMethod.cheapest(.lead, rows: rows, bytesPerRow: bytes, areNew: true)
      let (calls, files) = (
        DeliveryMethod.calls(rows: rows, bytesPerRow: bytes), DeliveryMethod.importCalls(rows: rows, bytesPerRow: bytes)
      )
      #expect(method == (files < calls ? .importFile : .calls))
      #expect(calls * DeliveryMethod.recordsPerCall >= rows)
    }
  }
}
