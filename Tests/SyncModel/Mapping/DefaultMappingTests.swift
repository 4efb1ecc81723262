import SyncModel
import Testing

/// The rules of the default mapping, each in a test of its own.
@Suite struct DefaultMappingTests {
  @Test("rule 1: an account's standard fields have the columns of the default mapping, in person and company")
  func accountColumns() throws {
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts), TestSchema.account())
    let person = try #require(mapping.tables.first { $0.table == "person" })
    let company = try #require(mapping.tables.first { $0.table == "company" })
    #expect(person.pairs(of: TestSchema.personFields) == TestSchema.personColumns)
    #expect(company.pairs(of: TestSchema.companyFields) == TestSchema.companyColumns)
    #expect(person.hasVeevaType && !company.hasVeevaType)
    #expect(mapping.tables.count == 2)
  }

  @Test("rule 1: every custom field, __c and __pc, goes to both person and company")
  func customFieldsTwice() throws {
    let custom = [
      SourceField(name: "Specialty_1_vod__c", type: .picklist),
      SourceField(name: "Interests__pc", type: .multipicklist),
      SourceField(name: "Place__Latitude__s", type: .double),
    ]
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts), TestSchema.account(custom))
    for table in mapping.tables {
      #expect(table.column(of: "Specialty_1_vod__c")?.column == "specialty_1_vod__c")
      #expect(table.column(of: "Interests__pc")?.column == "interests__pc")
      #expect(table.column(of: "Interests__pc")?.type == .textList)
      #expect(table.column(of: "Place__Latitude__s")?.type == .decimal)
    }
    #expect(mapping.fields.filter { $0 == "Interests__pc" }.count == 1, "extracted once, stored twice")
  }

  @Test("rule 1: a standard field outside the default mapping is left out unless it is named under include")
  func include() throws {
    let schema = TestSchema.account([SourceField(name: "AccountSource", type: .picklist)])
    let without = try ObjectMapping(ObjectSelection(.personAccounts), schema)
    #expect(!without.fields.contains("AccountSource"))
    #expect(without.reason(of: "AccountSource") == .notDefault)
    let with = try ObjectMapping(ObjectSelection(.personAccounts, include: ["accountsource"]), schema)
    #expect(with.tables.allSatisfy { $0.column(of: "AccountSource")?.column == "accountsource" })
  }

  @Test("rule 1: exclude wins over the default mapping, over custom fields and over include")
  func exclude() throws {
    let schema = TestSchema.account([
      SourceField(name: "Secret__c", type: .string), SourceField(name: "AccountSource", type: .picklist),
    ])
    let selection = ObjectSelection(
      .personAccounts, exclude: ["personemail", "Secret__c", "AccountSource"], include: ["AccountSource"])
    let mapping = try ObjectMapping(selection, schema)
    for field in ["PersonEmail", "Secret__c", "AccountSource"] {
      #expect(!mapping.fields.contains(field))
      #expect(mapping.reason(of: field) == .excluded)
    }
  }

  @Test("rule 1: Id, SystemModstamp, IsDeleted and CreatedDate cannot be excluded")
  func indispensable() throws {
    let names = ["Id", "SystemModstamp", "IsDeleted", "CreatedDate"]
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts, exclude: names), TestSchema.account())
    for table in mapping.tables { #expect(names.allSatisfy { table.column(of: $0) != nil }) }
  }

  @Test("rule 2: users have the named fields and no custom ones")
  func users() throws {
    let schema = TestSchema.object("User", TestSchema.userFields + [("Team__c", .string)])
    let mapping = try ObjectMapping(ObjectSelection(.users), schema)
    let table = try #require(mapping.tables.first)
    #expect(table.table == "salesperson" && mapping.tables.count == 1)
    #expect(table.pairs(of: TestSchema.userFields.map(\.0)) == TestSchema.userColumns)
    #expect(table.columns.count == TestSchema.userColumns.count)
    let included = try ObjectMapping(ObjectSelection(.users, include: ["Team__c"]), schema)
    #expect(included.tables.first?.column(of: "Team__c")?.column == "team__c")
  }

  @Test(
    "rule 2: calls, key messages and custom objects have their standard fields and every custom one",
    arguments: [
      (SourceObject.calls, "call"), (.callKeyMessages, "call_key_message"),
      (.custom("Multichannel_Activity_vod__c"), "multichannel_activity_vod__c"),
    ])
  func records(_ object: SourceObject, _ table: String) throws {
    let schema = TestSchema.object(
      object.apiName,
      [
        ("Id", .id), ("SystemModstamp", .datetime), ("Name", .string), ("OwnerId", .reference),
        ("CreatedDate", .datetime), ("RecordTypeId", .reference), ("Account_vod__c", .reference),
        ("Call_Date_vod__c", .date), ("LastModifiedById", .reference),
      ])
    let mapping = try ObjectMapping(ObjectSelection(object), schema)
    #expect(mapping.tables.map(\.table) == [table])
    #expect(
      Set(mapping.tables[0].columns.map(\.column)) == [
        "veeva_id", "veeva_system_modstamp", "name", "ownerid", "createddate", "recordtypeid", "account_vod__c",
        "call_date_vod__c",
      ])
  }

  @Test("rule 2: a custom object without owner, name or record types is mapped without them")
  func bareCustomObject() throws {
    let schema = TestSchema.object("Bare__c", [("Id", .id), ("SystemModstamp", .datetime), ("X__c", .int)])
    let mapping = try ObjectMapping(ObjectSelection(.custom("Bare__c")), schema)
    #expect(mapping.tables.first?.columns.map(\.column) == ["veeva_id", "veeva_system_modstamp", "x__c"])
    #expect(mapping.hidden == [])
  }

  @Test("rule 3: Id and SystemModstamp come first and have no second column, even when named under include")
  func noSecondColumn() throws {
    let selection = ObjectSelection(.personAccounts, include: ["Id", "SystemModstamp"])
    let mapping = try ObjectMapping(selection, TestSchema.account())
    #expect(Array(mapping.fields.prefix(2)) == ["Id", "SystemModstamp"])
    for table in mapping.tables {
      #expect(Array(table.columns.prefix(2).map(\.column)) == ["veeva_id", "veeva_system_modstamp"])
      #expect(table.columns.filter { $0.field == "Id" || $0.field == "SystemModstamp" }.count == 2)
    }
  }

  @Test(
    "without triggers every field raises events; with triggers exactly those do, whatever the case of their letters")
  func triggers() throws {
    let schema = TestSchema.object(
      "A__c", [("Id", .id), ("SystemModstamp", .datetime), ("X__c", .int), ("Y__c", .string)])
    func raising(_ triggers: [String]?) throws -> [String] {
      let mapping = try ObjectMapping(ObjectSelection(.custom("A__c"), triggers: triggers), schema)
      return mapping.tables.flatMap(\.columns).filter(\.raisesEvents).map(\.field)
    }
    #expect(try raising(nil) == ["Id", "SystemModstamp", "X__c", "Y__c"])
    #expect(try raising(["x__C"]) == ["X__c"])
    #expect(try raising([]) == [])
  }

  @Test("a trigger that the credentials do not see stops nothing: it is reported as hidden, once")
  func hiddenTrigger() throws {
    let selection = ObjectSelection(.users, triggers: ["Title", "Gone__c", "gone__C"])
    let schema = TestSchema.object("User", TestSchema.userFields.filter { $0.0 != "Title" })
    let mapping = try ObjectMapping(selection, schema)
    #expect(mapping.hidden == ["Title", "Gone__c"])
    #expect(mapping.tables.flatMap(\.columns).allSatisfy { !$0.raisesEvents })
  }

  @Test("a trigger that is visible but not synced is reported with what to do; include makes it raise events")
  func triggerNotSynced() throws {
    let schema = TestSchema.object("User", TestSchema.userFields + [("Division", .string), ("Alias", .string)])
    let without = try ObjectMapping(ObjectSelection(.users, triggers: ["division"]), schema)
    #expect(without.reason(of: "Division") == .triggerNotSynced)
    #expect(without.reason(of: "Alias") == .notDefault)
    #expect(without.hidden == [])
    let with = try ObjectMapping(ObjectSelection(.users, include: ["Division"], triggers: ["division"]), schema)
    #expect(with.tables.first?.column(of: "Division")?.raisesEvents == true)
    #expect(with.reason(of: "Division") == nil)
  }

  @Test("rule 9: without a list of objects, accounts, users, calls and key messages are synced")
  func standardObjects() {
    #expect(SourceObject.standard == [.personAccounts, .users, .calls, .callKeyMessages])
  }
}

