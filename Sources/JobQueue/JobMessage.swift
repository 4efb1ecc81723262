import Foundation

/// The unit on the queue: 'work on this job'. Small and versioned; everything else is in PostgreSQL.
public struct JobMessage: Sendable, Codable, Equatable {
  /// The version that this release writes, and the highest that it reads.
  public static let version = 1
  /// Far more than any message of ours takes.
  private static let maxBytes = 1 << 16

  let v: Int
  /// The job's id, or the part of an errand.
  public let job: Int64
  public let tenant: String
  public let object: String
  public let lane: Lane
  /// Which time the job is put on the queue.
  public let dispatch: Int64
  /// What kind of errand it is, instead of a job.
  public let errand: String?

  /// A job's message.
  public init(job: Int64, tenant: String, object: String, lane: Lane, dispatch: Int64) {
    v = Self.version
    self.job = job
    self.tenant = tenant
    self.object = object
    self.lane = lane
    self.dispatch = dispatch
    errand = nil
  }

  /// An errand's message. A release that knows no errands finds no job that waits for it, and lets it go.
  public init(errand: String, part: Int64, tenant: String, dispatch: Int64) {
    v = Self.version
    job = part
    self.tenant = tenant
    object = errand
    lane = .writeback
    self.dispatch = dispatch
    self.errand = errand
  }

  /// The message as bytes.
  public func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return Array(try encoder.encode(self))
  }

  /// Reads a message; keys that this release does not know are passed over.
  /// - Throws: ``UnreadableMessage`` for anything that is not one.
  public init(decoding bytes: [UInt8]) throws(UnreadableMessage) {
    guard bytes.count <= Self.maxBytes else { throw UnreadableMessage(why: "\(bytes.count) bytes are too many") }
    let data = Data(bytes)
    // The version first: a newer one may have another shape.
    guard let v = (try? JSONDecoder().decode(Versioned.self, from: data))?.v, v >= 1 else {
      throw UnreadableMessage(why: "not a job message")
    }
    guard v <= Self.version else {
      throw UnreadableMessage(why: "version \(v), written by a newer release; this one reads up to \(Self.version)")
    }
    do {
      self = try JSONDecoder().decode(JobMessage.self, from: data)
    } catch {
      throw UnreadableMessage(why: "not a job message of version \(v)")
    }
  }

  private struct Versioned: Decodable {
    let v: Int
  }
}

/// A message that no worker of this release can read. Says nothing of its contents.
public struct UnreadableMessage: Error, Sendable, CustomStringConvertible {
  public let why: String
  public var description: String { "unreadable message: \(why)" }
}
