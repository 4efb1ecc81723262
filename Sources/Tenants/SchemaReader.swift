public import Checkpoints
public import SyncModel
import Veeva

/// An object that the product does not sync, or that leads to no person.
public struct UnsupportedObject: Error, Sendable, CustomStringConvertible {
  public let tenant: String
  public let object: String
  public let reason: String

  public var description: String { "tenant \(tenant), object \(object): \(reason)" }
}

/// What the credentials can see of an object, and what the sync makes of it.
public struct DescribedObject: Sendable {
  public let schema: SourceObjectSchema
  public let stored: StoredMapping
  /// The source's clock before anything of the object is read.
  public let serverTime: Instant
  /// API calls that it took; asking for the clock is none.
  public let apiCalls: Int

  public var mapping: ObjectMapping { stored.mapping }
  /// SOQL conditions that select the object's records.
  public var conditions: [String] { stored.conditions }
}

/// Reads the schema that the credentials can see, and maps it.
public struct SchemaReader: Sendable {
  private let tenant: Tenant

  /// A reader for a tenant.
  public init(tenant: Tenant) { self.tenant = tenant }

  /// Describes and maps one of the tenant's objects.
  /// - Throws: ``UnsupportedObject`` or ``SyncModel/MappingError`` when it cannot be synced as selected.
  public func read(_ object: SourceObject) async throws -> DescribedObject {
    guard let selection = tenant.selections.first(where: { $0.object == object }) else {
      throw UnsupportedObject(tenant: tenant.name, object: object.apiName, reason: "no longer selected")
    }
    let (schema, serverTime) = try await describe(object.apiName)
    var apiCalls = object == .personAccounts ? 2 : 1
    if case .custom = object { apiCalls += try await requireLink(schema) }
    let mapping = try ObjectMapping(selection, schema)
    let scope = SelectionScope(
      recordTypes: try await recordTypes(of: selection), months: object.hasMonths ? selection.months : nil)
    let oldest = scope.months.map(serverTime.monthsBefore)
    let stored = StoredMapping(
      mapping: mapping, scope: scope, conditions: Self.conditions(for: schema, object, scope, oldest: oldest),
      rules: ChangeRules(
        object: object, fields: mapping.fields, schema: schema, recordTypes: scope.recordTypes, createdFrom: oldest))
    return DescribedObject(schema: schema, stored: stored, serverTime: serverTime, apiCalls: apiCalls)
  }

  private func describe(_ name: String) async throws -> (SourceObjectSchema, Instant) {
    do {
      return try await tenant.veeva.describeNow(name)
    } catch let error as VeevaError where error.isGone {
      throw UnsupportedObject(
        tenant: tenant.name, object: name,
        reason: "the sync user cannot see it: it is not installed, or the profile lacks Read on it")
    }
  }

  /// - Returns: API calls that it took.
  private func requireLink(_ schema: SourceObjectSchema) async throws -> Int {
    var parents: [String: SourceObjectSchema] = [:]
    if LinkCheck.path(from: schema, parent: { _ in nil }) != nil { return 0 }
    let names = LinkCheck.parents(of: schema)
    for name in names {
      do {
        parents[name] = try await tenant.veeva.describe(name)
      } catch let error as VeevaError where error.isGone {
        // A parent that the credentials cannot see proves no link.
      }
    }
    guard LinkCheck.path(from: schema, parent: { parents[$0] }) != nil else {
      throw MappingError(object: schema.name, problem: .unlinked)
    }
    return names.count
  }

  /// Ids of the record types that the configuration names.
  private func recordTypes(of selection: ObjectSelection) async throws -> [String] {
    guard selection.object == .personAccounts else { return [] }
    let types = try await tenant.veeva.recordTypes(of: "Account")
    return try selection.recordTypes.map { name in
      guard let type = types.first(where: { $0.developerName == name }) else {
        throw UnsupportedObject(
          tenant: tenant.name, object: "Account",
          reason: "record type \(name) does not exist or is not visible; the org has: "
            + types.filter(\.isPersonType).map(\.developerName).sorted().joined(separator: ", "))
      }
      return type.id
    }
  }

  private static func conditions(
    for schema: SourceObjectSchema, _ object: SourceObject, _ scope: SelectionScope, oldest: Instant?
  ) -> [String] {
    switch object {
    case .personAccounts:
      let ids = scope.recordTypes.map(SOQL.string).joined(separator: ", ")
      return ["IsPersonAccount = true"] + (ids.isEmpty ? [] : ["RecordTypeId IN (\(ids))"])
    case .calls, .callKeyMessages:
      guard let oldest else { return [] }
      let created = object == .calls ? "CreatedDate" : "Call2_vod__r.CreatedDate"
      let day = object.dayField.flatMap { schema.field($0)?.name }
      return ["\(created) >= \(SOQL.instant(oldest))"]
        + (day.map { ["(\($0) = null OR \($0) >= \(oldest.day))"] } ?? [])
    case .users, .custom: return []
    }
  }
}

extension SourceObject {
  /// Whether only its records of the last months are synced.
  fileprivate var hasMonths: Bool { self == .calls || self == .callKeyMessages }
}
