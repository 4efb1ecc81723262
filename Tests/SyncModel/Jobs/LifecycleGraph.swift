import SyncModel

/// All that can become of a job, found by applying every event to every job that events lead to.
struct LifecycleGraph {
  /// One way from a state to another.
  struct Edge: Hashable, CustomStringConvertible {
    let from: JobState
    let event: String
    let to: JobState

    var description: String { "\(from) --> \(to): \(event)" }
  }

  /// A job that can come about, without counters that only grow.
  struct Node: Hashable {
    let state: JobState
    let method: ExtractMethod
    let hasExtract: Bool
    let hasPages: Bool
    let mayExist: Bool
    let failures: Int
    let vanished: Int

    init(_ job: Job) {
      state = job.state
      method = job.method
      hasExtract = job.position.bulkJob != nil
      hasPages = job.position.pages > 0
      mayExist = job.position.mayExist
      failures = min(job.failures, 2)
      vanished = job.vanished
    }
  }

  static let now = Instant(seconds: 1_000_000)
  private(set) var edges: Set<Edge> = []
  private(set) var nodes: [Node: Job] = [:]
  private(set) var next: [Node: Set<Node>] = [:]

  init() {
    var open: [Job] = []
    for method in [ExtractMethod.bulk, .rest] { open.append(Job(id: 1, method: method, dueAt: Self.now)) }
    for job in open { nodes[Node(job)] = job }
    while let job = open.popLast() {
      for event in Self.events(for: job) {
        var after = job
        guard JobLifecycle.apply(event, to: &after, now: Self.now) else { continue }
        edges.insert(Edge(from: job.state, event: Self.name(event), to: after.state))
        after.dueAt = Self.now
        if after.leaseUntil != nil { after.leaseUntil = Instant(seconds: 999_999) }
        next[Node(job), default: []].insert(Node(after))
        if nodes.updateValue(after, forKey: Node(after)) == nil { open.append(after) }
      }
    }
  }

  /// Every event as it could happen to a job, with the numbers that fit it and with numbers that do not.
  static func events(for job: Job) -> [JobEvent] {
    var page = job.position
    page.pages += 1
    if page.bulkJob != nil { page.locator = "l" } else { page.lastID = "001000000000001" }
    let decisions: [RetryDecision] = [.retry(after: .zero), .deadLetter]
    var events: [JobEvent] = [
      .extractCreated(bulkJob: "750"), .extractCompleted(bulkJob: "750"), .extractCompleted(bulkJob: "751"),
      .refusedByBulk, .dispatched, .messageLost(dispatch: job.dispatch), .messageLost(dispatch: job.dispatch - 1),
      .claimed(lease: .seconds(60)), .retried, .discarded,
    ]
    for token in [job.token, job.token - 1] {
      events += [
        .renewed(token: token, lease: .seconds(60)), .pageCommitted(token: token, position: page, lease: .seconds(60)),
        .finished(token: token), .handedBack(token: token, after: .zero), .interrupted(token: token, after: .zero),
        .leaseExpired(token: token),
      ]
      events += decisions.map { .failed(token: token, retry: $0) }
      events += decisions.map { .extractLost(token: token, retry: $0) }
    }
    return events + decisions.map { .extractFailed(retry: $0) }
  }

  /// An event's name: a new one must be named here and put among the events above.
  static func name(_ event: JobEvent) -> String {
    switch event {
    case .extractCreated: "extractCreated"
    case .extractCompleted: "extractCompleted"
    case .extractFailed: "extractFailed"
    case .refusedByBulk: "refusedByBulk"
    case .dispatched: "dispatched"
    case .messageLost: "messageLost"
    case .claimed: "claimed"
    case .renewed: "renewed"
    case .pageCommitted: "pageCommitted"
    case .finished: "finished"
    case .handedBack: "handedBack"
    case .interrupted: "interrupted"
    case .failed: "failed"
    case .extractLost: "extractLost"
    case .leaseExpired: "leaseExpired"
    case .retried: "retried"
    case .discarded: "discarded"
    }
  }
}
