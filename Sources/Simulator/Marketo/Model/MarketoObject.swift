/// A kind of records other than leads, which all work alike (reference 7, 8, 9).
enum MarketoObject: Sendable, Equatable {
  case company
  case salesperson
  /// By API name.
  case custom(String)

  var idField: String {
    if case .custom = self { return "marketoGUID" }
    return "id"
  }

  var displayName: String {
    switch self {
    case .company: "Company"
    case .salesperson: "SalesPerson"
    case .custom(let name): name
    }
  }
}

/// The `marketoGUID` of a custom object: made of the type's name and a number, so that it can be read back.
enum MarketoGUID {
  static func text(_ id: Int, type: String) -> String {
    let salt = hash(type)
    let mixed = Mixing.mix(salt, UInt64(id))
    return "\(hex(mixed >> 32, 8))-\(hex(mixed >> 16 & 0xFFFF, 4))-4\(hex(mixed & 0xFFF, 3))-8\(hex(salt & 0xFFF, 3))-"
      + hex(UInt64(id), 12)
  }

  static func id(_ text: String, type: String) -> Int? {
    guard text.utf8.count == 36, let id = Int(text.suffix(12), radix: 16), Self.text(id, type: type) == text else {
      return nil
    }
    return id
  }

  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static func hex(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}

/// What a call does to records other than leads.
struct ObjectRequest: Sendable {
  enum Action: String, Sendable {
    case createOrUpdate, createOnly, updateOnly
  }

  var action: Action
  /// Records are found by their id instead of by the dedupe fields.
  var byID: Bool
  /// A key that comes twice fails the whole call instead of its records.
  var failsWholeCall = false
}

/// What became of one record of a call.
struct ObjectOutcome: Sendable {
  enum Status: String, Sendable {
    case created, updated, deleted, skipped
  }

  var status: Status
  var id: Int?
  var reason: MarketoReason?

  static func skipped(_ reason: MarketoReason) -> ObjectOutcome { ObjectOutcome(status: .skipped, reason: reason) }
}
