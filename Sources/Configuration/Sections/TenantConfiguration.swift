/// One Veeva org connected to one destination, as the file describes it.
public struct TenantConfiguration: Sendable, Equatable {
  /// The org.
  public var veeva = Veeva()
  /// Where the copy goes.
  public var destination = Destination()
  /// What is copied. Default: Person Accounts, users, calls and their key messages.
  public var objects = Objects()
  public var events = Events()
}

extension TenantConfiguration: Section {
  static var keys: [Key<Self>] {
    [
      .section("veeva", \.veeva, "The org, and how it may be used."),
      .section("destination", \.destination, "Where the copy goes; exactly one kind."),
      .section(
        "objects", \.objects,
        "What is copied. Left out: Person Accounts, users, calls and key messages. Given: exactly what it lists."),
      .section("events", \.events, "What is published about changes, to the exchange `crmsync.events`."),
    ]
  }
}
