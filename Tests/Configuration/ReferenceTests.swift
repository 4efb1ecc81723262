import Foundation
import Testing

@testable import SyncConfiguration

@Suite("The reference of the configuration")
struct ReferenceTests {
  private let file = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../docs/configuration.md").standardized

  @Test("docs/configuration.md holds the table of all keys")
  func documented() throws {
    let (begin, end) = ("<!-- keys: begin -->\n", "<!-- keys: end -->")
    var text = try String(contentsOf: file, encoding: .utf8)
    let from = try #require(text.range(of: begin)).upperBound
    let to = try #require(text.range(of: end)).lowerBound
    if ProcessInfo.processInfo.environment["CRMSYNC_TEST_WRITE_DOCS"] != nil {
      text.replaceSubrange(from..<to, with: "\n" + ConfigurationReference.markdown + "\n")
      try text.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    #expect(
      text[from..<to] == "\n" + ConfigurationReference.markdown + "\n",
      "run the tests once with CRMSYNC_TEST_WRITE_DOCS=1, which writes the table")
  }

  @Test("every key has a type, a meaning and a path of its own")
  func complete() {
    let keys = ConfigurationReference.keys
    #expect(keys.count > 60)
    #expect(Set(keys.map(\.path)).count == keys.count)
    #expect(keys.allSatisfy { !$0.type.isEmpty && !$0.meaning.isEmpty })
    #expect(keys.contains { $0.path == "sync.pause" && $0.defaultValue == "`5m`" })
    #expect(keys.contains { $0.path == "tenants.NAME.veeva.auth.clientSecretFile" })
    #expect(keys.contains { $0.path == "tenants.NAME.objects.custom[].name" })
  }

  @Test("the examples of docs/configuration.md load")
  func examples() throws {
    let text = try String(contentsOf: file, encoding: .utf8)
    let blocks = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
    #expect(!blocks.isEmpty)
    for block in blocks {
      _ = try Configuration.parse(
        block,
        environment: [
          "RABBITMQ_PASSWORD": "a", "POSTGRES_PASSWORD": "b", "ACME_VEEVA_SECRET": "c", "ACME_MARKETO_SECRET": "d",
        ])
    }
  }
}
