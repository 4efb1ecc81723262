import PostgresDestination
import Tenants

/// The changes of a tenant that have not been published yet.
protocol EventOutbox: Sendable {
  /// The oldest ones, in the order in which they were made.
  func unpublished(limit: Int) async throws -> [ChangeEvent]

  /// Forgets events; those that are gone already are fine.
  func forget(_ events: [ChangeEvent]) async throws
}

/// The outbox that a tenant's destination keeps beside its tables.
struct DestinationOutbox: EventOutbox {
  let tenant: Tenant

  func unpublished(limit: Int) async throws -> [ChangeEvent] { try await tenant.unpublishedEvents(limit: limit) }

  func forget(_ events: [ChangeEvent]) async throws { try await tenant.forgetEvents(events.map(\.id)) }
}
