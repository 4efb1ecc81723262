import Testing

@Suite("Planted bugs")
struct PlantedBugTests {
  private static let most: UInt64 = 10_000

  @Test(
    "a planted bug is caught within 10,000 schedules, by the invariant it breaks",
    arguments: Defect.allCases.dropFirst())
  func caught(_ defect: Defect) {
    for seed in 0..<Self.most {
      do {
        try Schedule.run(seed: seed, defect: defect)
      } catch {
        print("\(defect): caught by schedule \(seed + 1): \(error)")
        #expect(defect.breaks.contains(error.invariant), "\(Schedule.story(seed: seed, defect: defect))")
        return
      }
    }
    Issue.record("\(defect) was not caught")
  }

  @Test("each invariant is broken by some planted bug")
  func everyInvariantWorks() {
    #expect(Set(Defect.allCases.flatMap(\.breaks)) == Set(Invariant.allCases))
  }
}
