/// The fields that every instance has (reference 4.4, 7, 8).
enum StandardFields {
  static let leads: [MarketoField] =
    [
      .init("id", "Id", .integer, isReadOnly: true),
      .init("email", "Email Address", .email), .init("firstName", "First Name"), .init("middleName", "Middle Name"),
      .init("lastName", "Last Name"), .init("salutation", "Salutation"), .init("title", "Job Title"),
      .init("department", "Department"), .init("phone", "Phone Number", .phone),
      .init("mobilePhone", "Mobile Phone Number", .phone), .init("fax", "Fax Number", .phone),
      .init("address", "Address", .text), .init("city", "City"), .init("state", "State"),
      .init("postalCode", "Postal Code"), .init("country", "Country"), .init("dateOfBirth", "Date of Birth", .date),
      .init("leadSource", "Person Source"), .init("leadStatus", "Person Status"), .init("leadRole", "Role"),
      .init("rating", "Person Rating"), .init("leadScore", "Person Score", .score),
      .init("unsubscribed", "Unsubscribed", .boolean), .init("unsubscribedReason", "Unsubscribed Reason", .text),
      .init("doNotCall", "Do Not Call", .boolean), .init("doNotCallReason", "Do Not Call Reason", .text),
      .init("emailInvalid", "Email Invalid", .boolean), .init("emailInvalidCause", "Email Invalid Cause", .text),
      .init("site", "Site"),
    ] + onLeadOfCompany + [
      .init("externalCompanyId", "External Company Id", length: 100),
      .init("externalSalesPersonId", "External Sales Person Id"),
      .init("leadPartitionId", "Lead Partition Id", .integer, isReadOnly: true),
      .init("isAnonymous", "Is Anonymous", .boolean, isReadOnly: true),
      .init("anonymousIP", "Anonymous IP", isReadOnly: true),
      .init("inferredCity", "Inferred City", isReadOnly: true),
      .init("inferredCompany", "Inferred Company", isReadOnly: true),
      .init("inferredCountry", "Inferred Country", isReadOnly: true),
      .init("inferredMetropolitanArea", "Inferred Metropolitan Area", isReadOnly: true),
      .init("inferredPhoneAreaCode", "Inferred Phone Area Code", isReadOnly: true),
      .init("inferredPostalCode", "Inferred Postal Code", isReadOnly: true),
      .init("inferredStateRegion", "Inferred State Region", isReadOnly: true),
      .init("priority", "Priority", .integer, isReadOnly: true),
      .init("relativeScore", "Relative Score", .integer, isReadOnly: true),
      .init("urgency", "Urgency", .float, isReadOnly: true),
      .init("twitterId", "Twitter Id"), .init("facebookId", "Facebook Id"), .init("linkedInId", "LinkedIn Id"),
      .init("cookies", "Cookies"), .init("sfdcAccountId", "SFDC Account Id"),
      .init("sfdcContactId", "SFDC Contact Id"), .init("sfdcLeadId", "SFDC Lead Id"),
      .init("createdAt", "Created At", .datetime, isReadOnly: true),
      .init("updatedAt", "Updated At", .datetime, isReadOnly: true),
      soapOnly,
    ]

  private static let soapOnly: MarketoField = {
    var field = MarketoField("acquisitionProgramSoap", "Acquisition Program", isReadOnly: true)
    field.isInREST = false
    return field
  }()

  /// Values that a lead shows of its company.
  private static let onLeadOfCompany: [MarketoField] = ofCompany.map {
    var field = $0
    field.isOfCompany = true
    return field
  }

  private static let ofCompany: [MarketoField] = [
    .init("company", "Company Name"), .init("mainPhone", "Main Phone", .phone), .init("industry", "Industry"),
    .init("sicCode", "SIC Code"), .init("website", "Website", .url),
    .init("numberOfEmployees", "Num Employees", .integer), .init("annualRevenue", "Annual Revenue", .currency),
    .init("billingStreet", "Billing Address", .text), .init("billingCity", "Billing City"),
    .init("billingState", "Billing State"), .init("billingPostalCode", "Billing Postal Code"),
    .init("billingCountry", "Billing Country"),
  ]

  static let companies: [MarketoField] =
    [
      .init("id", "Id", .integer, isReadOnly: true), key("externalCompanyId", "External Company Id", 100),
    ] + ofCompany + [
      .init("externalSalesPersonId", "External Sales Person Id"),
      .init("createdAt", "Created At", .datetime, isReadOnly: true),
      .init("updatedAt", "Updated At", .datetime, isReadOnly: true),
    ]

  static let salespersons: [MarketoField] = [
    .init("id", "Id", .integer, isReadOnly: true), key("externalSalesPersonId", "External Sales Person Id", 255),
    .init("email", "Email Address", .email), .init("firstName", "First Name"), .init("lastName", "Last Name"),
    .init("phone", "Phone Number", .phone), .init("title", "Job Title"), .init("fax", "Fax Number", .phone),
    .init("createdAt", "Created At", .datetime, isReadOnly: true),
    .init("updatedAt", "Updated At", .datetime, isReadOnly: true),
  ]

  /// Before the fields of its own, a custom object has these.
  static let customObject: [MarketoField] = [
    .init("marketoGUID", "Marketo GUID", length: 36, isReadOnly: true),
    .init("createdAt", "Created At", .datetime, isReadOnly: true),
    .init("updatedAt", "Updated At", .datetime, isReadOnly: true),
  ]

  private static func key(_ name: String, _ displayName: String, _ length: Int) -> MarketoField {
    var field = MarketoField(name, displayName, length: length)
    field.isDedupe = true
    return field
  }

  /// Lead fields besides the custom ones that a lookup or a filter may go by (5.3, 5.4).
  static let leadKeys: Set<String> = [
    "id", "email", "cookies", "twitterId", "facebookId", "linkedInId", "sfdcAccountId", "sfdcContactId", "sfdcLeadId",
  ]
  /// What a filter takes beyond these.
  static let leadFilters: Set<String> = ["leadPartitionId", "externalCompanyId", "externalSalesPersonId"]
}
