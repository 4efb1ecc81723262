import Foundation
import PostgreSQL
import TestSupport
import Testing

/// `crmsync verify`: finds exactly what differs, mends it on request, and removes nothing that may only be hidden.
@Suite("Verify", .serialized, .timeLimit(.minutes(10)))
struct VerifyTests {
  private static let objects = "{ personAccounts: {}, users: {}, calls: {}, callKeyMessages: {} }"

  /// What `--json` prints, as far as these tests look at it.
  private struct Report: Decodable {
    let object: String
    let tables: [Table]
    let apiCalls: Int
    let repair: Repair?

    struct Table: Decodable {
      let table: String
      let sourceRows: Int
      let destinationRows: Int
      let missing: Int
      let extra: Int
      let different: Int
      let rejected: Int
      let inMotion: Int
      let ignored: Int
      let examples: [String]
    }
    struct Repair: Decodable {
      let stored: Int
      let refusal: String?
      let resolvedRejects: Int
    }
  }

  /// Runs `verify --json`.
  private func verify(_ cluster: TestCluster, _ arguments: [String] = []) async throws -> (
    status: Int32, objects: [Report], tables: [String: Report.Table]
  ) {
    let (status, text) = try await cluster.run("verify", [cluster.tenant, "--json"] + arguments)
    // The log is in between, a line of JSON each.
    let report = text.split(separator: "\n").filter { !$0.hasPrefix("{\"level\"") }.joined(separator: "\n")
    let objects: [Report]
    do {
      objects = try JSONDecoder().decode([Report].self, from: Data(report.utf8))
    } catch {
      throw Unexpected("no report, but: \(text.suffix(2000))")
    }
    let tables = Dictionary(objects.flatMap(\.tables).map { ($0.table, $0) }, uniquingKeysWith: { first, _ in first })
    return (status, objects, tables)
  }

  private func copied(_ records: Int, org: [String] = [], objects: String = Self.objects) async throws -> TestCluster {
    let cluster = try await TestCluster(records: records, org: org, objects: objects)
    let (status, text) = try await cluster.run("run", ["--once"])
    guard status == 0 else { throw Unexpected("the copy failed:\n\(text.suffix(2000))") }
    return cluster
  }

  /// `count` rows that the org has never had.
  private func addRows(_ count: Int, to table: String, of cluster: TestCluster) async throws {
    try await cluster.database.execute(
      """
      insert into copy.\(table) (veeva_id, veeva_system_modstamp)
      select 'zzz' || lpad(number::text, 12, '0') || 'AAA', now() from generate_series(1, \(count)) number
      """)
  }

  @Test("rows that are gone, old, of the future or added are found, exactly those; --repair mends them")
  func findsAndMends() async throws {
    let cluster = try await copied(6000)
    let clean = try await verify(cluster, ["--all-columns"])
    #expect(clean.status == 0 && clean.tables.count == 5)
    try await cluster.database.execute(
      """
      delete from copy.person where veeva_id in (select veeva_id from copy.person order by veeva_id limit 3);
      update copy.person set veeva_system_modstamp = '2000-01-01' where veeva_id in
        (select veeva_id from copy.person order by veeva_id offset 3000 limit 2);
      update copy.company set veeva_system_modstamp = '2099-01-01' where veeva_id in
        (select veeva_id from copy.company order by veeva_id offset 5000 limit 1);
      delete from copy.call_key_message where veeva_id in
        (select veeva_id from copy.call_key_message order by veeva_id desc limit 4);
      """)
    try await addRows(2, to: "person", of: cluster)
    try await addRows(5, to: "call", of: cluster)
    let found = try await verify(cluster)
    #expect(found.status == 1)
    let person = try #require(found.tables["person"])
    #expect(person.missing == 3 && person.different == 2 && person.extra == 2 && person.inMotion == 0)
    #expect(person.examples.count == 5)
    let company = try #require(found.tables["company"])
    #expect(company.missing == 0 && company.different == 1 && company.extra == 0)
    #expect(found.tables["call"]?.extra == 5 && found.tables["call"]?.missing == 0)
    #expect(found.tables["call_key_message"]?.missing == 4)
    #expect(found.tables["salesperson"].map { $0.missing + $0.extra + $0.different } == 0)

    let repaired = try await verify(cluster, ["--repair"])
    #expect(repaired.status == 0, "\(repaired.objects)")
    #expect(repaired.objects.first { $0.object == "Account" }?.repair?.stored == 6)
    #expect(try await cluster.number("select count(*) from copy.person where veeva_is_deleted") == 2)
    #expect(try await cluster.number("select count(*) from copy.call where veeva_id like 'zzz%'") == 0)
    let after = try await verify(cluster, ["--all-columns"])
    #expect(after.status == 0 && after.tables["person"]?.ignored == 2 && after.tables["company"]?.ignored == 0)
    try await cluster.database.execute("delete from copy.person where veeva_is_deleted")
    try await cluster.expectEqualToOrg()
  }

