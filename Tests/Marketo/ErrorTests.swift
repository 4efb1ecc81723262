import Testing

@testable import Marketo

@Suite("Marketo errors")
struct ErrorTests {
  @Test("each code of a call leads to what has to be done")
  func dispositions() {
    let expected: [(MarketoError.Disposition, [String])] = [
      (.renewToken, ["601", "602"]), (.waitForLimit(.rate), ["606"]), (.waitForLimit(.concurrency), ["615"]),
      (.waitForLimit(.daily), ["607"]), (.waitForLimit(.imports), ["1016", "1019", "1029"]),
      (.retry, ["604", "608", "611", "614", "713", "719", "699", "799"]),
      (
        .hopeless,
        ["600", "603", "605", "609", "610", "612", "613", "616", "701", "703", "704", "709", "1003", "1018", "1026"]
      ),
    ]
    for (disposition, codes) in expected {
      for code in codes { #expect(MarketoError.disposition(code) == disposition, "\(code)") }
    }
    #expect(MarketoError(call: "x", status: 413).disposition == .split)
    #expect(MarketoError(call: "x", status: 502).disposition == .retry)
    #expect(MarketoError(call: "x", status: 401).disposition == .hopeless)
  }

  @Test("the address may be pasted as the Admin page shows it")
  func address() {
    for url in ["https://a.mktorest.com", "https://a.mktorest.com/", "https://a.mktorest.com/rest/"] {
      let credentials = MarketoCredentials(baseURL: url, clientID: "id", clientSecret: "very-secret")
      #expect(credentials.baseURL == "https://a.mktorest.com")
      #expect(!"\(credentials)".contains("very-secret"))
    }
  }

  @Test("a batch takes 300 records, and no more bytes than a call may have")
  func batch() {
    var batch = RecordBatch()
    var taken = 0
    while batch.append(Array("{}".utf8)) { taken += 1 }
    #expect(taken == 300 && batch.count == 300)
    var large = RecordBatch()
    let record = [UInt8](repeating: 0x20, count: 10_000)
    while large.append(record) {}
    #expect((100...104).contains(large.count) && large.body([("action", "createOrUpdate")]).count <= 1 << 20)
  }
}
