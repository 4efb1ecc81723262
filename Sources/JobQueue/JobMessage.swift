import Foundation

/// Which kind of work a queue carries, so that a long initial load never delays the short ones.
public enum Lane: String, Sendable, Codable, CaseIterable {
  case initial
  case delta
  case writeback
}

/// The unit on the queue: 'work on this job'. Small and versioned; everything else is in PostgreSQL.
public struct JobMessage: Sendable, Codable, Equatable {
  /// The version that this release writes, and the highest that it reads.
  public static let version = 1

  let v: Int
  public let job: Int64
  public let tenant: String
  public let object: String
  public let lane: Lane
  /// Which time the job is put on the queue.
  public let dispatch: Int64

  /// A message.
  public init(job: Int64, tenant: String, object: String, lane: Lane, dispatch: Int64) {
    v = Self.version
    self.job = job
    self.tenant = tenant
    self.object = object
    self.lane = lane
    self.dispatch = dispatch
  }

  /// The message as bytes.
  func encoded() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) }

  /// Reads a message; keys that this release does not know are passed over.
  /// - Throws: ``UnreadableMessage`` for anything that is not one.
  public init(decoding bytes: [UInt8]) throws(UnreadableMessage) {
    do {
      self = try JSONDecoder().decode(JobMessage.self, from: Data(bytes))
    } catch {
      throw UnreadableMessage(why: "not a job message")
    }
    guard v <= Self.version else {
      throw UnreadableMessage(why: "version \(v), written by a newer release; this one reads up to \(Self.version)")
    }
  }
}

/// A message that no worker of this release can read.
public struct UnreadableMessage: Error, Sendable, CustomStringConvertible {
  public let why: String
  public var description: String { "unreadable message: \(why)" }
}
