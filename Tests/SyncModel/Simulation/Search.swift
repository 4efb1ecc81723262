import SyncModel

/// Goes through all interleavings of a world, each state once.
///
/// Steps take no time; when nobody can go on, time moves to the next moment at which somebody can. In the end, every
/// state that was seen must have a way to a quiet one.
struct Search {
  let crashes: Int
  let pauses: Int
  let leaderPauses: Int
  /// Different states seen.
  var seen: Int { number.count }
  /// Quiet states reached.
  private(set) var ends = 0
  /// Each state's number.
  private var number: [UInt64: Int] = [:]
  /// From which states each state is reached.
  private var reachedFrom: [[Int]] = []
  private var quiet: [Int] = []

  init(crashes: Int, pauses: Int, leaderPauses: Int) {
    self.crashes = crashes
    self.pauses = pauses
    self.leaderPauses = leaderPauses
  }

  private struct Node {
    var world: World
    var crashes: Int
    var pauses: Int
    var leaderPauses: Int
    var number = 0

    var fingerprint: UInt64 {
      var print = world.fingerprint()
      print.mix(crashes)
      print.mix(pauses)
      print.mix(leaderPauses)
      return print.value
    }
  }

  mutating func explore(_ world: World) throws(Violation) {
    var open = [Node(world: world, crashes: crashes, pauses: pauses, leaderPauses: leaderPauses)]
    number[open[0].fingerprint] = 0
    reachedFrom.append([])
    while let node = open.popLast() {
      if node.world.isQuiet {
        ends += 1
        quiet.append(node.number)
        try node.world.checkEnd()
        continue
      }
      var next: [Node] = []
      try successors(of: node, into: &next)
      for var after in next {
        let print = after.fingerprint
        if let known = number[print] {
          reachedFrom[known].append(node.number)
        } else {
          after.number = reachedFrom.count
          number[print] = after.number
          reachedFrom.append([node.number])
          open.append(after)
        }
      }
    }
    try checkWaysOut()
  }

  /// Walks back from the quiet states: whatever is not met is stuck.
  private func checkWaysOut() throws(Violation) {
    var hasWayOut = [Bool](repeating: false, count: reachedFrom.count)
    var open = quiet
    for state in quiet { hasWayOut[state] = true }
    while let state = open.popLast() {
      for before in reachedFrom[state] where !hasWayOut[before] {
        hasWayOut[before] = true
        open.append(before)
      }
    }
    let stuck = hasWayOut.count { !$0 }
    if stuck > 0 { throw Violation(.alwaysProgress, "\(stuck) of \(seen) states have no way to an end") }
  }

  private func successors(of node: Node, into next: inout [Node]) throws(Violation) {
    var node = node
    node.world.passTime()
    let world = node.world
    for actor in 0..<world.wakeAt.count where world.wakeAt[actor] <= world.now {
      let isIdleWorker = actor < world.scenario.workers && world.workers[actor].phase == .idle
      for choice in 0..<(isIdleWorker ? max(1, world.broker.ready.count) : 1) {
        var after = node
        try after.world.step(actor, choice: choice)
        next.append(after)
      }
    }
    if node.crashes > 0 { crash(node, into: &next) }
    if node.pauses > 0 {
      for actor in 0..<world.scenario.workers where world.workers[actor].phase != .idle {
        var after = node
        after.pauses -= 1
        // Until the moment at which the leader looks for leases that ran out: either may come first then.
        after.world.pauseWorker(actor, for: Scenario.leaseTime + 5000)
        next.append(after)
      }
    }
    if node.leaderPauses > 0 {
      for actor in 0..<world.scenario.coordinators where world.coordinators[actor].term > 0 {
        var after = node
        after.leaderPauses -= 1
        after.world.pauseCoordinator(actor, for: Scenario.termTime)
        next.append(after)
      }
    }
  }

  private func crash(_ node: Node, into next: inout [Node]) {
    for actor in 0..<node.world.deltaWriter {
      var after = node
      after.crashes -= 1
      if actor < node.world.scenario.workers {
        guard node.world.workers[actor].phase != .idle else { continue }
        after.world.crashWorker(actor)
      } else {
        after.world.crashCoordinator(actor - node.world.scenario.workers)
      }
      next.append(after)
    }
  }
}
