import SyncModel
import Testing

@Suite("Leads that are known by their email address alone")
struct LeadAdoptionTests {
  private func decide(_ persons: Int = 1, _ leads: (Int, String?)...) -> LeadAdoption {
    LeadAdoption(veevaID: "A1", persons: persons, leads: leads.map { .init(id: $0.0, veevaID: $0.1) })
  }

  @Test("a lead without a Veeva id is adopted by the one person that has its address")
  func adopted() {
    #expect(decide(1, (7, nil)) == .adopt(lead: 7))
    #expect(decide(1, (8, "A9"), (7, nil)) == .adopt(lead: 7))
  }

  @Test("nobody is adopted where there is nothing to adopt, or the person is there already")
  func none() {
    #expect(decide(1) == .none)
    #expect(decide(3, (7, "A9")) == .none)
    #expect(decide(1, (7, "A1"), (8, nil)) == .none)
    #expect(decide(2, (7, "A1")) == .none)
  }

  @Test("several leads of one address, and several persons that share it, are for a person to tell apart")
  func ambiguous() {
    for decision in [decide(1, (7, nil), (8, nil)), decide(2, (7, nil))] {
      guard case .ambiguous(let why) = decision else {
        Issue.record("\(decision)")
        continue
      }
      #expect(why.contains("7"))
    }
  }
}
