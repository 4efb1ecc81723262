import PostgreSQL
import PostgresDestination
import SyncModel
import TestSupport
import Testing

/// The destination's side of a comparison comes to what the stream of source records comes to.
@Suite(.server) struct ComparisonTests {
  private static let types: [(String, FieldType)] = [
    ("Text__c", .textarea), ("List__c", .multipicklist), ("Bool__c", .boolean), ("Int__c", .int), ("Dec__c", .double),
    ("Date__c", .date), ("Stamp__c", .datetime), ("Time__c", .time), ("Ref__c", .reference),
  ]

  /// Random records, stored but for those that are refused.
  private struct World {
    let mapping: ObjectMapping
    var records: [[String: String]] = []
    var rejected: Set<PackedID> = []
    let destination = PostgresDestination(schema: "t")
    let connection: PostgresConnection

    init(_ count: Int, _ chance: inout Chance, on connection: PostgresConnection) async throws {
      mapping = try ObjectMapping.custom(ComparisonTests.types)
      self.connection = connection
      try await destination.prepare(mapping, on: connection)
      for number in 0..<count {
        var record = ["Id": id(number), "SystemModstamp": "2026-03-01T10:\(10 + chance.below(50)):00.000Z"]
        for (field, type) in ComparisonTests.types { record[field] = RandomValue(type, &chance).wire }
        records.append(record)
      }
      let result = try await destination.store(records, of: mapping, mode: .insert, on: connection)
      rejected = Set(result.rejects.compactMap { PackedID($0.recordID) })
      // Whatever a session is set to, checksums are the same.
      try await connection.execute("set timezone = 'Asia/Kolkata'; set datestyle = 'German'")
    }

    var accepted: [String] {
      records.compactMap { $0["Id"] }.filter { id in PackedID(id).map(rejected.contains) == false }
    }

    func begin(allColumns: Bool) async throws -> Comparison {
      try await Comparison.begin(
        destination, mapping: mapping, checksum: RowChecksum(mapping, allColumns: allColumns), conditions: [],
        rejected: rejected, on: connection)
    }

    func source(_ bounds: IDBounds, allColumns: Bool) -> SourceSums {
      let checksum = RowChecksum(mapping, allColumns: allColumns)
      var sums = SourceSums(checksum, bounds: bounds, rejected: rejected)
      sums.fold(batch(checksum))
      return sums
    }

    func batch(_ checksum: RowChecksum) -> RecordBatch {
      var batch = RecordBatch(columnCount: checksum.fields.count)
      for record in records { batch.append(checksum.fields.map { record[$0] }) }
      return batch
    }

    /// Ids by kind of difference.
    func differences(allColumns: Bool, since start: Instant = Instant(seconds: 4_000_000_000)) async throws
      -> (ranges: Int, tables: [TableDifferences], wanted: [String], extra: [String])
    {
      let checksum = RowChecksum(mapping, allColumns: allColumns)
      let comparison = try await begin(allColumns: allColumns)
      let bounds = IDBounds((1..<20).map { id($0 * records.count / 20) })
      let (source, stored) = (source(bounds, allColumns: allColumns), try await comparison.sums(bounds))
      let ranges = source.tables[0].differing(from: stored[0].ranges)
      try await comparison.narrow(to: bounds.merged(ranges))
      let lines = ChecksumLines(checksum, bounds: bounds, ranges: ranges, rejected: rejected)
      try await comparison.stage { put in try await put(lines.lines(of: batch(checksum))) }
      let tables = try await comparison.differences(since: start)
      return (
        ranges.count, tables, try await comparison.ids(.wanted, after: "", limit: 1000),
        try await comparison.ids(.extra, after: "", limit: 1000)
      )
    }
  }

