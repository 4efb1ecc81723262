/// A field as Marketo describes it.
public struct MarketoFieldDescription: Sendable, Equatable {
  /// API name.
  public let name: String
  /// Such as `string`, `text`, `datetime`.
  public let dataType: String
  /// Most characters, of texts (of a text area: bytes).
  public let length: Int?
  /// Whether a call may write it.
  public let isWritable: Bool
}

/// A kind of records as Marketo describes it.
public struct MarketoDescription: Sendable, Equatable {
  public let fields: [MarketoFieldDescription]
  /// Fields that make a record unique; empty for leads.
  public let dedupeFields: [String]
  /// Groups of fields that records are found by.
  public let searchableFields: [[String]]
}

private struct LeadField: Decodable, Sendable {
  struct Access: Decodable, Sendable {
    let name: String
    let readOnly: Bool?
  }

  let dataType: String
  let length: Int?
  let rest: Access?
}

private struct ObjectDescription: Decodable, Sendable {
  struct Field: Decodable, Sendable {
    let name: String
    let dataType: String
    let length: Int?
    let updateable: Bool?
  }

  let dedupeFields: [String]?
  let searchableFields: [[String]]?
  let fields: [Field]?
}

extension MarketoClient {
  /// Describes a kind of records. For leads two calls: one knows what can be written, the other what can be searched.
  public func describe(_ object: MarketoObject) async throws -> MarketoDescription {
    let name = "describe \(object.name)"
    guard object == .lead else {
      let path = "\(object.path)/describe.json"
      let answer = try await envelope(Call(name: name, path: path), of: ObjectDescription.self).result?.first
      return MarketoDescription(
        fields: (answer?.fields ?? []).map {
          MarketoFieldDescription(
            name: $0.name, dataType: $0.dataType, length: $0.length, isWritable: $0.updateable ?? true)
        }, dedupeFields: answer?.dedupeFields ?? [], searchableFields: answer?.searchableFields ?? [])
    }
    let fields = try await envelope(Call(name: name, path: "\(object.path)/describe.json"), of: LeadField.self).result
    let second = try await envelope(
      Call(name: name, path: "\(object.path)/describe2.json"), of: ObjectDescription.self
    ).result?.first
    return MarketoDescription(
      fields: (fields ?? []).compactMap { field in
        field.rest.map {
          MarketoFieldDescription(
            name: $0.name, dataType: field.dataType, length: field.length, isWritable: $0.readOnly != true)
        }
      }, dedupeFields: [], searchableFields: second?.searchableFields ?? [])
  }
}
