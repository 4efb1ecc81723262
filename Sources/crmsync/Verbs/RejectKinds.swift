import ArgumentParser
import Checkpoints
import Delivery
import PostgresDestination
import SyncModel
import Tenants

/// What a reject is called on the command line.
enum RejectID: ExpressibleByArgument, CustomStringConvertible {
  /// A record that could not be stored, by number.
  case stored(Int64)
  /// A record that Marketo refused.
  case undelivered(tenant: String, entity: String, id: String)
  /// A marketer's change that Veeva refused.
  case unwritten(tenant: String, id: String, column: String)

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if let number = Int64(argument) {
      self = .stored(number)
    } else if parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) {
      self =
        Self.isRecordID(parts[1])
        ? .unwritten(tenant: parts[0], id: parts[1], column: parts[2])
        : .undelivered(tenant: parts[0], entity: parts[1], id: parts[2])
    } else {
      return nil
    }
  }

  /// No table has such a name: it would need a lower-case suffix behind an underscore.
  private static func isRecordID(_ text: String) -> Bool {
    text.utf8.count == 18 && text.utf8.allSatisfy { $0 < 0x80 } && text.allSatisfy { $0.isLetter || $0.isNumber }
  }

  var description: String {
    switch self {
    case .stored(let number): "\(number)"
    case .undelivered(let tenant, let entity, let id): "\(tenant)/\(entity)/\(id)"
    case .unwritten(let tenant, let id, let column): "\(tenant)/\(id)/\(column)"
    }
  }
}

/// A record that Marketo refused.
struct UndeliveredRecord: Encodable {
  let id: String
  let tenant: String
  /// The table.
  let object: String
  let recordID: String
  /// Marketo's.
  let code: String
  /// With Marketo's own words.
  let reason: String

  init(_ refusal: DeliveryStore.Refusal, of tenant: String) {
    id = "\(RejectID.undelivered(tenant: tenant, entity: refusal.entity, id: refusal.veevaID))"
    self.tenant = tenant
    (object, recordID, code) = (refusal.entity, refusal.veevaID, refusal.code)
    reason = "Marketo: \(refusal.code) \(refusal.message)"
  }

  /// The tenant's Marketo instance.
  static func end(_ tenant: Tenant) throws -> DeliveryEnd {
    guard let end = tenant.delivery else {
      throw Failure(description: "tenant \(tenant.name) has no Marketo instance as its destination")
    }
    return end
  }
}

/// A marketer's change that Veeva refused.
struct UnwrittenChange: Encodable {
  let id: String
  let tenant: String
  let object = SourceObject.personAccounts.apiName
  let change: RefusedChange

  init(_ change: RefusedChange, of tenant: String) {
    id = "\(RejectID.unwritten(tenant: tenant, id: change.recordID, column: change.column))"
    self.tenant = tenant
    self.change = change
  }
}

/// A reject of any kind.
enum AnyReject: Encodable {
  case stored(StoredReject)
  case undelivered(UndeliveredRecord)
  case unwritten(UnwrittenChange)

  var line: String {
    switch self {
    case .stored(let reject):
      let field = reject.field.map { ".\($0)" } ?? ""
      return "\(reject.id)  \(reject.tenant)  \(reject.object)\(field)  \(reject.recordID)  \(reject.reason)"
    case .undelivered(let record): return "\(record.id)  \(record.reason)"
    case .unwritten(let change): return "\(change.id)  not written to Veeva  \(change.change.reason ?? "")"
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .stored(let reject): try reject.encode(to: encoder)
    case .undelivered(let record): try record.encode(to: encoder)
    case .unwritten(let change): try change.encode(to: encoder)
    }
  }
}

extension Cluster {
  /// The open rejects of all kinds. Where no tenant is named, a destination that is down is left out.
  /// - Parameter object: an object's API name, or a table.
  func rejects(tenant: String?, object: String?) async throws -> [AnyReject] {
    var all = try await checkpoints.rejects(tenant: tenant, object: object).map(AnyReject.stored)
    for known in try tenant.map({ [try self.tenant($0)] }) ?? tenants {
      do {
        all += try await undelivered(known, object).map(AnyReject.undelivered)
        all += try await unwritten(known, object).map(AnyReject.unwritten)
      } catch  where tenant == nil {
        continue
      }
    }
    return all
  }

  /// The open reject of that name.
  func reject(_ id: RejectID) async throws -> AnyReject? {
    switch id {
    case .stored(let number):
      return try await checkpoints.rejects(tenant: nil, object: nil, limit: Int(Int32.max))
        .first { $0.id == number }.map(AnyReject.stored)
    case .undelivered(let tenant, let entity, let record):
      return try await UndeliveredRecord.end(self.tenant(tenant)).store.refusals(of: entity, id: record).first
        .map { .undelivered(UndeliveredRecord($0, of: tenant)) }
    case .unwritten(let tenant, _, _):
      return try await unwritten(self.tenant(tenant), nil).first { $0.id == "\(id)" }.map(AnyReject.unwritten)
    }
  }

  private func undelivered(_ tenant: Tenant, _ object: String?) async throws -> [UndeliveredRecord] {
    try await tenant.delivery?.store.refusals(of: object).map { UndeliveredRecord($0, of: tenant.name) } ?? []
  }

  private func unwritten(_ tenant: Tenant, _ object: String?) async throws -> [UnwrittenChange] {
    guard object == nil || object == SourceObject.personAccounts.apiName else { return [] }
    return try await tenant.refusedChanges().map { UnwrittenChange($0, of: tenant.name) }
  }
}
