/// The fields of Account: a person account shows its contact's fields as `Person…` and `…__pc`.
struct AccountFields {
  let make: FieldBuilder
  let wide: Bool

  func fields(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    var fields = make.head() + identity(&builder)
    fields += make.address("Billing", "Billing", first: fields.count)
    fields += make.address("Shipping", "Shipping", first: fields.count, nulls: 600)
    fields += company(&builder) + make.tail() + person(&builder)
    fields += make.address("PersonMailing", "Mailing", first: fields.count, personOnly: true)
    fields += vod(&builder)
    fields += location(first: fields.count)
    fields += custom(&builder) + contactCustom(&builder)
    if wide { fields += (1...400).map(wideField) }
    return fields
  }

  private func identity(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    let words = make.words
    let other = { FieldContent.reference(.init(object: .account, rule: $0)) }
    return [
      make.reference(
        "MasterRecordId", label: "Master Record ID", to: ["Account"], "MasterRecord", other(.mergeWinner),
        updateable: false),
      FieldDefinition(
        name: "Name", label: "Account Name", type: .string, length: 255, nillable: false, content: .accountName),
      make.text("LastName", .lastName, length: 80, nulls: 0, personOnly: true),
      make.text("FirstName", .firstName, length: 40, nulls: 60, odd: 8, personOnly: true),
      make.text(
        "Salutation", .word(words.salutations), length: 40, type: .picklist, nulls: 200, personOnly: true),
      make.picklist(
        "Type", label: "Account Type", ["Prospect", "Customer - Direct", "Partner", "Other"], &builder, nulls: 300),
      make.recordType(),
      make.reference(
        "ParentId", label: "Parent Account ID", to: ["Account"], "Parent", other(.parentAccount), nulls: 900),
    ]
  }

  private func company(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    let words = make.words
    return [
      make.text("Phone", .phone, length: 40, type: .phone, nulls: 120),
      make.text("Fax", .phone, length: 40, type: .phone, nulls: 700),
      make.text("AccountNumber", .code(digits: 9), length: 40, nulls: 500),
      make.text("Website", .url, length: 255, type: .url, nulls: 600),
      make.text("PhotoUrl", label: "Photo URL", .url, length: 255, type: .url, nulls: 900, updateable: false),
      make.text("Sic", label: "SIC Code", .code(digits: 4), length: 20, nulls: 600),
      make.picklist(
        "Industry", ["Healthcare", "Biotechnology", "Education", "Government", "Not For Profit"], &builder, nulls: 400),
      make.number("AnnualRevenue", label: "Annual Revenue", .decimal(.money), type: .currency, scale: 0, nulls: 600),
      make.number("NumberOfEmployees", label: "Employees", .integer(0, 25_000), type: .int, nulls: 600),
      make.picklist("Ownership", ["Public", "Private", "Subsidiary", "Other"], &builder, nulls: 700),
      make.text("TickerSymbol", label: "Ticker Symbol", .code(digits: 4), length: 20, nulls: 980),
      make.text(
        "Description", label: "Account Description", .prose(words.phrases), length: 32_000, type: .textarea, nulls: 400,
        odd: 24),
      make.picklist("Rating", ["Hot", "Warm", "Cold"], &builder, nulls: 600),
      make.text("Site", label: "Account Site", .word(words.cities), length: 80, nulls: 800),
      make.owner(),
      make.date("LastActivityDate", label: "Last Activity", .date(.recent), nulls: 300),
    ]
  }

  private func person(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    let words = make.words
    return [
      make.reference(
        "PersonContactId", label: "Contact ID", to: ["Contact"], "PersonContact",
        .reference(.init(object: .contact, rule: .personContact)), updateable: false),
      FieldDefinition(
        name: "IsPersonAccount", label: "Is Person Account", type: .boolean, nillable: false, createable: false,
        updateable: false, content: .isPersonAccount),
      make.text("PersonMobilePhone", label: "Mobile", .phone, length: 40, type: .phone, nulls: 300, personOnly: true),
      make.text("PersonHomePhone", label: "Home Phone", .phone, length: 40, type: .phone, nulls: 800, personOnly: true),
      make.text(
        "PersonOtherPhone", label: "Other Phone", .phone, length: 40, type: .phone, nulls: 900, personOnly: true),
      make.text("PersonEmail", label: "Email", .email, length: 80, type: .email, nulls: 80, personOnly: true),
      make.text("PersonTitle", label: "Title", .word(words.titles), length: 80, nulls: 200, odd: 8, personOnly: true),
      make.text("PersonDepartment", label: "Department", .word(words.titles), length: 80, nulls: 500, personOnly: true),
      make.text(
        "PersonAssistantName", label: "Assistant", .words(words.firstNames, words.lastNames), length: 40, nulls: 900,
        personOnly: true),
      make.date("PersonBirthdate", label: "Birthdate", .date(.birth), nulls: 400, personOnly: true),
      make.picklist(
        "PersonLeadSource", label: "Lead Source", ["Web", "Phone Inquiry", "Partner Referral", "Congress", "Other"],
        &builder,
        nulls: 400, personOnly: true),
      make.boolean("PersonHasOptedOutOfEmail", label: "Email Opt Out", permille: 80, personOnly: true),
      make.boolean("PersonHasOptedOutOfFax", label: "Fax Opt Out", permille: 20, personOnly: true),
      make.boolean("PersonDoNotCall", label: "Do Not Call", permille: 50, personOnly: true),
    ]
  }

