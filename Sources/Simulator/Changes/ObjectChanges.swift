/// The changes of one object's rows: runs of rows that changed alike, ascending, so that a change of a million rows
/// costs as much as it has runs.
struct ObjectChanges: Sendable {
  private(set) var starts: [Int] = []
  private(set) var ends: [Int] = []
  private(set) var states: [RowState.Shared] = []
  var added = AddedRows()

  var isEmpty: Bool { starts.isEmpty && added.count == 0 }

  /// The run that a row belongs to, or -1.
  /// - Parameter hint: the run of a row near by, which is looked at first.
  @inline(__always)
  func run(of index: Int, hint: Int32 = -1) -> Int32 {
    let guess = Int(hint)
    if guess >= 0, guess < starts.count, starts[guess] <= index {
      if index < ends[guess] { return hint }
      if guess + 1 == starts.count || index < starts[guess + 1] { return -1 }
      if index < ends[guess + 1] { return hint + 1 }
    }
    let after = firstStart(above: index)
    guard after > 0, index < ends[after - 1] else { return -1 }
    return Int32(truncatingIfNeeded: after - 1)
  }

  func state(of index: Int) -> RowState? {
    let run = run(of: index)
    return run < 0 ? nil : states[Int(run)].state
  }

  private func firstStart(above index: Int) -> Int {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Changes rows.
  /// - Parameter ranges: ascending, not overlapping.
  mutating func apply(_ patch: RowPatch, to ranges: [Range<Int>]) {
    guard let first = ranges.first, let last = ranges.last else { return }
    var low = firstStart(above: first.lowerBound)
    if low > 0, ends[low - 1] >= first.lowerBound { low -= 1 }
    let high = firstStart(above: last.upperBound)
    var merge = RunMerge(patch)
    for run in low..<max(low, high) { merge.old.append((starts[run], ends[run], states[run])) }
    merge.run(ranges)
    starts.replaceSubrange(low..<max(low, high), with: merge.new.map(\.start))
    ends.replaceSubrange(low..<max(low, high), with: merge.new.map(\.end))
    states.replaceSubrange(low..<max(low, high), with: merge.new.map(\.state))
  }
}

/// Lays a patch over runs.
private struct RunMerge {
  typealias Run = (start: Int, end: Int, state: RowState.Shared)

  var old: [Run] = []
  var new: [Run] = []
  private let patch: RowPatch
  private let fresh: RowState.Shared
  /// Runs that shared a state go on sharing one.
  private var patched: [ObjectIdentifier: RowState.Shared] = [:]

  init(_ patch: RowPatch) {
    self.patch = patch
    fresh = RowState.Shared(patch.applied(to: nil))
  }

  mutating func run(_ ranges: [Range<Int>]) {
    var place = 0
    for range in ranges where !range.isEmpty {
      while place < old.count, old[place].end <= range.lowerBound {
        add(old[place])
        place += 1
      }
      var at = range.lowerBound
      while at < range.upperBound {
        guard place < old.count, old[place].start < range.upperBound else {
          add((at, range.upperBound, fresh))
          break
        }
        if old[place].start < at {
          add((old[place].start, at, old[place].state))
          old[place].start = at
        } else if old[place].start > at {
          add((at, old[place].start, fresh))
          at = old[place].start
        }
        let end = min(old[place].end, range.upperBound)
        add((at, end, changed(old[place].state)))
        at = end
        if end == old[place].end { place += 1 } else { old[place].start = end }
      }
    }
    for run in old.dropFirst(place) { add(run) }
  }

  private mutating func changed(_ state: RowState.Shared) -> RowState.Shared {
    if let known = patched[ObjectIdentifier(state)] { return known }
    let result = RowState.Shared(patch.applied(to: state.state))
    patched[ObjectIdentifier(state)] = result
    return result
  }

  private mutating func add(_ run: Run) {
    guard run.start < run.end else { return }
    if let last = new.last, last.end == run.start, last.state === run.state {
      new[new.count - 1].end = run.end
    } else {
      new.append(run)
    }
  }
}

extension Array where Element == Int {
  /// Ascending numbers as ranges.
  var runs: [Range<Int>] {
    var runs: [Range<Int>] = []
    for number in self {
      if let last = runs.last, last.upperBound == number {
        runs[runs.count - 1] = last.lowerBound..<(number + 1)
      } else {
        runs.append(number..<(number + 1))
      }
    }
    return runs
  }
}
