/// What an endpoint has to say.
enum MarketoAnswer: Sendable {
  /// The common envelope, HTTP 200 (reference 3.1).
  case envelope(Envelope)
  /// A file, as the failures and warnings of an import.
  case file([UInt8])

  struct Envelope: Sendable {
    var result: [JSONValue]?
    var nextPageToken: String?
    var moreResult: Bool?
  }

  static func result(_ result: [JSONValue]) -> MarketoAnswer { .envelope(Envelope(result: result)) }

  static func page(_ result: [JSONValue], next: String?, more: Bool) -> MarketoAnswer {
    .envelope(Envelope(result: result, nextPageToken: next, moreResult: more))
  }
}

/// How answers deviate from the plain form, by fault (reference 15).
struct WireQuirks: Sendable {
  /// Codes of errors are numbers.
  var numericCodes = false
  /// Members that no document names.
  var extraMembers = false
  /// Results that carry `seq` come in reverse.
  var reversed = false
}

/// Writes envelopes.
struct EnvelopeWriter: Sendable {
  let requestID: String
  let quirks: WireQuirks

  func response(_ answer: MarketoAnswer) -> WireResponse {
    switch answer {
    case .file(let bytes): return WireResponse(headers: [("Content-Type", "text/csv")], body: .bytes(bytes))
    case .envelope(let envelope):
      var members = head(success: true)
      if let result = envelope.result { members.append(("result", .array(result))) }
      if let token = envelope.nextPageToken { members.append(("nextPageToken", .string(token))) }
      if let more = envelope.moreResult { members.append(("moreResult", .bool(more))) }
      return WireResponse(json: .object(members))
    }
  }

  func response(_ reason: MarketoReason) -> WireResponse {
    if let status = reason.httpStatus {
      let page = "<html><body><h1>\(status) \(reason.message)</h1></body></html>"
      return WireResponse(status: status, headers: [("Content-Type", "text/html")], body: .bytes(Array(page.utf8)))
    }
    return WireResponse(
      json: .object(head(success: false) + [("errors", .array([reason.json(numeric: quirks.numericCodes)]))]))
  }

  private func head(success: Bool) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [("requestId", .string(requestID)), ("success", .bool(success))]
    if quirks.extraMembers {
      members.append(("simulatedExtra", .object([("nested", .array([.int(1), .null]))])))
      members.append(
        ("warnings", .array([.object([("code", .int(7)), ("message", .string("for your information"))])])))
    }
    return members
  }
}
