public import AMQP

/// Whether crmsync could work with a broker: tried out, not guessed.
public struct TopologyCheck: Sendable {
  private let configuration: AMQPConfiguration
  private let tenants: [String]
  private let patience: Duration

  /// A check of the queues of some tenants.
  /// - Parameter patience: how long to wait for the confirm of a message.
  public init(_ configuration: AMQPConfiguration, tenants: [String], patience: Duration = .seconds(10)) {
    self.configuration = configuration
    self.tenants = tenants
    self.patience = patience
  }

  /// Connects, declares the queues, sends a message through the exchange of jobs to a queue of its own and takes it
  /// off again.
  /// - Returns: what a person should know although all of it works.
  public func run() async throws(QueueError) -> [String] {
    let publisher = AMQPPublisher(configuration, timeout: patience)
    do {
      let notes = try await run(on: publisher)
      await publisher.close()
      return notes
    } catch {
      await publisher.close()
      throw error
    }
  }

  private func run(on publisher: AMQPPublisher) async throws(QueueError) -> [String] {
    try await publisher.connect()
    if let refusal = try await JobTopology.declare(on: publisher, tenants: tenants).first { throw refusal }
    let queue = "crmsync.v1.check.\(UInt64.random(in: .min ... .max))"
    try await publisher.declareTemporaryQueue(queue, boundTo: JobTopology.exchange, routingKey: queue)
    let body = Array("check".utf8)
    try await publisher.publish(AMQPMessage(body), exchange: JobTopology.exchange, routingKey: queue)
    guard try await publisher.take(from: queue) == body else {
      throw QueueError(
        kind: .channelClosed, what: "a message that was confirmed is not on its queue",
        broker: configuration.description)
    }
    var notes: [String] = []
    if let warning = configuration.warning { notes.append(warning) }
    if let dead = try await publisher.depth(of: JobTopology.deadQueue), dead.ready > 0 {
      notes.append("\(dead.ready) messages that no worker could read wait on \(JobTopology.deadQueue)")
    }
    return notes
  }
}
