import PostgreSQL

/// Two tenants that claim the same org or the same destination.
public struct TenantConflict: Error, Sendable, CustomStringConvertible {
  public let tenant: String
  public let other: String
  /// `org`, `destination` or `Marketo instance`.
  public let what: String

  public var description: String {
    "tenant \(tenant) uses the same \(what) as tenant \(other): only one marketing database may be connected to a "
      + "Veeva org; remove one of them from the configuration, or, if \(other) is retired, delete its row from "
      + "crmsync.tenant"
  }
}

extension CheckpointStore {
  /// Registers a tenant and its destination.
  /// - Parameters:
  ///   - destination: what tells one place of tables from another, such as `host:port/database/schema`.
  ///   - instance: what tells the Marketo instance from another that the tables are the mirror of; `nil` where they are
  ///     the destination itself.
  /// - Throws: ``TenantConflict`` when another tenant has one of them.
  public func register(tenant: String, destination: String, instance: String? = nil) async throws {
    try await claim(tenant: tenant, what: .destination, value: destination)
    try await claim(tenant: tenant, what: .instance, value: instance)
  }

  /// Binds a tenant to the org that its credentials lead to.
  /// - Throws: ``TenantConflict`` when another tenant has that org.
  public func bind(tenant: String, organization: String) async throws {
    try await claim(tenant: tenant, what: .organization, value: organization)
  }

  /// What only one tenant may have.
  private enum Claim: String {
    case organization = "org"
    case destination
    case instance = "Marketo instance"

    var column: String {
      switch self {
      case .organization: "org_id"
      case .destination: "destination"
      case .instance: "marketo_instance"
      }
    }
  }

  private func claim(tenant: String, what: Claim, value: String?) async throws {
    let column = what.column
    let value = value.map(PostgresValue.text) ?? .null
    // Apart, since of two processes that insert one tenant at once the later would meet the other's claim, not its name.
    _ = try await query("insert into crmsync.tenant (name) values ($1) on conflict do nothing", [.text(tenant)])
    do {
      _ = try await query(
        "update crmsync.tenant set \(column) = $2 where name = $1 and \(column) is distinct from $2",
        [.text(tenant), value])
    } catch let error as PostgresError where error.sqlState == "23505" {
      let rows = try await query("select name from crmsync.tenant where \(column) = $1", [value])
      throw TenantConflict(tenant: tenant, other: try rows.first?.string("name") ?? "another", what: what.rawValue)
    }
  }

  /// Records what stops a whole tenant, or that nothing does.
  public func setError(_ error: String?, tenant: String, leader: LeaderStamp) async throws {
    try await asLeader(leader) { db in
      _ = try db.query(
        "update crmsync.tenant set error = $2 where name = $1 and error is distinct from $2",
        [.text(tenant), error.map(PostgresValue.text) ?? .null])
    }
  }

  /// Records what a tenant is waiting for, and how long.
  public func setWaiting(_ reason: String, for duration: Duration, tenant: String) async throws {
    _ = try await query(
      """
      update crmsync.tenant set waiting_for = $2, waiting_until = clock_timestamp() + $3::float8 * interval '1 second'
      where name = $1
      """, [.text(tenant), .text(reason), .seconds(duration)])
  }
}
