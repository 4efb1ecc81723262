import Foundation
import PostgreSQL
import PostgresDestination
import SyncModel
import TestSupport
import Testing

/// The triggers and statements of write-back against the rules that they carry out.
@Suite(.server) struct CaptureModelTests {
  /// Runs, each on a table of its own, `CRMSYNC_TEST_SCALE` times as many; and steps of each.
  private static let runs = 3 * (ProcessInfo.processInfo.environment["CRMSYNC_TEST_SCALE"].flatMap { Int($0) } ?? 1)
  private static let steps = 120

  @Test("any sequence of edits, pages, claims and outcomes leaves the table in the state of the rules")
  func sequences() async throws {
    let seed = Chance.fresh().seed
    for run in 0..<UInt64(Self.runs) {
      try await withDatabase { database in
        let delta = try CaptureWorld.delta()
        try await delta.prepare(on: database.connection)
        var world = CaptureWorld(Chance(seed: seed &+ run), delta, database)
        try await world.begin()
        for step in 0..<Self.steps {
          let what = try await world.happen()
          let (expected, actual) = (world.expected, try await world.actual())
          let note = Comment(rawValue: "seed \(seed &+ run), step \(step): \(what)")
          #expect(actual == expected, note)
          if actual != expected { break }
        }
      }
    }
  }
}

/// A column whose changes travel to Veeva, with a few values that it may have.
private struct TwoWayColumn {
  let name: String
  let field: String
  let type: FieldType
  let values: [Spelled]
  let isOwned: Bool

  /// A value as Veeva, as SQL and as JSON has it.
  struct Spelled {
    let wire: String?
    let sql: String
    let json: String

    static let null = Spelled(wire: nil, sql: "null", json: "null")

    init(wire: String?, sql: String, json: String) {
      (self.wire, self.sql, self.json) = (wire, sql, json)
    }
  }

  init(
    _ name: String, _ field: String, _ type: FieldType, isOwned: Bool = false,
    _ values: [(wire: String, sql: String, json: String)]
  ) {
    self.name = name
    self.isOwned = isOwned
    self.field = field
    self.type = type
    self.values = values.map { Spelled(wire: $0.wire, sql: $0.sql, json: $0.json) } + [.null]
  }

  static let all = [
    TwoWayColumn(
      "email", "PersonEmail", .email,
      ["a", "b", "c"].map { ("\($0)@x.example", "'\($0)@x.example'", "\"\($0)@x.example\"") }),
    TwoWayColumn(
      "hobbies__pc", "Hobbies__pc", .multipicklist,
      [("Chess", "'{Chess}'", "[\"Chess\"]"), ("Chess;Go", "'{Chess,Go}'", "[\"Chess\", \"Go\"]")]),
    TwoWayColumn(
      "unsubscribed", "PersonHasOptedOutOfEmail", .boolean,
      [("true", "true", "true"), ("false", "false", "false")]),
    TwoWayColumn(
      "date_of_birth", "PersonBirthdate", .date,
      [("1970-02-03", "'1970-02-03'", "\"1970-02-03\""), ("1980-01-01", "'1980-01-01'", "\"1980-01-01\"")]),
    TwoWayColumn("score__pc", "Score__pc", .double, [("1.5", "1.5", "1.5"), ("-3", "-3", "-3")]),
    TwoWayColumn(
      "lead_score", "mkto71_Lead_Score__pc", .double, isOwned: true, [("10", "10", "10"), ("25", "25", "25")]),
    TwoWayColumn(
      "inferred_city", "mkto71_Inferred_City__pc", .string, isOwned: true,
      [("Bern", "'Bern'", "\"Bern\""), ("Oslo", "'Oslo'", "\"Oslo\"")]),
  ]
}

/// Some persons with what the rules say of each two-way column, beside a table that shall come to the same.
private struct CaptureWorld {
  struct Key: Hashable, Comparable, CustomStringConvertible {
    let person: Int
    let column: Int

    static func < (a: Key, b: Key) -> Bool { (a.person, a.column) < (b.person, b.column) }
    var description: String { "\(person) \(TwoWayColumn.all[column].name)" }
  }

  /// What the rules say of a column, and what stands beside them.
  struct State {
    var value: TwoWayValue<String>
    /// Whether a worker has it.
    var isClaimed = false
    /// Whether it waits after the org has put it off.
    var isPutOff = false
    /// Whether it was put off before, so that no page ends the wait.
    var hasAttempts = false
    /// Whether a bulk job carries what the worker has, so that nobody can take it over.
    var isCarried: Bool { value.underWay != nil }

    /// Nothing is to be written any more.
    mutating func void() { self = State(value: TwoWayValue(value.value, isOwned: value.isOwned)) }
  }

