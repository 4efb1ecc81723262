/// All rows of the simulated org at one moment: none of them is stored, each is a function of seed, object and index,
/// and of the changes up to that moment.
///
/// `@unchecked Sendable`: the memory behind the pointers is written by `init` and only read afterwards.
final class DataSet: @unchecked Sendable {
  /// What the rows follow from.
  struct Options: Sendable, Equatable {
    var seed: UInt64 = 1
    /// Live Professional person accounts.
    var accounts = 100_000
    var users: Int?
    var calls: Int?
    var callKeyMessages: Int?
    var activities: Int?
    var activityLines: Int?
    var legacyNotes: Int?
    /// The org's newest moment: seconds since 1970, by default the start of the day.
    var asOf = 0
    var wideAccounts = false
    /// Plants a value that its field cannot hold in one account row of so many; 0 for none.
    var badValuesEvery = 0
  }

  /// Figures of one object.
  struct Shape {
    /// Generated rows; their indexes come first.
    var rows: Int
    /// With those that were added.
    var total: Int
    var isChanged = false
    var seed: UInt64
    var layout: IDLayout
    /// Seconds between the oldest row and the newest.
    var span: Int
  }

  let options: Options
  let lexicon: Lexicon
  let words: Words
  let objects: [ObjectDefinition]
  /// The fields' programs, by object kind and place of the field.
  let programs: [[FieldProgram]]
  private let byName: [String: ObjectKind]
  /// By the object kinds' raw values.
  let changes: [ObjectChanges]
  /// What fields that were added hold.
  let constants: [FieldValue]
  /// 0 for the org as it was generated.
  let revision: Int
  /// Owns the clusters' memory where this one does not.
  private let origin: DataSet?
  /// One per object kind, by raw value.
  private let shapes: UnsafeMutablePointer<Shape>
  private let clusters: UnsafeMutablePointer<IDLayout.Cluster>

  /// The generated org.
  init(_ options: Options) {
    self.options = options
    var builder = Lexicon.Builder()
    let words = Words(&builder)
    let schema = OrgSchema(words: words, builder: &builder, wideAccounts: options.wideAccounts)
    self.words = words
    lexicon = Lexicon(builder)
    objects = schema.objects
    programs = objects.map { $0.fields.map(FieldProgram.init) }
    byName = Dictionary(uniqueKeysWithValues: objects.map { ($0.name.lowercased(), $0.kind) })
    changes = objects.map { _ in ObjectChanges() }
    constants = []
    revision = 0
    origin = nil
    let count = ObjectKind.allCases.count
    shapes = .allocate(capacity: count)
    clusters = .allocate(capacity: count * IDLayout.clusterCount)
    for object in objects {
      let place = Int(object.kind.rawValue)
      let rows = Self.rows(of: object.kind, options)
      let seed = Mixing.mix(options.seed, Mixing.hash(object.name))
      let first = clusters + place * IDLayout.clusterCount
      let list = IDLayout.clusters(keyPrefix: object.keyPrefix, rows: rows, seed: seed)
      first.initialize(from: list, count: IDLayout.clusterCount)
      let span = object.kind == .call || object.kind == .callKeyMessage ? Self.eighteenMonths : Self.eightYears
      (shapes + place).initialize(
        to: Shape(
          rows: rows, total: rows, seed: seed, layout: IDLayout(seed: seed, rows: rows, clusters: first), span: span))
    }
  }

  /// A generated org with changes.
  init(_ origin: DataSet, _ revision: Revision) {
    options = origin.options
    words = origin.words
    lexicon = origin.lexicon
    objects = revision.objects
    programs = revision.programs
    byName = origin.byName
    changes = revision.changes
    constants = revision.constants
    self.revision = revision.number
    self.origin = origin
    clusters = origin.clusters
    shapes = .allocate(capacity: changes.count)
    for (place, change) in changes.enumerated() {
      var shape = origin.shapes[place]
      shape.total = shape.rows + change.added.count
      shape.isChanged = !change.isEmpty
      (shapes + place).initialize(to: shape)
    }
  }

  deinit {
    shapes.deallocate()
    if origin == nil { clusters.deallocate() }
  }

  private static let eighteenMonths = 548 * 86_400
  private static let eightYears = 8 * 365 * 86_400

  /// Rows of an object, deleted ones included.
  private static func rows(of kind: ObjectKind, _ options: Options) -> Int {
    let accounts = max(0, options.accounts)
    return switch kind {
    case .account, .contact: AccountPattern.rows(professionals: accounts)
    case .user: options.users ?? min(20_000, max(20, accounts / 250))
    case .recordType: RecordTypes.all.count
    case .profile: 4
    case .role: 5
    case .call: options.calls ?? accounts * 2
    case .callKeyMessage: options.callKeyMessages ?? accounts * 3
    case .activity: options.activities ?? accounts / 2
    case .activityLine: options.activityLines ?? accounts
    case .lead: 50
    case .opportunity: 40
    case .campaign: 10
    case .unlinked: 100
    case .legacyNote: options.legacyNotes ?? 120
    }
  }

  /// The object of that API name, case-insensitively.
  func object(_ name: String) -> ObjectDefinition? {
    byName[name.lowercased()].map { objects[Int($0.rawValue)] }
  }