  private func vod(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    let specialties = ["Cardiology", "Oncology", "Dermatology", "General Practice", "Neurology", "Pædiatrics"]
    return [
      make.picklist("Specialty_1_vod__c", specialties, &builder, nulls: 50, personOnly: true),
      make.picklist("Credentials_vod__c", ["MD", "PhD", "RN", "PharmD", "DO"], &builder, personOnly: true),
      make.text("NPI_vod__c", label: "NPI", .code(digits: 10), length: 20, nulls: 400),
      make.text(
        "External_ID_vod__c", label: "External ID", .shortReference(.init(object: .account, rule: .same)), length: 120,
        nulls: 100),
      make.reference(
        "Primary_Parent_vod__c", to: ["Account"], "Primary_Parent_vod__r",
        .reference(.init(object: .account, rule: .parentAccount)), nulls: 600),
      make.boolean("PDRP_Opt_Out_vod__c", label: "PDRP Opt Out", permille: 30),
      make.date("PDRP_Opt_Out_Date_vod__c", label: "PDRP Opt Out Date", .date(.recent), nulls: 900),
      make.formula("Formatted_Name_vod__c", .accountName, "LastName & ', ' & FirstName"),
    ]
  }

  private func location(first: Int) -> [FieldDefinition] {
    var parts = [
      make.number("Clinic_Location__Latitude__s", .latitude, scale: 6, nulls: 500),
      make.number("Clinic_Location__Longitude__s", .longitude, scale: 6, nulls: 500),
    ]
    for place in parts.indices { parts[place].compound = "Clinic_Location__c" }
    return parts + [
      FieldDefinition(
        name: "Clinic_Location__c", label: "Clinic Location", type: .location, createable: false, updateable: false,
        content: .location(first: Int32(first)))
    ]
  }

  private func custom(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    let words = make.words
    return [
      make.number("Prescriber_Score__c", .decimal(.wild), scale: 4),
      make.number("Annual_Spend__c", .decimal(.money), type: .currency),
      make.number(
        "Share_of_Wallet__c", label: "Share of Wallet", .decimal(.percent), type: .percent, precision: 5, scale: 1),
      make.number("Beds__c", .decimal(.count), precision: 5, scale: 0),
      make.datetime("Last_Visit__c", .datetime(.recent)),
      FieldDefinition(
        name: "Visit_Window__c", label: "Visit Window", type: .time, nulls: 500, content: .time),
      make.picklist(
        "Interests__c", ["Congress", "E-Learning", "Samples", "Trials", "Newsletter \"Plus\""], &builder,
        type: .multipicklist, nulls: 300),
      make.text("Tax_ID__c", label: "Tax ID", .masked, length: 12, type: .encryptedstring, nulls: 500),
      FieldDefinition(
        name: "Portrait__c", label: "Portrait", type: .base64, length: 1_048_576, nulls: 900, content: .blob),
      make.text(
        "Profile_Notes__c", .prose(words.phrases), length: 131_072, type: .textarea, nulls: 500, odd: 40),
    ]
  }

  private func contactCustom(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    [
      make.number(
        "mkto71_Lead_Score__pc", label: "Score", .decimal(.score), precision: 10, scale: 0, nulls: 300, personOnly: true
      ),
      make.text(
        "mkto71_Inferred_City__pc", label: "Inferred City", .word(make.words.cities), length: 255, nulls: 700,
        personOnly: true),
      make.picklist("Preferred_Channel__pc", ["Email", "Phone", "Visit", "None"], &builder, personOnly: true),
      make.date("Consent_Date__pc", .date(.recent), personOnly: true),
      make.boolean("Newsletter__pc", permille: 350, personOnly: true),
      make.picklist(
        "Hobbies__pc", ["Sailing", "Chess", "Läufe", "音楽"], &builder, type: .multipicklist, nulls: 600,
        personOnly: true),
      make.number("Prescriber_Score__pc", .decimal(.wild), scale: 4, nulls: 500, personOnly: true),
    ]
  }

  /// One of the many further custom fields of a large org.
  private func wideField(_ number: Int) -> FieldDefinition {
    let digits = String(number)
    let stem = "Survey_Answer_" + String(repeating: "0", count: 3 - digits.count) + digits
    let name = stem + (number % 3 == 0 ? "__pc" : "__c")
    let person = number % 3 == 0
    return switch number % 8 {
    case 0: make.boolean(name, permille: 300, personOnly: person)
    case 1: make.number(name, .decimal(.wild), scale: 4, nulls: 800, personOnly: person)
    case 2: make.date(name, .date(.recent), nulls: 800, personOnly: person)
    case 3: make.text(name, .prose(make.words.phrases), length: 255, nulls: 900, odd: 8, personOnly: person)
    case 4: make.number(name, .decimal(.percent), type: .percent, scale: 1, nulls: 800, personOnly: person)
    case 5: make.text(name, .url, length: 255, type: .url, nulls: 900, personOnly: person)
    default: make.text(name, .word(make.words.titles), length: 255, nulls: 700, odd: 4, personOnly: person)
    }
  }
}
