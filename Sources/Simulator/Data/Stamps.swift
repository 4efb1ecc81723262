/// When rows were made and last changed, in seconds since 1970, never after the data set's newest moment.
extension DataSet {
  /// Days before the newest moment on which a mass update gave a fifth of all rows one stamp.
  private static let massUpdateAge = 10 * 86_400 - 3 * 3600
  /// Days before the newest moment on which many representatives synchronised hours of work at once.
  private static let burstAge = 45 * 86_400

  /// CreatedDate: ascending inside most clusters, one single day in migrated ones, with a burst among calls.
  @inline(__always)
  func created(_ row: Row) -> Int {
    if row.change >= 0, let created = state(row).created { return created }
    let shape = shape(row.object)
    let chance = Mixing.mix(row.chance, 0xC4EA)
    if row.object == .call, chance & 15 == 0 {
      return options.asOf &- Self.burstAge &+ Mixing.below(300, chance)
    }
    let cluster = shape.pointee.layout.cluster(row.index)
    let oldest = options.asOf &- shape.pointee.span
    if cluster.pointee.migrated { return oldest &+ shape.pointee.span / 3 &+ Mixing.below(86_400, chance) }
    let jitter = Mixing.below(3 * 86_400, chance)
    let at = row.index &- cluster.pointee.start
    let along = Int(Double(at) / Double(max(1, cluster.pointee.rows)) * Double(shape.pointee.span - 3 * 86_400))
    return oldest &+ along &+ jitter
  }

  /// SystemModstamp: many rows share that of a mass update, many were never changed.
  @inline(__always)
  func systemModstamp(_ row: Row) -> Int {
    if row.change >= 0, let stamp = state(row).stamp { return stamp }
    return generatedStamp(row)
  }

  @inline(__always)
  private func generatedStamp(_ row: Row) -> Int {
    let created = created(row)
    let chance = Mixing.mix(row.chance, 0x5734)
    switch chance & 1023 {
    case ..<190: return max(created, options.asOf &- Self.massUpdateAge)
    case ..<400: return created
    default: return created &+ Mixing.below(max(1, options.asOf &- created), chance)
    }
  }

  /// LastModifiedDate: earlier than SystemModstamp where only the platform's machinery touched the row.
  @inline(__always)
  func modified(_ row: Row) -> Int {
    if row.change >= 0, let modified = state(row).modified { return modified }
    return generatedModified(row)
  }

  /// LastModifiedDate before any change, which other fields hold as well.
  func generatedModified(_ row: Row) -> Int {
    let stamp = generatedStamp(row)
    guard stamp == options.asOf &- Self.massUpdateAge else { return stamp }
    let created = created(row)
    return created &+ (stamp &- created) / 2
  }
}
