import SyncModel

/// One run of one world, all of it decided by a seed.
enum Schedule {
  /// Steps without progress that count as a standstill. Waiting for a lease or a backoff takes far fewer.
  private static let patience = 400
  private static let longest = 20_000

  /// Runs the world of a seed until all is quiet.
  /// - Returns: how many steps it took.
  @discardableResult
  static func run(seed: UInt64, defect: Defect = .none) throws(Violation) -> Int {
    var world = start(seed, defect)
    try run(&world)
    return world.steps
  }

  /// Runs the world of a seed once more and tells what happened.
  static func story(seed: UInt64, defect: Defect = .none) -> String {
    var world = start(seed, defect)
    let story = Story()
    story.lines.append("\(world.scenario)")
    world.story = story
    do {
      try run(&world)
    } catch {
      world.note("\(error)")
    }
    return story.lines.suffix(150).joined(separator: "\n")
  }

  private static func start(_ seed: UInt64, _ defect: Defect) -> World {
    var chance = ScheduleChance(seed: seed)
    return World(Scenario.random(&chance), defect: defect, seed: seed &+ 1)
  }

  private static func run(_ world: inout World) throws(Violation) {
    let faults = Fault.of(world.scenario.weather)
    var left = world.scenario.faults
    var next = 1 + world.chance.below(30)
    while !world.isQuiet {
      let actor = world.pick()
      if left > 0, world.steps >= next {
        left -= 1
        next = world.steps + 1 + world.chance.below(30)
        world.strike(faults[world.chance.below(faults.count)], near: actor)
        continue
      }
      let waiting = world.broker.ready.count
      try world.step(actor, choice: waiting > 1 ? world.chance.below(waiting) : 0)
      if world.steps - world.lastProgress > patience || world.steps > longest {
        throw Violation(.alwaysProgress, world.standing)
      }
    }
    try world.checkEnd()
  }
}

extension World {
  /// One of the processes that want to go on now; time passes when there is none.
  mutating func pick() -> Int {
    var ready = 0
    var first = Int64.max
    for time in wakeAt {
      if time <= now { ready += 1 }
      if time < first { first = time }
    }
    if ready == 0 {
      now = first
      for time in wakeAt where time <= now { ready += 1 }
    }
    var number = ready > 1 ? chance.below(ready) : 0
    for index in 0..<wakeAt.count where wakeAt[index] <= now {
      if number == 0 { return index }
      number -= 1
    }
    return 0
  }

  /// How the jobs stand, for messages.
  var standing: String {
    jobs.map { "job \($0.id) is \($0.state) at page \($0.position.pages)" }.joined(separator: ", ")
  }
}
