extension Array {
  /// The two keys that choose fields.
  static func fields<Root: Section>(
    exclude: WritableKeyPath<Root, [String]>, include: WritableKeyPath<Root, [String]>
  ) -> [Key<Root>] where Element == Key<Root> {
    [
      .list("exclude", exclude, of: .fieldName, "Fields that are not copied though they could be."),
      .list("include", include, of: .fieldName, "Standard fields that are copied though they would not be."),
    ]
  }
}

extension SectionReader {
  /// Reports fields that are to be copied and not to be copied.
  func checkFields(exclude: [String], include: [String]) {
    // Salesforce: names are the same whatever the case of their letters.
    let excluded = Set(exclude.map { $0.lowercased() })
    for field in include where excluded.contains(field.lowercased()) {
      report(
        Complaint(.conflict, "the field \(Quote.bare(field)) is excluded, too", "remove it from one of the lists"),
        at: "include")
    }
  }
}
