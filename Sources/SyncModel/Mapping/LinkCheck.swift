/// Whether a custom object leads to a person: linked to Account or Contact, one or two levels deep.
public enum LinkCheck {
  private static let roots: Set<String> = ["Account", "Contact"]

  /// The path from the object to Account or Contact, such as `["Multichannel_Activity_vod__c", "Account"]`.
  /// - Parameters:
  ///   - schema: the custom object.
  ///   - parent: looks up the schema of another object; `nil` where the credentials do not see it.
  /// - Returns: `nil` when there is none within two levels.
  public static func path(
    from schema: SourceObjectSchema, parent: (String) -> SourceObjectSchema?
  ) -> [String]? {
    let targets = parents(of: schema)
    if let root = targets.first(where: roots.contains) { return [root] }
    for name in targets {
      guard let next = parent(name), let root = parents(of: next).first(where: roots.contains) else { continue }
      return [name, root]
    }
    return nil
  }

  /// The objects that an object's references lead to by custom fields, which are the links an admin can make.
  public static func parents(of schema: SourceObjectSchema) -> [String] {
    var seen: Set<String> = []
    return schema.fields.filter { $0.type == .reference && $0.isCustom }
      .flatMap(\.referenceTo)
      .filter { seen.insert($0).inserted }
  }
}
