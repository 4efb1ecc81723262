import NIOConcurrencyHelpers

/// What clients of the API have written, in order, so that tests can tell whether anything was written twice.
final class UpdateLog: Sendable {
  /// What comes later is counted no more: a test that writes so much looks at something else.
  private static let most = 100_000

  private let records = NIOLockedValueBox<[WrittenRecord]>([])

  func note(_ record: WrittenRecord) {
    records.withLockedValue { if $0.count < Self.most { $0.append(record) } }
  }

  var report: JSONValue {
    .array(
      records.withLockedValue { $0 }.map { record in
        let set = record.values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }
        return .object([
          ("object", .string(orNull: record.object)), ("id", .string(orNull: record.id)), ("set", .object(set)),
        ])
      })
  }
}
