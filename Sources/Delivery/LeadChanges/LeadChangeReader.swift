public import Marketo
public import SyncModel

/// Reads what marketers change in Marketo, page by page, into the mirror.
///
/// Any number of processes may read at once: a page counts for the one that takes it in first. A crash anywhere leads to
/// the page being read again.
public struct LeadChangeReader: Sendable {
  private let client: MarketoClient
  private let store: LeadChangeStore
  /// Where a test lets a process die: after a page was read, before it is taken in.
  var afterPage: @Sendable () async throws -> Void = {}

  /// A reader.
  public init(client: MarketoClient, store: LeadChangeStore) {
    self.client = client
    self.store = store
  }

  /// Reads to the feed's end.
  ///
  /// The first time it only notes where the feed is: what was changed before is not told.
  /// - Parameter rejected: told of values that the mirror's columns cannot hold, once their page is taken in.
  public func read(
    isStopping: @Sendable () -> Bool = { false },
    rejected: @Sendable ([Reject]) async throws -> Void = { _ in }
  ) async throws -> LeadChangeSummary {
    var total = LeadChangeSummary()
    guard !store.fields.isEmpty else { return total }
    while !isStopping() {
      let token = try await token()
      let asked = try await store.now()
      let page = try await client.leadChanges(from: token, fields: store.fields.map(\.field.name))
      try await afterPage()
      let changes = try await changes(page.records)
      // A page without a next one would be read for ever.
      let next = page.next ?? token
      let isLast = !page.hasMore || page.next == nil
      guard let summary = try await store.take(changes, from: token, next: next, readAt: isLast ? asked : nil) else {
        continue
      }
      if !summary.rejects.isEmpty { try await rejected(summary.rejects) }
      total += summary
      if isLast { break }
    }
    return total
  }

  private func token() async throws -> String {
    if let token = try await store.token() { return token }
    try await store.begin(at: try await client.pagingToken(since: try await store.now().formatted))
    // Somebody else may have been quicker.
    return try await store.token() ?? ""
  }

  /// The changes of persons, in the feed's order. Leads that are no persons of the mirror are nobody's concern here.
  private func changes(_ entries: [MarketoLeadChange]) async throws -> [PersonChange] {
    let entries = entries.filter { !$0.values.isEmpty }
    let persons = try await persons(Array(Set(entries.map(\.leadID))).sorted())
    return entries.flatMap { entry -> [PersonChange] in
      guard let person = persons[entry.leadID], let date = Instant(feed: entry.date) else { return [] }
      return entry.values.map {
        PersonChange(
          personID: person, field: $0.name, guid: entry.guid, date: date, old: $0.oldValue, new: $0.newValue)
      }
    }
  }

  private func persons(_ leads: [Int]) async throws -> [Int: String] {
    guard !leads.isEmpty else { return [:] }
    var persons = try await store.persons(ofLeads: leads)
    let unknown = leads.filter { persons[$0] == nil }
    guard !unknown.isEmpty else { return persons }
    var found: [Int: String] = [:]
    for start in stride(from: 0, to: unknown.count, by: MarketoClient.recordsPerCall) {
      let part = unknown[start..<min(unknown.count, start + MarketoClient.recordsPerCall)]
      var next: String?
      repeat {
        let page = try await client.query(
          .lead, by: "id", part.map(String.init), fields: ["id", DeliveryEntity.leadKey], next: next)
        for record in page.records {
          if let id = record["id"]?.whole, let key = record[DeliveryEntity.leadKey]?.text { found[id] = key }
        }
        next = page.hasMore ? page.next : nil
      } while next != nil
    }
    try await store.note(found)
    persons.merge(found) { $1 }
    return persons
  }
}
