/// A change of a record as subscribers see it: a CloudEvent.
public struct PublishedEvent: Sendable, Equatable {
  /// What happened to the record.
  public enum Kind: String, Sendable, CaseIterable {
    case added, updated, removed
  }

  /// The same whenever the event is published again.
  public var id: String
  public var tenant: String
  /// What the record is on the marketing side: the name of its table.
  public var entity: String
  public var kind: Kind
  /// The 18-character id of the record.
  public var recordID: String
  /// The record's `SystemModstamp` after the change, as RFC 3339 has moments.
  public var systemModstamp: String
  /// When the change was written to the destination, as RFC 3339 has moments.
  public var recordedAt: String
  /// The fields before and after as JSON objects, which are passed on as they are; `nil` where there is no such row.
  public var before: String?
  public var after: String?

  /// An event.
  public init(
    id: String, tenant: String, entity: String, kind: Kind, recordID: String, systemModstamp: String,
    recordedAt: String, before: String?, after: String?
  ) {
    self.id = id
    self.tenant = tenant
    self.entity = entity
    self.kind = kind
    self.recordID = recordID
    self.systemModstamp = systemModstamp
    self.recordedAt = recordedAt
    self.before = before
    self.after = after
  }

  /// CloudEvents 1.0, JSON event format: the type of an event in structured mode.
  static let contentType = "application/cloudevents+json"

  /// `<tenant>.<entity>.<kind>`, each a word of its own. 255 bytes at most, which is AMQP's limit.
  var routingKey: String {
    "\(RoutingKey.word(tenant, longest: 60)).\(RoutingKey.word(entity, longest: 180)).\(kind.rawValue)"
  }

  /// The event as CloudEvents' JSON format has it.
  var body: [UInt8] {
    var json = JSONObjectWriter()
    json.text("specversion", "1.0")
    json.text("id", id)
    json.text("source", "crmsync/\(RoutingKey.word(tenant, longest: 60))")
    json.text("type", "crmsync.\(entity).\(kind.rawValue)")
    json.text("subject", recordID)
    json.text("time", recordedAt)
    json.text("datacontenttype", "application/json")
    var data = JSONObjectWriter()
    data.json("before", before ?? "null")
    data.json("after", after ?? "null")
    data.text("systemModstamp", systemModstamp)
    json.json("data", data.closed())
    return json.closed()
  }
}

/// Words of the keys by which a topic exchange routes.
enum RoutingKey {
  /// A text as one word, which no binding takes for several or for a pattern: bytes other than letters, digits, `_`
  /// and `-` are percent-encoded. Names of tenants and tables have no others.
  static func word(_ text: String, longest: Int) -> String {
    var word: [UInt8] = []
    for byte in text.utf8 {
      let part = isPlain(byte) ? [byte] : [UInt8(ascii: "%"), hex(byte >> 4), hex(byte & 15)]
      guard word.count + part.count <= longest else { break }
      word += part
    }
    return String(decoding: word, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private static func hex(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
  }
}

/// Writes a JSON object, key by key. Keys need no escaping.
private struct JSONObjectWriter {
  private var bytes = [UInt8(ascii: "{")]

  private mutating func key(_ key: String) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes += Array("\"\(key)\":".utf8)
  }

  /// Adds what is JSON already.
  mutating func json(_ key: String, _ json: some Sequence<UInt8>) {
    self.key(key)
    bytes += json
  }

  mutating func json(_ key: String, _ json: String) { self.json(key, json.utf8) }

  /// Adds a text, escaped as RFC 8259 asks.
  mutating func text(_ key: String, _ text: String) {
    self.key(key)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        bytes += Array("\\u00\(digits.utf8.count < 2 ? "0" : "")\(digits)".utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  consuming func closed() -> [UInt8] {
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }
}
