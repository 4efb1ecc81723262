public import Checkpoints
import Delivery
public import SyncConfiguration
import HTTP
import Marketo
import PostgreSQL
import PostgresDestination
import SyncModel
import Veeva
public import WriteBack

extension Tenant {
  /// Connects a tenant's two ends; nothing is sent yet.
  /// - Parameters:
  ///   - connections: connections to the destination that this process may hold.
  ///   - batchBytes: bytes of rows that a page's reader gathers before they are sent on.
  ///   - readsOnly: whether nothing is written to the checkpoints, which need not exist.
  ///   - writeBack: how marketers' changes are written back.
  ///   - live: what of the settings may change while the process runs.
  public init(
    name: String, settings: TenantConfiguration, checkpoints: CheckpointStore, connections: Int,
    batchBytes: Int = 1 << 20, readsOnly: Bool = false, writeBack: WriteBackLimits = WriteBackLimits(),
    live: LiveSelections
  ) {
    let budget = SharedBudget(
      tenant: name, share: settings.veeva.apiShare, checkpoints: checkpoints, readsOnly: readsOnly)
    let stored = StoredSessions(tenant: name, checkpoints: checkpoints)
    let sessions: any SessionStore = readsOnly ? PrivateSessions(stored) : stored
    let http = HTTPClient(configuration: HTTPClientConfiguration(caFile: settings.veeva.caFile))
    let tables = settings.destination.tables
    // Without a destination the configuration was refused; an empty URL would fail with a clear error.
    let destination = PostgresConfiguration(
      url: tables?.url ?? "", password: tables?.password?.reveal(), applicationName: "crmsync \(name)")
    let pool = PostgresPool(destination, size: connections)
    let delivery = settings.destination.marketo.map {
      DeliveryEnd($0, pool: pool, schema: tables?.schema ?? name, checkpoints: checkpoints, readsOnly: readsOnly)
    }
    self.init(
      name: name, settings: settings,
      veeva: VeevaClient(
        loginURL: settings.veeva.loginURL, apiVersion: settings.veeva.apiVersion,
        credentials: settings.veeva.auth.credentials, http: http,
        sessions: sessions, limits: budget, batchBytes: batchBytes),
      budget: budget, destination: PostgresDestination(schema: tables?.schema ?? name),
      destinationPool: pool, delivery: delivery, checkpoints: checkpoints, live: live)
    if let delivery, let marketo = settings.destination.marketo {
      var options = DeliveryOptions()
      options.width = min(options.width, marketo.concurrency)
      let objects: @Sendable () -> [SourceObject] = { live.selections(of: name).map(\.object) }
      errands += [
        DeliveryErrand(tenant: name, end: delivery, checkpoints: checkpoints, options: options, objects: objects),
        LeadChangeErrand(
          tenant: name, end: delivery, checkpoints: checkpoints, pause: { live.times.pause }, objects: objects),
        ActivityLogErrand(tenant: name, end: delivery, checkpoints: checkpoints, options: options, objects: objects),
      ]
    }
    errands.append(
      WriteBackErrand(
        tenant: name, veeva: veeva, destination: self.destination, pool: destinationPool, checkpoints: checkpoints,
        limits: writeBack, settings: { (live.writesBack(of: name), live.times.pause) }))
  }

  /// What tells this destination from another.
  public var destinationIdentity: String { "\(destinationPool.configuration.identity)/\(destination.schema)" }
}

extension CheckpointStore {
  /// Registers a tenant and its destination.
  /// - Throws: ``Checkpoints/TenantConflict`` when another tenant has the destination, or its Marketo instance.
  public func register(_ tenant: Tenant) async throws {
    try await register(
      tenant: tenant.name, destination: tenant.destinationIdentity, instance: tenant.delivery?.instance)
  }
}

extension DeliveryEnd {
  /// The end that a configuration names; nothing is sent yet.
  init(
    _ marketo: TenantConfiguration.Marketo, pool: PostgresPool, schema: String, checkpoints: CheckpointStore,
    readsOnly: Bool
  ) {
    let limits = MarketoBudget.Limits(
      callsPerWindow: marketo.callsPerWindow, concurrent: marketo.concurrency,
      callsPerDay: max(1, Int(Double(marketo.callsPerDay) * marketo.apiShare)))
    // Who only looks makes few calls, and may find no checkpoints to count them in.
    let observer: any MarketoLimitObserver =
      readsOnly
      ? NoMarketoLimits()
      : SharedMarketoBudget(instance: marketo.instance, limits: limits, checkpoints: checkpoints)
    self.init(
      instance: marketo.instance,
      client: MarketoClient(
        credentials: MarketoCredentials(
          baseURL: marketo.baseURL, identityURL: marketo.identityURL, clientID: marketo.clientID,
          clientSecret: marketo.clientSecret?.reveal() ?? ""),
        http: HTTPClient(configuration: HTTPClientConfiguration(caFile: marketo.caFile)), limits: observer),
      pool: pool, schema: schema, limits: limits)
  }
}

extension TenantConfiguration.Veeva.Auth {
  var credentials: VeevaCredentials {
    switch self {
    case .clientCredentials(let id, let secret): .clientCredentials(clientID: id, clientSecret: secret.reveal())
    case .jwtBearer(let id, let username, let key, let audience):
      .jwtBearer(clientID: id, username: username, privateKeyPEM: key.reveal(), audience: audience)
    case .refreshToken(let id, let secret, let token):
      .refreshToken(clientID: id, clientSecret: secret?.reveal(), refreshToken: token.reveal())
    case .password(let id, let secret, let username, let password, let token):
      .password(
        clientID: id, clientSecret: secret.reveal(), username: username,
        password: password.reveal() + (token?.reveal() ?? ""))
    }
  }
}
