import Yams

extension TenantConfiguration {
  /// A custom object that is copied.
  public struct CustomObject: Sendable, Equatable {
    /// API name; ends in `__c`. Required.
    public var name = ""
    /// Fields that are not copied though they could be. Default: none.
    public var exclude: [String] = []
    /// Standard fields that are copied though they would not be. Default: none.
    public var include: [String] = []
    /// Fields whose changes raise events, and whose values the events carry. Default nil: every field that is copied.
    public var triggers: [String]?
  }
}

extension TenantConfiguration.CustomObject: Section {
  static var keys: [Key<Self>] {
    [.required("name", \.name, .customObjectName, "API name of the object.")]
      + .fields(exclude: \.exclude, include: \.include, triggers: \.triggers)
  }

  mutating func finish(_ reader: SectionReader) {
    reader.checkFields(exclude: exclude, include: include, triggers: triggers)
  }
}

extension Key {
  /// A list of objects: names, or mappings with a name.
  static func customObjects(_ name: String, _ member: WritableKeyPath<Root, [TenantConfiguration.CustomObject]>) -> Key
  {
    Key(
      names: [name],
      read: { root, reader in
        guard let entry = reader[name] else { return }
        let place = reader.place(of: name)
        let items = ListReader.items(entry.node, at: place, expected: "objects", reader.loading) ?? []
        root[keyPath: member] = CustomObjectList.read(items, reader.loading)
      },
      outline: { [(name, .list($0[keyPath: member].map(\.outline)))] },
      reference: { section in
        let path = "\(section).\(name)"
        let row = ConfigurationReference.Key(
          path: path, type: "list of names or mappings", defaultValue: "`[]`",
          meaning: "Custom objects, one or two levels below Account: API names, or mappings with the keys below.")
        return [row] + TenantConfiguration.CustomObject.reference("\(path)[]")
      })
  }
}

private enum CustomObjectList {
  static func read(_ items: [(node: Node, place: Place)], _ loading: Loading) -> [TenantConfiguration.CustomObject] {
    var objects: [TenantConfiguration.CustomObject] = []
    var names: Set<String> = []
    for (node, place) in items {
      guard let object = object(node, at: place, loading), !object.name.isEmpty else { continue }
      if names.insert(object.name.lowercased()).inserted {
        objects.append(object)
      } else {
        loading.report(
          Complaint(.conflict, "the object \(Quote.bare(object.name)) is listed twice", "keep one of them"), at: place)
      }
    }
    return objects
  }

  private static func object(_ node: Node, at place: Place, _ loading: Loading) -> TenantConfiguration.CustomObject? {
    if case .mapping = node { return .read(node, at: place, loading) }
    return ValueKind.customObjectName.read(node, at: place, loading).map { .init(name: $0) }
  }
}

extension ValueKind where Value == String {
  /// Salesforce: the API name of a custom object ends in `__c`.
  static var customObjectName: ValueKind {
    ValueKind("API name ending in __c", text: { $0 }) { scalar, _ throws(Complaint) in
      if let complaint = UnsupportedObject.complaint(scalar.text) { throw complaint }
      guard Characters.isAPIName(scalar.text), scalar.text.hasSuffix("__c"), scalar.text.utf8.count > 3 else {
        throw Complaint(
          .invalid, "\(scalar.quoted) is not the API name of a custom object",
          "write a name that ends in __c, such as Multichannel_Activity_vod__c")
      }
      return scalar.text
    }
  }
}
