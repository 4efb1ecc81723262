/// What each step took, summed over its batches.
final class Timings: Encodable {
  private(set) var jobs = 0
  private(set) var seconds: [String: Double] = [:]

  init(jobs: Int) { self.jobs = jobs }

  /// Times a step.
  func time<R>(_ step: String, _ body: () async throws -> R) async rethrows -> R {
    let begin = ContinuousClock.now
    let result = try await body()
    seconds[step, default: 0] += (ContinuousClock.now - begin) / .seconds(1)
    return result
  }
}

/// Runs a body for each item, by as many tasks as there are slots.
func bySlots<Item: Sendable, Result: Sendable>(
  _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
  try await withThrowingTaskGroup(of: [Result].self) { group in
    for slot in 0..<Setup.slots {
      group.addTask {
        var results: [Result] = []
        for index in stride(from: slot, to: items.count, by: Setup.slots) {
          results.append(try await body(items[index]))
        }
        return results
      }
    }
    return try await group.reduce(into: []) { $0 += $1 }
  }
}
