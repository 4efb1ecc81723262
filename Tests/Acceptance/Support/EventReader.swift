import AMQP
import Foundation
import PostgreSQL

/// What a subscriber sees of one change.
struct SeenEvent: Decodable, Sendable {
  struct Content: Decodable, Sendable {
    let before: [String: JSONText]?
    let after: [String: JSONText]?
  }

  let id: String
  let type: String
  let subject: String
  let data: Content

  var kind: Substring { type.split(separator: ".").last ?? "" }
  var entity: String { type.split(separator: ".").dropFirst().dropLast().joined(separator: ".") }
}

/// A JSON value in one spelling, to be compared.
enum JSONText: Decodable, Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Decimal)
  case text(String)
  case list([JSONText])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let number = try? value.decode(Decimal.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else {
      self = .list(try value.decode([JSONText].self))
    }
  }
}

/// A subscriber to everything that a tenant publishes.
struct EventReader: Sendable {
  private let broker: AMQPPublisher
  private let queue: String

  init(tenant: String, broker url: String) async throws {
    broker = AMQPPublisher(try AMQPConfiguration(url: url))
    queue = "events-\(tenant)"
    try await broker.connect()
    try await broker.declareExchange("crmsync.events", type: "topic")
    try await broker.declareTemporaryQueue(queue, boundTo: "crmsync.events", routingKey: "\(tenant).#")
  }

  /// Everything that has arrived since the last look, in order.
  func read() async throws -> [SeenEvent] {
    var events: [SeenEvent] = []
    while let body = try await broker.take(from: queue) {
      events.append(try JSONDecoder().decode(SeenEvent.self, from: Data(body)))
    }
    return events
  }
}

/// The records that a subscriber knows of, by entity and id.
struct Replica {
  struct Record: Hashable {
    let entity: String
    let id: String
  }
  private(set) var records: [Record: [String: JSONText]] = [:]
  private var seen: Set<String> = []
  /// What did not fit what was known before, in words.
  private(set) var contradictions: [String] = []
  /// Columns that a back-fill fills, which raises no events: what a subscriber was told of them may be from before.
  private let isFilled: (String) -> Bool

  /// Starts from what the tables hold.
  init(_ records: [Record: [String: JSONText]], isFilled: @escaping (String) -> Bool) {
    self.isFilled = isFilled
    self.records = records.mapValues { $0.filter { !isFilled($0.key) } }
  }

  /// Applies an event, once however often it comes.
  mutating func apply(_ event: SeenEvent) {
    guard seen.insert(event.id).inserted else { return }
    let record = Record(entity: event.entity, id: event.subject)
    let known = records[record]
    let before = event.data.before?.filter { !isFilled($0.key) }
    let after = event.data.after?.filter { !isFilled($0.key) }
    switch event.kind {
    case "added":
      if known != nil { contradictions.append("\(record) was added twice") }
      records[record] = after
    case "updated":
      if known != before { contradictions.append("\(record): before an update it was \(known ?? [:])") }
      records[record] = after
    case "removed":
      if known == nil { contradictions.append("\(record) was removed, but not there") }
      records[record] = nil
    default: contradictions.append("\(event.type) is no change")
    }
  }
}

extension TestCluster {
  /// What the tables hold of the columns that events carry, flagged rows left out.
  func records() async throws -> [Replica.Record: [String: JSONText]] {
    var records: [Replica.Record: [String: JSONText]] = [:]
    let entities = try await database.query(
      "select entity, array_to_string(event_columns, ',') as columns from copy.crmsync_entity order by 1")
    for entity in entities {
      guard let table = try entity.string("entity"), let columns = try entity.string("columns") else { continue }
      let kept = ["person", "company"].contains(table) ? "where not veeva_is_deleted" : ""
      let list = columns.split(separator: ",").map { "t.\"\($0)\"" }.joined(separator: ", ")
      let rows = try await database.query(
        "select veeva_id, (select to_jsonb(e) from (select \(list)) e)::text as body from copy.\"\(table)\" t \(kept)")
      for row in rows {
        guard let id = try row.string("veeva_id"), let body = try row.string("body") else { continue }
        records[Replica.Record(entity: table, id: id)] = try JSONDecoder().decode(
          [String: JSONText].self, from: Data(body.utf8))
      }
    }
    return records
  }
}
