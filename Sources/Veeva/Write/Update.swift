import HTTP

extension VeevaClient {
  /// Salesforce: most records of one composite call.
  public static let mostUpdates = 200

  /// Writes records of one object, 200 a call, each for itself: one that is refused keeps no other back.
  ///
  /// Calls are not repeated here. An update that was cut off may have been done; done again, it does no harm.
  /// - Parameters:
  ///   - records: of different ids: a second record of an id in one call is refused with `DUPLICATE_VALUE`.
  ///   - answered: called after each call with what became of its records, so that nothing is forgotten when a later
  ///     call fails.
  /// - Throws: ``VeevaError`` when a call as a whole failed; records that `answered` was not told of may or may not
  ///   have been written.
  public func update(
    _ records: [RecordUpdate], of object: String,
    answered: (_ records: ArraySlice<RecordUpdate>, _ outcomes: [UpdateOutcome]) async throws -> Void
  ) async throws {
    var start = records.startIndex
    while start < records.endIndex {
      let chunk = records[start..<min(records.endIndex, start + Self.mostUpdates)]
      try await answered(chunk, try await updateOnce(chunk, of: object))
      start = chunk.endIndex
    }
  }

  /// Writes records of one object, 200 a call.
  /// - Returns: what became of each, in their order.
  public func update(_ records: [RecordUpdate], of object: String) async throws -> [UpdateOutcome] {
    var all: [UpdateOutcome] = []
    try await update(records, of: object) { all += $1 }
    return all
  }

  private func updateOnce(_ records: ArraySlice<RecordUpdate>, of object: String) async throws -> [UpdateOutcome] {
    let call = Call(
      name: "update", object: object, method: "PATCH", path: path("composite/sobjects"),
      body: UpdateBody(records, object: object).bytes)
    let results = try call.decode([WireResult].self, from: try await send(call).body)
    // Results are told apart by their place alone: a refused record has no id.
    guard results.count == records.count else {
      throw VeevaError(
        code: .malformedAnswer, call: call.name, object: object,
        message: "\(results.count) results for \(records.count) records")
    }
    return results.map(\.outcome)
  }
}

/// A result of `PATCH /composite/sobjects`.
private struct WireResult: Decodable {
  let success: Bool
  let errors: [Entry]?

  struct Entry: Decodable {
    let statusCode: String?
    let message: String?
    let fields: [String]?
  }

  var outcome: UpdateOutcome {
    if success { return .updated }
    let first = errors?.first
    return .refused(
      UpdateRefusal(
        code: first?.statusCode ?? "UNKNOWN_EXCEPTION", message: first?.message ?? "no explanation",
        fields: errors?.flatMap { $0.fields ?? [] } ?? []))
  }
}
