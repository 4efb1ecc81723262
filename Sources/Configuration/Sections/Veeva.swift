extension TenantConfiguration {
  /// A Veeva CRM org, and how it may be used.
  public struct Veeva: Sendable, Equatable {
    var login = ServerURL()

    /// Where to log in, without a slash at its end. https, or http on this machine. Required: orgs differ; client
    /// credentials work on the org's own My Domain host only.
    public var loginURL: String { login.text.hasSuffix("/") ? String(login.text.dropLast()) : login.text }

    /// Version of the Salesforce APIs. 58.0 or later. Default 62.0: old enough to be in every org.
    public var apiVersion = "62.0"

    /// How to log in.
    public var auth = Auth.clientCredentials(clientID: "", clientSecret: Secret(""))

    /// Part of the org's daily requests that may be used. 0.01 to 1. Default 0.8: the org has other integrations.
    public var apiShare = 0.8

    /// Bulk downloads at once in the whole cluster. 1 to 200. Default 20: below the 25 long requests that an org takes.
    public var concurrency = 20

    /// Bulk query jobs open at once. 1 to 100. Default 5: the org works on few at a time, and others queue there too.
    public var bulkJobs = 5

    /// PEM file of certificate authorities to trust instead of the system's. Default nil: the system's.
    public var caFile: String?

    /// Longest pause between two looks at a bulk job. 100ms to 10m. Default 15s: a look is an API call.
    public var pollLongest: Duration = .seconds(15)
  }
}

extension TenantConfiguration.Veeva: Section {
  static var keys: [Key<Self>] {
    [
      .required("loginURL", \.login, .loginURL, "Where to log in, best the org's My Domain host."),
      .value("apiVersion", \.apiVersion, .apiVersion, "Version of the Salesforce APIs."),
      .section("auth", \.authKeys, "How to log in; which keys are needed depends on `flow`."),
      .value(
        "apiShare", \.apiShare, .number(0.01...1),
        "Part of the org's daily requests that may be used; past it the tenant waits."),
      .value("concurrency", \.concurrency, .whole(1...200), "Bulk downloads at once in the whole cluster."),
      .value("bulkJobs", \.bulkJobs, .whole(1...100), "Bulk query jobs open at once."),
      .optional(
        "caFile", \.caFile, .file, unset: "the system's authorities",
        "PEM file of certificate authorities to trust instead of the system's."),
      .value(
        "pollLongest", \.pollLongest, .duration(.milliseconds(100) ... .seconds(600)),
        "Longest pause between two looks at a bulk job."),
    ]
  }

  /// `auth` as its keys. Keys that do not make a login change nothing: they have been reported.
  private var authKeys: AuthKeys {
    get { AuthKeys(auth) }
    set { auth = newValue.auth(login: login) ?? auth }
  }
}
