import SyncModel

/// An entry of the activity log that is to become an activity of a lead.
struct ActivityEntry: Sendable, Equatable {
  /// Longest text, so that all of an activity's attributes stay below Marketo's 65,536 bytes.
  static let mostCharacters = 4000

  let id: Int
  /// How often it was claimed, this time included.
  let attempt: Int
  let person: String
  let kind: String
  /// Of `person`.
  let column: String
  let value: String?
  let otherValue: String?
  let reason: String?
  /// ISO 8601.
  let at: String
  /// Since when a call may have told it already, of which no answer came.
  let doubtfulSince: Instant?
  /// Marketo's id of the person's lead, where it is known.
  var lead: Int?

  /// What happened, in a marketer's words.
  var event: String {
    switch kind {
    case "refused": "Refused by Veeva"
    case "overruled": "Overruled by Veeva's value"
    case "gone": "Person is gone from Veeva"
    case "dropped": "Field is not written to Veeva any more"
    case "discarded": "Given up"
    case "rejected": "Value cannot be held"
    default: kind
    }
  }
}

/// Entries that are being told in one call, and by nobody else.
struct ActivityBatch: Sendable, Equatable {
  /// Names the claim.
  let id: String
  var entries: [ActivityEntry]
}

/// What became of one entry.
struct ActivityResult: Sendable, Equatable, Encodable {
  enum Verdict: String, Sendable, Encodable {
    case told
    case refused
    /// May pass later.
    case later
  }

  let id: Int
  let verdict: Verdict
  var guid: String?
  var code: String?
  var message: String?
}

/// The body of an activity (Marketo REST API, "Activities").
struct ActivityBody: Encodable {
  struct Value: Encodable {
    let apiName: String
    let value: String
  }

  let leadId: Int
  let activityDate: String
  let activityTypeId: Int
  let primaryAttributeValue: String
  let attributes: [Value]

  /// - Parameter field: as Marketo names the column.
  init(_ entry: ActivityEntry, lead: Int, typeID: Int, field: String) {
    typealias Name = ActivityLogType.Attribute
    leadId = lead
    activityDate = entry.at
    activityTypeId = typeID
    primaryAttributeValue = field
    let values: [(String, String?)] = [
      (Name.event, entry.event), (Name.value, entry.value), (Name.veevaValue, entry.otherValue),
      (Name.reason, entry.reason), (Name.entry, String(entry.id)),
    ]
    attributes = values.compactMap { name, value in value.map { Value(apiName: name, value: $0) } }
  }
}