  @Test("the server's hash is ours for texts of every length")
  func sameHash() async throws {
    var chance = Chance.fresh("same hash")
    try await withDatabase { database in
      for length in 0..<64 {
        let text = (0..<length).map { _ in ["a", "ü", "東", "7", " "][chance.below(5)] }.joined()
        let seed = Int64(bitPattern: chance.next())
        let rows = try await database.connection.query(
          "select hashtextextended($1 collate \"C\", $2::bigint) as hash", [.text(text), .int(seed)])
        #expect(
          try rows.first?.int("hash") == Int64(bitPattern: TextHash.hash(text, seed: UInt64(bitPattern: seed))))
      }
    }
  }

  @Test("records of every type come to the same checksums on both sides", arguments: [false, true])
  func sameChecksums(allColumns: Bool) async throws {
    var chance = Chance.fresh("same checksums")
    try await withDatabase { database in
      let world = try await World(600, &chance, on: database.connection)
      let comparison = try await world.begin(allColumns: allColumns)
      let bounds = try await comparison.bounds()
      #expect(bounds == IDBounds(), "600 rows are one range")
      for bounds in [bounds, IDBounds((1..<30).map { id($0 * 20) })] {
        let stored = try await comparison.sums(bounds)
        #expect(world.source(bounds, allColumns: allColumns).tables == stored.map(\.ranges))
        #expect(stored[0].ranges.count == Int64(world.accepted.count))
      }
    }
  }

  @Test("quantiles of the ids cut a table into ranges of about a thousand rows")
  func quantiles() async throws {
    try await withDatabase { database in
      let mapping = try ObjectMapping.custom([])
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      try await database.connection.execute(
        """
        insert into t.thing__c (veeva_id, veeva_system_modstamp)
        select 'a0B' || lpad(number::text, 12, '0') || 'AAA', now() from generate_series(1, 25000) number
        """)
      let comparison = try await Comparison.begin(
        destination, mapping: mapping, checksum: RowChecksum(mapping, allColumns: false), conditions: [],
        rejected: [], on: database.connection)
      let bounds = try await comparison.bounds()
      #expect(bounds.rangeCount == 26)
      let counts = try await comparison.sums(bounds)[0].ranges.counts
      #expect(counts.dropLast().allSatisfy { 999...1001 ~= $0 } && counts.reduce(0, +) == 25_000)
    }
  }

  @Test("rows that are gone, added or altered are found, exactly those, in few ranges")
  func findsExactly() async throws {
    var chance = Chance.fresh("finds exactly")
    try await withDatabase { database in
      let world = try await World(400, &chance, on: database.connection)
      #expect(try await world.differences(allColumns: true).tables.allSatisfy(\.isEqual))
      let ids = world.accepted
      let (gone, altered, stamped) = (ids[3], ids[ids.count / 2], ids[ids.count - 1])
      let added = [id(9_000_000), "no id", "quote's"]
      try await database.connection.execute(
        """
        delete from t.thing__c where veeva_id = '\(gone)';
        update t.thing__c set text__c = coalesce(text__c, '') || '!' where veeva_id = '\(altered)';
        update t.thing__c set veeva_system_modstamp = 'infinity' where veeva_id = '\(stamped)';
        """)
      for id in added {
        _ = try await database.connection.query(
          "insert into t.thing__c (veeva_id, veeva_system_modstamp) values ($1, now())", [.text(id)])
      }
      let ofStamps = try await world.differences(allColumns: false)
      #expect(ofStamps.wanted == [gone, stamped].sorted() && ofStamps.extra == added.sorted())
      let found = try await world.differences(allColumns: true)
      #expect(found.wanted == [gone, altered, stamped].sorted() && found.extra == added.sorted())
      #expect(found.ranges <= 4)
      #expect(found.tables[0].missing == 1 && found.tables[0].different == 2 && found.tables[0].extra == 3)
      #expect(found.tables[0].inMotion == 0)
    }
  }

  @Test("what the source has changed since the beginning is in motion, and so is what the sync has written")
  func inMotion() async throws {
    var chance = Chance.fresh("in motion")
    try await withDatabase { database in
      let world = try await World(100, &chance, on: database.connection)
      let ids = world.accepted
      try await database.connection.execute(
        """
        delete from t.thing__c where veeva_id = '\(ids[0])';
        update t.thing__c set veeva_system_modstamp = now(), synced_at = now() + interval '1 day'
        where veeva_id = '\(ids[1])'
        """)
      let all = try await world.differences(allColumns: false, since: Instant(seconds: 1_600_000_000)).tables[0]
      #expect(all.isEqual && all.inMotion == 2)
      let own = try await world.differences(allColumns: false).tables[0]
      #expect(own.missing == 1 && own.different == 0 && own.inMotion == 1)
    }
  }

  @Test("accounts that are flagged as deleted are no extra rows, but different where the source has them")
  func flagged() async throws {
    try await withDatabase { database in
      let mapping = try ObjectMapping.accounts()
      let destination = PostgresDestination(schema: "t")
      try await destination.prepare(mapping, on: database.connection)
      let records = (0..<10).map { number in
        ["Id": id(number), "SystemModstamp": stamp, "IsDeleted": number < 4 ? "true" : "false"]
      }
      try await destination.store(records, of: mapping, mode: .insert, on: database.connection)
      let checksum = RowChecksum(mapping, allColumns: false)
      let comparison = try await Comparison.begin(
        destination, mapping: mapping, checksum: checksum, conditions: [], rejected: [], on: database.connection)
      var batch = RecordBatch(columnCount: 2)
      for number in 3..<10 { batch.append([id(number), stamp]) }
      let stored = try await comparison.sums(IDBounds())
      #expect(stored.map(\.ranges.count) == [6, 6] && stored.map(\.ignored) == [4, 4])
      try await comparison.narrow(to: IDBounds().merged([0]))
      let lines = ChecksumLines(checksum, bounds: IDBounds(), ranges: [0], rejected: [])
      let source = batch
      try await comparison.stage { put in try await put(lines.lines(of: source)) }
      let found = try await comparison.differences(since: Instant(seconds: 4_000_000_000))
      #expect(found.map(\.different) == [1, 1] && found.map(\.extra) == [0, 0] && found.map(\.missing) == [0, 0])
      #expect(try await comparison.ids(.wanted, after: "", limit: 9) == [id(3)])
    }
  }

  @Test("calls that are older than what is selected are no extra rows, nor are their key messages")
  func pastCalls() async throws {
    try await withDatabase { database in
      let base: [(String, FieldType)] = [
        ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("Call2_vod__c", .reference),
      ]
      func mapping(_ object: SourceObject) throws -> ObjectMapping {
        try ObjectMapping(
          ObjectSelection(object),
          SourceObjectSchema(name: object.apiName, fields: base.map { SourceField(name: $0.0, type: $0.1) }))
      }
      let destination = PostgresDestination(schema: "t")
      let (calls, messages) = (try mapping(.calls), try mapping(.callKeyMessages))
      for (mapping, parent) in [(calls, false), (messages, true)] {
        try await destination.prepare(mapping, on: database.connection)
        let records = (0..<10).map { number in
          [
            "Id": id(number), "SystemModstamp": stamp,
            "CreatedDate": !parent && number < 3 ? "2020-01-01T00:00:00Z" : "2026-01-01T00:00:00Z",
            "Call2_vod__c": id(number),
          ]
        }
        try await destination.store(records, of: mapping, mode: .insert, on: database.connection)
        let comparison = try await Comparison.begin(
          destination, mapping: mapping, checksum: RowChecksum(mapping, allColumns: false),
          conditions: ["\(parent ? "Call2_vod__r." : "")CreatedDate >= 2025-12-31T10:15:00Z"], rejected: [],
          on: database.connection)
        let sums = try await comparison.sums(IDBounds())
        #expect(sums[0].ranges.count == 7 && sums[0].ignored == 3)
      }
    }
  }
}
