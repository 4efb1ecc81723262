extension Array {
  /// The keys that choose fields.
  static func fields<Root: Section>(
    exclude: WritableKeyPath<Root, [String]>, include: WritableKeyPath<Root, [String]>,
    triggers: WritableKeyPath<Root, [String]?>
  ) -> [Key<Root>] where Element == Key<Root> {
    [
      .list("exclude", exclude, of: .fieldName, "Fields that are not copied though they could be."),
      .list("include", include, of: .fieldName, "Standard fields that are copied though they would not be."),
      .optionalList(
        "triggers", triggers, of: .fieldName, unset: "every field that is copied",
        "Fields whose changes raise events, and whose values the events carry."),
    ]
  }
}

extension SectionReader {
  /// Reports fields that are to be copied, or to raise events, and not to be copied.
  func checkFields(exclude: [String], include: [String], triggers: [String]?) {
    // Salesforce: names are the same whatever the case of their letters.
    let excluded = Set(exclude.map { $0.lowercased() })
    for (key, fields) in [("include", include), ("triggers", triggers ?? [])] {
      for field in fields where excluded.contains(field.lowercased()) {
        report(
          Complaint(.conflict, "the field \(Quote.bare(field)) is excluded, too", "remove it from one of the lists"),
          at: key)
      }
    }
  }
}
