import Foundation
import Marketo
import PostgreSQL
import SyncModel
import Testing

@testable import Delivery

/// A mirror whose edits are noted, its deliveries, and a reader of marketers' changes.
struct LeadChangeWorld: Sendable {
  private static let twoWay: Set<String> = [
    "first_name", "last_name", "email", "date_of_birth", "hobby__pc", "tier__c",
  ]
  private static let unlimited = #"{"callsPerWindow": 1000000, "concurrentCalls": 100, "callsPerDay": 10000000}"#

  let world: DeliveryWorld
  let runner: DeliveryRunner
  let store: LeadChangeStore
  var reader: LeadChangeReader { LeadChangeReader(client: world.client, store: store) }

  /// A world whose persons are delivered, and whose feed has begun.
  /// - Parameters:
  ///   - owned: whether persons have columns that marketing owns, and the destination's own triggers.
  ///   - before: done before Marketo gets its fields.
  init(
    _ world: DeliveryWorld, persons: Int, owned: Bool = false, before: (DeliveryWorld) async throws -> Void = { _ in }
  ) async throws {
    try await world.admin("limits", Self.unlimited)
    try await before(world)
    let sources = try await Mirror.prepare(world, owned: owned).map {
      $0.entity.target == .lead ? $0.remembering(Self.twoWay) : $0
    }
    try await Self.noteEdits(world)
    self.world = world
    var options = DeliveryOptions()
    options.pollPause = .milliseconds(50)
    runner = DeliveryRunner(store: world.store, client: world.client, sources: sources, options: options)
    store = LeadChangeStore(pool: world.pool, source: try #require(sources.first { $0.entity.target == .lead }))
    try await world.store.prepare([store.source])
    try await Mirror.fill(world, persons: persons)
    _ = try await reader.read()
    _ = try await runner.round()
    _ = try await reader.read()
  }

  /// Notes every change of a two-way column that does not say that the sync makes it, as the destination's triggers do
  /// where write-back is asked for, and makes the log that they write.
  private static func noteEdits(_ world: DeliveryWorld) async throws {
    try await world.run(
      """
      create table mirror.edit (veeva_id text);
      create function mirror.note_edit() returns trigger language plpgsql as
        $$ begin insert into mirror.edit values (new.veeva_id); return null; end $$;
      create trigger note_edit after update on mirror.person for each row
        when (current_setting('crmsync.writing', true) is distinct from 'on'
          and (old.first_name, old.last_name, old.email, old.date_of_birth, old.hobby__pc, old.tier__c)
            is distinct from (new.first_name, new.last_name, new.email, new.date_of_birth, new.hobby__pc, new.tier__c))
        execute function mirror.note_edit();
      create table if not exists mirror.person_activity (id bigint generated always as identity, veeva_id text not null,
        at timestamptz not null default clock_timestamp(), kind text not null, field text not null, value text,
        other_value text, reason text)
      """)
  }

  func lead(_ person: String) async throws -> [String: Any] {
    try #require(try await world.list("leads?field=veevaId&value=\(person)").first)
  }

  /// A marketer changes a lead.
  func edit(_ person: String, _ json: String) async throws {
    let id = try #require(try await lead(person)["id"] as? Int)
    let answer = try await world.admin("leads/\(id)", json)
    #expect(answer["id"] as? Int == id)
  }

  /// A page of Veeva's changes a person.
  func page(_ person: String, _ assignments: String) async throws {
    try await world.run(
      """
      begin; set local crmsync.writing = 'on';
      update mirror.person set \(assignments), synced_at = now() where veeva_id = '\(person)'; commit
      """)
  }

  func text(_ statement: String) async throws -> String? {
    try await world.pool.withConnection { try await $0.query("select (\(statement))::text as value") }.first?
      .string("value")
  }

  func column(_ column: String, of person: String) async throws -> String? {
    try await text("select \(column) from mirror.person where veeva_id = '\(person)'")
  }

  /// Persons whom somebody else than the sync has changed.
  func edited() async throws -> String? {
    try await text("select string_agg(distinct veeva_id, ', ' order by veeva_id) from mirror.edit")
  }
}

/// Lends a test a world with persons.
func withLeadChanges(
  persons: Int, owned: Bool = false, before: @escaping @Sendable (DeliveryWorld) async throws -> Void = { _ in },
  _ body: @escaping @Sendable (LeadChangeWorld) async throws -> Void
) async throws {
  try await withDeliveryWorld { world in
    try await body(try await LeadChangeWorld(world, persons: persons, owned: owned, before: before))
  }
}