  @Test("altered values are seen with --all-columns, and mended")
  func alteredValues() async throws {
    let cluster = try await copied(3000, objects: "{ personAccounts: {} }")
    try await cluster.database.execute(
      """
      update copy.person set last_name = last_name || '!' where veeva_id in
        (select veeva_id from copy.person order by veeva_id limit 2);
      update copy.company set company = null where veeva_id in
        (select veeva_id from copy.company order by veeva_id desc limit 1);
      """)
    #expect(try await verify(cluster).status == 0, "ids and stamps are as they were")
    let found = try await verify(cluster, ["--all-columns"])
    #expect(found.status == 1)
    #expect(found.tables["person"]?.different == 2 && found.tables["company"]?.different == 1)
    #expect(try await verify(cluster, ["--all-columns", "--repair"]).status == 0)
    try await cluster.expectEqualToOrg()
  }

  @Test("calls that the org shows as deleted are removed, accounts are flagged, and what comes back is unflagged")
  func deletedInOrg() async throws {
    let cluster = try await copied(3000)
    for (object, table) in [("Call2_vod__c", "call"), ("Account", "person")] {
      let ids = try await deleted(object, cluster)
      #expect(ids.count == 3)
      for id in ids {
        try await cluster.database.execute(
          "insert into copy.\(table) (veeva_id, veeva_system_modstamp) values ('\(id)', '2020-01-01')")
      }
    }
    try await cluster.database.execute(
      """
      update copy.company set veeva_is_deleted = true where veeva_id in
        (select veeva_id from copy.company order by veeva_id limit 2)
      """)
    let found = try await verify(cluster)
    #expect(found.status == 1)
    #expect(found.tables["call"]?.extra == 3 && found.tables["person"]?.extra == 3)
    #expect(found.tables["company"]?.different == 2)
    #expect(try await verify(cluster, ["--repair"]).status == 0)
    #expect(try await cluster.number("select count(*) from copy.person where veeva_is_deleted") == 3)
    #expect(try await cluster.number("select count(*) from copy.company where veeva_is_deleted") == 0)
    #expect(try await verify(cluster, ["--all-columns"]).status == 0)
  }

  /// Ids of some records in the org's recycle bin.
  private func deleted(_ object: String, _ cluster: TestCluster) async throws -> [String] {
    let script = """
      import json, sys, urllib.parse, urllib.request
      org, name = sys.argv[1:]
      form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": "crmsync-client",
                                     "client_secret": "crmsync-secret"}).encode()
      token = json.load(urllib.request.urlopen(org + "/services/oauth2/token", form))["access_token"]
      query = urllib.parse.quote(f"SELECT Id FROM {name} WHERE IsDeleted = true LIMIT 3")
      call = urllib.request.Request(f"{org}/services/data/v62.0/queryAll?q={query}",
                                    headers={"Authorization": "Bearer " + token})
      print("\\n".join(record["Id"] for record in json.load(urllib.request.urlopen(call))["records"]))
      """
    let child = try Child("deleted ids", "/usr/bin/env", ["python3", "-c", script, cluster.orgURL, object])
    guard try await child.waitForExit() == 0 else { throw Unexpected(child.text) }
    return child.text.split(separator: "\n").map(String.init)
  }

