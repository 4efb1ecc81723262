/// What a record of a delta means for the destination, told by fields that travel behind the mapping's own.
///
/// A delta reads everything that was touched, deleted records and those of other record types included: that a record
/// no longer belongs to the synced set shows in nothing else.
public struct ChangeRules: Sendable, Equatable, Codable {
  /// Fields that follow the mapping's in the statement, in this order.
  public let extraFields: [String]
  /// Column of `IsDeleted`, where the object has it.
  public let deletedColumn: Int?
  /// Column of `MasterRecordId`: the account that a merged one went into.
  public let masterColumn: Int?
  /// Column of `IsPersonAccount`: business accounts are none of the synced.
  public let personColumn: Int?
  /// Column of `RecordTypeId`, where record types are selected.
  public let recordTypeColumn: Int?
  /// The selected record types, the first 15 characters of each id.
  public let recordTypes: [String]
  /// Column of the moment that ``createdFrom`` bounds.
  public let createdColumn: Int?
  /// Column of the day of the call, which ``createdFrom`` bounds as well, where it is set.
  public let dayColumn: Int?
  /// Records created before, or of a call before, are stored only where they are stored already.
  public let createdFrom: Instant?

  /// The rules of an object.
  /// - Parameters:
  ///   - fields: the mapping's fields.
  ///   - schema: what the credentials see of the object.
  ///   - recordTypes: ids of the selected record types; empty where every record type is.
  ///   - createdFrom: for calls and their key messages, the oldest creation of a call that is taken in.
  public init(
    object: SourceObject, fields: [String], schema: SourceObjectSchema, recordTypes: [String] = [],
    createdFrom: Instant? = nil
  ) {
    var extra: [String] = []
    func column(_ name: String, when isWanted: Bool = true) -> Int? {
      guard isWanted else { return nil }
      let known = fields + extra
      if let position = known.firstIndex(where: { $0.lowercased() == name.lowercased() }) { return position }
      guard name.contains(".") || schema.field(name) != nil else { return nil }
      extra.append(name)
      return known.count
    }
    let isAccount = object == .personAccounts
    deletedColumn = column("IsDeleted")
    masterColumn = column("MasterRecordId", when: isAccount)
    personColumn = column("IsPersonAccount", when: isAccount)
    recordTypeColumn = column("RecordTypeId", when: !recordTypes.isEmpty)
    createdColumn =
      switch object {
      case .calls: column("CreatedDate", when: createdFrom != nil)
      case .callKeyMessages: column("Call2_vod__r.CreatedDate", when: createdFrom != nil)
      case .personAccounts, .users, .custom: nil
      }
    dayColumn = createdFrom == nil ? nil : object.dayField.flatMap { column($0) }
    self.recordTypes = recordTypes.map { String($0.prefix(15)) }
    self.createdFrom = createdFrom
    extraFields = extra
  }
}

extension SourceObject {
  /// The field with the day of a call, from which its age counts: data of calls is kept for some months from it.
  public var dayField: String? {
    switch self {
    case .calls, .callKeyMessages: "Call_Date_vod__c"
    case .personAccounts, .users, .custom: nil
    }
  }
}

/// Which of the changes that a page makes become events.
public enum EventScope: Sendable, Equatable, Codable {
  /// None: a first copy.
  case none
  /// Every change: a delta.
  case all
  /// Those of records whose stamp is not older: a record that a back-fill or a repair happens to meet first, or a
  /// first delta, which overlaps the copy.
  case since(Instant)
}
