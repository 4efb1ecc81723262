/// One call, with what every endpoint asks of it.
struct MarketoContext: Sendable {
  let instance: MarketoInstance
  let call: MarketoCall
  let request: WireRequest
  /// `GET`, also for a POST with `_method=GET`.
  let method: String
  /// Those of the query and, for a POST in place of a GET, of the form.
  let parameters: [String: String]
  /// The JSON of the body.
  let body: JSONValue?
  var quirks = WireQuirks()
  /// Records that fail on purpose, by place.
  var recordFaults: [Int: MarketoReason] = [:]

  var settings: MarketoSettings { instance.settings }
  var now: Int { instance.clock.seconds }

  func parameter(_ name: String) throws(MarketoReason) -> String {
    guard let value = parameters[name], !value.isEmpty else { throw .missing(name) }
    return value
  }

  /// Items of a comma-separated parameter.
  func list(_ name: String) -> [String]? {
    guard let text = parameters[name], !text.isEmpty else { return nil }
    return text.split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
  }

  /// `batchSize`: 300 unless asked for less (reference 2).
  func batchSize() throws(MarketoReason) -> Int {
    guard let text = parameters["batchSize"] ?? body?["batchSize"]?.whole.map(String.init) else { return 300 }
    guard let size = Int(text), size >= 1 else { throw .badValue(text, "integer") }
    return min(300, size)
  }

  /// The records of a sync or delete call.
  func input() throws(MarketoReason) -> [[(String, JSONValue)]] {
    guard let items = body?["input"]?.items else { throw .missing("input") }
    guard !items.isEmpty else { throw .missing("input") }
    guard items.count <= instance.options.recordsPerCall else {
      throw .invalid("Input exceeds the limit of \(instance.options.recordsPerCall) records")
    }
    return try items.map { item throws(MarketoReason) in
      guard let members = item.members else { throw .invalid("A record has to be an object") }
      return members
    }
  }

  /// Where a query goes on, from `nextPageToken`.
  func offset() throws(MarketoReason) -> Int {
    guard let token = parameters["nextPageToken"] ?? body?["nextPageToken"]?.text else { return 0 }
    guard let position = PagingToken.position(token) else { throw .invalid("Invalid nextPageToken") }
    return position
  }

  /// A page of the ids that a query found.
  func page<Element>(of all: [Element]) throws(MarketoReason) -> (page: ArraySlice<Element>, next: String?) {
    let start = min(all.count, try offset())
    let end = min(all.count, start + instance.pageSize(try batchSize()))
    return (all[start..<end], end < all.count ? PagingToken.text(end) : nil)
  }

  func reasons(_ reason: MarketoReason) -> (String, JSONValue) {
    ("reasons", .array([reason.json(numeric: quirks.numericCodes)]))
  }
}
