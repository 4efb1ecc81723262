/// What changes made of a row; what they left alone follows from the seed as before.
struct RowState: Sendable {
  /// SystemModstamp.
  var stamp: Int?
  /// LastModifiedDate.
  var modified: Int?
  /// CreatedDate, of rows that were added.
  var created: Int?
  var isDeleted: Bool?
  /// Whether nobody sees the row: purged, or not committed yet.
  var isGone = false
  /// Its record type, by place in `RecordTypes.all`.
  var kind: UInt8?
  /// The deletion that took the row, so that what was deleted together comes back together; 0 for none.
  var deletion = 0
  /// By the fields' slots.
  var values: [UInt64: FieldValue] = [:]

  /// A state that runs of rows share.
  final class Shared: Sendable {
    let state: RowState

    init(_ state: RowState) { self.state = state }
  }
}

/// What one change does to a row.
struct RowPatch: Sendable {
  var stamp: Int?
  var modified: Int?
  var created: Int?
  var isDeleted: Bool?
  var isGone: Bool?
  var kind: UInt8?
  var deletion: Int?
  var values: [UInt64: FieldValue] = [:]

  /// A change at this moment, by a user.
  static func change(at now: Int) -> RowPatch { RowPatch(stamp: now, modified: now) }

  func applied(to state: RowState?) -> RowState {
    var state = state ?? RowState()
    state.stamp = stamp ?? state.stamp
    state.modified = modified ?? state.modified
    state.created = created ?? state.created
    state.isDeleted = isDeleted ?? state.isDeleted
    state.isGone = isGone ?? state.isGone
    state.kind = kind ?? state.kind
    state.deletion = deletion ?? state.deletion
    if !values.isEmpty { state.values.merge(values) { $1 } }
    return state
  }
}
