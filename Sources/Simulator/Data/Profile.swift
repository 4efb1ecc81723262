/// What the integration user may see and change.
struct Profile: Sendable, Equatable {
  /// Lower-case API names.
  private(set) var hiddenObjects: Set<String> = []
  /// Lower-case `object.field`.
  private(set) var hiddenFields: Set<String> = []
  /// Lower-case `object.field`: readable, not editable.
  private(set) var readOnlyFields: Set<String> = []

  init(hiddenObjects: [String] = [], hiddenFields: [String] = [], readOnlyFields: [String] = []) {
    self.hiddenObjects = Set(hiddenObjects.map { $0.lowercased() })
    self.hiddenFields = Set(hiddenFields.map { $0.lowercased() })
    self.readOnlyFields = Set(readOnlyFields.map { $0.lowercased() })
  }

  mutating func hide(object: String) { hiddenObjects.insert(object.lowercased()) }

  mutating func hide(field: String) { hiddenFields.insert(field.lowercased()) }

  func shows(_ object: ObjectDefinition) -> Bool { !hiddenObjects.contains(object.name.lowercased()) }

  func shows(_ field: FieldDefinition, of object: ObjectDefinition) -> Bool {
    hiddenFields.isEmpty || !hiddenFields.contains("\(object.name).\(field.name)".lowercased())
  }

  func mayUpdate(_ field: FieldDefinition, of object: ObjectDefinition) -> Bool {
    field.updateable && !readOnlyFields.contains("\(object.name).\(field.name)".lowercased())
  }
}
