/// A uniform sample of the ids of an object, from which balanced ranges are cut.
///
/// Ids come in clusters with enormous gaps, so ranges are cut where records are, never by arithmetic between the
/// smallest id and the largest. Memory is bounded by `capacity` whatever the size of the object.
public struct IDSample: Sendable {
  /// Ids seen.
  public private(set) var count: Int
  private let capacity: Int
  private var ids: [String]
  private var random: SplitMix64

  /// An empty sample.
  /// - Parameters:
  ///   - capacity: ids kept; with 20,000, a range of a twentieth of the object is met within some 5 %.
  ///   - seed: chance; the same seed and ids give the same sample.
  public init(capacity: Int = 20_000, seed: UInt64) {
    self.capacity = max(1, capacity)
    count = 0
    ids = []
    random = SplitMix64(seed: seed)
  }

  /// Takes note of one id.
  public mutating func add(_ id: String) {
    if let slot = slot() { keep(id, in: slot) }
  }

  /// Takes note of the ids in the first column of a batch; text is made only of those that are kept.
  public mutating func add(_ batch: RecordBatch) {
    for row in 0..<batch.rowCount {
      if let slot = slot(), let id = batch.text(row: row, column: ObjectMapping.idColumn) { keep(id, in: slot) }
    }
  }

  /// Where the next id is kept, if it is (Vitter's algorithm R: each id seen is kept with equal chance).
  private mutating func slot() -> Int? {
    count += 1
    if ids.count < capacity { return ids.count }
    let slot = Int(random.next() % UInt64(count))
    return slot < capacity ? slot : nil
  }

  private mutating func keep(_ id: String, in slot: Int) {
    let id = String(id.prefix(15))
    if slot < ids.count { ids[slot] = id } else { ids.append(id) }
  }

  /// Cuts everything into `parts` half-open ranges that hold about equally many of the ids seen.
  ///
  /// The first range has no lower bound and the last one no upper bound, so that nothing escapes. Fewer ranges
  /// come back where there are fewer distinct ids.
  public func ranges(_ parts: Int) -> [IDRange] {
    let sorted = ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard parts > 1, sorted.count > 1 else { return [.all] }
    var bounds: [String] = []
    for part in 1..<parts {
      let bound = sorted[part * sorted.count / parts]
      if bound != sorted[0], bound != bounds.last { bounds.append(bound) }
    }
    let edges = [nil] + bounds.map(Optional.some) + [nil]
    return zip(edges, edges.dropFirst()).map { IDRange(from: $0, to: $1) }
  }
}

/// A small deterministic source of chance (Steele, Lea, Flood: SplitMix64).
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The same seed gives the same sequence.
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
