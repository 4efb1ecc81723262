import Yams

extension TenantConfiguration {
  /// What is copied of an org.
  public struct Objects: Sendable, Equatable {
    /// Person Accounts; nil when they are not copied.
    public var personAccounts: PersonAccounts? = PersonAccounts()
    /// Users; nil when they are not copied.
    public var users: Users? = Users()
    /// Calls; nil when they are not copied.
    public var calls: Calls? = Calls()
    /// Key messages of calls; nil when they are not copied.
    public var callKeyMessages: CallKeyMessages? = CallKeyMessages()
    /// Custom objects. Default: none, since which there are differs between orgs.
    public var custom: [CustomObject] = []
  }

  /// Person Accounts of some record types.
  public struct PersonAccounts: Sendable, Equatable {
    /// Developer names of the record types. At least one. Default `Professional_vod`: the people that are visited.
    public var recordTypes = ["Professional_vod"]
    /// Fields that are not copied though they could be. Default: none.
    public var exclude: [String] = []
    /// Standard fields that are copied though they would not be. Default: none.
    public var include: [String] = []
    /// Fields whose changes raise events, and whose values the events carry. Default nil: every field that is copied.
    public var triggers: [String]?
    /// Whether marketers' changes of contact fields are written to Veeva. Default false: who only reads an org needs
    /// no right to change it.
    public var writesBack = false
  }

  /// Users of the org.
  public struct Users: Sendable, Equatable {
    /// Fields that are not copied though they could be. Default: none.
    public var exclude: [String] = []
    /// Standard fields that are copied though they would not be. Default: none.
    public var include: [String] = []
    /// Fields whose changes raise events, and whose values the events carry. Default nil: every field that is copied.
    public var triggers: [String]?
  }

  /// Calls of the last months.
  public struct Calls: Sendable, Equatable {
    /// Months back, by the day the call was created. 1 to 120. Default 6: what people know from the sync this one
    /// replaces.
    public var months = 6
    /// Fields that are not copied though they could be. Default: none.
    public var exclude: [String] = []
    /// Standard fields that are copied though they would not be. Default: none.
    public var include: [String] = []
    /// Fields whose changes raise events, and whose values the events carry. Default nil: every field that is copied.
    public var triggers: [String]?
  }

  /// Key messages of the same months as calls.
  public struct CallKeyMessages: Sendable, Equatable {
    /// Fields that are not copied though they could be. Default: none.
    public var exclude: [String] = []
    /// Standard fields that are copied though they would not be. Default: none.
    public var include: [String] = []
    /// Fields whose changes raise events, and whose values the events carry. Default nil: every field that is copied.
    public var triggers: [String]?
  }
}

extension TenantConfiguration.Objects: Section {
  /// An org's objects are all the usual ones, or exactly those that the file lists.
  static var blank: Self {
    Self(personAccounts: nil, users: nil, calls: nil, callKeyMessages: nil, custom: [])
  }

  static var keys: [Key<Self>] {
    let unset = "copied if `objects` is left out"
    return [
      .optionalSection("personAccounts", \.personAccounts, unset: unset, "Person Accounts: persons and companies."),
      .optionalSection("users", \.users, unset: unset, "Users: salespersons."),
      .optionalSection("calls", \.calls, unset: unset, "Calls."),
      .optionalSection(
        "callKeyMessages", \.callKeyMessages, unset: unset, "Key messages of the calls that are copied."),
      .customObjects("custom", \.custom),
    ]
  }

  static func hint(unknown name: String) -> Complaint? { UnsupportedObject.complaint(name) }

  mutating func finish(_ reader: SectionReader) {
    guard self == .blank, reader.entries.isEmpty else { return }
    reader.loading.report(
      Complaint(
        .missing, "no object is listed, so nothing would be copied",
        "list objects, such as personAccounts: {}, or leave objects out for the usual ones"), at: reader.place)
  }
}

extension TenantConfiguration.PersonAccounts: Section {
  static var keys: [Key<Self>] {
    [
      .list(
        "recordTypes", \.recordTypes, of: .recordTypeName, "Developer names of the record types that are copied.")
    ] + .fields(exclude: \.exclude, include: \.include, triggers: \.triggers) + [
      .value(
        "writeBack", \.writesBack, .flag,
        "Whether marketers' changes of contact fields are written to Veeva, as far as the sync user may change them.")
    ]
  }

  mutating func finish(_ reader: SectionReader) {
    if recordTypes.isEmpty, reader["recordTypes"]?.node.sequence?.isEmpty == true {
      reader.report(
        Complaint(
          .invalid, "no record type is listed, so no Person Account would be copied",
          "list at least one, such as Professional_vod, or remove the key"), at: "recordTypes")
    }
    reader.checkFields(exclude: exclude, include: include, triggers: triggers)
  }
}

extension TenantConfiguration.Users: Section {
  static var keys: [Key<Self>] { .fields(exclude: \.exclude, include: \.include, triggers: \.triggers) }
  mutating func finish(_ reader: SectionReader) {
    reader.checkFields(exclude: exclude, include: include, triggers: triggers)
  }
}

extension TenantConfiguration.Calls: Section {
  static var keys: [Key<Self>] {
    [
      .value(
        "months", \.months, .whole(1...120), "Months back, by the day the call was created; older calls are removed.")
    ] + .fields(exclude: \.exclude, include: \.include, triggers: \.triggers)
  }

  mutating func finish(_ reader: SectionReader) {
    reader.checkFields(exclude: exclude, include: include, triggers: triggers)
  }
}

extension TenantConfiguration.CallKeyMessages: Section {
  static var keys: [Key<Self>] { .fields(exclude: \.exclude, include: \.include, triggers: \.triggers) }
  mutating func finish(_ reader: SectionReader) {
    reader.checkFields(exclude: exclude, include: include, triggers: triggers)
  }
}