  func object(_ kind: ObjectKind) -> ObjectDefinition { objects[Int(kind.rawValue)] }

  /// The figures of an object.
  @inline(__always)
  func shape(_ kind: ObjectKind) -> UnsafePointer<Shape> { UnsafePointer(shapes + Int(kind.rawValue)) }

  /// Rows of an object, deleted and gone ones included; indexes are below it.
  func rows(_ kind: ObjectKind) -> Int { shape(kind).pointee.total }

  /// A row; `index` is below the object's number of rows.
  @inline(__always)
  func row(_ kind: ObjectKind, _ index: Int) -> Row {
    var hint: Int32 = -1
    return row(kind, index, &hint)
  }

  /// A row, found faster when it is the one after the last.
  /// - Parameter hint: -1 at first, then as it was left.
  @inline(__always)
  func row(_ kind: ObjectKind, _ index: Int, _ hint: inout Int32) -> Row {
    var row = generated(kind, index)
    if shape(kind).pointee.isChanged { change(&row, &hint) }
    return row
  }

  /// The row before any change.
  @inline(__always)
  private func generated(_ kind: ObjectKind, _ index: Int) -> Row {
    let shape = shape(kind)
    let chance = Mixing.mix(shape.pointee.seed, UInt64(truncatingIfNeeded: index))
    var row = Row(
      object: kind, index: index, chance: chance, kind: 0, isPerson: false, isDeleted: false, bad: 0)
    switch kind {
    case .account, .contact: fillAccount(&row)
    case .call:
      row.kind = RecordTypes.firstCall &+ (chance & 15 == 0 ? 1 : 0)
      row.isDeleted = (chance >> 8) & 127 == 0
    case .activity:
      row.kind = RecordTypes.firstActivity &+ UInt8(truncatingIfNeeded: chance & 1)
      row.isDeleted = (chance >> 8) & 255 == 0
    case .callKeyMessage, .activityLine: row.isDeleted = (chance >> 8) & 127 == 0
    case .recordType, .profile, .role, .user: break
    default: row.isDeleted = (chance >> 8) & 31 == 0
    }
    return row
  }

  @inline(__always)
  private func fillAccount(_ row: inout Row) {
    let shape = shape(.account)
    let place = AccountPattern.place(row.index, rows: shape.pointee.rows, seed: shape.pointee.seed)
    let (kind, isDeleted) = AccountPattern.kind(place)
    row.kind = kind
    row.isDeleted = isDeleted
    row.isPerson = kind < RecordTypes.firstBusiness
    if options.badValuesEvery > 0, row.object == .account {
      let (round, place) = row.index.quotientAndRemainder(dividingBy: options.badValuesEvery)
      if place == options.badValuesEvery / 2 { row.bad = 1 &+ UInt8(truncatingIfNeeded: round & 3) }
    }
  }

  /// The row that a reference of `row` leads to, or `nil` for none.
  @inline(__always)
  func target(_ reference: FieldContent.Reference, of row: Row, _ chance: UInt64) -> Int? {
    let rows = shape(reference.object).pointee.rows
    guard rows > 0 else { return nil }
    switch reference.rule {
    case .same: return row.index < shape(reference.object).pointee.total ? row.index : nil
    case .any: return Mixing.below(rows, chance)
    case .account: return account(of: row, rows)
    case .parent: return parent(of: row, rows)
    case .recordType: return Int(row.kind)
    case .parentAccount:
      // Business accounts stand at no computable place: try a few.
      return someRow(rows, chance) { $0.kind >= RecordTypes.firstBusiness && !$0.isDeleted }
    case .mergeWinner:
      guard row.isDeleted, chance & 3 == 0 else { return nil }
      return someRow(rows, chance) { !$0.isDeleted && $0.index != row.index && $0.isPerson == row.isPerson }
    case .personContact:
      if row.object == .account { return row.isPerson ? row.index : nil }
      guard let index = account(of: row, self.shape(.account).pointee.rows) else { return nil }
      return generated(.account, index).isPerson ? index : nil
    }
  }

  private func someRow(_ rows: Int, _ chance: UInt64, _ fits: (Row) -> Bool) -> Int? {
    for attempt in 0..<16 as Range<UInt64> {
      let candidate = generated(.account, Mixing.below(rows, Mixing.mix(chance, attempt)))
      if fits(candidate) { return candidate.index }
    }
    return nil
  }

  /// The account of a call, key message or activity: mostly a Professional, its parent's where it has one.
  private func account(of row: Row, _ rows: Int) -> Int? {
    guard rows > 0 else { return nil }
    if row.object == .callKeyMessage {
      guard let call = parent(of: row, shape(.call).pointee.rows) else { return nil }
      return account(of: generated(.call, call), rows)
    }
    let chance = Mixing.mix(row.chance, 0xACC0)
    if chance & 15 == 0 { return Mixing.below(rows, chance) }
    return AccountPattern.row(
      professional: Mixing.below(max(1, options.accounts), chance), rows: rows, seed: shape(.account).pointee.seed)
  }

  @inline(__always)
  private func parent(of row: Row, _ parents: Int) -> Int? {
    let own = shape(row.object).pointee.rows
    guard parents > 0, own > 0 else { return nil }
    return row.index < own ? row.index &* parents / own : Mixing.below(parents, row.chance)
  }
}