  private struct Claim {
    let change: CapturedChange
    let key: Key
    /// How it was settled.
    var outcome: WriteBackOutcome?
  }

  private static let persons = 3
  private static let destination = PostgresDestination(schema: "t")
  private static let start: Int64 = 1_772_323_200

  private let delta: Delta
  private let database: TestDatabase
  private var chance: Chance
  private var states: [Key: State] = [:]
  private var stamps: [Int: Int] = [:]
  private var flagged: Set<Int> = []
  /// Changes that were claimed together, and are not settled, or may be settled once more.
  private var claims: [[Claim]] = []
  private var clock = 1
  /// Held while a bulk job is open.
  private var turn: BulkTurn?

  init(_ chance: Chance, _ delta: Delta, _ database: TestDatabase) {
    self.chance = chance
    self.delta = delta
    self.database = database
  }

  private var db: PostgresConnection { database.connection }

  static func delta() throws -> Delta {
    try Delta(
      .personAccounts,
      [
        ("Id", .id), ("SystemModstamp", .datetime), ("CreatedDate", .datetime), ("IsDeleted", .boolean),
        ("MasterRecordId", .reference), ("IsPersonAccount", .boolean), ("RecordTypeId", .reference), ("V__c", .string),
      ] + TwoWayColumn.all.map { ($0.field, $0.type) }, recordTypes: [Delta.recordType], writesBack: true)
  }

  mutating func begin() async throws {
    var records: [[String: String]] = []
    for person in 0..<Self.persons {
      records.append(record(person, second: 0, TwoWayColumn.all.map(\.values[0])))
      stamps[person] = 0
      for column in TwoWayColumn.all.indices {
        states[Key(person: person, column: column)] = State(
          value: TwoWayValue(TwoWayColumn.all[column].values[0].json, isOwned: TwoWayColumn.all[column].isOwned))
      }
    }
    try await delta.change(records, on: db)
  }

  private func record(_ person: Int, second: Int, _ values: [TwoWayColumn.Spelled]) -> [String: String] {
    var more: [String: String] = [:]
    for (column, value) in zip(TwoWayColumn.all, values) { more[column.field] = value.wire }
    return account(person, "", second: second, more)
  }

  // MARK: What happens

  /// - Returns: what it was, in words.
  mutating func happen() async throws -> String {
    if chance.below(3) == 0 { clock += 1 }
    switch chance.below(22) {
    case 0..<5: return try await edit()
    case 5..<10: return try await page()
    case 10..<13: return try await claim()
    case 13..<18: return try await settle()
    case 18: return try await expire()
    case 19: return try await setOut()
    case 20: return try await endJob()
    default: return try await passTime()
    }
  }

  private mutating func edit() async throws -> String {
    let person = chance.below(Self.persons)
    var changes: [String] = []
    for column in TwoWayColumn.all.indices where chance.below(3) == 0 {
      let value = TwoWayColumn.all[column].values[chance.below(TwoWayColumn.all[column].values.count)]
      changes.append("\(TwoWayColumn.all[column].name) = \(value.sql)")
      change(Key(person: person, column: column)) { state in
        if state.value.value != value.json { (state.isPutOff, state.hasAttempts) = (false, false) }
        state.value.edit(value.json)
      }
    }
    guard !changes.isEmpty else { return "nothing" }
    try await db.execute(
      "update t.person set \(changes.joined(separator: ", ")) where veeva_id = '\(id(person))'")
    return "edit of \(person): \(changes)"
  }

  /// A page shows some persons, as of now or of some time ago.
  private mutating func page() async throws -> String {
    var records: [[String: String]] = []
    for person in 0..<Self.persons where chance.below(2) == 0 {
      let second = max(0, clock - chance.below(3))
      if chance.below(12) == 0 {
        records.append(account(person, "", second: second, ["IsDeleted": "true"]))
        flag(person, second)
        continue
      }
      let values = TwoWayColumn.all.indices.map { column in shown(Key(person: person, column: column)) }
      records.append(record(person, second: second, values))
      meet(person, second, values.map(\.json))
    }
    let isDelta = records.contains { $0["IsDeleted"] == "true" } || chance.below(2) == 0
    if isDelta {
      try await delta.change(records, on: db)
    } else {
      try await Self.destination.store(records, of: delta.mapping, mode: .merge(.none), on: db)
    }
    return "page of \(records.map { "\($0)" }.joined(separator: "; "))"
  }

  /// What Veeva shows: often something that is known here.
  private mutating func shown(_ key: Key) -> TwoWayColumn.Spelled {
    let values = TwoWayColumn.all[key.column].values
    let known = states[key].map { [$0.value.value, $0.value.agreed] + $0.value.sent } ?? []
    let json = known[chance.below(known.count)]
    if chance.below(3) > 0, let value = values.first(where: { $0.json == json }) { return value }
    return values[chance.below(values.count)]
  }

