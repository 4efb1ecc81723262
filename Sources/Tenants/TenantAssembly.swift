public import Checkpoints
public import SyncConfiguration
import HTTP
import PostgreSQL
import PostgresDestination
import SyncModel
import Veeva

extension Tenant {
  /// Connects a tenant's two ends; nothing is sent yet.
  /// - Parameters:
  ///   - connections: connections to the destination that this process may hold.
  ///   - batchBytes: bytes of rows that a page's reader gathers before they are sent on.
  ///   - readsOnly: whether nothing is written to the checkpoints, which need not exist.
  ///   - live: what of the settings may change while the process runs.
  public init(
    name: String, settings: TenantConfiguration, checkpoints: CheckpointStore, connections: Int,
    batchBytes: Int = 1 << 20, readsOnly: Bool = false, live: LiveSelections
  ) {
    let budget = SharedBudget(
      tenant: name, share: settings.veeva.apiShare, checkpoints: checkpoints, readsOnly: readsOnly)
    let stored = StoredSessions(tenant: name, checkpoints: checkpoints)
    let sessions: any SessionStore = readsOnly ? PrivateSessions(stored) : stored
    let http = HTTPClient(configuration: HTTPClientConfiguration(caFile: settings.veeva.caFile))
    let postgres = settings.destination.postgres
    // Without a destination the configuration was refused; an empty URL would fail with a clear error.
    let destination = PostgresConfiguration(
      url: postgres?.url ?? "", password: postgres?.password?.reveal(), applicationName: "crmsync \(name)")
    self.init(
      name: name, settings: settings,
      veeva: VeevaClient(
        loginURL: settings.veeva.loginURL, apiVersion: settings.veeva.apiVersion,
        credentials: settings.veeva.auth.credentials, http: http,
        sessions: sessions, limits: budget, batchBytes: batchBytes),
      budget: budget, destination: PostgresDestination(schema: postgres?.schema ?? name),
      destinationPool: PostgresPool(destination, size: connections), checkpoints: checkpoints,
      live: live)
  }

  /// What tells this destination from another.
  public var destinationIdentity: String { "\(destinationPool.configuration.identity)/\(destination.schema)" }
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
