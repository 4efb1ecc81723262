/// Versions, resources, describeGlobal and sObject describe, as the user may see them.
struct DescribeEndpoint: Sendable {
  let org: Org

  func versions() -> WireResponse {
    WireResponse(
      json: .array(
        Org.versions.map { label, number in
          .object([
            ("label", .string(label)), ("url", .string("/services/data/v\(number)")), ("version", .string(number)),
          ])
        }))
  }

  func resources(_ version: String) -> WireResponse {
    let names = ["sobjects", "query", "queryAll", "limits", "composite", "jobs"]
    return WireResponse(
      json: .object(names.map { ($0, .string("/services/data/v\(version)/\($0)")) }))
  }

  func global(_ version: String) -> WireResponse {
    let profile = org.profile
    return WireResponse(
      json: .object([
        ("encoding", .string("UTF-8")), ("maxBatchSize", .int(200)),
        (
          "sobjects",
          .array(org.data.objects.filter(profile.shows).map { .object(Self.flags($0) + [Self.urls($0, version)]) })
        ),
      ]))
  }

  func info(_ name: String, _ version: String) throws(SalesforceError) -> WireResponse {
    let object = try visible(name)
    return WireResponse(
      json: .object([
        ("objectDescribe", .object(Self.flags(object) + [Self.urls(object, version)])), ("recentItems", .array([])),
      ]))
  }

  /// - Parameter since: `If-Modified-Since`; 304 when nothing changed after it.
  func describe(_ name: String, _ version: String, since: String?) throws(SalesforceError) -> WireResponse {
    let object = try visible(name)
    let metadata = org.currentMetadata
    if let since, let moment = WireTime.parseHTTP(since), metadata.changed <= moment {
      return WireResponse(status: 304)
    }
    let fields = object.fields.filter { metadata.profile.shows($0, of: object) }
    var members = Self.flags(object)
    members += [
      ("fields", .array(fields.map { field($0, of: object, metadata.profile) })),
      ("childRelationships", .array(children(of: object, metadata.profile))),
      ("recordTypeInfos", .array(recordTypes(of: object))), ("supportedScopes", .array([])),
      Self.urls(object, version),
    ]
    var response = WireResponse(json: .object(members))
    response.headers.append(("Last-Modified", WireTime.http(metadata.changed)))
    return response
  }

  private func visible(_ name: String) throws(SalesforceError) -> ObjectDefinition {
    guard let object = org.data.object(name), org.profile.shows(object) else { throw .notFound() }
    return object
  }

  private static func flags(_ object: ObjectDefinition) -> [(String, JSONValue)] {
    let list = [ObjectKind.recordType, .profile, .role].contains(object.kind)
    return [
      ("name", .string(object.name)), ("label", .string(object.label)), ("labelPlural", .string(object.labelPlural)),
      ("keyPrefix", .string(object.keyPrefix)), ("custom", .bool(object.isCustom)), ("customSetting", .bool(false)),
      ("queryable", .bool(true)), ("retrieveable", .bool(true)), ("replicateable", .bool(!list)),
      ("searchable", .bool(!list)), ("createable", .bool(false)), ("updateable", .bool(object.kind == .account)),
      ("deletable", .bool(false)), ("undeletable", .bool(false)), ("mergeable", .bool(false)),
      ("triggerable", .bool(!list)), ("layoutable", .bool(!list)), ("deprecatedAndHidden", .bool(false)),
    ]
  }

  private static func urls(_ object: ObjectDefinition, _ version: String) -> (String, JSONValue) {
    let base = "/services/data/v\(version)/sobjects/\(object.name)"
    return (
      "urls",
      .object([
        ("sobject", .string(base)), ("describe", .string(base + "/describe")), ("rowTemplate", .string(base + "/{ID}")),
      ])
    )
  }

