import Checkpoints
import JobQueue
import Logging
import PostgresDestination
import SyncModel
import Tenants

/// The leader's loop that publishes a tenant's changes and then forgets them.
///
/// Nothing is forgotten before its confirm, so an event is published at least once; after a crash or a change of the
/// lead it may come again, with the same id. Events of one record are published one after the other, others at once.
struct EventRelay: Sendable {
  let tenant: String
  let outbox: any EventOutbox
  let publish: @Sendable (PublishedEvent) async throws -> Void
  /// Throws ``LeadershipLost`` once another coordinator leads.
  let checkLead: @Sendable () async throws -> Void
  /// Raised when there may be something to publish.
  let woken: WorkSignal
  let logger: Logger

  /// Events read and published at once: bounds the memory that they take.
  static let batch = 256
  /// Longest wait between two looks.
  private static let slowestPoll = Duration.seconds(1)

  /// Relays until the lead is lost.
  func run() async {
    let backoff = Backoff(first: .seconds(1), longest: .seconds(30))
    var failures = 0
    while !Task.isCancelled {
      var wait = Self.slowestPoll
      do {
        if try await relay() == Self.batch { wait = .zero }
        failures = 0
      } catch is LeadershipLost {
        return
      } catch is CancellationError {
        return
      } catch {
        wait = backoff.delay(attempt: failures, chance: Double.random(in: 0..<1))
        failures += 1
        logger.error(
          "cannot publish events", metadata: ["tenant": "\(tenant)", "error": "\(error)", "next": "\(wait)"])
      }
      if wait > .zero { await woken.wait(atMost: wait) }
    }
  }

  /// Publishes the oldest events, and forgets those that the broker has confirmed.
  /// - Returns: how many there were.
  /// - Throws: why some could not be published; the others are forgotten all the same.
  func relay() async throws -> Int {
    let events = try await outbox.unpublished(limit: Self.batch)
    guard !events.isEmpty else { return 0 }
    try await checkLead()
    let (confirmed, error) = await publish(events)
    if !confirmed.isEmpty { try await outbox.forget(confirmed) }
    if let error { throw error }
    return events.count
  }

  /// Publishes events, those of one record in order: what follows one that failed waits for its next turn.
  private func publish(_ events: [ChangeEvent]) async -> (confirmed: [ChangeEvent], error: (any Error)?) {
    await withTaskGroup(of: ([ChangeEvent], (any Error)?).self) { group in
      for sequence in Self.byRecord(events) {
        group.addTask {
          var confirmed: [ChangeEvent] = []
          do {
            for event in sequence {
              try await publish(PublishedEvent(event, tenant: tenant))
              confirmed.append(event)
            }
          } catch {
            return (confirmed, error)
          }
          return (confirmed, nil)
        }
      }
      return await group.reduce(into: ([], nil)) { all, part in
        all.0 += part.0
        all.1 = all.1 ?? part.1
      }
    }
  }

  /// The events of each record, in their order.
  private static func byRecord(_ events: [ChangeEvent]) -> [[ChangeEvent]] {
    struct Record: Hashable {
      let entity: String
      let id: String
    }
    return Array(Dictionary(grouping: events) { Record(entity: $0.entity, id: $0.recordID) }.values)
  }
}

extension EventRelay {
  /// The relay of a tenant, for as long as a leader leads.
  init(
    _ tenant: Tenant, leader: LeaderStamp, checkpoints: CheckpointStore, publisher: EventPublisher,
    woken: WorkSignal, logger: Logger
  ) {
    self.init(
      tenant: tenant.name, outbox: DestinationOutbox(tenant: tenant), publish: { try await publisher.publish($0) },
      checkLead: { try await checkpoints.confirmLead(leader) }, woken: woken, logger: logger)
  }
}

extension PublishedEvent {
  /// What subscribers see of a change.
  init(_ event: ChangeEvent, tenant: String) {
    self.init(
      id: event.eventID, tenant: tenant, entity: event.entity, kind: Kind(event.kind), recordID: event.recordID,
      systemModstamp: event.stamp, recordedAt: event.recordedAt, before: event.before, after: event.after)
  }
}

extension PublishedEvent.Kind {
  init(_ kind: ChangeEvent.Kind) {
    switch kind {
    case .added: self = .added
    case .updated: self = .updated
    case .removed: self = .removed
    }
  }
}
