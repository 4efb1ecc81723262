import PostgreSQL

/// A login to a tenant's org that all processes of the cluster share.
///
/// Access tokens are secrets: the row is readable by the owner of schema `crmsync` only, and a token is worth no
/// more than the session timeout that the org's admin has set.
public struct StoredSession: Sendable, Equatable {
  public var accessToken: String
  public var instanceURL: String
  public var organizationID: String
  /// The newest refresh token, where the flow rotates them.
  public var refreshToken: String?
  /// Rises with each login.
  public var generation: Int64

  /// A login.
  public init(
    accessToken: String, instanceURL: String, organizationID: String, refreshToken: String?, generation: Int64 = 0
  ) {
    self.accessToken = accessToken
    self.instanceURL = instanceURL
    self.organizationID = organizationID
    self.refreshToken = refreshToken
    self.generation = generation
  }
}

extension CheckpointStore {
  /// The shared session of a tenant, if anyone has logged in.
  public func session(of tenant: String) async throws -> StoredSession? {
    try await query(Self.selectSession, [.text(tenant)]).first.map(Self.session)
  }

  /// Replaces the shared session, one process at a time: who comes second gets what the first has fetched.
  ///
  /// The lock is held during the login, on a connection of its own, so that a rotated refresh token is stored before
  /// anybody else can use the old one.
  /// - Parameters:
  ///   - generation: the session that was found dead; `nil` when there was none.
  ///   - login: logs in with the newest refresh token, if there is one.
  public func renewSession(
    of tenant: String, replacing generation: Int64?,
    login: @escaping @Sendable (_ refreshToken: String?) async throws -> StoredSession
  ) async throws -> StoredSession {
    try await pool.withConnection { db in
      _ = try await db.query("select pg_advisory_lock(hashtextextended($1, 7236837461120902))", [.text(tenant)])
      let result: Result<StoredSession, any Error>
      do {
        let current = try await db.query(Self.selectSession, [.text(tenant)]).first.map(Self.session)
        if let current, current.generation != generation {
          result = .success(current)
        } else {
          var fresh = try await login(current?.refreshToken)
          fresh.generation = (current?.generation ?? 0) + 1
          _ = try await db.query(
            """
            insert into crmsync.session
              (tenant, access_token, instance_url, organization_id, refresh_token, generation)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (tenant) do update set access_token = excluded.access_token,
              instance_url = excluded.instance_url, organization_id = excluded.organization_id,
              refresh_token = coalesce(excluded.refresh_token, crmsync.session.refresh_token),
              generation = excluded.generation
            """,
            [
              .text(tenant), .text(fresh.accessToken), .text(fresh.instanceURL), .text(fresh.organizationID),
              fresh.refreshToken.map(PostgresValue.text) ?? .null, .int(fresh.generation),
            ])
          result = .success(fresh)
        }
      } catch {
        result = .failure(error)
      }
      _ = try await db.query("select pg_advisory_unlock(hashtextextended($1, 7236837461120902))", [.text(tenant)])
      return try result.get()
    }
  }

  private static let selectSession =
    "select access_token, instance_url, organization_id, refresh_token, generation from crmsync.session where tenant = $1"

  private static func session(_ row: PostgresRow) throws -> StoredSession {
    StoredSession(
      accessToken: try row.require("access_token"), instanceURL: try row.require("instance_url"),
      organizationID: try row.require("organization_id"), refreshToken: try row.string("refresh_token"),
      generation: try row.requireInt("generation"))
  }
}
