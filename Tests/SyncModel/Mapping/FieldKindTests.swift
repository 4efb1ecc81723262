import SyncModel
import Testing

/// What decides whether a field is synced, as what, and which way.
@Suite struct FieldKindTests {
  @Test(
    "types of the source become the types of the contract",
    arguments: [
      (FieldType.id, ValueType.identifier), (.reference, .identifier), (.string, .text), (.picklist, .text),
      (.textarea, .text), (.email, .text), (.phone, .text), (.url, .text), (.encryptedstring, .text),
      (.combobox, .text), (.multipicklist, .textList), (.boolean, .boolean), (.int, .integer), (.double, .decimal),
      (.currency, .decimal), (.percent, .decimal), (.date, .date), (.datetime, .instant), (.time, .time),
    ])
  func types(_ source: FieldType, _ value: ValueType) {
    #expect(source.valueType == value)
  }

  @Test("base64 is left out and reported; so are compound fields and types nobody knows")
  func leftOut() throws {
    let schema = TestSchema.account([
      SourceField(name: "Photo__c", type: .base64), SourceField(name: "BillingAddress", type: .address),
      SourceField(name: "Spot__c", type: .location), SourceField(name: "New__c", type: FieldType(wire: "hologram")),
      SourceField(name: "Old__c", type: .string, deprecatedAndHidden: true),
    ])
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts), schema)
    for (field, reason) in [
      ("Photo__c", OmittedField.Reason.unsupportedType), ("BillingAddress", .compound), ("Spot__c", .compound),
      ("New__c", .unsupportedType), ("Old__c", .deprecated),
    ] {
      #expect(!mapping.fields.contains(field))
      #expect(mapping.reason(of: field) == reason)
    }
  }

  @Test("a field of the default mapping that the credentials cannot see is reported as hidden and has no column")
  func hiddenFields() throws {
    var schema = TestSchema.account()
    schema.fields.removeAll { ["PersonEmail", "AnnualRevenue"].contains($0.name) }
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts), schema)
    #expect(Set(mapping.hidden) == ["PersonEmail", "AnnualRevenue"])
    #expect(
      mapping.tables.allSatisfy { table in !table.columns.contains { ["email", "annual_revenue"].contains($0.column) } }
    )
  }

  @Test("contact fields that the sync user may update are two-way in person where asked for; all else is one-way")
  func directions() throws {
    let schema = TestSchema.account([
      SourceField(name: "Hobby__pc", type: .string, updateable: true),
      SourceField(name: "Locked__pc", type: .string, updateable: false),
      SourceField(name: "Tier__c", type: .string, updateable: true),
    ])
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts, writesBack: true), schema)
    let person = mapping.tables[0]
    #expect(person.column(of: "FirstName")?.direction == .bothWays)
    #expect(person.column(of: "Hobby__pc")?.direction == .bothWays)
    #expect(person.column(of: "Locked__pc")?.direction == .fromVeeva)
    #expect(person.column(of: "Tier__c")?.direction == .fromVeeva)
    #expect(person.column(of: "Description")?.direction == .fromVeeva)
    #expect(mapping.tables[1].columns.allSatisfy { $0.direction == .fromVeeva })
    let without = try ObjectMapping(ObjectSelection(.personAccounts), schema)
    #expect(without.tables.flatMap(\.columns).allSatisfy { $0.direction == .fromVeeva })
  }

  @Test("rule 8: a formula field is an ordinary one-way field")
  func formulas() throws {
    let formula = SourceField(name: "Age__pc", type: .double, updateable: false, calculated: true)
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts), TestSchema.account([formula]))
    #expect(mapping.tables[0].column(of: "Age__pc")?.direction == .fromVeeva)
    #expect(mapping.tables[0].column(of: "Age__pc")?.column == "age__pc")
  }

  @Test("what marketing owns has the columns of the default mapping, and goes to Veeva where it may be updated there")
  func marketingOwned() throws {
    let names = [
      "mkto71_Lead_Score__pc": "lead_score", "mkto71_Inferred_City__pc": "inferred_city",
      "mkto71_Inferred_Company__pc": "inferred_company", "mkto71_Inferred_Country__pc": "inferred_country",
      "mkto71_Inferred_Metropolitan_Area__pc": "inferred_metropolitan_area",
      "mkto71_Inferred_Phone_Area_Code__pc": "inferred_phone_area_code",
      "mkto71_Inferred_Postal_Code__pc": "inferred_postal_code",
      "mkto71_Inferred_State_Region__pc": "inferred_state_region",
    ]
    let fields = names.keys.map { SourceField(name: $0, type: .string, updateable: true) }
    func mapping(writesBack: Bool, locked: String = "") throws -> ObjectMapping {
      var schema = TestSchema.account(fields)
      for place in schema.fields.indices where schema.fields[place].name == locked {
        schema.fields[place].updateable = false
      }
      return try ObjectMapping(ObjectSelection(.personAccounts, writesBack: writesBack), schema)
    }
    let (with, without) = (try mapping(writesBack: true), try mapping(writesBack: false))
    for (field, column) in names {
      #expect(with.tables[0].column(of: field)?.column == column)
      #expect(with.tables[0].column(of: field)?.direction == .toVeeva)
      #expect(with.tables[1].column(of: field)?.direction == .fromVeeva)
      #expect(without.tables[0].column(of: field)?.direction == .fromVeeva)
      #expect(try mapping(writesBack: true, locked: field).tables[0].column(of: field)?.direction == .fromVeeva)
    }
    #expect(try ObjectMapping(ObjectSelection(.personAccounts), TestSchema.account()).hidden == [], "all are optional")
  }

  @Test("objects that cannot be synced are refused with a reason", arguments: ["Id", "SystemModstamp"])
  func refusals(_ missing: String) {
    var schema = TestSchema.account()
    schema.fields.removeAll { $0.name == missing }
    #expect(throws: MappingError(object: "Account", problem: .missingField(missing))) {
      try ObjectMapping(ObjectSelection(.personAccounts), schema)
    }
    var closed = TestSchema.account()
    closed.queryable = false
    #expect(throws: MappingError(object: "Account", problem: .notQueryable)) {
      try ObjectMapping(ObjectSelection(.personAccounts), closed)
    }
    #expect(throws: MappingError(object: "Account", problem: .unknownInclude("Nonsense"))) {
      try ObjectMapping(ObjectSelection(.personAccounts, include: ["Nonsense"]), TestSchema.account())
    }
  }
}
