public import Checkpoints
public import Configuration
public import PostgreSQL
public import PostgresDestination
public import SyncModel
public import Veeva

/// One Veeva org connected to one destination, as a process of the cluster holds it.
public struct Tenant: Sendable {
  public let name: String
  public let settings: TenantConfiguration
  public let veeva: VeevaClient
  public let budget: SharedBudget
  public let destination: PostgresDestination
  /// Connections to the destination's database.
  public let destinationPool: PostgresPool

  /// The objects that the configuration selects.
  public var selections: [ObjectSelection] { settings.selections }
}
