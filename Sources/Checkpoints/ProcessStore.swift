import PostgreSQL

/// Which part a process plays in the cluster.
public enum ProcessRole: String, Sendable, Codable {
  case coordinator
  case worker
}

/// The processes of the cluster, for `status`: nothing is decided by them.
extension CheckpointStore {
  /// Says that a process is alive and how busy it is. Entries of processes long gone are dropped.
  public func heartbeat(_ id: String, role: ProcessRole, slots: Int, busy: Int) async throws {
    _ = try await query(
      """
      insert into crmsync.process (id, role, slots, busy) values ($1, $2, $3, $4)
      on conflict (id) do update set slots = excluded.slots, busy = excluded.busy, seen_at = now()
      """, [.text(id), .text(role.rawValue), .int(Int64(slots)), .int(Int64(busy))])
  }

  /// Forgets a process that ends in good order, and all that were not seen for a day.
  public func depart(_ id: String) async throws {
    _ = try await query(
      "delete from crmsync.process where id = $1 or seen_at < now() - interval '1 day'", [.text(id)])
  }
}
