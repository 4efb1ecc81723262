/// Where the kinds of account stand: every 1,000 rows hold exactly 800 live Professionals, in shuffled places.
///
/// So the k-th Professional is found by arithmetic, and an org has exactly as many as were asked for.
enum AccountPattern {
  static let block = 1000
  static let professionals = 800
  private static let step = 617
  /// `step × inverse ≡ 1` modulo 1,000.
  private static let inverse = 953

  /// Rows of an org with so many live Professional person accounts.
  static func rows(professionals count: Int) -> Int { count / professionals * block + count % professionals }

  /// The place of a row in its block's pattern; rows of the last, partial block are all Professional.
  @inline(__always)
  static func place(_ index: Int, rows: Int, seed: UInt64) -> Int {
    let block = index / Self.block
    guard (block &+ 1) &* Self.block <= rows else { return 0 }
    let offset = Int(truncatingIfNeeded: Mixing.mix(seed, UInt64(truncatingIfNeeded: block)) % 1000)
    return (index % Self.block &* step &+ offset) % Self.block
  }

  /// The row of the k-th live Professional.
  @inline(__always)
  static func row(professional k: Int, rows: Int, seed: UInt64) -> Int {
    let block = k / professionals
    let place = k % professionals
    guard (block &+ 1) &* Self.block <= rows else { return block &* Self.block &+ place }
    let offset = Int(truncatingIfNeeded: Mixing.mix(seed, UInt64(truncatingIfNeeded: block)) % 1000)
    return block &* Self.block &+ ((place &+ Self.block &- offset) % Self.block) &* inverse % Self.block
  }

  /// Record type and deletion by place.
  @inline(__always)
  static func kind(_ place: Int) -> (kind: UInt8, isDeleted: Bool) {
    switch place {
    case ..<800: (RecordTypes.professional, false)
    case ..<808: (RecordTypes.professional, true)
    case ..<858: (RecordTypes.businessProfessional, false)
    case ..<860: (RecordTypes.businessProfessional, true)
    case ..<870: (RecordTypes.consumer, false)
    default: (RecordTypes.firstBusiness &+ UInt8(truncatingIfNeeded: place % RecordTypes.businessKinds), place >= 995)
    }
  }
}
