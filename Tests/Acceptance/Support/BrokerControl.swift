import Foundation

/// The broker's faults, as an administrator brings them about.
struct BrokerControl: Sendable {
  private let program: String

  init(_ cluster: TestCluster) { program = cluster.environment.brokerControl }

  /// Runs `rabbitmqctl`.
  /// - Returns: what it prints.
  @discardableResult
  func run(_ arguments: [String]) async throws -> String {
    let child = try Child("rabbitmqctl", program, ["ctl", "-q"] + arguments)
    guard try await child.waitForExit(within: .seconds(120)) == 0 else {
      throw Unexpected("rabbitmqctl \(arguments): \(child.text)")
    }
    return child.text
  }

  /// Lets the broker take no messages for a while, as one does that is short of memory.
  func withMemoryAlarm(_ body: () async throws -> Void) async throws {
    try await during(
      ["set_vm_memory_high_watermark", "0.00001"], until: ["set_vm_memory_high_watermark", "absolute", "1GB"], body)
  }

  /// Waits until a publisher has sent something that the broker does not take.
  func waitForBlockedPublisher() async throws {
    let end = ContinuousClock.now + .seconds(120)
    while try await !run(["list_connections", "state"]).contains("blocked") {
      guard ContinuousClock.now < end else { throw Unexpected("waited in vain for a publisher to be blocked") }
    }
  }

  private func during(_ begin: [String], until end: [String], _ body: () async throws -> Void) async throws {
    try await run(begin)
    do {
      try await body()
    } catch {
      _ = try? await run(end)
      throw error
    }
    try await run(end)
  }
}
