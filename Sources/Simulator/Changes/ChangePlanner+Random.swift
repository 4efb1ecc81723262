/// A stream of all kinds of changes over all objects, the same for the same seed and the same org.
extension ChangePlanner {
  /// Objects by how often they change.
  private static let weights: [(ObjectKind, Int)] = [
    (.account, 34), (.call, 26), (.callKeyMessage, 15), (.activity, 8), (.activityLine, 7), (.user, 3), (.lead, 2),
    (.opportunity, 2), (.campaign, 1), (.unlinked, 1), (.legacyNote, 1),
  ]

  mutating func random(_ operation: ChangeOperation) throws(SalesforceError) -> [ChangeReport] {
    let count = max(0, operation.count ?? 1)
    guard count <= 100_000 else { throw Self.refused("A random stream has at most 100000 operations") }
    var reports: [ChangeReport] = []
    var chance = RandomWords(state: operation.seed ?? 0)
    var merges = 0
    for _ in 0..<count {
      guard let one = anyOperation(&chance, &merges) else { continue }
      reports += try perform(one)
    }
    // One pass over all children for all of them.
    if merges > 0 {
      var one = ChangeOperation(.merge, object: "Account")
      one.sample = merges
      one.seed = chance.next()
      reports += try perform(one)
    }
    return reports
  }

  private func anyOperation(_ chance: inout RandomWords, _ merges: inout Int) -> ChangeOperation? {
    let kind = Self.kind(chance.below(100))
    let object = data.object(kind)
    let deletes = object.field("IsDeleted") != nil
    switch chance.below(100) {
    case ..<48: return update(object, &chance)
    case ..<66 where kind != .user:
      var one = ChangeOperation(.insert, object: object.name)
      one.set = values(object, nil, &chance)
      return one
    case ..<76: return one(.touch, object, .live, &chance)
    case ..<84 where deletes: return one(.delete, object, .live, &chance)
    case ..<89 where deletes: return one(.undelete, object, .deleted, &chance)
    case ..<91 where deletes: return one(.purge, object, .any, &chance)
    case ..<98: return recordTypeChange(object, &chance) ?? update(object, &chance)
    case _ where kind == .account:
      merges += 1
      return nil
    default: return update(object, &chance)
    }
  }

  private static func kind(_ chance: Int) -> ObjectKind {
    var left = chance
    for (kind, weight) in weights {
      if left < weight { return kind }
      left -= weight
    }
    return .account
  }

  private func one(
    _ op: ChangeOperation.Kind, _ object: ObjectDefinition, _ wanted: Wanted, _ chance: inout RandomWords
  )
    -> ChangeOperation?
  {
    guard let index = picked(1, object.kind, wanted, seed: chance.next()).first else { return nil }
    return ChangeOperation(op, object: object.name, ids: [id(object.kind, index)])
  }

  private func update(_ object: ObjectDefinition, _ chance: inout RandomWords) -> ChangeOperation? {
    guard let index = picked(1, object.kind, .live, seed: chance.next()).first else { return nil }
    var one = ChangeOperation(.update, object: object.name, ids: [id(object.kind, index)])
    one.set = values(object, data.row(object.kind, index), &chance)
    return one
  }

  private func recordTypeChange(_ object: ObjectDefinition, _ chance: inout RandomWords) -> ChangeOperation? {
    guard let index = picked(1, object.kind, .live, seed: chance.next()).first else { return nil }
    let row = data.row(object.kind, index)
    let types = RecordTypes.all.enumerated().filter { place, type in
      type.object == object.name && place != Int(row.kind)
        && (object.kind != .account || type.isPersonType == row.isPerson)
    }
    guard !types.isEmpty else { return nil }
    var one = ChangeOperation(.recordType, object: object.name, ids: [id(object.kind, index)])
    one.to = types[chance.below(types.count)].element.developerName
    return one
  }

  /// One to three values.
  private func values(_ object: ObjectDefinition, _ row: Row?, _ chance: inout RandomWords) -> [String: JSONScalar] {
    let fields = object.fields.filter { field in
      guard field.updateable, !field.personOnly || row?.isPerson ?? true else { return false }
      switch field.content {
      case .reference, .shortReference, .foreignID, .created, .modified: return false
      default: return Self.changeable.contains(field.type)
      }
    }
    guard !fields.isEmpty else { return [:] }
    var values: [String: JSONScalar] = [:]
    for _ in 0...chance.below(3) {
      let field = fields[chance.below(fields.count)]
      values[field.name] = Self.value(field, &chance)
    }
    if object.kind == .call, chance.below(8) == 0,
      let account = picked(1, .account, .live, seed: chance.next(), where: { $0.isPerson }).first
    {
      values["Account_vod__c"] = .string(id(.account, account))
    }
    return values
  }

  private static let changeable: Set<FieldType> = [
    .string, .picklist, .textarea, .email, .phone, .boolean, .int, .double, .currency, .percent, .date, .datetime,
  ]

  private static func value(_ field: FieldDefinition, _ chance: inout RandomWords) -> JSONScalar {
    if field.nulls > 0, chance.below(10) == 0 { return .null }
    let number = chance.below(100_000)
    switch field.type {
    case .boolean: return .bool(number & 1 == 0)
    case .int: return .number(Double(number))
    case .double, .currency, .percent: return .number(Double(number) / 4)
    case .date: return .string(String(WireTime.json(1_500_000_000 + number * 1000).prefix(10)))
    case .datetime: return .string(WireTime.json(1_500_000_000 + number * 1000))
    case .email: return .string("changed.\(number)@example.org")
    case .phone: return .string("+49 89 \(number)")
    case .picklist where !field.picklist.isEmpty: return .string(field.picklist[number % field.picklist.count])
    default: return .string(String("Changed, \"no.\" \(number)".prefix(max(8, min(80, field.length)))))
    }
  }
}

/// Chance that the same seed repeats.
struct RandomWords {
  private var state: UInt64

  init(state: UInt64) { self.state = state }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Mixing.mix(state, 0xC4A6)
  }

  mutating func below(_ bound: Int) -> Int { Mixing.below(bound, next()) }
}
