public import Delivery
public import PostgresDestination

/// What verifying one object came to.
public struct ObjectVerification: Sendable, Codable {
  public let object: String
  public let tables: [TableComparison]
  /// What a repair did; `nil` when none was asked for, or none was needed.
  public var repair: RepairOutcome?
  /// Calls to the source.
  public var apiCalls: Int
  /// What Marketo holds of the tables; `nil` where they are the destination.
  public var delivery: [DeliveryComparison]?

  /// Whether source and tables agreed.
  public var isEqual: Bool { tables.allSatisfy(\.isEqual) }
  /// Whether all agree now.
  public var isGood: Bool { (repair.map(\.isComplete) ?? isEqual) && delivery?.allSatisfy(\.isEqual) != false }
}

/// What repairing one object came to.
public struct RepairOutcome: Sendable, Codable {
  /// Records that were fetched and stored.
  public var stored = 0
  /// Records that were fetched and refused.
  public var refused = 0
  /// Earlier rejects that are stored now.
  public var resolvedRejects = 0
  /// What became of rows that the source does not have.
  public var removals: [Removal] = []
  /// Why rows were left that the source does not have.
  public var refusal: String?
  /// What still differs in the ranges that were touched, looked at once more.
  public var remaining: [TableDifferences] = []

  /// Whether nothing differs any more.
  public var isComplete: Bool { remaining.allSatisfy(\.isEqual) }
}

/// How far a verification has come.
public struct VerificationProgress: Sendable {
  /// What is being done.
  public enum Step: String, Sendable {
    case reading = "reading ids"
    case comparing = "comparing"
    case narrowing = "looking at what differs"
    case repairing = "repairing"
    case checking = "checking the repair"
  }

  public let object: String
  public let step: Step
  /// Records of the source that this step has gone through.
  public let rows: Int64
}

/// How an object is verified.
public struct VerificationOptions: Sendable {
  /// Compare every value, not only ids and stamps.
  public var allColumns: Bool
  /// Mend what differs.
  public var repair: Bool
  /// Take rows for deleted however many are gone.
  public var force: Bool

  /// Options.
  public init(allColumns: Bool = false, repair: Bool = false, force: Bool = false) {
    self.allColumns = allColumns
    self.repair = repair
    self.force = force
  }
}

/// An object that was copied once and that the sync user no longer sees.
public struct HiddenObject: Error, Sendable, CustomStringConvertible {
  public let tenant: String
  public let object: String

  public var description: String {
    "tenant \(tenant), object \(object): the sync user cannot see it, so that nothing can be compared; nothing was "
      + "changed, and its rows stay. Give the user Read and View All on it, or take it out of objects: in the "
      + "configuration"
  }
}
