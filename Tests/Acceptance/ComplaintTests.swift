import Foundation
import PostgreSQL
import TestSupport
import Testing

/// Situations in which extracts of today's tools lose records, stop, or say nothing; `docs/complaints.md` lists them all.
///
/// The names begin with what users saw, and end with what they see here.
@Suite("What users of the peers complain about", .serialized, .timeLimit(.minutes(10)))
struct ComplaintTests {
  /// Small pages, and one API whatever the size.
  enum Method: CaseIterable {
    case bulk, rest

    var settings: String {
      ComplaintTests.settings(
        "restBelowRows: \(self == .bulk ? 0 : 1_000_000), pageRows: 1000, partitionRows: 20000, maxFailures: 4")
    }
  }

  private static func settings(_ sync: String) -> String {
    TestCluster.quick.replacing("sync: { pageRows: 10000, partitionRows: 20000,", with: "sync: { \(sync),")
  }

  // MARK: Silent loss and silent success

  @Test(
    "QUERY_TIMEOUT: 0 rows read, sync reported as success: here it is Failed with the org's words, and can be retried")
  func queryTimeout() async throws {
    let cluster = try await TestCluster(records: 1000, objects: "{ users: {} }", settings: Method.bulk.settings)
    try await cluster.cause(#"[{"kind":"jobFailed","path":"FROM User"}]"#)
    let (status, text) = try await cluster.run("run", ["--once"])
    #expect(status == 1, "\(text.suffix(3000))")
    let shown = try await cluster.run("status").text
    #expect(shown.contains("Failed") && !shown.contains("Last Synced"), "\(shown)")
    #expect(shown.contains("could not process the query"), "\(shown)")
    try await cluster.forgetFaults()
    let retried = try await cluster.run("dead-letters", ["retry", "--all"])
    #expect(retried.status == 0, "\(retried.text)")
    try await cluster.syncOnce()
    try await cluster.expectEqualToOrg()
  }

  @Test(
    "a full sync stops at 14,900 of 49,000: here short pages and many pages are all read", arguments: Method.allCases)
  func stopsEarly(method: Method) async throws {
    let cluster = try await TestCluster(
      records: 1000, org: ["--activities", "49000"], objects: "{ custom: [Multichannel_Activity_vod__c] }",
      settings: method.settings)
    try await cluster.post("settings", #"{"shortPages": true}"#)
    try await cluster.syncOnce()
    #expect(try await cluster.number("select count(*) from copy.multichannel_activity_vod__c") > 40_000)
    try await cluster.post("settings", #"{"shortPages": false}"#)
    try await cluster.expectEqualToOrg()
  }

  @Test("records with the CreatedDate of others that were synced before are not synced: here they are")
  func equalCreatedDate() async throws {
    let cluster = try await TestCluster.copied(1000, objects: "{ personAccounts: {} }")
    let created = "veeva_created_date = '2026-01-05T10:00:00Z'"
    for round in 1...2 {
      try await cluster.change(
        #"[{"op":"insert","object":"Account","count":5,"set":{"CreatedDate":"2026-01-05T10:00:00.000Z"}}]"#)
      try await cluster.syncOnce()
      #expect(try await cluster.number("select count(*) from copy.person where \(created)") == Int64(5 * round))
    }
    try await cluster.expectEqualToOrg()
  }

  @Test("a second full refresh makes duplicates: here a first copy over existing rows leaves one of each")
  func duplicates() async throws {
    let cluster = try await TestCluster.copied(2000, settings: Method.bulk.settings)
    let before = try await cluster.number("select count(*) from copy.person")
    // Nothing is remembered of the first copy.
    try await cluster.database.execute("drop schema crmsync cascade")
    try await cluster.change(#"[{"op":"update","object":"Account","sample":5,"seed":1,"set":{"FirstName":"Again"}}]"#)
    try await cluster.syncOnce()
    #expect(try await cluster.number("select count(*) from copy.person") == before)
    #expect(try await cluster.number("select count(*) from copy.person where first_name = 'Again'") >= 1)
    try await cluster.expectEqualToOrg()
  }

  @Test("hard-deleted records never leave: here verify finds them, and --repair flags persons and removes calls")
  func hardDeletes() async throws {
    let cluster = try await TestCluster.copied(1000, objects: "{ personAccounts: {}, calls: {} }")
    let calls = try await cluster.number("select count(*) from copy.call")
    try await cluster.change(
      """
      [{"op":"purge","object":"Call2_vod__c","where":"CreatedDate >= 2026-09-01T00:00:00Z","sample":3,"seed":1},
       {"op":"purge","object":"Account","where":"RecordType.DeveloperName = 'Professional_vod'","sample":5,"seed":1}]
      """)
    try await cluster.syncOnce()
    let flagged = "select count(*) from copy.person where veeva_is_deleted"
    // No delta shows what is in no answer any more.
    #expect(try await cluster.number(flagged) == 0)
    #expect(try await cluster.number("select count(*) from copy.call") == calls)
    let found = try await cluster.run("verify", [cluster.tenant])
    #expect(found.status == 1, "\(found.text)")
    let repaired = try await cluster.run("verify", [cluster.tenant, "--repair"])
    #expect(repaired.status == 0, "\(repaired.text)")
    #expect(try await cluster.number(flagged) == 5)
    #expect(try await cluster.number("select count(*) from copy.call") <= calls - 3)
    #expect(try await cluster.run("verify", [cluster.tenant]).status == 0)
  }

  // MARK: Limits and sessions

  @Test("daily quota reached: sleeps or fails: here the tenant waits, says so, and goes on by itself the next day")
  func dailyQuota() async throws {
    let cluster = try await TestCluster(
      records: 60_000, org: ["--api-daily-limit", "20"], settings: Method.rest.settings)
    let child = try cluster.start("run")
    try await cluster.wait("the tenant to wait") {
      let text = try await cluster.run("status").text
      return text.contains("Waiting") && text.contains("used up") && !text.contains("Failed")
    }
    try await cluster.post("limits", #"{"used": 0, "limit": 100000}"#)
    // A used-up allowance is left alone for a minute at a time.
    try await cluster.waitUntilSynced(within: .seconds(180))
    child.signal(15)
    #expect(try await child.waitForExit(within: .seconds(30)) == 0)
    #expect(try await cluster.number("select sum(failures) from crmsync.job") == 0)
    try await cluster.expectEqualToOrg()
  }

  @Test("10,000 bulk jobs in 24 h end in an unclear error: here the object waits with the reason; nothing has failed")
  func bulkJobLimit() async throws {
    let cluster = try await TestCluster(records: 1000, objects: "{ users: {} }", settings: Method.bulk.settings)
    // The org's answer past 10,000 query jobs is the one for requests.
    try await cluster.cause(#"[{"kind":"requestLimit","method":"POST","path":"/jobs/query","count":1}]"#)
    let child = try cluster.start("run")
    try await cluster.wait("the tenant to wait") {
      let text = try await cluster.run("status").text
      return text.contains("Waiting") && text.contains("requests of the last 24 hours are used up")
    }
    #expect(try await !cluster.run("status").text.contains("Failed"))
    #expect(try await cluster.number("select coalesce(sum(failures), 0) from crmsync.job") == 0)
    child.signal(15)
    #expect(try await child.waitForExit(within: .seconds(30)) == 0)
  }

  @Test("a large sync fails midway with INVALID_AUTH_HEADER: here a dead login is renewed and the page is read again")
  func expiredToken() async throws {
    let cluster = try await TestCluster(
      records: 10_000, objects: "{ personAccounts: {} }", settings: Method.bulk.settings)
    try await cluster.cause(#"[{"kind":"expireSessions","path":"/results","after":2,"count":4}]"#)
    try await cluster.syncOnce()
    #expect(try await cluster.faults().contains("\"fired\":4"))
    try await cluster.expectEqualToOrg()
  }

  @Test(
    "bulk jobs are started anew after a restart: here those at work in the org are waited for, and no other is made")
  func resumedBulkJob() async throws {
    let cluster = try await TestCluster(
      records: 1000, org: ["--job-delay-ms", "3000"], objects: "{ users: {} }", settings: Method.bulk.settings)
    let killed = try cluster.start("run")
    try await cluster.wait("the bulk job to be recorded") {
      guard try await cluster.number("select count(*) from pg_class where oid = to_regclass('crmsync.job')") > 0 else {
        return false
      }
      return try await cluster.number("select count(*) from crmsync.job where position ->> 'bulkJob' is not null") == 1
    }
    try await killed.kill9()
    try await cluster.syncOnce()
    #expect(try await cluster.requests(to: "POST jobs/query") == 1)
    try await cluster.expectEqualToOrg()
  }

  // MARK: Wide objects, new fields, memory

  @Test("hundreds of fields: 414 and 431 by REST: here wide objects are read in bulk, in the copy and in deltas")
  func wideObjects() async throws {
    let cluster = try await TestCluster.copied(
      500, org: ["--wide-accounts"], objects: "{ personAccounts: {} }", settings: Method.rest.settings)
    try await cluster.change(
      """
      [{"op":"update","object":"Account","where":"RecordType.DeveloperName = 'Professional_vod'","sample":3,"seed":1,
        "set":{"FirstName":"Wide"}}]
      """)
    try await cluster.syncOnce()
    #expect(try await cluster.number("select count(*) from copy.person where first_name = 'Wide'") == 3)
    #expect(try await cluster.number("select count(*) from crmsync.job where method <> 'bulk'") == 0)
    #expect(try await cluster.number("select count(distinct cycle) from crmsync.job") == 2)
    try await cluster.expectEqualToOrg()
  }

  @Test("new custom fields are missing from deltas until a restart: here the process that runs adds and fills them")
  func newFieldWithoutRestart() async throws {
    let cluster = try await TestCluster(
      records: 500, objects: "{ personAccounts: {} }", settings: Self.settings("pause: 0s, pageRows: 1000"))
    let child = try cluster.start("run")
    try await cluster.waitUntilSynced()
    try await cluster.change(
      #"[{"op":"addField","object":"Account","field":"Tier__c","type":"string","length":20,"values":["A"],"nulls":0}]"#)
    try await cluster.wait("the field in every row") {
      try await cluster.number("select count(*) from copy.person p where to_jsonb(p) ->> 'tier__c' = 'A'") == 500
    }
    try await cluster.change(#"[{"op":"update","object":"Account","set":{"Tier__c":"B"}}]"#)
    try await cluster.wait("its change in every row") {
      try await cluster.number("select count(*) from copy.person where tier__c = 'B'") == 500
    }
    child.signal(15)
    #expect(try await child.waitForExit(within: .seconds(30)) == 0)
  }

  @Test("the whole result is held in memory: here the peak for 200,000 rows is about that for 20,000")
  func memory() async throws {
    var peaks: [Int] = []
    for users in [20_000, 200_000] {
      let cluster = try await TestCluster(
        records: 100, org: ["--users", "\(users)"], objects: "{ users: {} }",
        settings: Self.settings("restBelowRows: 0, pageRows: 10000, partitionRows: 20000"))
      peaks.append(try await cluster.peakKilobytes("run", ["--once"]))
      #expect(try await cluster.number("select count(*) from copy.salesperson") == Int64(users))
    }
    print("peak kilobytes of a copy of 20,000 and of 200,000 rows: \(peaks)")
    #expect(peaks[1] < peaks[0] + 24 << 10, "kilobytes for 20,000 and 200,000 rows: \(peaks)")
  }
}

extension TestCluster {
  /// Makes the org well again.
  fileprivate func forgetFaults() async throws {
    let child = try Child("curl", "/usr/bin/env", ["curl", "-sf", "-X", "DELETE", orgURL + "/simulator/faults"])
    guard try await child.waitForExit() == 0 else { throw Unexpected("the org keeps its faults") }
  }

  /// How often an endpoint was called, in the org's words for it.
  fileprivate func requests(to endpoint: String) async throws -> Int {
    struct Requests: Decodable { let endpoints: [String: Int] }
    let child = try Child("curl", "/usr/bin/env", ["curl", "-sf", orgURL + "/simulator/requests"])
    _ = try await child.waitForExit()
    return try JSONDecoder().decode(Requests.self, from: Data(child.text.utf8)).endpoints[endpoint] ?? 0
  }

  /// Runs a verb to its end.
  /// - Returns: the most memory that it has held at once, as the kernel counts it.
  fileprivate func peakKilobytes(_ verb: String, _ arguments: [String]) async throws -> Int {
    let script = """
      import resource, subprocess, sys
      status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
      print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
      sys.exit(status)
      """
    let child = try Child(
      verb, "/usr/bin/env", ["python3", "-c", script, environment.binary, verb] + arguments,
      environment: ["CRMSYNC_CONFIG": configuration])
    guard try await child.waitForExit(within: .seconds(240)) == 0 else {
      throw Unexpected("\(verb) failed: \(child.text.suffix(1000))")
    }
    guard let line = child.text.split(separator: "\n").last(where: { $0.hasPrefix("peak ") }),
      let peak = Int(line.dropFirst(5))
    else { throw Unexpected("no peak of \(verb): \(child.text.suffix(1000))") }
    return peak
  }
}
