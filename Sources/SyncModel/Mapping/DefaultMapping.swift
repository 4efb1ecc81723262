/// The fields that are synced without being asked for, and the columns they fill.
enum DefaultMapping {
  /// A field of the source and its column.
  struct Entry {
    let field: String
    let column: String
    let direction: Direction

    init(_ field: String, _ column: String, _ direction: Direction = .fromVeeva) {
      self.field = field
      self.column = column
      self.direction = direction
    }
  }

  static let person: [Entry] = [
    Entry("Id", "veeva_id"),
    Entry("SystemModstamp", "veeva_system_modstamp"),
    Entry("CreatedDate", "veeva_created_date"),
    Entry("IsDeleted", "veeva_is_deleted"),
    Entry("PersonContactId", "veeva_contact_id"),
    Entry("IsPersonAccount", "is_person_account"),
    Entry("OwnerId", "owner_id"),
    Entry("FirstName", "first_name", .bothWays),
    Entry("LastName", "last_name", .bothWays),
    Entry("Salutation", "salutation", .bothWays),
    Entry("PersonEmail", "email", .bothWays),
    Entry("PersonTitle", "title", .bothWays),
    Entry("Phone", "phone", .bothWays),
    Entry("Fax", "fax", .bothWays),
    Entry("PersonMobilePhone", "mobile_phone", .bothWays),
    Entry("PersonBirthdate", "date_of_birth", .bothWays),
    Entry("PersonMailingStreet", "address", .bothWays),
    Entry("PersonMailingCity", "city", .bothWays),
    Entry("PersonMailingState", "state", .bothWays),
    Entry("PersonMailingPostalCode", "postal_code", .bothWays),
    Entry("PersonMailingCountry", "country", .bothWays),
    Entry("PersonLeadSource", "lead_source", .bothWays),
    Entry("PersonHasOptedOutOfEmail", "unsubscribed", .bothWays),
    Entry("Description", "person_notes"),
  ]

  static let company: [Entry] = [
    Entry("Id", "veeva_id"),
    Entry("SystemModstamp", "veeva_system_modstamp"),
    Entry("CreatedDate", "veeva_created_date"),
    Entry("IsDeleted", "veeva_is_deleted"),
    Entry("Name", "company"),
    Entry("AnnualRevenue", "annual_revenue"),
    Entry("BillingStreet", "billing_street"),
    Entry("BillingCity", "billing_city"),
    Entry("BillingState", "billing_state"),
    Entry("BillingPostalCode", "billing_postal_code"),
    Entry("BillingCountry", "billing_country"),
    Entry("Description", "company_notes"),
    Entry("Industry", "industry"),
    Entry("NumberOfEmployees", "number_of_employees"),
    Entry("Phone", "main_phone"),
    Entry("Sic", "sic_code"),
    Entry("Site", "site"),
    Entry("Type", "veeva_account_type"),
    Entry("Website", "website"),
  ]

  static let salesperson: [Entry] = [
    Entry("Id", "veeva_id"),
    Entry("SystemModstamp", "veeva_system_modstamp"),
    Entry("CreatedDate", "veeva_created_date"),
    Entry("FirstName", "first_name"),
    Entry("LastName", "last_name"),
    Entry("Email", "email"),
    Entry("Title", "title"),
    Entry("Phone", "phone"),
    Entry("MobilePhone", "mobile_phone"),
    Entry("Fax", "fax"),
    Entry("Username", "username"),
    Entry("IsActive", "is_active"),
    Entry("ManagerId", "manager_id"),
    Entry("UserRoleId", "user_role_id"),
    Entry("ProfileId", "profile_id"),
  ]

  /// Calls, key messages and custom objects: their standard fields, then every custom field.
  static let record: [Entry] = [
    Entry("Id", "veeva_id"),
    Entry("SystemModstamp", "veeva_system_modstamp"),
    Entry("Name", "name"),
    Entry("OwnerId", "ownerid"),
    Entry("CreatedDate", "createddate"),
    Entry("RecordTypeId", "recordtypeid"),
  ]

  /// Standard fields that an object of that kind may lack without anybody missing them.
  static let optional: Set<String> = ["Name", "OwnerId", "CreatedDate", "RecordTypeId"]

  /// Names by which marketing-owned fields are known in Veeva, and their columns.
  ///
  /// They are custom fields of the person contact, created by the org's admin, and keep the column of the default
  /// mapping instead of their lower-case name.
  static let marketingOwned: [Entry] = [
    Entry("mkto71_Lead_Score__pc", "lead_score"),
    Entry("mkto71_Inferred_City__pc", "inferred_city"),
    Entry("mkto71_Inferred_Company__pc", "inferred_company"),
    Entry("mkto71_Inferred_Country__pc", "inferred_country"),
    Entry("mkto71_Inferred_Metropolitan_Area__pc", "inferred_metropolitan_area"),
    Entry("mkto71_Inferred_Phone_Area_Code__pc", "inferred_phone_area_code"),
    Entry("mkto71_Inferred_Postal_Code__pc", "inferred_postal_code"),
    Entry("mkto71_Inferred_State_Region__pc", "inferred_state_region"),
  ]

  /// Fields that no configuration can leave out: without them nothing could be kept in step.
  static let indispensable: Set<String> = ["id", "systemmodstamp", "isdeleted", "createddate"]
}
