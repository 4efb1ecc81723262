private struct UsageEntry: Decodable, Sendable {
  let date: String?
  let total: Int?
}

extension MarketoClient {
  /// Calls of today, everybody's. Asking is a call, too.
  public func callsToday() async throws -> Int {
    try await envelope(Call(name: "usage", path: "/rest/v1/stats/usage.json"), of: UsageEntry.self)
      .result?.first?.total ?? 0
  }
}
