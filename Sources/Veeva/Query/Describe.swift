import Foundation
import HTTP
public import SyncModel

/// A record type of an object.
public struct RecordType: Sendable, Equatable {
  public let id: String
  public let developerName: String
  /// Whether its accounts are Person Accounts.
  public let isPersonType: Bool
}

extension VeevaClient {
  /// The API versions that the org offers, such as `62.0`.
  public func versions() async throws -> [String] {
    struct Version: Decodable { let version: String }
    let call = Call(name: "versions", path: "/services/data/")
    return try call.decode([Version].self, from: try await send(call).body).map(\.version)
  }

  /// Names of the objects that the credentials see.
  public func objectNames() async throws -> [String] {
    struct Answer: Decodable {
      struct Entry: Decodable { let name: String }
      let sobjects: [Entry]
    }
    let call = Call(name: "describe global", path: path("sobjects/"))
    return try call.decode(Answer.self, from: try await send(call).body).sobjects.map(\.name)
  }

  /// An object as the credentials see it.
  /// - Throws: `notFound` when they do not see it, or it is not installed.
  public func describe(_ object: String) async throws -> SourceObjectSchema {
    try await describeNow(object).schema
  }

  /// An object as the credentials see it, and the server's clock, to the second, at that moment.
  /// - Throws: `notFound` when they do not see it, or it is not installed.
  public func describeNow(_ object: String) async throws -> (schema: SourceObjectSchema, serverTime: Instant) {
    let call = Call(name: "describe", object: object, path: path("sobjects/\(FormBody.escape(object))/describe"))
    let response = try await send(call)
    let wire = try call.decode(WireObject.self, from: response.body)
    let schema = SourceObjectSchema(
      name: wire.name, label: wire.label ?? wire.name, keyPrefix: wire.keyPrefix, queryable: wire.queryable ?? true,
      fields: wire.fields.map(\.field))
    return (schema, try serverTime(of: response, call))
  }

  /// The server's clock, to the second.
  public func serverTime() async throws -> Instant {
    let call = Call(name: "versions", path: "/services/data/")
    return try serverTime(of: try await send(call), call)
  }

  func serverTime(of response: HTTPResponse, _ call: Call) throws -> Instant {
    guard let date = response.headers.first("Date").flatMap(HTTPDate.parse) else {
      throw VeevaError(code: .malformedAnswer, call: call.name, object: call.object, message: "the answer has no Date")
    }
    return date
  }

  /// How many records objects have, as the org last counted them: cheap, but not exact, and without those that the
  /// org has no figure for.
  public func recordCounts(of objects: [String]) async throws -> [String: Int] {
    struct Answer: Decodable {
      struct Entry: Decodable {
        let name: String
        let count: Int
      }
      let sObjects: [Entry]
    }
    let call = Call(
      name: "record counts",
      path: path("limits/recordCount?sObjects=\(FormBody.escape(objects.joined(separator: ",")))"))
    let entries = try call.decode(Answer.self, from: try await send(call).body).sObjects
    return Dictionary(entries.map { ($0.name, $0.count) }, uniquingKeysWith: { first, _ in first })
  }

  /// The record types of an object.
  public func recordTypes(of object: String) async throws -> [RecordType] {
    let fields = ["Id", "DeveloperName", "IsPersonType"]
    let rows = try await queryPage(
      SOQL.select(fields, from: "RecordType", where: ["SobjectType = \(SOQL.string(object))"]), object: "RecordType",
      fields: fields)
    return (0..<rows.rowCount).compactMap { row in
      guard let id = rows.text(row: row, column: 0), let name = rows.text(row: row, column: 1) else { return nil }
      return RecordType(id: id, developerName: name, isPersonType: rows.text(row: row, column: 2) == "true")
    }
  }

  /// The org's allowances: name to what is allowed and what is left.
  public func allowances() async throws -> [String: (max: Int, remaining: Int)] {
    struct Entry: Decodable {
      let Max: Int
      let Remaining: Int
    }
    let call = Call(name: "limits", path: path("limits"))
    return try call.decode([String: Entry].self, from: try await send(call).body).mapValues { ($0.Max, $0.Remaining) }
  }
}

/// Salesforce sObject describe, as far as it is used.
private struct WireObject: Decodable {
  let name: String
  let label: String?
  let keyPrefix: String?
  let queryable: Bool?
  let fields: [WireField]
}

private struct WireField: Decodable {
  let name: String
  let label: String?
  let type: String
  let length: Int?
  let updateable: Bool?
  let filterable: Bool?
  let calculated: Bool?
  let compoundFieldName: String?
  let referenceTo: [String]?
  let relationshipName: String?
  let deprecatedAndHidden: Bool?

  var field: SourceField {
    SourceField(
      name: name, label: label ?? name, type: FieldType(wire: type), length: length ?? 0,
      updateable: updateable ?? false, filterable: filterable ?? true, calculated: calculated ?? false,
      compoundFieldName: compoundFieldName, referenceTo: referenceTo ?? [], relationshipName: relationshipName,
      deprecatedAndHidden: deprecatedAndHidden ?? false)
  }
}
