import Foundation
import Operations
import Testing

@Suite("The status as text")
struct StatusTextTests {
  private func lines(_ tenant: String, objects: String = "") throws -> [String] {
    let json = """
      {"version": 1, "errands": [], "objects": [\(objects)], "processes": [], "queues": {},
       "tenants": [{"tenant": "acme", "apiUsed": 0, "apiAllowed": 0, "rejects": 0 \(tenant)}]}
      """
    let status = try JSONDecoder().decode(ClusterStatus.self, from: Data(json.utf8))
    return StatusText(colours: false).lines(status)
  }

  @Test("a wait is told with its reason, and with its length where that is known")
  func waiting() throws {
    let reason = #", "waitingFor": "too many long requests""#
    #expect(try lines(reason).contains("    Waiting: too many long requests; goes on by itself"))
    #expect(
      try lines(reason + #", "waitingSeconds": 4"#).contains(
        "    Waiting 4 s: too many long requests; goes on by itself"))
  }

  @Test("events that wait to be published are counted; none, and a destination that cannot be asked, take no line")
  func unpublishedEvents() throws {
    #expect(try lines(#", "unpublishedEvents": 1234"#).contains("    1,234 events wait to be published"))
    #expect(try lines(#", "unpublishedEvents": 1"#).contains("    1 event waits to be published"))
    let without = try lines("")
    #expect(!without.contains { $0.contains("published") })
    #expect(try lines(#", "unpublishedEvents": 0"#) == without)
  }

  @Test("changes that wait to be written, or were refused, are counted")
  func writeBack() throws {
    #expect(
      try lines(#", "writeBack": {"pending": 1200, "refused": 1, "longestSeconds": 61}"#).filter {
        $0.contains("Veeva")
      } == [
        "    1,200 changes wait to be written to Veeva, the oldest for 1 min 1 s",
        "    1 change was refused by Veeva: crmsync rejects list acme",
      ])
    let without = try lines("")
    #expect(try lines(#", "writeBack": {"pending": 0, "refused": 0}"#) == without)
  }

  @Test("a copied object stays complete while a delta looks for changes")
  func deltaUnderWay() throws {
    func object(isCopied: Bool) throws -> String? {
      let json = """
        {"tenant": "acme", "object": "User", "phase": "copying", "kind": "initial", "isCopied": \(isCopied),
         "rowsExpected": 400, "rowsCommitted": 400, "rowsRejected": 0, "jobs": 1, "jobsDone": 1, "jobsExtracting": 0,
         "jobsRunnable": 0, "jobsQueued": 0, "jobsLeased": 0, "deadLetters": 0, "failures": 0, "interruptions": 0}
        """
      return try lines("", objects: json).first { $0.contains("User") }
    }
    let copied = try #require(try object(isCopied: true))
    #expect(copied.contains("100 % 400 ") && copied.contains("Sync in Progress") && !copied.contains("of 400"))
    #expect(try object(isCopied: false)?.contains(" 99 % 400 of 400") == true)
  }
}
