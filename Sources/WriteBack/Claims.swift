import PostgresDestination

/// Claims that are not settled yet.
struct Claims {
  struct Key: Hashable {
    let recordID: String
    let column: String

    init(_ change: CapturedChange) { (recordID, column) = (change.recordID, change.column) }

    init(recordID: String, column: String) { (self.recordID, self.column) = (recordID, column) }
  }
  private var changes: [Key: CapturedChange]
  private var order: [Key]

  init(_ claimed: [CapturedChange]) {
    (changes, order) = ([:], [])
    add(claimed)
  }

  /// Whether there never was any.
  var isEmpty: Bool { order.isEmpty }
  var all: [CapturedChange] { order.compactMap { changes[$0] } }

  mutating func add(_ claimed: [CapturedChange]) {
    for change in claimed where changes.updateValue(change, forKey: Key(change)) == nil { order.append(Key(change)) }
  }

  mutating func settled(_ some: [CapturedChange]) {
    for change in some { changes[Key(change)] = nil }
  }
}
