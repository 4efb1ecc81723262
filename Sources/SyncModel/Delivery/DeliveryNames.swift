/// Names and types that mirrored columns have in Marketo (the default mapping; standard names are Marketo's own).
enum DeliveryNames {
  /// A name and a type.
  struct Entry {
    let name: String
    let type: DeliveryFieldType
    let isStandard: Bool
    let label: String

    init(_ name: String, _ type: DeliveryFieldType = .string, custom label: String? = nil) {
      self.name = name
      self.type = type
      isStandard = label == nil
      self.label = label ?? name
    }
  }

  static let lead: [String: Entry] = [
    "veeva_created_date": Entry("veevaCreatedDate", .datetime, custom: "Veeva Created Date"),
    "veeva_is_deleted": Entry("veevaIsDeleted", .boolean, custom: "Veeva is Deleted"),
    "veeva_system_modstamp": Entry("veevaSystemModstamp", .datetime, custom: "Veeva System Modstamp"),
    "veeva_contact_id": Entry("veevaContactId", custom: "Veeva Contact Id"),
    "veeva_type": Entry("veevaType", custom: "Veeva Type"),
    "is_person_account": Entry("isPersonAccount", .boolean, custom: "Is Person Account"),
    "first_name": Entry("firstName"), "last_name": Entry("lastName"), "salutation": Entry("salutation"),
    "email": Entry("email", .email), "title": Entry("title"), "phone": Entry("phone", .phone),
    "fax": Entry("fax", .phone), "mobile_phone": Entry("mobilePhone", .phone),
    "date_of_birth": Entry("dateOfBirth", .date), "address": Entry("address", .text), "city": Entry("city"),
    "state": Entry("state"), "postal_code": Entry("postalCode"), "country": Entry("country"),
    "lead_source": Entry("leadSource"), "unsubscribed": Entry("unsubscribed", .boolean),
    "person_notes": Entry("personNotes", custom: "Person Notes"),
  ]

  /// What marketing owns, which flows to Veeva; by column.
  static let marketingOwned: [String: Entry] = [
    "lead_score": Entry("leadScore", .score), "inferred_city": Entry("inferredCity"),
    "inferred_company": Entry("inferredCompany"), "inferred_country": Entry("inferredCountry"),
    "inferred_metropolitan_area": Entry("inferredMetropolitanArea"),
    "inferred_phone_area_code": Entry("inferredPhoneAreaCode"), "inferred_postal_code": Entry("inferredPostalCode"),
    "inferred_state_region": Entry("inferredStateRegion"),
  ]

  static let company: [String: Entry] = [
    "veeva_created_date": Entry("veevaCreatedDate", .datetime, custom: "Veeva Created Date"),
    "veeva_is_deleted": Entry("veevaIsDeleted", .boolean, custom: "Veeva is Deleted"),
    "veeva_system_modstamp": Entry("veevaSystemModstamp", .datetime, custom: "Veeva System Modstamp"),
    "company": Entry("company"), "annual_revenue": Entry("annualRevenue", .currency),
    "billing_street": Entry("billingStreet", .text), "billing_city": Entry("billingCity"),
    "billing_state": Entry("billingState"), "billing_postal_code": Entry("billingPostalCode"),
    "billing_country": Entry("billingCountry"), "company_notes": Entry("companyNotes", .text, custom: "Company Notes"),
    "industry": Entry("industry"), "number_of_employees": Entry("numberOfEmployees", .integer),
    "main_phone": Entry("mainPhone", .phone), "sic_code": Entry("sicCode"), "site": Entry("site"),
    "veeva_account_type": Entry("veevaAccountType", custom: "Account Type"), "website": Entry("website", .url),
  ]

  static let salesperson: [String: Entry] = [
    "first_name": Entry("firstName"), "last_name": Entry("lastName"), "email": Entry("email", .email),
    "title": Entry("title"), "phone": Entry("phone", .phone), "fax": Entry("fax", .phone),
    "mobile_phone": Entry("mobilePhone", .phone),
  ]

  /// The type that values are kept in where Marketo has no field yet.
  static func type(_ type: ValueType, isLead: Bool) -> DeliveryFieldType {
    switch type {
    case .identifier, .time: .string
    // A text area cannot be made on a lead through the API.
    case .text, .textList: isLead ? .string : .text
    case .boolean: .boolean
    case .integer: .integer
    case .decimal: .float
    case .date: .date
    case .instant: .datetime
    }
  }

  /// Names of types and fields: letters, digits and `_`, a letter first.
  static func name(_ field: String) -> String {
    let name = String(
      decoding: field.utf8.map { byte in
        isWord(byte) ? byte : 0x5F
      }, as: UTF8.self)
    guard let first = name.utf8.first, (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first) else {
      return "veeva_" + name
    }
    return name
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
  }

  /// The API name of a custom object's type.
  static func type(of object: SourceObject) -> String {
    switch object {
    case .calls: "veevaCall"
    case .callKeyMessages: "veevaCallKeyMessage"
    default: "veeva_" + name(object.apiName)
    }
  }
}
