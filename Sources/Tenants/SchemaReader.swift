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
  public let mapping: ObjectMapping
  /// SOQL conditions that hold for the whole object.
  public let conditions: [String]
  /// The source's clock before anything of the object is read.
  public let serverTime: Instant
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
    let serverTime = try await tenant.veeva.serverTime()
    let schema = try await describe(object.apiName)
    if case .custom = object { try await requireLink(schema) }
    return DescribedObject(
      schema: schema, mapping: try ObjectMapping(selection, schema),
      conditions: try await conditions(for: selection, at: serverTime), serverTime: serverTime)
  }

  private func describe(_ name: String) async throws -> SourceObjectSchema {
    do {
      return try await tenant.veeva.describe(name)
    } catch let error as VeevaError where error.isGone {
      throw UnsupportedObject(
        tenant: tenant.name, object: name,
        reason: "the sync user cannot see it: it is not installed, or the profile lacks Read on it")
    }
  }

  private func requireLink(_ schema: SourceObjectSchema) async throws {
    var parents: [String: SourceObjectSchema] = [:]
    if LinkCheck.path(from: schema, parent: { _ in nil }) != nil { return }
    for name in LinkCheck.parents(of: schema) {
      do {
        parents[name] = try await tenant.veeva.describe(name)
      } catch let error as VeevaError where error.isGone {
        // A parent that the credentials cannot see proves no link.
      }
    }
    guard LinkCheck.path(from: schema, parent: { parents[$0] }) != nil else {
      throw MappingError(object: schema.name, problem: .unlinked)
    }
  }

  private func conditions(for selection: ObjectSelection, at now: Instant) async throws -> [String] {
    switch selection.object {
    case .personAccounts:
      let types = try await tenant.veeva.recordTypes(of: "Account")
      let ids = try selection.recordTypes.map { name in
        guard let type = types.first(where: { $0.developerName == name }) else {
          throw UnsupportedObject(
            tenant: tenant.name, object: "Account",
            reason: "record type \(name) does not exist or is not visible; the org has: "
              + types.filter(\.isPersonType).map(\.developerName).sorted().joined(separator: ", "))
        }
        return "'\(type.id)'"
      }
      return ["IsPersonAccount = true", "RecordTypeId IN (\(ids.joined(separator: ", ")))"]
    case .calls:
      return selection.months.map { ["CreatedDate >= \(SOQL.instant(now.monthsBefore($0)))"] } ?? []
    case .callKeyMessages:
      return selection.months.map { ["Call2_vod__r.CreatedDate >= \(SOQL.instant(now.monthsBefore($0)))"] } ?? []
    case .users, .custom:
      return []
    }
  }
}

extension SchemaReader {
  /// API calls that reading an object's schema and counting it takes, at best.
  public static func apiCalls(for object: SourceObject) -> Int {
    // The clock, the describe and the count; record types for accounts.
    object == .personAccounts ? 4 : 3
  }
}
