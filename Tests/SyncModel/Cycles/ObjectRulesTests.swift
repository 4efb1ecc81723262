import SyncModel
import Testing

/// Rules that took a simulation of tens of thousands of worlds to find.
@Suite("The rules of an object's cycles")
struct ObjectRulesTests {
  private var object = ObjectSync(now: Instant(seconds: 0))
  private var now: Int64 = 0

  private mutating func happens(_ event: ObjectEvent) {
    now += 10
    ObjectLifecycle.apply(event, to: &object, now: Instant(seconds: now))
  }

  private mutating func begin(_ cycle: Int64, from: Int64, to: Int64, jobs: Int) {
    happens(.windowDecided(cycle: cycle, DeltaWindow(from: Instant(seconds: from), to: Instant(seconds: to))))
    happens(.recorded(cycle: cycle, jobs: jobs))
  }

  private mutating func close() { happens(.closed(pause: .zero, failurePause: .zero)) }

  /// A copy that began at 1000, and a back-fill as cycle 3 beside the first delta, which is cycle 2.
  private mutating func copyAndFill() {
    happens(.looked)
    begin(1, from: 1000, to: 1000, jobs: 1)
    happens(.schemaRead(isNew: true, asks: .selected))
    happens(.jobDone(cycle: 1))
    close()
    happens(.looked)
  }

  @Test("a back-fill that takes the place of a stopped one begins where that began")
  mutating func stoppedBackfill() {
    copyAndFill()
    begin(2, from: 100, to: 5000, jobs: 0)
    begin(3, from: 2000, to: 2000, jobs: 2)
    happens(.jobDone(cycle: 3))
    close()
    happens(.stopped(cycle: 3, retryAfter: .zero))
    now += 61
    happens(.looked)
    #expect(object.fill?.id != 3)
    begin(object.fill?.id ?? 0, from: 9000, to: 9000, jobs: 1)
    happens(.jobDone(cycle: object.fill?.id ?? 0))
    close()
    #expect(object.watermark == Instant(seconds: 2000))
  }

  @Test("a delta under which a back-fill ended or the mapping changed does not move the watermark")
  mutating func disturbedDelta() {
    copyAndFill()
    begin(2, from: 100, to: 5000, jobs: 1)
    begin(3, from: 2000, to: 2000, jobs: 0)
    close()
    happens(.jobDone(cycle: 2))
    close()
    #expect(object.main?.phase == .done && object.watermark == Instant(seconds: 1000))
    happens(.looked)
    happens(.schemaRead(isNew: true, asks: nil))
    begin(4, from: 100, to: 6000, jobs: 0)
    close()
    #expect(object.main?.phase == .done && object.watermark == Instant(seconds: 1000))
    happens(.looked)
    begin(5, from: 100, to: 7000, jobs: 0)
    close()
    #expect(object.watermark == Instant(seconds: 7000))
  }

  @Test("a first copy that was stopped goes on though its jobs have ended meanwhile")
  mutating func stoppedCopy() {
    happens(.looked)
    begin(1, from: 1000, to: 1000, jobs: 1)
    happens(.stopped(cycle: 1, retryAfter: .zero))
    happens(.jobDone(cycle: 1))
    happens(.looked)
    close()
    #expect(object.copiedAt != nil)
  }
}
