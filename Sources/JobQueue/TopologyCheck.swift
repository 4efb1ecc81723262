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

  /// Deliveries of one message that the check tries. RabbitMQ 4 allows 20, unless a policy says otherwise.
  private static let deliveries = 25

  /// Connects, declares the queues, sends a message through the exchange of jobs to a queue of its own, which the
  /// policies for jobs apply to, and takes it off again.
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
    var notes: [String] = []
    let queue = "crmsync.v1.check.\(UInt64.random(in: .min ... .max))"
    do {
      if let note = try await tryOut(queue, on: publisher) { notes.append(note) }
    } catch {
      try? await publisher.deleteQueue(queue)
      throw error
    }
    try await publisher.deleteQueue(queue)
    if let warning = configuration.warning { notes.append(warning) }
    if let dead = try await publisher.depth(of: JobTopology.deadQueue), dead.ready > 0 {
      notes.append("\(dead.ready) messages that no worker could read wait on \(JobTopology.deadQueue)")
    }
    return notes
  }

  /// Sends a message to a queue like those of jobs, and takes it off again, after it was given back many times.
  private func tryOut(_ queue: String, on publisher: AMQPPublisher) async throws(QueueError) -> String? {
    try await publisher.declareQueue(
      queue, deadLetterExchange: nil, boundTo: JobTopology.exchange, routingKey: queue)
    let body = Array("check".utf8)
    try await publisher.publish(AMQPMessage(body), exchange: JobTopology.exchange, routingKey: queue)
    let puller = AMQPPuller(configuration)
    try await puller.connect()
    let taken: Int
    do {
      taken = try await deliveries(from: queue, to: puller, body)
    } catch {
      await puller.close()
      throw error
    }
    await puller.close()
    guard taken > 0 else {
      throw QueueError(
        kind: .channelClosed, what: "a message that was confirmed is not on its queue",
        broker: configuration.description)
    }
    guard taken < Self.deliveries else { return nil }
    return "the broker gives a message up after \(taken) deliveries, which crmsync counts for itself: set the policy "
      + "{\"delivery-limit\": 1000000} on the queues ^crmsync\\.v1\\."
  }

  /// Takes the message off again and again.
  /// - Returns: how often it could be taken.
  private func deliveries(
    from queue: String, to puller: AMQPPuller, _ body: [UInt8]
  ) async throws(QueueError) -> Int {
    for taken in 0..<Self.deliveries {
      guard let delivery = try await delivery(from: queue, to: puller), delivery.body == body else { return taken }
      if taken + 1 == Self.deliveries {
        try await puller.acknowledge(delivery)
      } else {
        try await puller.reject(delivery, requeue: true)
      }
    }
    return Self.deliveries
  }

  /// A message that was given back is there again in a moment, and not before the broker has taken note.
  private func delivery(from queue: String, to puller: AMQPPuller) async throws(QueueError) -> AMQPDelivery? {
    for attempt in 0..<20 {
      if let delivery = try await puller.get(queue) { return delivery }
      try? await Task.sleep(for: .milliseconds(attempt * 5))
    }
    return nil
  }
}
