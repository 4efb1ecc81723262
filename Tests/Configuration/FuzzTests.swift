import Foundation
import TestSupport
import Testing

@testable import SyncConfiguration

@Suite("Broken and hostile files")
struct FuzzTests {
  @Test("mutated bytes give an error or a configuration, never a crash or a hang", .timeLimit(.minutes(5)))
  func mutated() {
    let seed = Chance.fresh().seed
    let scale = ProcessInfo.processInfo.environment["CRMSYNC_TEST_SCALE"].flatMap { Int($0) } ?? 1
    let environment = ["A": "1", "B": ": {", "PATH": "/"]
    for round in 0..<(1500 * scale) {
      var chance = Chance(seed: seed &+ UInt64(round))
      var bytes = Array(RandomConfiguration.yaml(&chance).utf8)
      for _ in 0..<Int.random(in: 1...12, using: &chance) { Self.mutate(&bytes, &chance) }
      let text = String(decoding: bytes, as: UTF8.self)
      let begin = ContinuousClock.now
      do {
        let loaded = try Configuration.parse(text, environment: environment)
        #expect(!loaded.tenants.isEmpty)
      } catch {
        #expect(!error.problems.isEmpty, "seed \(seed) round \(round)")
        #expect(!error.description.contains("\u{0}"))
      }
      #expect(ContinuousClock.now - begin < .seconds(5), "seed \(seed) round \(round)")
    }
  }

  private static let bits: [String] = [
    "{", "}", "[", "]", ":", ": ", ",", "\n", "  ", "\t", "- ", "? ", "&a ", "*a", "<<: ", "!!str ", "|\n", ">-\n",
    "\"", "'", "#", "---\n", "...\n", "%YAML 1.2\n", "${A}", "${B:-x}", "${", "$$", "\\x00", "\u{0}", "\u{FEFF}",
    "\u{85}", "\u{2028}", "\"\\ud800\"", "tenants:", "null", "~", "0x1F", "1e999", "é", "😀", "@", "`",
  ]

  private static func mutate(_ bytes: inout [UInt8], _ chance: inout Chance) {
    let at = Int.random(in: 0...bytes.count, using: &chance)
    switch Int.random(in: 0..<5, using: &chance) {
    case 0: bytes.insert(contentsOf: Array((bits.randomElement(using: &chance) ?? "").utf8), at: at)
    case 1: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &chance) }
    case 2: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0...20, using: &chance)))
    case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + Int.random(in: 0...60, using: &chance))], at: at)
    default: bytes.removeSubrange(at...)
    }
  }

  @Test("aliases that would fill the memory are refused before they grow")
  func aliasBomb() {
    for keys in [false, true] {
      var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
      for level in 1..<30 {
        let list = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
        yaml += keys ? "? &a\(level) [\(list)]\n: x\n" : "a\(level): &a\(level) [\(list)]\n"
      }
      #expect(problems(in: yaml + Sample.yaml()).map(\.kind) == [.syntax])
    }
    // An anchor whose comment sign is none, and other line ends than a line feed.
    #expect(!DocumentGuard.accepts("# \u{85}" + String(repeating: "&a *a *a ", count: 60)))
    #expect(DocumentGuard.accepts(String(repeating: "# & and *bold* &a *a ? b\n", count: 20_000)))
  }

  @Test("deep, wide and long files end in time", .timeLimit(.minutes(5)))
  func large() {
    let million = 1 << 20
    let shapes: [(String, String)] = [
      ("deep lists", String(repeating: "[", count: million)),
      ("deep mappings", String(repeating: "{a: ", count: million / 4)),
      ("deep keys", String(repeating: "? ", count: million / 2)),
      ("deep, closed", String(repeating: "[", count: 900) + String(repeating: "]", count: 900)),
      ("many keys", (0..<100_000).map { "k\($0): 1\n" }.joined()),
      ("many tenants", "tenants:\n" + (0..<90_000).map { "  t\($0):\n" }.joined()),
      ("long list", "tenants: { a: { objects: { custom: [" + String(repeating: "a,", count: 500_000) + "] } } }"),
      ("long value", "worker: { slots: " + String(repeating: "1", count: million - 100) + " }"),
      ("long key", String(repeating: "k", count: million - 100) + ": 1"),
      ("dollars", "worker: { slots: \"" + String(repeating: "${A}", count: 200_000) + "\" }"),
      ("nested keys", String(repeating: "? ", count: 200) + "[" + String(repeating: "a,", count: 200_000) + "]"),
      ("quotes", String(repeating: "\"a\"\n", count: 250_000)),
      ("nothing", ""), ("blank", " \n\n"), ("byte order mark", "\u{FEFF}" + Sample.servers),
    ]
    for (name, text) in shapes {
      let begin = ContinuousClock.now
      let found = problems(in: text)
      let duration = ContinuousClock.now - begin
      print("configuration tests: \(name): \(duration), \(found.first?.what ?? "no problem")")
      #expect(!found.isEmpty, "\(name)")
      #expect(duration < .seconds(20), "\(name)")
    }
  }
}
