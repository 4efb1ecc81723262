/// Which way a field's changes travel.
public enum Direction: String, Sendable, Codable {
  /// From Veeva to marketing.
  case fromVeeva = "→"
  /// Both ways: a contact field that the sync user may update, where write-back is asked for.
  case bothWays = "↔"
  /// From marketing to Veeva: a field that marketing owns and that the sync user may update, where write-back is asked
  /// for. A new row begins with Veeva's value.
  case toVeeva = "←"

  /// Whether changes of marketing's side are written to Veeva.
  public var reachesVeeva: Bool { self != .fromVeeva }
}

/// A column of a destination table and the field that fills it.
public struct MappedColumn: Sendable, Codable, Equatable {
  /// Column name.
  public let column: String
  /// API name of the field in the source.
  public let field: String
  public let type: ValueType
  public let direction: Direction
  /// Position of the field in the statement's field list.
  public let source: Int
  /// Whether a change of it raises an event, which then carries its values.
  public let raisesEvents: Bool
  /// Objects that a link which an admin has made may point to; `nil` for any other field, and in mappings of before
  /// this was kept.
  public let referenceTo: [String]?
  /// Most characters of a text of limited length; `nil` as for ``referenceTo``.
  public let length: Int?
}

/// A destination table as the mapping wants it. `veeva_id` is always its first column and its primary key.
public struct TableMapping: Sendable, Codable, Equatable {
  /// Table name, which is also the entity's name.
  public let table: String
  public let columns: [MappedColumn]
  /// Whether the table carries the constant `veeva_type`.
  public var hasVeevaType: Bool { table == "person" }
  /// Whether a row stays, flagged, when its record is deleted or leaves the synced set; elsewhere it is removed.
  public var flagsDeleted: Bool { table == "person" || table == "company" }
}

/// A field of the source that is not synced, and why.
public struct OmittedField: Sendable, Codable, Equatable {
  public let field: String
  public let reason: Reason

  /// Why a field is not synced.
  public enum Reason: String, Sendable, Codable {
    case excluded = "excluded by the configuration"
    case notDefault = "a standard field outside the default mapping; name it under include: to sync it"
    case triggerNotSynced = "raises no events although it is named under triggers:; name it under include:, too"
    case compound = "a compound field; its parts are synced as fields of their own"
    case unsupportedType = "its type cannot be extracted in bulk"
    case deprecated = "deprecated and hidden in the org"
  }
}

/// How one source object becomes rows of destination tables.
public struct ObjectMapping: Sendable, Codable, Equatable {
  public let object: SourceObject
  /// The fields of the extract, in the order of the statement. `Id` is first, `SystemModstamp` second.
  public let fields: [String]
  /// The tables that each record is written to; all of them or none.
  public let tables: [TableMapping]
  /// What the credentials see but the sync leaves out.
  public let omitted: [OmittedField]
  /// What the default mapping or the configuration names but the credentials cannot see.
  public let hidden: [String]

  /// Position of `Id` in `fields`.
  public static let idColumn = 0
  /// Position of `SystemModstamp` in `fields`.
  public static let modstampColumn = 1
}
