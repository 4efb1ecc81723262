import Foundation

/// What nearly every call answers, with HTTP 200 whether it succeeded or not (Marketo REST API, "Error Codes").
struct Envelope<Element: Decodable & Sendable>: Decodable, Sendable {
  let requestId: String?
  let success: Bool
  let result: [Element]?
  let errors: [MarketoReason]?
  let nextPageToken: String?
  let moreResult: Bool?
}

/// A result that nobody reads.
struct Nothing: Decodable, Sendable {}

/// A value of a record, whatever its type.
public enum MarketoValue: Sendable, Equatable, Decodable {
  case null
  case text(String)
  case whole(Int)
  case number(Double)
  case truth(Bool)

  /// Reads a value; objects and lists become null.
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let truth = try? value.decode(Bool.self) {
      self = .truth(truth)
    } else if let whole = try? value.decode(Int.self) {
      self = .whole(whole)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else {
      self = .null
    }
  }

  /// The text of a text.
  public var text: String? {
    guard case .text(let text) = self else { return nil }
    return text
  }

  /// The number of a whole number.
  public var whole: Int? {
    guard case .whole(let number) = self else { return nil }
    return number
  }
}

/// A record as it was read, by API name; what is absent is null.
public typealias MarketoRecord = [String: MarketoValue]

/// A page of a query or of a feed.
public struct MarketoPage<Element: Sendable>: Sendable {
  public let records: [Element]
  /// Where the next page starts; feeds always have one.
  public let next: String?
  /// Whether more can be asked for now. Pages may be short or empty though it is.
  public let hasMore: Bool
}

/// What became of one record of a call.
public struct MarketoOutcome: Sendable, Equatable {
  /// What Marketo did.
  public enum Status: String, Sendable {
    case created, updated, deleted, added, skipped
  }

  public let status: Status
  /// Marketo's id of a lead, company or salesperson.
  public let id: Int?
  /// Of a custom object or an activity.
  public let guid: String?
  /// Why it was skipped.
  public let reasons: [MarketoReason]

  /// Whether the record was written; one whose deletion found nothing counts as deleted.
  public var isDone: Bool { status != .skipped }
}

/// An entry of a result list.
struct ResultEntry: Decodable, Sendable {
  let seq: Int?
  let id: Int?
  let marketoGUID: String?
  let status: String?
  let reasons: [MarketoReason]?
  /// Where the documents show a single one.
  let reason: MarketoReason?
  /// Where custom activities have them.
  let errors: [MarketoReason]?

  /// A record is a success only when its status says so.
  var outcome: MarketoOutcome {
    let all = (reasons ?? []) + (reason.map { [$0] } ?? []) + (errors ?? [])
    let status = status.flatMap(MarketoOutcome.Status.init(rawValue:)) ?? .skipped
    return MarketoOutcome(status: status, id: id, guid: marketoGUID, reasons: all)
  }
}
