import SyncModel
import TestSupport
import Testing

@Suite("The window of a delta")
struct DeltaWindowTests {
  @Test("windows follow each other without a gap, each reaching back by the overlap, in whole seconds")
  func chain() {
    var chance = Chance.fresh()
    for _ in 0..<2000 {
      let overlap = Duration.seconds(60 + chance.below(3600))
      let lag = Duration.seconds(chance.below(600))
      var now = Instant(milliseconds: 1_700_000_000_000 + Int64(chance.below(1_000_000)))
      var watermark = now
      for _ in 0..<5 {
        now = now.advanced(by: .milliseconds(chance.below(400_000)))
        let window = DeltaWindow.next(watermark: watermark, now: now, overlap: overlap, lag: lag)
        let present = now.advanced(by: .zero - lag)
        #expect(window.from <= min(watermark, present).advanced(by: .zero - overlap))
        #expect(window.from > min(watermark, present).advanced(by: .zero - overlap - .seconds(2)))
        #expect(window.to >= max(watermark, present).advanced(by: .zero - .seconds(1)))
        #expect(window.to <= max(watermark, present))
        #expect(window.from.milliseconds % 1000 == 0 && window.to.milliseconds % 1000 == 0)
        watermark = window.to
      }
    }
  }

  @Test(
    "while the source's clock stands still, or was set back, it ends at the watermark and reaches back from the clock")
  func setBack() {
    let watermark = Instant(seconds: 1_700_000_000)
    for seconds in [-3600, -1, 0, 9, 10] {
      let now = watermark.advanced(by: .seconds(seconds))
      let window = DeltaWindow.next(watermark: watermark, now: now, overlap: .seconds(900), lag: .seconds(10))
      #expect(window.to == watermark)
      #expect(window.from == now.advanced(by: .seconds(-910)))
    }
  }

  @Test("moments before 1970 are rounded down as well")
  func early() {
    let window = DeltaWindow.next(
      watermark: Instant(milliseconds: -5500), now: Instant(milliseconds: -500), overlap: .seconds(1), lag: .zero)
    #expect(window == DeltaWindow(from: Instant(seconds: -7), to: Instant(seconds: -1)))
  }

  @Test("its conditions take the lower bound in and leave the upper one out")
  func conditions() {
    let window = DeltaWindow(from: Instant(seconds: 0), to: Instant(seconds: 86_400))
    #expect(
      window.conditions == ["SystemModstamp >= 1970-01-01T00:00:00Z", "SystemModstamp < 1970-01-02T00:00:00Z"])
  }
}
