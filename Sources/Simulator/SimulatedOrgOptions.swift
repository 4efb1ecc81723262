/// How the simulated org is set up.
public struct SimulatedOrgOptions: Sendable {
  /// What a client needs to log in.
  public struct Credentials: Sendable {
    /// Consumer key of the connected app.
    public var clientID: String
    /// Consumer secret of the connected app.
    public var clientSecret: String
    /// The integration user.
    public var username: String
    /// Its password.
    public var password: String
    /// Taken after the password where present, as a real org does for untrusted addresses.
    public var securityToken: String
    /// The first refresh token.
    public var refreshToken: String
    /// Public key or certificate, as PEM, that JWTs must be signed for; without it any JWT is refused.
    public var jwtPublicKeyPEM: String?

    /// Credentials.
    public init(
      clientID: String = "crmsync-client", clientSecret: String = "crmsync-secret",
      username: String = "integration@acme.example", password: String = "simulated-password",
      securityToken: String = "simulated-token", refreshToken: String = "simulated-refresh-token",
      jwtPublicKeyPEM: String? = nil
    ) {
      self.clientID = clientID
      self.clientSecret = clientSecret
      self.username = username
      self.password = password
      self.securityToken = securityToken
      self.refreshToken = refreshToken
      self.jwtPublicKeyPEM = jwtPublicKeyPEM
    }
  }

  /// Address to listen on.
  public var host = "127.0.0.1"
  /// Port to listen on; 0 takes a free one.
  public var port = 0
  /// All data and all chance follow from it.
  public var seed: UInt64 = 1
  /// Live Professional person accounts; other counts are in proportion unless given.
  public var accounts = 100_000
  /// Rows of User.
  public var users: Int?
  /// Rows of Call2_vod__c over eighteen months.
  public var calls: Int?
  /// Rows of Call2_Key_Message_vod__c.
  public var callKeyMessages: Int?
  /// Rows of Multichannel_Activity_vod__c, one level below Account.
  public var activities: Int?
  /// Rows of Multichannel_Activity_Line_vod__c, two levels below Account.
  public var activityLines: Int?
  /// Rows of Legacy_Note_vod__c, which the Bulk API does not take.
  public var legacyNotes: Int?
  /// Adds 400 custom fields to Account, so that no SELECT of them all fits a URL.
  public var wideAccounts = false
  /// Plants a value that its field cannot hold in one account row of so many; 0 for none.
  public var badValuesEvery = 0
  /// The data's newest moment, seconds since 1970; the start of the day (UTC) unless given.
  public var asOf: Int?
  /// What logs in.
  public var credentials = Credentials()
  /// Whether each use of a refresh token gives a new one and ends the old one.
  public var rotatesRefreshTokens = false
  /// Requests in 24 hours.
  public var apiDailyLimit = 1_000_000
  /// How long an access token lives without being used.
  public var tokenLifetime: Duration = .seconds(7200)
  /// Delay before each answer.
  public var latency: Duration = .zero
  /// Least time from a bulk query job's creation to its end.
  public var jobDelay: Duration = .zero
  /// Bulk query jobs that run at once; others queue as `UploadComplete`.
  public var concurrentJobs = 5
  /// How long results of finished jobs are kept (Salesforce: 7 days), by the org's clock.
  public var jobRetention: Duration = .seconds(7 * 86_400)
  /// Rows of a result page when the client asks for no number.
  public var bulkPageRows = 100_000
  /// Rows of a REST page at most; below 2,000 for deliberately short pages.
  public var restPageRows = 2000
  /// Pages hold fewer rows than asked for, in REST and in bulk, though more follow.
  public var shortPages = false
  /// How long a REST query locator lives (Salesforce: 2 days), by the org's clock.
  public var locatorLifetime: Duration = .seconds(2 * 86_400)
  /// Where results of bulk jobs are kept; a folder of the system's temporary one unless given.
  public var spoolDirectory: String?
  /// Bytes of results kept; the longest unused go first.
  public var spoolLimitBytes = 8 << 30
  /// Forgets at once what the client called done.
  ///
  /// A deleted or aborted job is gone with its results and its file in the spool, also for downloads that are under
  /// way, and a REST locator is gone when its last page was served. Otherwise a deleted job answers 404 as well, but
  /// downloads that began go on, an aborted job stays visible, and a locator can be read again until it expires.
  public var forgetsFinishedJobs = false
  /// Objects that the user may not see.
  public var hiddenObjects: [String] = []
  /// Fields that the user may not see, as `Object.Field`.
  public var hiddenFields: [String] = []
  /// Fields that the user may read but not change, as `Object.Field`.
  public var readOnlyFields: [String] = []
  /// Troubles from the start.
  public var faults: [SimulatedFault] = []
  /// Random changes of rows in a second, from the start; 0 for none.
  public var changesPerSecond = 0.0
  /// Threads that make rows; the machine's cores unless given.
  public var threads: Int?

  /// The defaults.
  public init() {}
}
