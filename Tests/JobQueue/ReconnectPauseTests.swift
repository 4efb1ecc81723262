import Testing

@testable import JobQueue

/// How long a broker is left alone.
@Suite("Pauses between attempts to connect")
struct ReconnectPauseTests {
  let now = ContinuousClock.now

  @Test("they double from 0.2 s up to 5 s, however often it fails")
  func doubling() {
    var pause = ReconnectPause()
    let pauses = (0..<100).map { _ in pause.failed(at: now, chance: 1) }
    #expect(
      pauses.prefix(6) == [
        .milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1600),
        .milliseconds(3200), .seconds(5),
      ])
    #expect(pauses.dropFirst(5).allSatisfy { $0 == .seconds(5) })
  }

  @Test("chance spreads them from half to all of it")
  func jitter() {
    for chance in [0, 0.25, 0.5, 1] {
      var pause = ReconnectPause()
      #expect(pause.failed(at: now, chance: chance) == .milliseconds(100 + Int(100 * chance)))
    }
  }

  @Test("one is over when its time has passed, and success ends it")
  func over() {
    var pause = ReconnectPause()
    #expect(pause.isOver(at: now))
    pause.failed(at: now, chance: 1)
    #expect(!pause.isOver(at: now.advanced(by: .milliseconds(199))))
    #expect(pause.isOver(at: now.advanced(by: .milliseconds(200))))
    pause.failed(at: now, chance: 1)
    pause.succeeded()
    #expect(pause.isOver(at: now))
    #expect(pause.failed(at: now, chance: 1) == .milliseconds(200))
  }
}
