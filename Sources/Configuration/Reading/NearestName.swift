/// Finds what somebody who mistyped a name may have meant.
enum NearestName {
  /// The known name with the smallest edit distance, and whether it is close enough to be a slip of the hand.
  static func find(_ name: String, among known: [String]) -> (name: String, isClose: Bool)? {
    // Longer names are no slip of anything, and the distance costs the product of the lengths.
    let typed = Array(name.lowercased().unicodeScalars.prefix(64))
    var best: (name: String, distance: Int)?
    for candidate in known {
      let distance = distance(typed, Array(candidate.lowercased().unicodeScalars))
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best.map { ($0.name, $0.distance <= max(2, min(typed.count, $0.name.count) / 3)) }
  }

  /// Insertions, deletions, substitutions and swaps of neighbours that lead from one text to the other.
  static func distance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...other.count)
    for (row, scalar) in one.enumerated() {
      var current = [row + 1]
      for (column, candidate) in other.enumerated() {
        var least = min(last[column + 1] + 1, current[column] + 1, last[column] + (scalar == candidate ? 0 : 1))
        if row > 0, column > 0, scalar == other[column - 1], one[row - 1] == candidate {
          least = min(least, beforeLast[column - 1] + 1)
        }
        current.append(least)
      }
      beforeLast = last
      last = current
    }
    return last[other.count]
  }
}
