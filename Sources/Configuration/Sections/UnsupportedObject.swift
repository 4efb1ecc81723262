/// Objects of Veeva CRM that people ask for and that are not synced as custom objects.
enum UnsupportedObject {
  /// What to say of a name under `objects` or `custom`; nil for names that mean nothing special.
  static func complaint(_ name: String) -> Complaint? {
    let key = singular(name.lowercased())
    if let instead = elsewhere[key] {
      return Complaint(.unsupported, "\(Quote.bare(name)) is no custom object", instead)
    }
    guard unsupported.contains(key) else { return nil }
    return Complaint(
      .unsupported, "\(Quote.bare(name)) is not synced",
      "remove it: leads, contacts, business accounts, opportunities, campaigns and activities (tasks, events) stay in "
        + "Veeva CRM")
  }

  private static let unsupported: Set<String> = [
    "lead", "contact", "opportunity", "campaign", "campaignmember", "activity", "task", "event", "businessaccount",
    "activityhistory", "openactivity",
  ]

  private static let elsewhere = [
    "account": "Person Accounts are synced by objects.personAccounts; business accounts are not synced",
    "personaccount": "Person Accounts are synced by objects.personAccounts",
    "user": "users are synced by objects.users",
    "call2_vod__c": "calls are synced by objects.calls",
    "call2_key_message_vod__c": "key messages are synced by objects.callKeyMessages",
  ]

  private static func singular(_ name: String) -> String {
    if name.hasSuffix("ies") { return name.dropLast(3) + "y" }
    return name.hasSuffix("s") ? String(name.dropLast()) : name
  }
}
