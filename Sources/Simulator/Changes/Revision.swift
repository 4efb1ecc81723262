/// Everything that changes made of the generated org, up to one moment. A value: copies share what they did not change.
struct Revision: Sendable {
  /// Counts up with each change.
  private(set) var number = 0
  /// By the object kinds' raw values.
  private(set) var changes = ObjectKind.allCases.map { _ in ObjectChanges() }
  private(set) var objects: [ObjectDefinition]
  private(set) var programs: [[FieldProgram]]
  /// What fields that were added hold.
  private(set) var constants: [FieldValue] = []

  init(_ origin: DataSet) {
    objects = origin.objects
    programs = origin.programs
  }

  /// A change of rows, ready to be applied.
  struct Edit: Sendable {
    var kind: ObjectKind
    /// Ascending indexes.
    var ranges: [Range<Int>]
    var patch: RowPatch
  }

  /// Rows that get an id before anybody sees them.
  struct Addition: Sendable {
    var kind: ObjectKind
    var id: PackedID
    /// Generated rows with a smaller id.
    var before: Int
  }

  func changes(_ kind: ObjectKind) -> ObjectChanges { changes[Int(kind.rawValue)] }

  mutating func apply(_ edits: [Edit]) {
    number += 1
    for edit in edits { changes[Int(edit.kind.rawValue)].apply(edit.patch, to: edit.ranges) }
  }

  /// Makes room for rows; they are gone until an edit shows them.
  /// - Parameter generated: the number of generated rows of an object.
  mutating func add(_ additions: [Addition], generated: (ObjectKind) -> Int) {
    number += 1
    for kind in Set(additions.map(\.kind)) {
      let place = Int(kind.rawValue)
      let first = generated(kind) + changes[place].added.count
      let new = additions.filter { $0.kind == kind }
      changes[place].added.append(new.map { ($0.id, $0.before) })
      changes[place].apply(RowPatch(isGone: true), to: [first..<(first + new.count)])
    }
  }

  /// Replaces the fields of an object.
  mutating func setFields(_ fields: [FieldDefinition], of kind: ObjectKind) {
    number += 1
    objects[Int(kind.rawValue)] = objects[Int(kind.rawValue)].with(fields: fields)
    programs[Int(kind.rawValue)] = fields.map(FieldProgram.init)
  }

  /// Keeps values for a field.
  /// - Returns: the place of the first.
  mutating func keep(_ values: [FieldValue]) -> Int {
    constants += values
    return constants.count - values.count
  }
}
