/// One change of the org, as `POST /simulator/changes` takes it; `AdminEndpoint` has the table of them.
struct ChangeOperation: Decodable, Sendable {
  enum Kind: String, Decodable, Sendable {
    case insert, update, touch, delete, undelete, purge, merge, recordType, addField, removeField, widenField, random
  }

  /// Where the id of a new row lies.
  enum Place: String, Decodable, Sendable {
    case after, between
  }

  var op: Kind
  var object: String?
  /// A condition in SOQL.
  var `where`: String?
  var ids: [String]?
  /// Takes so many of the rows, by chance.
  var sample: Int?
  var seed: UInt64?
  /// Values by field name.
  var set: [String: JSONScalar]?
  /// Rows to insert, or operations of a random stream.
  var count: Int?
  var place: Place?
  /// The account that stays, and those that go into it.
  var winner: String?
  var losers: [String]?
  /// Developer name of a record type.
  var to: String?
  /// Whether the stamps stay, as they do when a formula's value changes.
  var keepsStamps: Bool?
  /// Whether a touch moves LastModifiedDate, too.
  var modified: Bool?
  var visibleAfterSeconds: Int?
  var field: String?
  var type: String?
  var label: String?
  var length: Int?
  var precision: Int?
  var scale: Int?
  /// What rows hold in a new field, each one of these by chance; without them, null.
  var values: [JSONScalar]?
  /// Rows in 1,024 that hold null in a new field.
  var nulls: Int?
  var formula: String?

  init(_ op: Kind, object: String? = nil, ids: [String]? = nil) {
    self.op = op
    self.object = object
    self.ids = ids
  }
}

/// A JSON value that is no list and no object.
enum JSONScalar: Decodable, Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else {
      self = .string(try container.decode(String.self))
    }
  }

  var json: JSONValue {
    switch self {
    case .null: .null
    case .bool(let value): .bool(value)
    case .number(let value): .number(value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)")
    case .string(let text): .string(text)
    }
  }
}

/// What an operation did.
struct ChangeReport: Sendable {
  var op: ChangeOperation.Kind
  var object: String
  /// Empty when there are more than `mostIDs`.
  var ids: [String] = []
  var count = 0
  /// Seconds of the org's clock.
  var stamp: Int
  /// What else the operation says, such as the values it set.
  var details: [(String, JSONValue)] = []
  /// Rows of other objects, and other rows of this one, that changed with it.
  var also: [(object: String, what: String, ids: [String])] = []

  static let mostIDs = 10_000

  /// Whether describe shows something else after it.
  var changesDescribe: Bool {
    [.addField, .removeField, .widenField].contains(op) || object == "RecordType"
  }

  var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("op", .string(op.rawValue)), ("object", .string(object)), ("count", .int(count)), ("ids", .strings(ids)),
      ("stamp", .string(WireTime.json(stamp))),
    ]
    members += details
    if !also.isEmpty {
      members.append(
        (
          "also",
          .array(
            also.map {
              .object([("object", .string($0.object)), ("what", .string($0.what)), ("ids", .strings($0.ids))])
            })
        ))
    }
    return .object(members)
  }
}
