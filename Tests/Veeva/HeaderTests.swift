import SyncModel
import TestSupport
import Testing

@testable import Veeva

@Suite("Header fields")
struct HeaderTests {
  @Test("the API usage is read, with or without a connected app's own")
  func usage() {
    #expect(LimitInfo(header: "api-usage=18/5000") == LimitInfo(used: 18, allowed: 5000))
    #expect(
      LimitInfo(header: "api-usage=18/5000; per-app-api-usage=17/250(appName=sample)")
        == LimitInfo(used: 18, allowed: 5000))
    #expect(
      LimitInfo(header: "per-app-api-usage=17/250(appName=a;b=c), api-usage=1/2; api-usage=3/4")
        == LimitInfo(used: 3, allowed: 4))
  }

  @Test(
    "what is no usage is none",
    arguments: [
      "", "api-usage", "api-usage=", "api-usage=1", "api-usage=/", "api-usage=a/b", "api-usage=-1/5",
      "api-usage=1/-5", "api-usage=99999999999999999999/1", "api-usage=1/2/3", "API=1/2", ";;;", "=",
    ])
  func noUsage(header: String) { #expect(LimitInfo(header: header) == nil) }

  @Test("any text is a usage or none")
  func usageFuzz() {
    var chance = Chance.fresh()
    let alphabet = Array("api-usage=0123456789/;() é\u{0}٣")
    for _ in 0..<20_000 {
      var text = Array("api-usage=18/5000; per-app-api-usage=17/250(appName=x)")
      for _ in 0...chance.below(8) { text[chance.below(text.count)] = alphabet[chance.below(alphabet.count)] }
      if let usage = LimitInfo(header: String(text.prefix(chance.below(text.count + 1)))) {
        #expect(usage.used >= 0 && usage.allowed >= 0)
      }
    }
  }

  @Test("the server's clock is read")
  func date() {
    #expect(HTTPDate.parse("Sun, 01 Mar 2026 10:15:00 GMT")?.formatted == "2026-03-01T10:15:00Z")
    #expect(HTTPDate.parse("Tue, 29 Feb 2028 23:59:60 GMT")?.formatted == "2028-03-01T00:00:00Z")
  }

  @Test(
    "what is no date is none",
    arguments: [
      "", "Sun, 29 Feb 2026 10:15:00 GMT", "Sun, 01 Mar 2026 24:15:00 GMT", "Sun, 01 Mar 2026 10:15 GMT",
      "Sun, 01 Mar 2026 999999999999999999:15:00 GMT", "Sun, 01 Foo 2026 10:15:00 GMT",
      "Sun, 01 Mar 2026 10:15:00 CET", "Sun, -1 Mar 2026 10:15:00 GMT", "01 Mar 99999 10:15:00 GMT",
    ])
  func noDate(text: String) { #expect(HTTPDate.parse(text) == nil) }

  @Test("Retry-After is read as seconds or as a date by the server's own clock, and bounded")
  func retryAfter() {
    let date = "Sun, 01 Mar 2026 10:15:00 GMT"
    #expect(RetryAfter.read("30", date: nil) == .seconds(30))
    #expect(RetryAfter.read("9223372036854775807", date: nil) == .seconds(3600))
    #expect(RetryAfter.read("Sun, 01 Mar 2026 10:16:30 GMT", date: date) == .seconds(90))
    #expect(RetryAfter.read("Sun, 01 Mar 2026 10:14:30 GMT", date: date) == nil)
    #expect(RetryAfter.read("-1", date: date) == nil)
    #expect(RetryAfter.read("soon", date: date) == nil)
  }

  @Test("form fields and query strings are escaped byte by byte")
  func escaping() {
    #expect(FormBody.escape("a b+c&d=é/%~") == "a%20b%2Bc%26d%3D%C3%A9%2F%25~")
    #expect(FormBody.encode([("a", "1 2"), ("b", "")]) == "a=1%202&b=")
  }
}