  @Test("an object that the sync user no longer sees is named, and its rows stay, even with --force")
  func hidden() async throws {
    let cluster = try await copied(1000, objects: "{ calls: {} }")
    let rows = try await cluster.number("select count(*) from copy.call")
    try await cluster.tell("profile", #"{"hiddenObjects": ["Call2_vod__c"], "hiddenFields": [], "readOnlyFields": []}"#)
    let (status, text) = try await cluster.run("verify", [cluster.tenant, "--repair", "--force"])
    #expect(status == 1 && text.contains("Call2_vod__c") && text.contains("cannot see"), "\(text.suffix(500))")
    #expect(try await cluster.number("select count(*) from copy.call") == rows)
  }

  @Test("where the org says nothing of a fifth of a table's rows, they stay and it is said why; --force removes them")
  func collapse() async throws {
    let cluster = try await copied(1000, objects: "{ calls: {} }")
    let rows = try await cluster.number("select count(*) from copy.call")
    let added = rows / 3
    try await addRows(Int(added), to: "call", of: cluster)
    try await cluster.database.execute(
      "delete from copy.call where veeva_id in (select veeva_id from copy.call order by veeva_id limit 2)")
    let refused = try await verify(cluster, ["--repair"])
    #expect(refused.status == 1)
    #expect(refused.objects.first?.repair?.refusal?.contains("--force") == true)
    #expect(try await cluster.number("select count(*) from copy.call") == rows + added, "the rest was mended")
    #expect(try await verify(cluster, ["--repair", "--force"]).status == 0)
    #expect(try await cluster.number("select count(*) from copy.call") == rows)
  }

  @Test("what has changed in the org since the verification began is in motion, and no difference")
  func inMotion() async throws {
    let cluster = try await copied(1000, objects: "{ personAccounts: {} }")
    try await cluster.database.execute(
      "delete from copy.person where veeva_id in (select veeva_id from copy.person order by veeva_id limit 2)")
    // Every stamp of the org is later than its clock now.
    try await cluster.tell("clock", #"{"setSeconds": 1000000000}"#)
    let found = try await verify(cluster)
    #expect(found.status == 0)
    #expect(found.tables["person"]?.inMotion == 2 && found.tables["person"]?.missing == 0)
  }

  @Test("rejected records are told from missing ones; a repair leaves them, and what else differs is mended")
  func rejects() async throws {
    let cluster = try await copied(5000, org: ["--bad-values-every", "500"], objects: "{ personAccounts: {} }")
    let rejected = try await cluster.number("select count(*) from crmsync.reject")
    #expect(rejected > 0)
    try await cluster.database.execute(
      "delete from copy.person where veeva_id in (select veeva_id from copy.person order by veeva_id limit 1)")
    // A record that was refused by mistake: it can be stored.
    try await cluster.database.execute(
      """
      with gone as (
        delete from copy.company where veeva_id in (select veeva_id from copy.company order by veeva_id desc limit 1)
        returning veeva_id)
      insert into crmsync.reject (tenant, object, record_id, expected, reason, job)
      select '\(cluster.tenant)', 'Account', veeva_id, 'date', 'test', 0 from gone
      """)
    let found = try await verify(cluster)
    #expect(found.status == 1)
    #expect(found.tables["person"]?.missing == 1 && found.tables["company"]?.missing == 0)
    #expect(found.tables["person"].map { Int64($0.rejected) } == rejected + 1)
    let repaired = try await verify(cluster, ["--repair"])
    #expect(repaired.status == 0 && repaired.objects.first?.repair?.resolvedRejects == 1)
    #expect(try await cluster.number("select count(*) from crmsync.reject where state = 'open'") == rejected)
    #expect(try await cluster.number("select count(*) from copy.company") == 5000 - rejected)
  }

  @Test("few API calls: to compare, to find a few rows, and to mend a table in which everything differs")
  func fewCalls() async throws {
    let cluster = try await copied(30_000, objects: "{ personAccounts: {} }")
    let clean = try await verify(cluster)
    #expect(clean.status == 0)
    // The clock, the count, a bulk job of one page.
    #expect(clean.objects.map(\.apiCalls).reduce(0, +) <= 12)
    try await cluster.database.execute(
      """
      delete from copy.person where veeva_id in
        (select veeva_id from (select veeva_id, row_number() over (order by veeva_id) as n from copy.person) p
         where n % 3000 = 0)
      """)
    let few = try await verify(cluster)
    #expect(few.tables["person"]?.missing == 10)
    #expect(few.objects.map(\.apiCalls).reduce(0, +) <= 24)
    try await cluster.database.execute("update copy.person set veeva_system_modstamp = '2000-01-01'")
    let all = try await verify(cluster, ["--repair"])
    #expect(all.status == 0 && all.tables["person"]?.different == 29_990 && all.tables["person"]?.missing == 10)
    #expect(all.objects.map(\.apiCalls).reduce(0, +) <= 60, "30,000 records by hundreds would be 300 calls")
    try await cluster.expectEqualToOrg()
  }

  @Test("a result page that breaks off goes on where it did: nothing is counted twice or left out")
  func brokenPage() async throws {
    let cluster = try await copied(30_000, objects: "{ personAccounts: {} }")
    try await cluster.cause(#"[{"kind":"cutBody","path":"/results","bytes":150000,"count":2}]"#)
    let found = try await verify(cluster)
    #expect(found.status == 0 && found.tables["person"]?.sourceRows == 30_000)
    let fired = try await cluster.faults()
    #expect(fired.contains("\"fired\":2"), "\(fired)")
  }

  @Test("memory does not grow with the table: the peak for 200,000 rows is about that for 20,000")
  func memory() async throws {
    var peaks: [Int] = []
    for users in [20_000, 200_000] {
      let cluster = try await copied(100, org: ["--users", "\(users)"], objects: "{ users: {} }")
      let script = """
        import resource, subprocess, sys
        status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
        print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        sys.exit(status)
        """
      let child = try Child(
        "verify", "/usr/bin/env",
        ["python3", "-c", script, cluster.environment.binary, "verify", cluster.tenant],
        environment: ["CRMSYNC_CONFIG": cluster.configuration])
      #expect(try await child.waitForExit(within: .seconds(120)) == 0, "\(child.text.suffix(1000))")
      let line = child.text.split(separator: "\n").last { $0.hasPrefix("peak ") }
      peaks.append(try #require(line.flatMap { Int($0.dropFirst(5)) }))
    }
    print("peak kilobytes of verify for 20,000 and 200,000 rows: \(peaks)")
    #expect(peaks[1] < peaks[0] + 10 << 10, "kilobytes for 20,000 and 200,000 rows: \(peaks)")
  }
}
