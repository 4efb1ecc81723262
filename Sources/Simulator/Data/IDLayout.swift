/// How the ids of one object lie in the id space: clusters of several pods with enormous gaps, uneven inside.
///
/// Ids ascend with the row's index, in the byte order of their 15 characters, so a range of ids is a range of
/// rows. Nothing else about them can be computed from the smallest and the largest.
struct IDLayout {
  /// A run of rows whose ids begin alike.
  struct Cluster {
    /// First row of the cluster.
    var start: Int
    var rows: Int
    /// Key prefix, pod and reserved character.
    var head: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8)
    var base: UInt64
    /// Ids per row inside a block; where above 1, the row takes one of them by chance.
    var stride: UInt64
    /// Ids from one block of 4,096 rows to the next.
    var blockStride: UInt64
    /// Whether the rows came with a data migration: all created on one day.
    var migrated: Bool
  }

  let seed: UInt64
  let rows: Int
  /// `IDLayout.pods.count` clusters; the memory is the data set's.
  let clusters: UnsafePointer<Cluster>

  static let pods: [(name: String, share: Int, stride: UInt64, blockStride: UInt64, migrated: Bool)] = [
    ("0x", 4, 1, 4096, true),
    ("3h", 550, 3, 20_000, false),
    ("9D", 16, 977, 50_000_000, false),
    ("Aa", 330, 1, 4500, true),
    ("i0", 100, 50, 1_000_000, false),
  ]
  static let clusterCount = 5

  /// The clusters of an object of so many rows.
  static func clusters(keyPrefix: String, rows: Int, seed: UInt64) -> [Cluster] {
    var clusters: [Cluster] = []
    var start = 0
    for (place, pod) in pods.enumerated() {
      let last = place == pods.count - 1
      let size = last ? rows - start : min(rows - start, rows * pod.share / 1000)
      let head = Array((keyPrefix + pod.name + "0").utf8) + [0x30, 0x30, 0x30, 0x30, 0x30, 0x30]
      clusters.append(
        Cluster(
          start: start, rows: size, head: (head[0], head[1], head[2], head[3], head[4], head[5]),
          base: Mixing.mix(seed, UInt64(place)) % 900_000_000, stride: pod.stride, blockStride: pod.blockStride,
          migrated: pod.migrated))
      start += size
    }
    return clusters
  }

  /// The cluster of a row.
  @inline(__always)
  func cluster(_ index: Int) -> UnsafePointer<Cluster> {
    var place = Self.clusterCount &- 1
    while place > 0, clusters[place].start > index { place &-= 1 }
    return clusters + place
  }

  /// Writes the 15-character id of a row; room for 15 bytes was reserved.
  @inline(__always)
  func write15(_ index: Int, _ sink: inout ByteSink) {
    let cluster = cluster(index)
    let at = UInt64(truncatingIfNeeded: index &- cluster.pointee.start)
    var counter = cluster.pointee.base &+ (at >> 12) &* cluster.pointee.blockStride
    let stride = cluster.pointee.stride
    counter &+= (at & 4095) &* stride
    if stride > 1 { counter &+= Mixing.mix(seed, UInt64(truncatingIfNeeded: index)) % stride }
    let head = cluster.pointee.head
    sink.put(head.0)
    sink.put(head.1)
    sink.put(head.2)
    sink.put(head.3)
    sink.put(head.4)
    sink.put(head.5)
    Self.putBase62(counter, &sink)
  }

  /// Writes nine base-62 digits, for which room was reserved.
  @inline(__always)
  static func putBase62(_ value: UInt64, _ sink: inout ByteSink) {
    var rest = value
    var digits: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0, 0, 0, 0, 0, 0)
    digits.8 = digit(&rest)
    digits.7 = digit(&rest)
    digits.6 = digit(&rest)
    digits.5 = digit(&rest)
    digits.4 = digit(&rest)
    digits.3 = digit(&rest)
    digits.2 = digit(&rest)
    digits.1 = digit(&rest)
    digits.0 = digit(&rest)
    sink.put(digits.0)
    sink.put(digits.1)
    sink.put(digits.2)
    sink.put(digits.3)
    sink.put(digits.4)
    sink.put(digits.5)
    sink.put(digits.6)
    sink.put(digits.7)
    sink.put(digits.8)
  }

  @inline(__always)
  private static func digit(_ rest: inout UInt64) -> UInt8 {
    let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 62)
    rest = quotient
    let value = UInt8(truncatingIfNeeded: remainder)
    return value < 10 ? 0x30 &+ value : value < 36 ? 0x37 &+ value : 0x3D &+ value
  }

  /// The first row whose id is not below these 15 characters (byte order); the number of rows when there is none.
  func lowerBound(_ id: [UInt8]) -> Int {
    var low = 0
    var high = rows
    var sink = ByteSink(capacity: 64)
    while low < high {
      let middle = (low + high) / 2
      sink.removeAll()
      sink.reserve(15)
      write15(middle, &sink)
      if sink.bytes.lexicographicallyPrecedes(id) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The row with exactly this 15-character id.
  func index(of id: [UInt8]) -> Int? {
    let index = lowerBound(id)
    guard index < rows else { return nil }
    var sink = ByteSink(capacity: 64)
    sink.reserve(15)
    write15(index, &sink)
    return sink.bytes.elementsEqual(id) ? index : nil
  }
}
