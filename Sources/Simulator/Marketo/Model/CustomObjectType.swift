/// A type of custom objects: what is approved, what is being drafted, and the records (reference 9, 10).
struct CustomObjectType: Sendable {
  struct Version: Sendable {
    var displayName: String
    var pluralName: String
    var details: String
    var showsInLead: Bool
    var fields: [MarketoField] = []

    var dedupe: [MarketoField] { fields.filter(\.isDedupe) }
    var links: [MarketoField] { fields.filter { $0.link != nil } }
  }

  let name: String
  let created: Int
  var updated: Int
  var approved: Version?
  var draft: Version?
  /// Fields added since the first approval.
  var added = 0
  var table: MarketoTable

  init(name: String, draft: Version, now: Int) {
    self.name = name
    (created, updated) = (now, now)
    self.draft = draft
    table = MarketoTable(StandardFields.customObject, firstID: 1)
  }

  var state: String {
    approved == nil ? "draft" : draft == nil ? "approved" : "approvedWithDraft"
  }

  /// Makes the draft the version in force.
  mutating func approve(now: Int) {
    guard let draft else { return }
    for field in approved?.fields ?? [] where !draft.fields.contains(where: { $0.name == field.name }) {
      table.forget(field.name)
    }
    for field in draft.fields { table.set(field) }
    approved = draft
    self.draft = nil
    updated = now
  }
}
