import AMQP
import JobQueue
import PostgreSQL

/// The same work without the product: bare statements on a table of the same shape, with as many rows, connections and
/// transactions, and bare messages of the same size through a queue of the same kind. Comes after ``ProductRun``, whose
/// table and queue it needs.
struct BareRun {
  private let setup: Setup
  private let pool: PostgresPool
  private let publisher: AMQPPublisher
  private let puller: AMQPPuller

  init(_ setup: Setup) {
    self.setup = setup
    pool = PostgresPool(setup.database, size: Setup.slots)
    publisher = AMQPPublisher(setup.broker)
    puller = AMQPPuller(setup.broker)
  }

  func run() async throws -> Timings {
    let timings = Timings(jobs: setup.jobs)
    let (jobs, batches) = (setup.jobs, setup.batches(of: setup.jobs))
    try await pool.withConnection { db in
      _ = try await db.execute("create table crmsync.bare (like crmsync.job including all)")
    }
    try await timings.time("record") { try await insert(jobs) }
    try await publisher.connect()
    try await puller.connect()
    for batch in batches {
      let ids = batch.map { Int64($0 + 1) }
      try await timings.time("dispatch") { try await markQueued(ids) }
      try await timings.time("publish") { try await publish(ids) }
      let taken = try await timings.time("take") { try await take(ids.count) }
      _ = try await timings.time("claim") { try await bySlots(ids, markLeased) }
      _ = try await timings.time("checkpoint") { try await bySlots(ids, markDone) }
      try await timings.time("acknowledge") { for delivery in taken { try await puller.acknowledge(delivery) } }
    }
    return timings
  }

  private func insert(_ jobs: Int) async throws {
    try await pool.withConnection { db in
      try await db.transaction { db in
        for begin in stride(from: 0, to: jobs, by: 1000) {
          _ = try db.query(
            """
            insert into crmsync.bare (tenant, object, cycle, lane, method, mapping_version, state, range_from, range_to)
            select 'bench', 'User', 1, 'initial', 'rest', 1, 'runnable', lpad(n::text, 15, '0'),
              lpad((n + 1)::text, 15, '0')
            from generate_series($1::bigint, $2::bigint) n
            """, [.int(Int64(begin)), .int(Int64(min(begin + 1000, jobs) - 1))])
        }
      }
    }
  }

  private func markQueued(_ ids: [Int64]) async throws {
    try await pool.withConnection { db in
      _ = try await db.query(
        """
        update crmsync.bare set state = 'queued', dispatch = dispatch + 1, queued_at = clock_timestamp()
        where id between $1 and $2
        """, [.int(ids.first ?? 0), .int(ids.last ?? 0)])
    }
  }

  private var markLeased: @Sendable (Int64) async throws -> Void {
    { [pool] id in
      try await pool.withConnection { db in
        _ = try await db.query(
          """
          update crmsync.bare set state = 'leased', token = token + 1, worker = 'bench',
            lease_until = clock_timestamp() + interval '60 seconds'
          where id = $1
          """, [.int(id)])
      }
    }
  }

  private var markDone: @Sendable (Int64) async throws -> Void {
    { [pool] id in
      try await pool.withConnection { db in
        try await db.transaction { db in
          _ = try db.query(
            """
            update crmsync.bare set state = 'done', position = '{"pages": 1, "mayExist": false}', rows_committed = 1,
              lease_until = null, first_page_at = now(), last_page_at = clock_timestamp()
            where id = $1
            """, [.int(id)])
        }
      }
    }
  }

  private func publish(_ ids: [Int64]) async throws {
    let queue = JobTopology.queue(tenant: Setup.tenant, lane: .initial)
    try await withThrowingDiscardingTaskGroup { [publisher] group in
      for id in ids {
        group.addTask {
          let body = try JobMessage(job: id, tenant: Setup.tenant, object: "User", lane: .initial, dispatch: 1)
            .encoded()
          try await publisher.publish(AMQPMessage(body), exchange: JobTopology.exchange, routingKey: queue)
        }
      }
    }
  }

  private func take(_ count: Int) async throws -> [AMQPDelivery] {
    let queue = JobTopology.queue(tenant: Setup.tenant, lane: .initial)
    var taken: [AMQPDelivery] = []
    while taken.count < count, let delivery = try await puller.get(queue) { taken.append(delivery) }
    return taken
  }
}
