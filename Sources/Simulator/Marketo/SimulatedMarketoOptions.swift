/// How the simulated Marketo instance is set up. The defaults are Marketo's (reference 2).
public struct SimulatedMarketoOptions: Sendable {
  /// Address to listen on.
  public var host = "127.0.0.1"
  /// Port to listen on; 0 takes a free one.
  public var port = 0
  /// Chance follows from it.
  public var seed: UInt64 = 1
  /// Id of the custom service.
  public var clientID = "crmsync-client"
  /// Secret of the custom service.
  public var clientSecret = "crmsync-secret"
  /// How long a token lives.
  public var tokenLifetime: Duration = .seconds(3600)
  /// Permissions that the API user's role lacks.
  public var withheldPermissions: Set<MarketoPermission> = []
  /// Whether the subscription has the custom object metadata API; without it, 616.
  public var hasMetadataAPI = true
  /// Native CRM sync owns companies and salespersons: writing them is refused with 1018.
  public var nativeCRM = false
  /// With `nativeCRM`: reading them is refused, too.
  public var nativeCRMHidesObjects = false
  /// Partitions beside `Default`.
  public var partitions: [String] = []
  /// Those of them that the API user does not reach: 1008.
  public var unreachablePartitions: Set<String> = []

  /// Calls in a window; beyond, 606.
  public var callsPerWindow = 100
  /// Length of the sliding window.
  public var window: Duration = .seconds(20)
  /// Calls at a time; beyond, 615.
  public var concurrentCalls = 10
  /// Calls in a day; beyond, 607.
  public var callsPerDay = 50_000
  /// Where the day begins at midnight.
  public var quotaTimeZone = "America/Chicago"
  /// Records of a call, and values of a filter.
  public var recordsPerCall = 300
  /// Records that a filter of leads may match.
  public var filterMatches = 1000
  /// Bytes of a JSON body, at most.
  public var bodyBytes = 1 << 20
  /// Bytes of an import's body; it has to be smaller.
  public var importBytes = 10 << 20
  /// Imports that run at a time.
  public var concurrentImports = 2
  /// Imports that wait or run; one more is refused with 1016.
  public var queuedImports = 10
  /// How long a finished import is known.
  public var importRetention: Duration = .seconds(7 * 86_400)

  /// Delay of each answer, during which the call counts as running.
  public var latency: Duration = .zero
  /// Time from looking a lead's key up to writing the lead. Two calls with the same new key that overlap by it make
  /// two leads.
  public var processingTime: Duration = .milliseconds(20)
  /// Least time of an import.
  public var importDelay: Duration = .zero
  /// Rows that an import writes in a second; as fast as can be when `nil`.
  public var importRowsPerSecond: Int?

  /// Leads that are there before the first call, known only by their email address: those that the simulated Veeva
  /// org gives its first accounts.
  public var existingLeads = 0
  /// Seed of the simulated Veeva org that the addresses are of.
  public var veevaSeed: UInt64 = 1
  /// Professional Person Accounts of that org.
  public var veevaAccounts = 100_000
  /// The instance's clock at the start, seconds since 1970; the machine's unless given.
  public var startsAt: Int?
  /// Troubles from the start.
  public var faults: [MarketoFault] = []

  /// The defaults.
  public init() {}
}