  private mutating func flag(_ person: Int, _ second: Int) {
    let stamp = stamps[person] ?? 0
    guard second > stamp || second == stamp && !flagged.contains(person) else { return }
    stamps[person] = second
    flagged.insert(person)
    for column in TwoWayColumn.all.indices {
      change(Key(person: person, column: column)) { $0.void() }
    }
  }

  private mutating func meet(_ person: Int, _ second: Int, _ values: [String]) {
    let stamp = stamps[person] ?? 0
    guard second >= stamp else { return }
    let isEqual = values.enumerated().allSatisfy { states[Key(person: person, column: $0)]?.value.value == $1 }
    // Equal and no newer: the row is not touched.
    if second == stamp, isEqual, !flagged.contains(person) { return }
    stamps[person] = second
    flagged.remove(person)
    for (column, value) in values.enumerated() {
      change(Key(person: person, column: column)) { state in
        if let moment = state.value.writtenAt, second < moment { return }
        _ = state.value.meet(value, stamp: Int64(second))
        if !state.value.isPending { (state.isPutOff, state.hasAttempts) = (false, false) }
        if !state.value.isPending, state.value.sent.isEmpty, !state.isCarried { state = State(value: state.value) }
      }
    }
  }

  private mutating func claim() async throws -> String {
    let limit = 1 + chance.below(Self.persons)
    let changes = try await Self.destination.captured(limit: limit, on: db)
    let due = Set(states.filter { isDue($0.value) }.keys)
    var claimed: [Claim] = []
    for one in changes {
      guard let column = TwoWayColumn.all.firstIndex(where: { $0.name == one.column }),
        let person = (0..<Self.persons).first(where: { id($0) == one.recordID })
      else { continue }
      let key = Key(person: person, column: column)
      claimed.append(Claim(change: one, key: key))
      change(key) { state in
        _ = state.value.send()
        state.isClaimed = true
      }
    }
    let keys = Set(claimed.map(\.key))
    let persons = Set(keys.map(\.person))
    #expect(keys == due.filter { persons.contains($0.person) } && changes.count == keys.count)
    #expect(persons.count <= limit && (limit < Self.persons || keys == due))
    if !claimed.isEmpty { claims.append(claimed) }
    return "claim of \(keys.sorted())"
  }

  /// Claims end, each in one of its ways, at any time, also after they have expired, and some of them once more.
  private mutating func settle() async throws -> String {
    guard !claims.isEmpty else { return "nothing" }
    let place = chance.below(claims.count)
    let rows = try await db.query("select veeva_id || column_name as name, token from t.crmsync_capture")
    let tokens = Dictionary(
      try rows.map { (try $0.string("name") ?? "", try $0.int("token") ?? 0) }, uniquingKeysWith: { first, _ in first })
    var settled: [(change: CapturedChange, outcome: WriteBackOutcome)] = []
    var left: [Claim] = []
    var told: [String] = []
    for var claim in claims[place] {
      guard chance.below(4) > 0 else {
        left.append(claim)
        continue
      }
      let (one, outcome) = (claim.change, claim.outcome ?? outcome())
      let isMine = tokens[one.recordID + one.column] == one.token
      let value = TwoWayColumn.all[claim.key.column].values.first { $0.wire == one.value }?.json ?? "?"
      change(claim.key) { Self.apply(outcome, of: value, isMine: isMine, to: &$0) }
      settled.append((one, outcome))
      told.append("\(outcome) of \(claim.key) \(value)\(isMine ? "" : ", too late")")
      if claim.outcome == nil, chance.below(3) == 0 {
        claim.outcome = outcome
        left.append(claim)
      }
    }
    claims[place] = left
    if left.isEmpty { claims.remove(at: place) }
    try await Self.destination.settle(settled, on: db)
    return told.joined(separator: "; ")
  }

  private mutating func outcome() -> WriteBackOutcome {
    switch chance.below(10) {
    case 0..<4: .written(at: Instant(seconds: Self.start + Int64(clock - chance.below(2))))
    case 4, 5: .overtaken(lookAgain: .seconds(3600))
    case 6, 7: .refused(reason: "no")
    case 8: chance.below(3) == 0 ? .gone(reason: "gone") : .released(after: .zero)
    default: .retry(after: .seconds(3600))
    }
  }

  private static func apply(_ outcome: WriteBackOutcome, of value: String, isMine: Bool, to state: inout State) {
    let isKnown = state.value.sent.contains(value)
    if isMine {
      state.isClaimed = false
      state.value.arrived()
    }
    switch outcome {
    case .written(let moment):
      guard isKnown else { return }
      state.value.written(value, at: moment.milliseconds / 1000 - start)
      (state.isPutOff, state.hasAttempts) = (false, false)
    case .overtaken where isMine && isKnown:
      state.value.overtaken(value)
      (state.isPutOff, state.hasAttempts) = (false, false)
    case .refused where isMine && isKnown:
      state.value.refused(value)
      (state.isPutOff, state.hasAttempts) = (false, false)
    case .gone where isMine: state.void()
    case .retry where isMine: (state.isPutOff, state.hasAttempts) = (true, true)
    default: break
    }
  }