/// Names that are too long or taken.
@Suite struct ColumnNameTests {
  /// 75 bytes; the hashes are those of a second implementation of FNV-1a.
  private let long = [
    "One": "a_very_long_name_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_56b91487",
    "Two": "a_very_long_name_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_5555b195",
  ]

  private static func longName(_ end: String) -> String {
    "A_Very_Long_Name_" + String(repeating: "x", count: 50) + "_\(end)__c"
  }

  @Test("rule 4: a name of more than 63 bytes gets a suffix from a hash of the API name, the same at every call")
  func longNames() throws {
    let fields = long.keys.map { SourceField(name: Self.longName($0), type: .string) }
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts), TestSchema.account(fields))
    let alone = try ObjectMapping(ObjectSelection(.personAccounts), TestSchema.account([fields[0]]))
    for (key, column) in long {
      let field = try #require(fields.first { $0.name.hasSuffix("_\(key)__c") })
      #expect(mapping.tables.allSatisfy { $0.column(of: field.name)?.column == column })
      #expect(column.utf8.count == 63)
    }
    #expect(alone.tables[0].column(of: fields[0].name)?.column == mapping.tables[0].column(of: fields[0].name)?.column)
  }

  @Test("rule 4: a name of exactly 63 bytes is kept")
  func longestName() throws {
    let name = String(repeating: "x", count: 60) + "__c"
    let mapping = try ObjectMapping(
      ObjectSelection(.personAccounts), TestSchema.account([SourceField(name: name, type: .string)]))
    #expect(mapping.tables[0].column(of: name)?.column == name)
  }

  @Test("rule 4: a field that meets a column of the default mapping gets a suffix, visible or hidden as that one is")
  func takenNames() throws {
    let title = SourceField(name: "Title", type: .string)
    let selection = ObjectSelection(.personAccounts, include: ["Title"])
    let both = try ObjectMapping(selection, TestSchema.account([title]))
    #expect(both.tables[0].column(of: "Title")?.column == "title_24d471a9")
    #expect(both.tables[0].column(of: "PersonTitle")?.column == "title")
    var schema = TestSchema.account([title])
    schema.fields.removeAll { $0.name == "PersonTitle" }
    let hidden = try ObjectMapping(selection, schema)
    #expect(hidden.tables[0].column(of: "Title")?.column == "title_24d471a9")
  }

  @Test("rule 4: no field takes the name of a column that the tables have by themselves")
  func ownColumns() throws {
    let schema = TestSchema.account([
      SourceField(name: "Synced_At", type: .datetime), SourceField(name: "Veeva_Type", type: .string),
    ])
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts, include: ["Synced_At", "Veeva_Type"]), schema)
    for column in mapping.tables.flatMap(\.columns) where ["Synced_At", "Veeva_Type"].contains(column.field) {
      #expect(!["synced_at", "veeva_type"].contains(column.column))
    }
  }

  @Test("a describe answer that lists a field twice maps it once, and the order of fields does not matter")
  func repeatedField() throws {
    let extra = [SourceField(name: "B__c", type: .string), SourceField(name: "A__c", type: .string)]
    let mapping = try ObjectMapping(ObjectSelection(.personAccounts), TestSchema.account(extra + [extra[0]]))
    var other = TestSchema.account(extra)
    other.fields.reverse()
    let reversed = try ObjectMapping(ObjectSelection(.personAccounts), other)
    #expect(mapping.tables == reversed.tables && mapping.fields == reversed.fields)
  }
}
