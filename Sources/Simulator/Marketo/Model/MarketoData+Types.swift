/// The schema of custom objects (reference 10).
extension MarketoData {
  /// Most types, fields of one, fields added after its approval, and dedupe fields.
  private enum Most {
    static let types = 10
    static let fields = 50
    static let added = 20
    static let dedupe = 3
  }

  struct TypeRequest: Sendable {
    var action: ObjectRequest.Action
    var name: String
    var displayName: String?
    var pluralName: String?
    var details: String?
    var showsInLead: Bool?
  }

  /// Makes a type, or changes its draft.
  mutating func sync(_ request: TypeRequest, now: Int) throws(MarketoReason) {
    guard Self.isName(request.name) else { throw .invalid("Invalid apiName '\(request.name)'") }
    guard var type = types[request.name] else {
      guard request.action != .updateOnly else { throw .objectNotFound }
      guard types.count < Most.types else { throw .invalid("At most \(Most.types) custom object types are allowed") }
      guard let displayName = request.displayName else { throw .missing("displayName") }
      guard !types.values.contains(where: { ($0.draft ?? $0.approved)?.displayName == displayName }) else {
        throw .invalid("displayName '\(displayName)' is taken")
      }
      types[request.name] = CustomObjectType(
        name: request.name,
        draft: .init(
          displayName: displayName, pluralName: request.pluralName ?? displayName + "s",
          details: request.details ?? "", showsInLead: request.showsInLead ?? false), now: now)
      return
    }
    guard request.action != .createOnly else { throw .objectExists }
    guard var draft = type.draft ?? type.approved else { return }
    if let displayName = request.displayName, displayName != draft.displayName {
      guard type.approved == nil else { throw .invalid("displayName cannot be changed after approval") }
      draft.displayName = displayName
    }
    draft.pluralName = request.pluralName ?? draft.pluralName
    draft.details = request.details ?? draft.details
    draft.showsInLead = request.showsInLead ?? draft.showsInLead
    type.draft = draft
    type.updated = now
    types[request.name] = type
  }

  /// Adds fields to a type's draft.
  mutating func addFields(_ fields: [MarketoField], to name: String, now: Int) throws(MarketoReason) {
    guard let type = types[name], var draft = type.draft ?? type.approved else { throw .objectNotFound }
    for field in fields {
      guard Self.isName(field.name), !StandardFields.customObject.contains(where: { $0.name == field.name }) else {
        throw .invalid("Invalid field name '\(field.name)'")
      }
      guard !draft.fields.contains(where: { $0.name == field.name || $0.displayName == field.displayName }) else {
        throw .objectExists
      }
      guard type.approved == nil || !(field.isDedupe || field.link != nil) else {
        throw .invalid("Link and dedupe fields cannot be added after approval")
      }
      var field = field
      if let link = field.link { field.link = try target(link) }
      draft.fields.append(field)
    }
    guard draft.fields.count <= Most.fields else { throw .invalid("At most \(Most.fields) fields are allowed") }
    guard draft.dedupe.count <= Most.dedupe else { throw .invalid("At most \(Most.dedupe) dedupe fields are allowed") }
    if type.approved != nil {
      let added = type.added + fields.count
      guard added <= Most.added else { throw .invalid("At most \(Most.added) fields can be added after approval") }
      types[name]?.added = added
    }
    types[name]?.draft = draft
    types[name]?.updated = now
  }

  /// Where a link may point: a lead, a company, or an approved type that has no links itself.
  private func target(_ link: MarketoField.Link) throws(MarketoReason) -> MarketoField.Link {
    guard let target = linkable.first(where: { $0.name.lowercased() == link.object.lowercased() }) else {
      if let type = types[link.object], let version = type.approved, !version.links.isEmpty {
        throw .invalid("'\(link.object)' has a link field itself")
      }
      throw .invalid("'\(link.object)' cannot be linked to")
    }
    let wanted = link.field.lowercased()
    guard
      let field = target.fields.first(where: { $0.name.lowercased() == wanted || $0.displayName.lowercased() == wanted }
      )
    else { throw .invalid("Field '\(link.field)' of '\(link.object)' cannot be linked to") }
    return MarketoField.Link(object: target.name, field: field.name)
  }

  /// What links may point at, with the fields they may go by.
  var linkable: [(name: String, fields: [MarketoField])] {
    let ofLead = leads.fields.filter { ["id", "email"].contains($0.name) || ($0.isCustom && $0.type.isKey) }
    let ofCompany = companies.fields.filter { $0.name == "id" }
    let custom = types.values.sorted { $0.name < $1.name }.compactMap { type in
      type.approved.flatMap { $0.links.isEmpty ? (name: type.name, fields: $0.dedupe) : nil }
    }
    return [("lead", ofLead), ("company", ofCompany)] + custom
  }

  /// Removes fields from a type's draft.
  mutating func deleteFields(_ names: [String], of name: String, now: Int) throws(MarketoReason) {
    guard let type = types[name], var draft = type.draft ?? type.approved else { throw .objectNotFound }
    for field in names {
      guard let place = draft.fields.firstIndex(where: { $0.name == field }) else { throw .noField(field) }
      guard type.approved == nil || !(draft.fields[place].isDedupe || draft.fields[place].link != nil) else {
        throw .invalid("Link and dedupe fields cannot be removed after approval")
      }
      draft.fields.remove(at: place)
    }
    types[name]?.draft = draft
    types[name]?.updated = now
  }

  /// Changes a field of a type's draft.
  mutating func updateField(_ field: String, of name: String, now: Int, _ change: (inout MarketoField) -> Void)
    throws(MarketoReason)
  {
    guard let type = types[name], var draft = type.draft ?? type.approved else { throw .objectNotFound }
    guard let place = draft.fields.firstIndex(where: { $0.name == field }) else { throw .noField(field) }
    let before = draft.fields[place]
    change(&draft.fields[place])
    guard type.approved == nil || before.isDedupe == draft.fields[place].isDedupe else {
      throw .invalid("Dedupe fields cannot be changed after approval")
    }
    types[name]?.draft = draft
    types[name]?.updated = now
  }

  /// Approves a type's draft.
  mutating func approve(_ name: String, now: Int) throws(MarketoReason) {
    guard let type = types[name] else { throw .objectNotFound }
    guard let draft = type.draft else { throw .rule("Nothing to approve: '\(name)' has no draft") }
    guard (1...Most.dedupe).contains(draft.dedupe.count) else {
      throw .invalid("'\(name)' needs 1 to \(Most.dedupe) dedupe fields")
    }
    types[name]?.approve(now: now)
  }

  /// Discards a type's draft; a type that was never approved goes with it.
  mutating func discard(_ name: String) throws(MarketoReason) {
    guard let type = types[name] else { throw .objectNotFound }
    guard type.draft != nil else { throw .discardFailed }
    if type.approved == nil { types[name] = nil } else { types[name]?.draft = nil }
  }

  /// Deletes a type with its records.
  mutating func deleteType(_ name: String) throws(MarketoReason) {
    guard types[name] != nil else { throw .objectNotFound }
    let linked = types.values.contains { type in
      type.name != name
        && ((type.approved?.links ?? []) + (type.draft?.links ?? [])).contains { $0.link?.object == name }
    }
    guard !linked else { throw .inUse }
    types[name] = nil
  }

  /// Letters, digits and `_`, a letter first (6, 10).
  static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetter(first) else { return false }
    return name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
}
