extension TenantConfiguration {
  /// What is published about a tenant's changes.
  public struct Events: Sendable, Equatable {
    /// Whether changes are published. Default true: what nobody subscribes to costs little.
    public var isEnabled = true

    /// Whether the records of an object's first copy are published, too, each as added. Default false: millions of
    /// them, and nothing has changed.
    public var includesInitial = false
  }
}

extension TenantConfiguration.Events: Section {
  static var keys: [Key<Self>] {
    [
      .value("enabled", \.isEnabled, .flag, "Whether changes are published."),
      .value(
        "initial", \.includesInitial, .flag,
        "Whether the records of an object's first copy are published, too, each as added."),
    ]
  }

  mutating func finish(_ reader: SectionReader) {
    guard includesInitial, !isEnabled else { return }
    reader.report(
      Complaint(.conflict, "the first copy is to be published, and nothing is", "set enabled: true, or remove initial"),
      at: "initial")
  }
}
