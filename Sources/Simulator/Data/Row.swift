/// What is known of a row before any of its fields is rendered.
struct Row {
  var object: ObjectKind
  var index: Int
  /// The row's own chance, from which each field draws.
  var chance: UInt64
  /// Its record type, by place in `RecordTypes.all`.
  var kind: UInt8
  var isPerson: Bool
  var isDeleted: Bool
  /// Which values that their fields cannot hold were planted; 0 for none.
  var bad: UInt8
  /// Whether nobody sees it: purged, or not committed yet.
  var isGone = false
  /// The run of changes it belongs to, in its object's changes; -1 for a row that never changed.
  var change: Int32 = -1
}
