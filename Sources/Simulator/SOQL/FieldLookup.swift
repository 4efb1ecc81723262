/// Finds the fields that a statement names, as far as the user may see them.
struct FieldLookup {
  let data: DataSet
  let profile: Profile
  let statement: SOQLStatement

  func object() throws(SalesforceError) -> ObjectDefinition {
    guard let object = data.object(statement.object), profile.shows(object) else {
      throw SOQLPlace(statement.text, statement.objectOffset).invalidType(
        "sObject type '\(statement.object)' is not supported. If you are attempting to use a custom object, be sure "
          + "to append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
          + "appropriate names.")
    }
    return object
  }

  func column(_ path: SOQLStatement.Path, of object: ObjectDefinition) throws(SalesforceError) -> Column {
    var object = object
    var steps: [Column.Step] = []
    var names: [String] = []
    for part in path.parts.dropLast() {
      let step = try step(part, of: object, path)
      steps.append(step)
      names.append(step.relationship)
      object = data.object(step.reference.object)
    }
    guard let last = path.parts.last, let place = object.field(last), profile.shows(object.fields[place], of: object)
    else {
      throw SOQLPlace(statement.text, path.offset).invalidField(
        "No such column '\(path.parts.last ?? "")' on entity '\(object.name)'. If you are attempting to use a custom "
          + "field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the "
          + "describe call for the appropriate names.")
    }
    let field = object.fields[place]
    return Column(
      name: (names + [field.name]).joined(separator: "."), steps: steps, object: object, field: field,
      program: data.programs[Int(object.kind.rawValue)][place])
  }

  private func step(_ name: String, of object: ObjectDefinition, _ path: SOQLStatement.Path)
    throws(SalesforceError) -> Column.Step
  {
    guard let place = object.relationship(name), case let field = object.fields[place],
      profile.shows(field, of: object), case .reference(let reference) = field.content,
      profile.shows(data.object(reference.object))
    else {
      throw SOQLPlace(statement.text, path.offset).invalidField(
        "Didn't understand relationship '\(name)' in field path. If you are attempting to use a custom relationship, "
          + "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the "
          + "describe call for the appropriate names.")
    }
    return Column.Step(
      relationship: field.relationship ?? name, program: data.programs[Int(object.kind.rawValue)][place],
      reference: reference)
  }
}
