import PostgreSQL
import PostgresDestination
import SyncModel
import TestSupport
import Testing

/// Random pages of a delta, against a model of plain dictionaries.
@Suite(.server) struct RandomChangeTests {
  @Test(
    "any sequence of pages gives the model's rows, and its events, replayed, the same trigger fields",
    arguments: [1, 2, 3, 4])
  func sequences(_ seed: UInt64) async throws {
    for isAccount in [true, false] {
      var chance = Chance(seed: seed)
      let delta =
        try isAccount
        ? Delta.accounts(triggers: ["V__c"])
        : .calls(
          triggers: ["V__c"], createdFrom: Instant(seconds: 1_772_323_200))
      let tables = delta.mapping.tables.map(\.table)
      try await withDatabase { database in
        let db = database.connection
        try await delta.prepare(on: db)
        var model = Model(isAccount: isAccount)
        let start = (0..<8).map { Version(id: $0, value: "start", other: nil, second: 0, fate: .alive, master: nil) }
        try await PostgresDestination(schema: "t").store(
          start.map { $0.record(isAccount) }, of: delta.mapping, mode: .insert, on: db)
        model.apply(start)
        var replay = Dictionary(
          uniqueKeysWithValues: tables.map { ($0, model.visible) })
        var pages: [[Version]] = []
        for number in 0..<30 {
          let isOld = !pages.isEmpty && chance.below(5) == 0
          let page = isOld ? pages[chance.below(pages.count)] : page(number, isAccount, &chance)
          pages.append(page)
          model.apply(page)
          let note = Comment(rawValue: "seed \(seed), page \(number), \(isAccount ? "accounts" : "calls")")
          try await delta.change(page.map { $0.record(isAccount) }, on: db)
          for table in tables { #expect(try await rows(table, isAccount, database) == model.rows, note) }
          // Once more: nothing happens.
          let before = try await database.rows(["veeva_id", "ctid", "xmin"], from: "t.\(tables[0])")
          let waiting = try await PostgresDestination(schema: "t").unpublishedCount(on: db)
          let again = try await delta.change(page.map { $0.record(isAccount) }, on: db)
          #expect(again.changed == 0 && again.events == 0, note)
          #expect(try await PostgresDestination(schema: "t").unpublishedCount(on: db) == waiting, note)
          #expect(try await database.rows(["veeva_id", "ctid", "xmin"], from: "t.\(tables[0])") == before, note)
          try await self.replay(database, &replay, note)
          for table in tables { #expect(replay[table] == model.visible, note) }
        }
      }
    }
  }

  private func page(_ number: Int, _ isAccount: Bool, _ chance: inout Chance) -> [Version] {
    (0..<(1 + chance.below(10))).map { _ in
      let fate: Fate =
        switch chance.below(10) {
        case 0, 1: .deleted
        case 2: isAccount ? .left : .followed
        default: .alive
        }
      return Version(
        id: chance.below(14), value: chance.below(4) == 0 ? nil : "v\(chance.below(3))",
        other: "w\(chance.below(2))", second: max(0, number + chance.below(6) - 3), fate: fate,
        master: fate == .deleted && isAccount && chance.below(2) == 0 ? chance.below(3) : nil)
    }
  }

  private func rows(_ table: String, _ isAccount: Bool, _ database: TestDatabase) async throws -> [String] {
    let flags = isAccount ? ["coalesce(veeva_is_deleted, false)", "masterrecordid"] : ["false", "null"]
    return try await database.rows(
      ["veeva_id", "v__c", "w__c", "(extract(epoch from veeva_system_modstamp)::bigint - 1772323200)"] + flags,
      from: "t.\(table)")
  }

  /// Takes the events from the outbox and applies them.
  private func replay(
    _ database: TestDatabase, _ states: inout [String: [String: String]], _ note: Comment
  ) async throws {
    let destination = PostgresDestination(schema: "t")
    let events = try await destination.unpublishedEvents(limit: 1000, on: database.connection)
    for event in events {
      let known = states[event.entity]?[event.recordID]
      #expect(event.before == known, note)
      #expect((event.kind == .added) == (known == nil), note)
      #expect((event.kind == .removed) == (event.after == nil), note)
      #expect(event.kind != .updated || event.before != event.after, note)
      states[event.entity]?[event.recordID] = event.after
    }
    try await destination.forgetEvents(events.map(\.id), on: database.connection)
  }
}

private enum Fate { case alive, left, followed, deleted }

/// One version of a record, as a page delivers it.
private struct Version {
  var id: Int
  var value: String?
  var other: String?
  var second: Int
  var fate: Fate
  var master: Int?

  func record(_ isAccount: Bool) -> [String: String] {
    var more = ["IsDeleted": fate == .deleted ? "true" : "false", "W__c": other ?? ""]
    if let master { more["MasterRecordId"] = PostgresDestinationTests.id(master) }
    if fate == .left { more["RecordTypeId"] = Delta.otherType }
    if !isAccount {
      more["CreatedDate"] = fate == .followed ? "2026-02-01T00:00:00.000Z" : "2026-03-01T00:00:00.000Z"
    }
    return isAccount
      ? account(id, value ?? "", second: second, more) : call(id, value ?? "", second: second, more)
  }
}

/// What a destination's table shall hold.
private struct Model {
  struct Row {
    var version: Version
    var isFlagged = false
    var master: Int?
  }

  let isAccount: Bool
  private var table: [Int: Row] = [:]
  /// Latest deletion of records that have no row.
  private var removed: [Int: Int] = [:]

  init(isAccount: Bool) { self.isAccount = isAccount }

  mutating func apply(_ page: [Version]) {
    var newest: [Int: Version] = [:]
    for version in page where newest[version.id].map({ $0.second <= version.second }) ?? true {
      newest[version.id] = version
    }
    for version in newest.values { apply(version) }
  }

  private mutating func apply(_ version: Version) {
    guard var row = table[version.id] else {
      switch version.fate {
      case .alive where version.second >= removed[version.id] ?? 0: table[version.id] = Row(version: version)
      case .deleted: removed[version.id] = max(version.second, removed[version.id] ?? 0)
      case .alive, .left, .followed: break
      }
      return
    }
    guard row.version.second <= version.second else { return }
    switch version.fate {
    case .alive, .followed: table[version.id] = Row(version: version)
    case .deleted where !isAccount:
      table[version.id] = nil
      removed[version.id] = max(version.second, removed[version.id] ?? 0)
    case .deleted, .left:
      row.version.second = version.second
      row.isFlagged = true
      row.master = version.master
      table[version.id] = row
    }
  }

  /// The table's rows as text.
  var rows: [String] {
    table.map { number, row in
      let values = [row.version.value ?? "∅", row.version.other ?? "∅", "\(row.version.second)"]
      let master = row.master.map { id($0) } ?? "∅"
      let flags = isAccount ? ["\(row.isFlagged)", master] : ["false", "∅"]
      return ([id(number)] + values + flags).joined(separator: "|")
    }.sorted()
  }

  /// The trigger fields of records that are there for marketing.
  var visible: [String: String] {
    var visible: [String: String] = [:]
    for (number, row) in table where !row.isFlagged {
      visible[id(number)] = "{\"v__c\": \(row.version.value.map { "\"\($0)\"" } ?? "null")}"
    }
    return visible
  }
}
