import SyncModel

/// Schemas as a describe answer would give them, and the columns that the contract names.
enum TestSchema {
  static let personColumns = [
    "Id=veeva_id", "SystemModstamp=veeva_system_modstamp", "CreatedDate=veeva_created_date",
    "IsDeleted=veeva_is_deleted", "PersonContactId=veeva_contact_id", "IsPersonAccount=is_person_account",
    "OwnerId=owner_id", "FirstName=first_name", "LastName=last_name", "Salutation=salutation", "PersonEmail=email",
    "PersonTitle=title", "Phone=phone", "Fax=fax", "PersonMobilePhone=mobile_phone", "PersonBirthdate=date_of_birth",
    "PersonMailingStreet=address", "PersonMailingCity=city", "PersonMailingState=state",
    "PersonMailingPostalCode=postal_code", "PersonMailingCountry=country", "PersonLeadSource=lead_source",
    "PersonHasOptedOutOfEmail=unsubscribed", "Description=person_notes",
  ]
  static let companyColumns = [
    "Id=veeva_id", "SystemModstamp=veeva_system_modstamp", "CreatedDate=veeva_created_date",
    "IsDeleted=veeva_is_deleted", "Name=company", "AnnualRevenue=annual_revenue", "BillingStreet=billing_street",
    "BillingCity=billing_city", "BillingState=billing_state", "BillingPostalCode=billing_postal_code",
    "BillingCountry=billing_country", "Description=company_notes", "Industry=industry",
    "NumberOfEmployees=number_of_employees", "Phone=main_phone", "Sic=sic_code", "Site=site",
    "Type=veeva_account_type", "Website=website",
  ]
  static let userColumns = [
    "Id=veeva_id", "SystemModstamp=veeva_system_modstamp", "CreatedDate=veeva_created_date", "FirstName=first_name",
    "LastName=last_name", "Email=email", "Title=title", "Phone=phone", "MobilePhone=mobile_phone", "Fax=fax",
    "Username=username", "IsActive=is_active", "ManagerId=manager_id", "UserRoleId=user_role_id",
    "ProfileId=profile_id",
  ]

  static let personFields = personColumns.map(fieldName)
  static let companyFields = companyColumns.map(fieldName)
  static let userFields: [(String, FieldType)] = userColumns.map(fieldName).map { ($0, type(of: $0)) }

  /// An Account with every field of the default mapping, and more.
  static func account(_ more: [SourceField] = []) -> SourceObjectSchema {
    let names = Set(personFields + companyFields).sorted()
    return SourceObjectSchema(
      name: "Account",
      fields: names.map { SourceField(name: $0, type: type(of: $0), updateable: $0 != "Id") } + more)
  }

  static func object(_ name: String, _ fields: [(String, FieldType)]) -> SourceObjectSchema {
    SourceObjectSchema(name: name, fields: fields.map { SourceField(name: $0.0, type: $0.1) })
  }

  private static func fieldName(_ pair: String) -> String { String(pair.prefix { $0 != "=" }) }

  private static func type(of field: String) -> FieldType {
    switch field {
    case "Id": .id
    case "PersonContactId", "OwnerId", "ManagerId", "UserRoleId", "ProfileId": .reference
    case "SystemModstamp", "CreatedDate": .datetime
    case "IsDeleted", "IsPersonAccount", "PersonHasOptedOutOfEmail", "IsActive": .boolean
    case "PersonBirthdate": .date
    case "AnnualRevenue": .currency
    case "NumberOfEmployees": .int
    case "Description", "PersonMailingStreet", "BillingStreet": .textarea
    default: .string
    }
  }
}

extension TableMapping {
  func column(of field: String) -> MappedColumn? { columns.first { $0.field == field } }

  /// The columns of some fields as `Field=column`, in the order of the fields.
  func pairs(of fields: [String]) -> [String] {
    fields.compactMap { field in column(of: field).map { "\(field)=\($0.column)" } }
  }
}

extension ObjectMapping {
  /// Why a field is left out; `nil` when it is not.
  func reason(of field: String) -> OmittedField.Reason? { omitted.first { $0.field == field }?.reason }
}
