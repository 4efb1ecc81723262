/// What rendering one field of one row needs to know, and nothing else: trivial, so that copies are free.
struct FieldProgram {
  /// How a value stands in JSON.
  enum Quoting {
    case quoted
    /// Numbers and booleans.
    case bare
  }

  var content: FieldContent
  /// Distinguishes the fields of a row.
  var slot: UInt64
  var nulls: UInt64
  var odd: UInt64
  var personOnly: Bool
  var quoting: Quoting

  init(_ field: FieldDefinition) {
    content = field.content
    let hash = Mixing.hash(field.name)
    slot = field.incarnation == 0 ? hash : Mixing.mix(hash, field.incarnation)
    nulls = UInt64(max(0, field.nulls))
    odd = UInt64(max(0, field.odd))
    personOnly = field.personOnly
    switch field.type {
    case .boolean, .int, .double, .currency, .percent, .address, .location: quoting = .bare
    default: quoting = .quoted
    }
  }
}
