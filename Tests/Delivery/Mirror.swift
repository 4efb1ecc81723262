import Delivery
import Marketo
import PostgreSQL
import PostgresDestination
import SyncModel
import Testing

/// A mirror of persons, users, calls and key messages, filled by SQL.
enum Mirror {
  /// - Parameter owned: whether persons have columns that marketing owns, from where they go to Veeva.
  static func objects(owned: Bool = false) throws -> [ObjectMapping] {
    let marketings =
      owned
      ? [
        SourceField(name: "mkto71_Lead_Score__pc", type: .double, updateable: true),
        SourceField(name: "mkto71_Inferred_City__pc", type: .string, updateable: true),
      ] : []
    let common = [
      SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime),
      SourceField(name: "CreatedDate", type: .datetime), SourceField(name: "IsDeleted", type: .boolean),
    ]
    func object(_ object: SourceObject, _ fields: [SourceField]) throws -> ObjectMapping {
      let schema = SourceObjectSchema(name: object.apiName, fields: common + fields)
      return try ObjectMapping(ObjectSelection(object, writesBack: owned), schema)
    }
    return [
      try object(
        .personAccounts,
        [
          SourceField(name: "FirstName", type: .string), SourceField(name: "LastName", type: .string),
          SourceField(name: "PersonEmail", type: .email), SourceField(name: "OwnerId", type: .reference),
          SourceField(name: "PersonBirthdate", type: .date), SourceField(name: "Name", type: .string),
          SourceField(name: "Hobby__pc", type: .multipicklist), SourceField(name: "Tier__c", type: .int),
        ] + marketings),
      try object(
        .users, [SourceField(name: "Email", type: .email), SourceField(name: "FirstName", type: .string)]),
      try object(
        .calls,
        [
          SourceField(name: "Account_vod__c", type: .reference, referenceTo: ["Account"]),
          SourceField(name: "Note__c", type: .textarea, length: 32_000),
          SourceField(name: "Minutes__c", type: .double), SourceField(name: "Began__c", type: .datetime),
        ]),
      try object(
        .callKeyMessages,
        [
          SourceField(name: "Call2_vod__c", type: .reference, referenceTo: ["Call2_vod__c"]),
          SourceField(name: "Category_vod__c", type: .picklist, length: 100),
        ]),
    ]
  }

  /// Makes the mirror's tables and what Marketo needs.
  static func prepare(_ world: DeliveryWorld, owned: Bool = false) async throws -> [DeliverySource] {
    let objects = try objects(owned: owned)
    let destination = PostgresDestination(schema: DeliveryWorld.schema)
    for object in objects {
      try await world.pool.withConnection { try await destination.prepare(object, on: $0) }
    }
    let plan = DeliveryPlan(objects)
    try await DeliveryPreparation(plan, at: world.client).make(at: world.client)
    let ready = try await DeliveryPreparation(plan, at: world.client)
    #expect(ready.steps.allSatisfy { $0.schema.newFields.isEmpty && $0.schema.isPossible })
    let sources = ready.sources(schema: DeliveryWorld.schema)
    try await world.store.prepare(sources)
    return sources
  }

  /// Persons with their companies, users, and for each person a call with two key messages. Every tenth call is of an
  /// account that is not synced.
  static func fill(_ world: DeliveryWorld, persons: Int, users: Int = 3) async throws {
    try await world.run(
      """
      set search_path = mirror;
      insert into salesperson (veeva_id, veeva_system_modstamp, email, first_name)
      select 'U' || n, '2026-03-01', 'rep' || n || '@example.org', 'Rep' from generate_series(1, \(users)) n;
      insert into company (veeva_id, veeva_system_modstamp, company)
      select 'A' || n, '2026-03-01', 'Practice ' || n from generate_series(1, \(persons)) n;
      insert into person (veeva_id, veeva_system_modstamp, first_name, last_name, email, owner_id, date_of_birth,
        hobby__pc, tier__c)
      select 'A' || n, '2026-03-01', 'Ana', E'Lima, "' || n || E'"\\nx', 'p' || n || '@example.org',
        'U' || (1 + n % (\(users) + 1)), '1980-01-31', array['a', 'b'], n from generate_series(1, \(persons)) n;
      insert into call (veeva_id, veeva_system_modstamp, account_vod__c, note__c, minutes__c, began__c)
      select 'C' || n, '2026-03-01', case when n % 10 = 0 then 'X' else 'A' || n end, 'é', 12.5,
        '2026-03-01 10:15:00+02' from generate_series(1, \(persons)) n;
      insert into call_key_message (veeva_id, veeva_system_modstamp, call2_vod__c, category_vod__c)
      select 'K' || n || '-' || k, '2026-03-01', 'C' || n, 'c' || k
      from generate_series(1, \(persons)) n, generate_series(1, 2) k;
      reset search_path;
      """)
  }
}
