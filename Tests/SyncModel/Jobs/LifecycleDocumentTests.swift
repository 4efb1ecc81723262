import Foundation
import SyncModel
import Testing

@Suite("docs/job-life-cycle.md")
struct LifecycleDocumentTests {
  private let document: String

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    document = try String(contentsOf: root.appending(path: "docs/job-life-cycle.md"), encoding: .utf8)
  }

  @Test("the diagram shows exactly the transitions that the rules allow")
  func diagram() throws {
    let drawn = try edges()
    let real = LifecycleGraph().edges
    #expect(real.subtracting(drawn).map(\.description).sorted() == [], "missing in the diagram")
    #expect(drawn.subtracting(real).map(\.description).sorted() == [], "drawn, but impossible")
  }

  @Test("the table of events names every event, and each state has its sentence")
  func tables() {
    let events = Set(LifecycleGraph().edges.map(\.event))
    #expect(cells(of: "Events") == events)
    #expect(cells(of: "States") == Set(JobState.allCases.map(\.rawValue)))
  }

  @Test("the invariants are those that the simulation checks, with their numbers")
  func invariants() {
    let lines = section("Invariants").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| #") && !$0.hasPrefix("| -") }
    #expect(lines == Invariant.allCases.map { "| \($0.rawValue) | \($0.sentence) |" })
  }

  private func edges() throws -> Set<LifecycleGraph.Edge> {
    var edges: Set<LifecycleGraph.Edge> = []
    for line in section("The way of a job") where line.contains("-->") && !line.contains("[*]") {
      let parts = line.split(separator: ":")
      let states = parts[0].replacing("-->", with: " ").split(separator: " ").compactMap { JobState(rawValue: "\($0)") }
      try #require(states.count == 2 && parts.count == 2, "unreadable: \(line)")
      for event in parts[1].split(separator: ",") {
        edges.insert(.init(from: states[0], event: event.trimmingCharacters(in: .whitespaces), to: states[1]))
      }
    }
    return edges
  }

  /// The first cells of a section's table, without their quotes.
  private func cells(of title: String) -> Set<String> {
    let rows = section(title).filter { $0.hasPrefix("| `") }
    return Set(rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) })
  }

  private func section(_ title: String) -> [String] {
    let lines = document.components(separatedBy: "\n")
    guard let start = lines.firstIndex(of: "## \(title)") else { return [] }
    return Array(lines[(start + 1)...].prefix { !$0.hasPrefix("## ") })
  }
}
