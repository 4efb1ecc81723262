import Foundation
import TestSupport
import Testing

@testable import SyncConfiguration

@Suite("Values")
struct ValueTests {
  @Test("durations are a whole number and a unit")
  func durations() {
    #expect(DurationText.read("500ms") == .milliseconds(500))
    #expect(DurationText.read("5s") == .seconds(5))
    #expect(DurationText.read("5m") == .seconds(300))
    #expect(DurationText.read("2h") == .seconds(7200))
    #expect(DurationText.read("7d") == .seconds(604_800))
    for text in ["", "5", "s", "5 s", "-5s", "5S", "1.5h", "1h30m", "٣s", "5_s", "999999999999999d", "5\u{0}s"] {
      #expect(DurationText.read(text) == nil, "\(text)")
    }
  }

  @Test("byte counts are a whole number and a binary unit")
  func bytes() {
    #expect(ByteCountText.read("64MiB") == 64 << 20)
    #expect(ByteCountText.read("1_024") == 1024)
    for text in ["", "MiB", "1MB", "1.5MiB", "999999999999999GiB", "1 KiB"] { #expect(ByteCountText.read(text) == nil) }
  }

  @Test("what is written reads as the same value")
  func roundTrip() {
    var chance = Chance.fresh()
    for _ in 0..<2000 {
      let number = Int.random(in: 0...1 << Int.random(in: 0...40, using: &chance), using: &chance)
      #expect(DurationText.read(DurationText.write(.milliseconds(number))) == .milliseconds(number))
      #expect(ByteCountText.read(ByteCountText.write(number)) == number)
    }
  }

  @Test("variables are replaced, defaults apply to what is unset or empty, and a double dollar is one")
  func interpolation() {
    let environment = ["A": "x${B}", "EMPTY": "", "B": "$$"]
    func expand(_ text: String) -> String? {
      let result = Interpolation.expand(text, environment: environment)
      return result.complaints.isEmpty ? result.value : nil
    }
    #expect(expand("<${A}>") == "<x${B}>")
    #expect(expand("${A}${B}") == "x${B}$$")
    #expect(expand("${NONE:-d:-e}") == "d:-e")
    #expect(expand("${NONE:-}") == "")
    #expect(expand("${EMPTY:-d}") == "d")
    #expect(expand("${EMPTY}") == "")
    #expect(expand("$${A} $ $A 5$") == "${A} $ $A 5$")
    for text in ["${NONE}", "${", "${}", "${A B}", "${1A}", "${A:-${B}}", "${A-d}"] { #expect(expand(text) == nil) }
  }

  @Test("a value of the environment never becomes structure")
  func noInjection() {
    let found = problems(
      in: Sample.yaml(top: "log: { level: '${LEVEL}' }"), environment: ["LEVEL": "info }\nworker: { slots: 1"])
    #expect(found.map(\.path) == ["log.level"])
  }

  @Test("a URL gives up its password and keeps the rest")
  func urls() throws {
    let url = try #require(ServerURL("amqps://us%40er:p%2F%40w@Broker.example:5671/v%2Fh?heartbeat=20"))
    #expect(url.text == "amqps://us%40er@Broker.example:5671/v%2Fh?heartbeat=20")
    #expect(url.password?.reveal() == "p/@w")
    #expect(ServerURL("postgresql://a,b:6432/d?x=1&password=q%25")?.text == "postgresql://a,b:6432/d?x=1")
    #expect(ServerURL("postgresql://a,b:6432/d?x=1&password=q%25")?.password?.reveal() == "q%")
    #expect(ServerURL("amqp://u:@[::1]:1/")?.password == nil)
    #expect(ServerURL("amqp://u:@[::1]:1/")?.isLoopback == true)
    for text in ["", "h", "a:b", "amqp://h:0", "amqp://h:x", "amqp://u@v@h", "amqp://h h", "amqp://[::1", "a://h:%"] {
      #expect(ServerURL(text) == nil, "\(text)")
    }
  }

  @Test("only this machine's addresses are loopback")
  func loopback() {
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]"] {
      #expect(ServerURL("http://\(host):1")?.isLoopback == true, "\(host)")
    }
    for host in ["127.0.0.1.example.com", "localhost.example", "128.0.0.1", "127.0.0", "127.0.0.256", "veeva"] {
      #expect(ServerURL("http://\(host)")?.isLoopback == false, "\(host)")
    }
  }

  @Test("edit distance is a distance")
  func editDistance() {
    var chance = Chance.fresh()
    func word() -> [Unicode.Scalar] {
      (0..<Int.random(in: 0...6, using: &chance)).map { _ in ["a", "b", "c"].randomElement(using: &chance) ?? "a" }
    }
    for _ in 0..<3000 {
      let (one, other) = (word(), word())
      let distance = NearestName.distance(one, other)
      #expect(distance == NearestName.distance(other, one))
      #expect((distance == 0) == (one == other))
      #expect(distance >= abs(one.count - other.count) && distance <= max(one.count, other.count))
    }
    #expect(NearestName.distance(Array("puase".unicodeScalars), Array("pause".unicodeScalars)) == 1)
  }
}
