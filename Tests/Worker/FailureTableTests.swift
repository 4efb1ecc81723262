import PostgreSQL
import SyncModel
import Tenants
import Testing

@testable import PostgresDestination
@testable import Veeva
@testable import Worker

@Suite("What follows from an error of a job's work")
struct FailureTableTests {
  private func isInterruption(_ error: any Error) -> Bool {
    if case .interrupted = FailureTable.ending(for: error) { return true }
    return false
  }

  private func failure(_ error: any Error) -> FailureKind? {
    if case .failed(let kind, _, _) = FailureTable.ending(for: error) { return kind }
    return nil
  }

  private func postgres(_ sqlState: String?, _ kind: PostgresError.Kind = .query) -> PostgresError {
    PostgresError(kind: kind, message: "planted", sqlState: sqlState)
  }

  private func veeva(_ status: Int, _ body: String, retryAfter: Duration? = nil) -> VeevaError {
    VeevaError(status: status, retryAfter: retryAfter, body: Array(body.utf8), call: "results", object: "Account")
  }

  @Test(
    "a PostgreSQL that is away, ends the session or the transaction, has no connection to spare or no room interrupts",
    arguments: ["08006", "57P01", "57P02", "57P03", "25P03", "53300", "53100", "40001", "40P01"])
  func databaseIsAway(sqlState: String) {
    #expect(isInterruption(postgres(sqlState)))
    #expect(isInterruption(DestinationError.from(postgres(sqlState), schema: "acme", table: "person")))
  }

  @Test("a PostgreSQL that cannot be reached, or refuses the login, interrupts")
  func unreachable() {
    #expect(isInterruption(postgres(nil, .connection)))
    #expect(isInterruption(postgres("28P01", .authentication)))
    #expect(isInterruption(DestinationError.from(postgres("25006"), schema: "acme")), "read-only, as a standby is")
  }

  @Test(
    "a statement that PostgreSQL refuses is a failure",
    arguments: [("53200", FailureKind.transient), ("55P03", .transient), ("22P02", .hopeless), ("42601", .hopeless)])
  func refused(sqlState: String, kind: FailureKind) { #expect(failure(postgres(sqlState)) == kind) }

  @Test("a gateway that answers for an org that is away interrupts", arguments: [420, 429, 502, 503, 504])
  func gateway(status: Int) {
    #expect(isInterruption(veeva(status, "<html><body>away</body></html>")))
    #expect(isInterruption(veeva(status, "")))
  }

  @Test("a lost connection to the org interrupts")
  func lostConnection() {
    #expect(isInterruption(VeevaError(code: .network, call: "results", message: "the connection was cut")))
  }

  @Test("how long the org asks to be left alone is the least that is waited")
  func retryAfter() {
    let ending = FailureTable.ending(for: veeva(503, "", retryAfter: .seconds(90)))
    guard case .interrupted(let atLeast, let reason) = ending else {
      Issue.record("\(ending)")
      return
    }
    #expect(atLeast == .seconds(90) && reason.contains("HTTP 503"))
  }

  @Test("an error that the org gives for this work is a failure")
  func persistent() {
    #expect(failure(veeva(500, #"[{"errorCode":"UNKNOWN_EXCEPTION","message":"gack"}]"#)) == .transient)
    #expect(failure(VeevaError(code: .truncated, call: "results", message: "short")) == .transient)
    #expect(failure(VeevaError(code: .session, call: "results", message: "dead at once")) == .transient)
    #expect(failure(veeva(403, "")) == .hopeless)
    struct Unknown: Error {}
    #expect(failure(Unknown()) == .transient)
  }

  @Test("a worker that is told to stop hands back")
  func cancelled() {
    for error in [CancellationError(), postgres("57014", .cancelled)] as [any Error] {
      guard case .handedBack(.zero, nil) = FailureTable.ending(for: error) else {
        Issue.record("\(error)")
        continue
      }
    }
  }
}
