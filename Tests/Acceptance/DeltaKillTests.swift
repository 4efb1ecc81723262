import PostgreSQL
import Testing

/// Processes killed in the midst of a delta: both sides are equal in the end, and subscribers miss nothing.
@Suite("Killed during a delta", .serialized, .timeLimit(.minutes(15)))
struct DeltaKillTests {
  private struct Copy {
    let cluster: TestCluster
    let reader: EventReader
    var replica: Replica
  }

  /// A copied org in which something of everything has changed since.
  private func changedCopy() async throws -> Copy {
    let cluster = try await TestCluster(records: 3000, objects: "{ personAccounts: {}, calls: {} }")
    let reader = try await EventReader(tenant: cluster.tenant, broker: cluster.environment.rabbitmqURL)
    try await cluster.syncOnce()
    let replica = Replica(try await cluster.records()) { $0 == "tier__c" }
    try await cluster.change(
      """
      [{"op":"update","object":"Account","sample":300,"seed":1,"set":{"FirstName":"Changed"}},
       {"op":"insert","object":"Call2_vod__c","count":5}, {"op":"delete","object":"Call2_vod__c","sample":50,"seed":3}]
      """)
    return Copy(cluster: cluster, reader: reader, replica: replica)
  }

  @Test("worker at", arguments: ["claimed", "page-written", "page-committed", "job-finished"])
  func worker(marker: String) async throws {
    let copy = try await changedCopy()
    let doomed = try copy.cluster.start("worker", haltAt: marker)
    let coordinator = try copy.cluster.start("coordinator")
    try await hurry(copy.cluster)
    try await doomed.waitFor("halted at \(marker)", within: .seconds(120))
    try await doomed.kill9()
    let worker = try copy.cluster.start("worker")
    try await finish(copy, [coordinator, worker], mostPublications: 1)
  }

  @Test("coordinator at", arguments: ["jobs-recorded", "jobs-dispatched", "message-published", "cycle-closed"])
  func coordinator(marker: String) async throws {
    let copy = try await changedCopy()
    let worker = try copy.cluster.start("worker")
    let doomed = try copy.cluster.start("coordinator", haltAt: marker)
    try await hurry(copy.cluster)
    try await doomed.waitFor("halted at \(marker)", within: .seconds(120))
    try await doomed.kill9()
    let coordinator = try copy.cluster.start("coordinator")
    // Its relay may have been in the midst of publishing.
    try await finish(copy, [coordinator, worker], mostPublications: 2)
  }

  @Test("coordinator between altering the tables and keeping the mapping, and the column is filled all the same")
  func newField() async throws {
    let copy = try await changedCopy()
    try await copy.cluster.change(
      #"[{"op":"addField","object":"Account","field":"Tier__c","type":"string","length":20,"values":["A","B"],"nulls":0}]"#
    )
    let worker = try copy.cluster.start("worker")
    let doomed = try copy.cluster.start("coordinator", haltAt: "tables-prepared")
    try await hurry(copy.cluster)
    try await doomed.waitFor("halted at tables-prepared", within: .seconds(120))
    try await doomed.kill9()
    let coordinator = try copy.cluster.start("coordinator")
    let filled = "select count(*) from copy.person where tier__c is not null"
    try await copy.cluster.wait("the column to be filled", within: .seconds(120)) {
      try await copy.cluster.number(filled) == 3000
    }
    try await finish(copy, [coordinator, worker], mostPublications: 2)
  }

  @Test("coordinator while a watermark advances: it stays where it was, and the delta is closed once more")
  func watermark() async throws {
    let copy = try await changedCopy()
    let cluster = copy.cluster
    let watermark = """
      select (extract(epoch from watermark) * 1000)::bigint from crmsync.object_sync where object = 'Account'
      """
    let before = try await cluster.number(watermark)
    let gate = try await Gate(
      cluster,
      after:
        "update of watermark on crmsync.object_sync for each row when (old.watermark is distinct from new.watermark)")
    let worker = try cluster.start("worker")
    let doomed = try cluster.start("coordinator")
    try await hurry(cluster)
    try await gate.waitForArrival()
    try await doomed.kill9()
    try await gate.open()
    #expect(try await cluster.number(watermark) == before)
    let coordinator = try cluster.start("coordinator")
    try await cluster.wait("the watermark to advance", within: .seconds(120)) {
      try await cluster.number(watermark) > before
    }
    try await finish(copy, [coordinator, worker], mostPublications: 2)
  }

  @Test("coordinator between publishing events and forgetting them: none is lost, one that comes again has its id")
  func relay() async throws {
    let copy = try await changedCopy()
    let gate = try await Gate(copy.cluster, after: "delete on copy.crmsync_outbox for each statement")
    let worker = try copy.cluster.start("worker")
    let doomed = try copy.cluster.start("coordinator")
    try await hurry(copy.cluster)
    try await gate.waitForArrival()
    try await doomed.kill9()
    try await gate.open()
    let coordinator = try copy.cluster.start("coordinator")
    try await finish(copy, [coordinator, worker], mostPublications: 2)
  }

  private func hurry(_ cluster: TestCluster) async throws {
    _ = try await cluster.database.execute(
      "update crmsync.object_sync set next_due = clock_timestamp(); notify crmsync_progress")
  }

  /// Lets the delta end, and expects both sides to be equal and the events to lead to the same state.
  /// - Parameter mostPublications: how often one event may have been published.
  private func finish(_ copy: Copy, _ children: [Child], mostPublications: Int) async throws {
    let cluster = copy.cluster
    let open = """
      select (select count(*) from crmsync.cycle where phase not in ('done', 'failed'))
        + (select count(*) from copy.crmsync_outbox)
        + (select count(*) from crmsync.object_sync o where not exists (select from crmsync.cycle c
            where c.tenant = o.tenant and c.object = o.object and c.kind = 'delta' and c.phase = 'done'))
      """
    try await cluster.wait("the deltas to end and their events to be published", within: .seconds(120)) {
      try await cluster.number(open) == 0
    }
    for child in children { child.signal(15) }
    for child in children { #expect(try await child.waitForExit(within: .seconds(60)) == 0) }
    #expect(try await cluster.number("select count(*) from copy.person where first_name = 'Changed'") > 0)
    #expect(try await cluster.number("select sum(failures) from crmsync.job") == 0)
    try await cluster.expectEqualToOrg()
    let events = try await copy.reader.read()
    var replica = copy.replica
    for event in events { replica.apply(event) }
    #expect(replica.contradictions.isEmpty, "\(replica.contradictions.prefix(3))")
    let tables = try await cluster.records()
    #expect(Set(replica.records.keys) == Set(tables.keys))
    let different = tables.filter { key, row in (replica.records[key] ?? [:]).contains { row[$0.key] != $0.value } }
    #expect(different.isEmpty, "\(different.keys.prefix(3))")
    let publications = Dictionary(grouping: events, by: \.id).values.map(\.count).max() ?? 0
    #expect((1...mostPublications).contains(publications))
  }
}
