import PostgreSQL
import TestSupport
import Testing

@Suite("notifications", .timeLimit(.minutes(3)))
struct NotificationTests {
  private let channel = "test_\(UInt64.random(in: 0...UInt64.max))"

  private func withListener(_ body: (PostgresConnection, PostgresConnection) async throws -> Void) async throws {
    try await withConnection { sender in
      try await withConnection { listener in
        try await listener.listen(channel)
        try await body(listener, sender)
      }
    }
  }

  @Test("reach who waits, in order, and those that came before it waited, too")
  func heard() async throws {
    try await withListener { listener, sender in
      let waiting = Task { try await listener.nextNotification(timeout: .seconds(30)) }
      try await sender.execute("notify \(channel), 'first'")
      let first = try await waiting.value
      #expect(first?.channel == channel && first?.payload == "first")
      try await sender.execute("notify \(channel), 'second'; notify \(channel), 'third'")
      #expect(try await listener.nextNotification(timeout: .seconds(30))?.payload == "second")
      #expect(try await listener.nextNotification(timeout: .seconds(30))?.payload == "third")
    }
  }

  @Test("that do not come are waited for as long as was said")
  func timeout() async throws {
    try await withListener { listener, _ async throws in
      let began = ContinuousClock.now
      #expect(try await listener.nextNotification(timeout: .milliseconds(300)) == nil)
      #expect(ContinuousClock.now - began >= .milliseconds(300))
      #expect(try await listener.nextNotification(timeout: .zero) == nil)
    }
  }

  @Test("hold up no other call while they are waited for")
  func othersPass() async throws {
    try await withListener { listener, sender in
      let waiting = Task { try await listener.nextNotification(timeout: .seconds(60)) }
      for _ in 0..<20 { #expect(try await listener.value("1") == "1") }
      // Comes while another call reads from the server.
      let reading = Task { try await listener.execute("select pg_sleep(1)") }
      try await sender.execute("notify \(channel), 'late'")
      _ = try await reading.value
      #expect(try await waiting.value?.payload == "late")
    }
  }

  @Test("are no longer waited for when the task is cancelled, at any instant")
  func cancelled() async throws {
    try await withListener { listener, _ in
      for round in 0..<100 {
        let waiting = Task { try await listener.nextNotification(timeout: .seconds(600)) }
        if round % 2 == 0 { await Task.yield() }
        if round % 5 == 0 { _ = try await listener.value("1") }
        waiting.cancel()
        let heard = try await within(.seconds(10), "the end of round \(round)") { try await waiting.value }
        #expect(heard == nil)
      }
    }
  }

  @Test("are no longer waited for when the connection is closed, or the server ends it")
  func closed() async throws {
    try await withListener { listener, sender in
      for isTerminated in [false, true] {
        let process = try #require(try await listener.value("pg_backend_pid()"))
        let waiting = Task { try await listener.nextNotification(timeout: .seconds(600)) }
        _ = try await listener.value("1")
        if isTerminated {
          _ = try await sender.value("pg_terminate_backend(\(process))")
        } else {
          await listener.close()
        }
        let error = await #expect(throws: PostgresError.self) {
          try await within(.seconds(10), "the listener's end") { try await waiting.value }
        }
        #expect(error?.isConnectionLost == true)
        try await listener.connect()
      }
    }
  }
}
