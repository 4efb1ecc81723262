import Foundation
import TestSupport
import Testing

@testable import JobQueue

/// What stands on the queue, and what may turn up there.
@Suite("Job messages")
struct MessageTests {
  static let message = JobMessage(
    job: 42, tenant: "acme", object: "Account", lane: .initial, dispatch: 3)

  static func why(_ bytes: [UInt8]) -> String? {
    do {
      _ = try JobMessage(decoding: bytes)
      return nil
    } catch {
      return error.why
    }
  }

  @Test("a message is read as it was written")
  func roundTrip() throws {
    for job in [0, 1, Int64.max, Int64.min] {
      for lane in Lane.allCases {
        let message = JobMessage(job: job, tenant: "a-b_1", object: "Ünï \"c\"", lane: lane, dispatch: job)
        #expect(try JobMessage(decoding: message.encoded()) == message)
      }
    }
  }

  @Test("its form is what releases agree on")
  func form() throws {
    #expect(
      String(decoding: try Self.message.encoded(), as: UTF8.self)
        == #"{"dispatch":3,"job":42,"lane":"initial","object":"Account","tenant":"acme","v":1}"#)
  }

  @Test("an errand's message is read as it was written, and is a job's to a release that knows no errands")
  func errand() throws {
    let message = JobMessage(errand: "delivery", part: 2, tenant: "acme", dispatch: 9)
    #expect(try JobMessage(decoding: message.encoded()) == message)
    #expect(message.lane == .writeback && message.job == 2)
    #expect(
      String(decoding: try message.encoded(), as: UTF8.self)
        == #"{"dispatch":9,"errand":"delivery","job":2,"lane":"writeback","object":"delivery","tenant":"acme","v":1}"#)
  }

  @Test("keys that a later release adds are passed over")
  func unknownKeys() throws {
    let text = #"{"v":1,"job":42,"tenant":"acme","object":"Account","lane":"initial","dispatch":3,"more":{"a":[1]}}"#
    #expect(try JobMessage(decoding: Array(text.utf8)) == Self.message)
  }

  @Test("a newer version is said to be one, whatever its shape")
  func newerVersion() {
    let why = Self.why(Array(#"{"v":2,"jobs":[1,2]}"#.utf8))
    #expect(why?.contains("version 2") == true)
    #expect(why?.contains("newer release") == true)
  }

  @Test(
    "what is no message is refused, without its contents",
    arguments: [
      "", "{", "null", "[]", "42", "\"secret\"", #"{"v":0}"#, #"{"v":-1,"job":1}"#, #"{"v":"1"}"#, #"{"v":1.5}"#,
      #"{"v":1}"#, #"{"v":1,"job":"secret","tenant":"a","object":"b","lane":"initial","dispatch":1}"#,
      #"{"v":1,"job":1,"tenant":"a","object":"b","lane":"secret","dispatch":1}"#,
      #"{"v":1,"job":99999999999999999999,"tenant":"a","object":"b","lane":"initial","dispatch":1}"#,
      #"{"v":99999999999999999999}"#,
    ])
  func unreadable(text: String) {
    let why = Self.why(Array(text.utf8))
    #expect(why != nil && why?.contains("secret") == false)
  }

  @Test("no nesting and no size breaks the reader")
  func extremes() {
    #expect(Self.why(Array(repeating: UInt8(ascii: "["), count: 60_000)) != nil)
    #expect(Self.why(Array((String(repeating: #"{"v":"#, count: 10_000)).utf8)) != nil)
    #expect(Self.why(Array(repeating: UInt8(ascii: " "), count: 10_000_000))?.contains("10000000") == true)
    #expect(Self.why([0xFF, 0xFE, 0x00]) != nil)
  }

  @Test("random and mutated bytes give a message or an error, never a crash")
  func fuzz() throws {
    var random = Chance.fresh()
    let seed = random.seed
    let valid = try Self.message.encoded()
    var readable = 0
    for _ in 0..<20_000 {
      var bytes = valid
      if Int.random(in: 0..<4, using: &random) == 0 {
        bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random)
        }
      }
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(contentsOf: bytes[index...].prefix(9), at: index)
        default: bytes.removeLast(bytes.count - index)
        }
      }
      // What is read can be written, and is then read again as the same.
      guard let message = try? JobMessage(decoding: bytes) else { continue }
      readable += 1
      #expect(try JobMessage(decoding: message.encoded()) == message, "seed \(seed)")
    }
    #expect(readable > 0, "seed \(seed)")
  }
}
