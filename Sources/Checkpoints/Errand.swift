/// A kind of work for a tenant that is no partition of a source object.
public enum ErrandKind: String, Sendable, Codable, CaseIterable {
  /// Bringing what the mirror has and Marketo lacks to Marketo.
  case delivery
  /// Bringing marketers' changes to Veeva.
  case writeBack = "write-back"
  /// Reading what marketers have changed in Marketo.
  case leadChanges = "lead-changes"
  /// Telling Marketo what became of marketers' changes.
  case activityLog = "activity-log"
}

/// What an errand asks for.
public struct ErrandDemand: Sendable, Equatable {
  /// Workers that would find something to do now; 0 when nothing is due.
  public var workers: Int
  /// When to ask again at the latest.
  public var askAgain: Duration

  /// A demand.
  public init(workers: Int, askAgain: Duration) {
    self.workers = workers
    self.askAgain = askAgain
  }
}

/// Records of an errand that nobody may send for now: a call that brings them may still be at work.
public struct HeldBack: Sendable, Equatable {
  public let records: Int
  /// How long at most.
  public let wait: Duration

  /// Records that are held back.
  public init(records: Int, wait: Duration) {
    self.records = records
    self.wait = wait
  }
}

/// Work for a tenant that is no partition of a source object: the leader asks what is due, workers run it in their
/// slots, several at once, each on a part.
///
/// What it does must stand being cut off anywhere and being run by several workers: what it claims, it claims where its
/// records are.
public protocol Errand: Sendable {
  var kind: ErrandKind { get }

  /// What is due. Cheap, and calls no API.
  func demand() async throws -> ErrandDemand

  /// Works until nothing is left to do, or `isStopping` asks for the slot back, which is looked at between calls.
  /// - Throws: what happened and what to do about it; it is tried again after a wait that grows.
  func run(isStopping: @escaping @Sendable () -> Bool) async throws

  /// What becomes due by time alone, since a call got no answer; `nil` where nothing does. Calls no API.
  func heldBack() async throws -> HeldBack?
}

extension Errand {
  public func heldBack() async throws -> HeldBack? { nil }
}