  private mutating func expire() async throws -> String {
    try await db.execute(
      "update t.crmsync_capture set claimed_until = now() - interval '1 second' where claimed_until < 'infinity'")
    for key in states.keys { change(key) { if !$0.isCarried { $0.isClaimed = false } } }
    return "claims expire"
  }

  /// A bulk job sets out with some of what was claimed together, unless one is open.
  private mutating func setOut() async throws -> String {
    guard turn == nil, !claims.isEmpty, let turn = try await Self.destination.turnToWriteInBulk(lease: .zero, on: db)
    else { return "nothing" }
    self.turn = turn
    let some = claims[chance.below(claims.count)].filter { $0.outcome == nil }
    let moment = Instant(seconds: Self.start + Int64(clock))
    let names = try await Self.destination.setOut(
      some.map { CarriedChange(change: $0.change, readAt: moment) }, turn: turn, on: db)
    let keys = Set(names.map { $0.recordID + $0.column })
    var told: [String] = []
    for claim in some where keys.contains(claim.change.recordID + claim.change.column) {
      let value = TwoWayColumn.all[claim.key.column].values.first { $0.wire == claim.change.value }?.json ?? "?"
      change(claim.key) { state in
        state.value.setOut(value)
        // Its time may have been over, as long as nobody else had it.
        state.isClaimed = true
      }
      told.append("\(claim.key) \(value)")
    }
    #expect(try await Self.destination.remember(job: "750", turn: turn, on: db))
    return "a job sets out with \(told)"
  }

  /// The job ends: what was not settled becomes an ordinary claim, which nobody needs to end.
  private mutating func endJob() async throws -> String {
    guard let turn else { return "nothing" }
    self.turn = nil
    let left = try await Self.destination.endBulk(turn: turn, lease: .seconds(300), on: db)
    #expect(left.count == states.values.count { $0.isCarried })
    for key in states.keys { change(key) { $0.value.arrived() } }
    return "the job ends"
  }

  private mutating func passTime() async throws -> String {
    try await db.execute("update t.crmsync_capture set due = now() where due > now() and due < 'infinity'")
    for key in states.keys {
      change(key) { state in
        state.value.waited()
        state.isPutOff = false
      }
    }
    return "pauses end"
  }

  private mutating func change(_ key: Key, _ body: (inout State) -> Void) {
    guard var state = states[key] else { return }
    body(&state)
    states[key] = state
  }

  // MARK: What there is

  private func isDue(_ state: State) -> Bool { state.value.isDue && !state.isClaimed && !state.isPutOff }

  /// A line for each person and column.
  var expected: [String] {
    states.sorted { $0.key < $1.key }.map { key, state in
      let value = state.value
      let isRefused = value.isPending && value.refused == value.value
      return "\(key): \(value.value), agreed \(value.agreed), sent [\(value.sent.joined(separator: ", "))]"
        + (isRefused ? ", refused" : "") + (isDue(state) ? ", due" : "")
    }
  }

  func actual() async throws -> [String] {
    let columns = TwoWayColumn.all.enumerated().map { "(\($0), '\($1.name)')" }.joined(separator: ", ")
    let rows = try await db.query(
      """
      select p.veeva_id, k.place, to_jsonb(p) -> k.name as value, coalesce(c.agreed, to_jsonb(p) -> k.name) as agreed,
        coalesce(c.sent, '[]') as sent,
        c.agreed <> to_jsonb(p) -> k.name and c.refused = to_jsonb(p) -> k.name as is_refused,
        c.agreed <> to_jsonb(p) -> k.name and c.due <= now()
          and (c.claimed_until is null or c.claimed_until < now()) as is_due
      from t.person p cross join (values \(columns)) k (place, name)
      left join t.crmsync_capture c on c.veeva_id = p.veeva_id and c.column_name = k.name
      order by p.veeva_id, k.place
      """)
    return try rows.map { row in
      let name = try row.string("veeva_id")
      let person = (0..<Self.persons).first { id($0) == name } ?? -1
      let key = Key(person: person, column: Int(try row.int("place") ?? 0))
      return "\(key): \(try row.string("value") ?? ""), agreed \(try row.string("agreed") ?? ""), "
        + "sent \(try row.string("sent") ?? "")"
        + (try row.bool("is_refused") == true ? ", refused" : "") + (try row.bool("is_due") == true ? ", due" : "")
    }
  }
}