  private func field(_ field: FieldDefinition, of object: ObjectDefinition, _ profile: Profile) -> JSONValue {
    let text = ![.boolean, .int, .double, .currency, .percent, .date, .datetime, .time, .address, .location]
      .contains(field.type)
    let mayUpdate = profile.mayUpdate(field, of: object)
    return .object([
      ("name", .string(field.name)), ("label", .string(field.label)), ("type", .string(field.type.rawValue)),
      ("length", .int(field.length)), ("byteLength", .int(text ? field.length * 3 : 0)),
      ("precision", .int(field.precision)), ("scale", .int(field.scale)),
      ("digits", .int(field.type == .int ? 9 : 0)), ("nillable", .bool(field.nillable)),
      ("createable", .bool(field.createable && mayUpdate)), ("updateable", .bool(mayUpdate)),
      ("custom", .bool(field.isCustom)), ("calculated", .bool(field.formula != nil)),
      ("calculatedFormula", .string(orNull: field.formula)), ("autoNumber", .bool(field.autoNumber)),
      ("compoundFieldName", .string(orNull: field.compound)), ("referenceTo", .strings(field.referenceTo)),
      ("relationshipName", .string(orNull: field.relationship)),
      ("relationshipOrder", field.relationshipOrder.map(JSONValue.int) ?? .null),
      ("cascadeDelete", .bool(field.relationshipOrder != nil)), ("writeRequiresMasterRead", .bool(false)),
      ("polymorphicForeignKey", .bool(field.referenceTo.count > 1)),
      ("namePointing", .bool(field.referenceTo.count > 1)),
      ("externalId", .bool(field.externalID)), ("idLookup", .bool(field.type == .id || field.type == .email)),
      ("unique", .bool(false)), ("caseSensitive", .bool(false)), ("filterable", .bool(field.filterable)),
      ("sortable", .bool(field.sortable)), ("groupable", .bool(field.filterable && field.formula == nil)),
      ("permissionable", .bool(field.permissionable)), ("picklistValues", .array(field.picklist.map(Self.picklist))),
      ("restrictedPicklist", .bool(false)), ("dependentPicklist", .bool(false)), ("controllerName", .null),
      ("defaultedOnCreate", .bool(field.type == .boolean)),
      ("defaultValue", field.type == .boolean ? .bool(false) : .null),
      ("nameField", .bool(field.name == "Name")), ("htmlFormatted", .bool(false)),
      ("encrypted", .bool(field.type == .encryptedstring)), ("mask", .null), ("extraTypeInfo", .null),
      ("soapType", .string(Self.soapType(field.type))), ("deprecatedAndHidden", .bool(false)),
    ])
  }

  private static func picklist(_ value: String) -> JSONValue {
    .object([
      ("active", .bool(true)), ("defaultValue", .bool(false)), ("label", .string(value)), ("validFor", .null),
      ("value", .string(value)),
    ])
  }

  private static func soapType(_ type: FieldType) -> String {
    switch type {
    case .id, .reference: "tns:ID"
    case .boolean: "xsd:boolean"
    case .int: "xsd:int"
    case .double, .currency, .percent: "xsd:double"
    case .date: "xsd:date"
    case .datetime: "xsd:dateTime"
    case .time: "xsd:time"
    case .base64: "xsd:base64Binary"
    case .address: "urn:address"
    case .location: "urn:location"
    default: "xsd:string"
    }
  }

  /// Who refers to the object.
  private func children(of parent: ObjectDefinition, _ profile: Profile) -> [JSONValue] {
    var children: [JSONValue] = []
    for object in org.data.objects where profile.shows(object) {
      for field in object.fields where field.referenceTo.contains(parent.name) && profile.shows(field, of: object) {
        children.append(
          .object([
            ("cascadeDelete", .bool(field.relationshipOrder != nil)), ("childSObject", .string(object.name)),
            ("deprecatedAndHidden", .bool(false)), ("field", .string(field.name)),
            ("relationshipName", object.isCustom ? .string(Self.childName(object, field)) : .null),
            ("restrictedDelete", .bool(false)),
          ]))
      }
    }
    return children
  }

  private static func childName(_ object: ObjectDefinition, _ field: FieldDefinition) -> String {
    "\(object.name.dropLast(3))_\(field.name.split(separator: "_").first ?? "")__r"
  }

  private func recordTypes(of object: ObjectDefinition) -> [JSONValue] {
    let renderer = Renderer(data: org.data)
    func value(_ name: String, _ place: Int) -> String {
      let recordType = org.data.object(.recordType)
      var sink = ByteSink()
      if let field = recordType.field(name) {
        let program = renderer.data.programs[Int(ObjectKind.recordType.rawValue)][field]
        _ = renderer.value(program, renderer.data.row(.recordType, place), .raw, &sink)
      }
      return String(decoding: sink.bytes, as: UTF8.self)
    }
    var infos: [JSONValue] = []
    for (place, type) in RecordTypes.all.enumerated() where type.object == object.name {
      var sink = ByteSink()
      renderer.id(.recordType, place, &sink)
      infos.append(
        .object([
          ("active", .bool(value("IsActive", place) == "true")), ("available", .bool(true)),
          ("defaultRecordTypeMapping", .bool(infos.isEmpty)),
          ("developerName", .string(value("DeveloperName", place))), ("master", .bool(false)),
          ("name", .string(value("Name", place))),
          ("recordTypeId", .string(String(decoding: sink.bytes, as: UTF8.self))),
        ]))
    }
    return infos
  }
}
