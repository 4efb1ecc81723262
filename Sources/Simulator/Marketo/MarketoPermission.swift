/// Permissions of the API user's role, by their names in the product (reference 1).
public enum MarketoPermission: String, Sendable, CaseIterable, Codable {
  case readOnlyLead = "Read-Only Lead"
  case readWriteLead = "Read-Write Lead"
  case readWriteCompany = "Read-Write Company"
  case readWriteSalesPerson = "Read-Write Sales Person"
  case readWriteCustomObject = "Read-Write Custom Object"
  case readOnlyCustomObjectType = "Read-Only Custom Object Type"
  case readWriteCustomObjectType = "Read-Write Custom Object Type"
  case readWriteSchemaStandardField = "Read-Write Schema Standard Field"
  case readWriteSchemaCustomField = "Read-Write Schema Custom Field"
  case readOnlyActivity = "Read-Only Activity"
  case readWriteActivity = "Read-Write Activity"
  case readWriteActivityMetadata = "Read-Write Activity Metadata"
}
