/// Users, contacts, small lists, and objects that exist but are no part of a sync.
struct OtherFields {
  let make: FieldBuilder

  func object(_ kind: ObjectKind, _ builder: inout Lexicon.Builder) -> ObjectDefinition {
    switch kind {
    case .contact: .init(kind, "Contact", "Contact", keyPrefix: "003", fields: contact())
    case .user: .init(kind, "User", "User", keyPrefix: "005", fields: user(&builder))
    case .recordType: .init(kind, "RecordType", "Record Type", keyPrefix: "012", fields: recordType())
    case .profile: .init(kind, "Profile", "Profile", keyPrefix: "00e", fields: list(.profileName))
    case .role: .init(kind, "UserRole", "Role", keyPrefix: "00E", fields: list(.roleName))
    case .lead: .init(kind, "Lead", "Lead", keyPrefix: "00Q", fields: lead(&builder))
    case .opportunity:
      .init(
        kind, "Opportunity", "Opportunity", plural: "Opportunities", keyPrefix: "006", fields: opportunity(&builder))
    case .campaign: .init(kind, "Campaign", "Campaign", keyPrefix: "701", fields: campaign())
    case .legacyNote:
      .init(
        kind, "Legacy_Note_vod__c", "Legacy Note", keyPrefix: "a3L", bulkSupported: false, fields: legacyNote())
    default:
      .init(kind, "Unlinked_Thing__c", "Unlinked Thing", keyPrefix: "a2U", fields: unlinked(&builder))
    }
  }

  private func contact() -> [FieldDefinition] {
    make.head() + [
      make.reference(
        "AccountId", label: "Account ID", to: ["Account"], "Account", .reference(.init(object: .account, rule: .same))),
      make.text("LastName", .lastName, nulls: 0), make.text("FirstName", .firstName, length: 40, nulls: 60),
      make.text("Name", label: "Full Name", .accountName, length: 121, nulls: 0, updateable: false),
      make.text("Email", .email, type: .email),
      FieldDefinition(
        name: "IsPersonAccount", label: "Is Person Account", type: .boolean, nillable: false, createable: false,
        updateable: false, content: .isPersonAccount),
      make.owner(),
    ] + make.tail()
  }

  private func user(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    let words = make.words
    return make.head(deletable: false) + [
      make.text("Username", .login, nulls: 0), make.text("LastName", .lastName, nulls: 0),
      make.text("FirstName", .firstName, length: 40, nulls: 40),
      make.text("Name", label: "Full Name", .fullName, length: 121, nulls: 0, updateable: false),
      make.text("Email", .email, type: .email, nulls: 0),
      make.text("Title", .word(words.titles), nulls: 200, odd: 40),
      make.text("Phone", .phone, length: 40, type: .phone),
      make.text("Fax", .phone, length: 40, type: .phone, nulls: 800),
      make.text("MobilePhone", label: "Mobile", .phone, length: 40, type: .phone, nulls: 300),
      FieldDefinition(name: "IsActive", label: "Active", type: .boolean, nillable: false, content: .isActive),
      make.reference(
        "ManagerId", label: "Manager ID", to: ["User"], "Manager", .reference(.init(object: .user, rule: .any)),
        nulls: 200),
      make.reference(
        "UserRoleId", label: "Role ID", to: ["UserRole"], "UserRole", .reference(.init(object: .role, rule: .any)),
        nulls: 100),
      make.reference(
        "ProfileId", label: "Profile ID", to: ["Profile"], "Profile", .reference(.init(object: .profile, rule: .any)),
        nillable: false),
      make.text("FederationIdentifier", .code(digits: 8), length: 512, nulls: 400),
      make.picklist("LanguageLocaleKey", ["en_US", "de", "fr", "ja"], &builder, nulls: 0),
      make.picklist("TimeZoneSidKey", ["Europe/Berlin", "America/New_York", "Asia/Tokyo"], &builder, nulls: 0),
      make.text("Country_Code_vod__c", .word(words.states), length: 10),
      make.text("User_Type_vod__c", .word(words.roles), length: 255, type: .picklist),
      make.datetime("Last_Mobile_Sync_vod__c", .datetime(.recent)),
    ] + make.tail()
  }

  private func recordType() -> [FieldDefinition] {
    make.head(deletable: false) + [
      make.text("Name", .recordTypeLabel, nulls: 0), make.text("DeveloperName", .recordTypeDeveloperName, nulls: 0),
      make.text("SobjectType", label: "Object", .recordTypeObject, length: 40, type: .picklist, nulls: 0),
      FieldDefinition(
        name: "IsPersonType", label: "Is Person Type", type: .boolean, nillable: false, content: .recordTypeIsPerson),
      make.boolean("IsActive", label: "Active", permille: 1000),
    ] + make.tail()
  }

  private func list(_ content: FieldContent) -> [FieldDefinition] {
    make.head(deletable: false) + [make.text("Name", content, nulls: 0)] + make.tail()
  }

  private func lead(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    make.head() + [
      make.text("LastName", .lastName, nulls: 0), make.text("FirstName", .firstName, length: 40),
      make.text("Company", .word(make.words.organisations), length: 255, nulls: 0),
      make.text("Email", .email, type: .email),
      make.picklist("Status", ["Open", "Working", "Closed"], &builder, nulls: 0), make.owner(),
    ] + make.tail()
  }

  private func opportunity(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    make.head() + [
      make.text("Name", .words(make.words.organisations, make.words.states), length: 120, nulls: 0),
      make.reference(
        "AccountId", label: "Account ID", to: ["Account"], "Account", .reference(.init(object: .account, rule: .any))),
      make.picklist("StageName", ["Prospecting", "Closed Won", "Closed Lost"], &builder, nulls: 0),
      make.number("Amount", .decimal(.money), type: .currency), make.date("CloseDate", .date(.recent), nulls: 0),
      make.owner(),
    ] + make.tail()
  }

  private func campaign() -> [FieldDefinition] {
    make.head() + [
      make.text("Name", .words(make.words.cities, make.words.titles), nulls: 0), make.owner(),
    ] + make.tail()
  }

  private func unlinked(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    make.head() + [
      make.owner(), make.autoNumber("U", "Thing Name"),
      make.picklist("Colour__c", ["red", "green", "blue"], &builder),
      make.text("Remark__c", .prose(make.words.phrases), length: 255, odd: 100),
    ] + make.tail()
  }

  private func legacyNote() -> [FieldDefinition] {
    make.head() + [
      make.owner(), make.autoNumber("N", "Note Number"),
      make.reference(
        "Account_vod__c", label: "Account", to: ["Account"], "Account_vod__r",
        .reference(.init(object: .account, rule: .account))),
      make.text(
        "Note_vod__c", .prose(make.words.phrases), length: 32_000, type: .textarea, nulls: 50, odd: 200),
    ] + make.tail()
  }
}
