import Foundation
public import Logging
public import SyncConfiguration

#if canImport(Glibc)
  import Glibc
#endif

/// Follows the configuration file: takes over what may change while the process runs, and says what may not.
///
/// A file with mistakes changes nothing. Whoever owns it calls ``look()`` every second or so, and ``reload()`` when it
/// is told to.
public actor ConfigurationFollower {
  private let path: String
  private let environment: [String: String]
  private let started: Configuration
  private let live: LiveSelections
  private let logger: Logger
  private var current: Configuration
  /// The file that was read last, and the one that was seen last.
  private var read: FileMark?
  private var seen: FileMark?
  /// What was said last to need a restart.
  private var atStart: [String] = []

  /// Follows a file from the configuration that the process was started with.
  public init(
    path: String, environment: [String: String], started: Configuration, live: LiveSelections, logger: Logger
  ) {
    self.path = path
    self.environment = environment
    self.started = started
    self.live = live
    self.logger = logger
    current = started
  }

  /// Reads the file if it is another one than that read last, and the same as at the look before: who writes it may
  /// be in the middle, and half a file can be one without mistakes.
  /// - Returns: whether the file was read.
  @discardableResult
  public func look() -> Bool {
    let mark = FileMark(path)
    defer { seen = mark }
    guard mark != read, mark == seen else { return false }
    reload()
    return true
  }

  /// Reads the file now.
  public func reload() {
    // Before it is read: what is written meanwhile is seen as another file.
    read = FileMark(path)
    do {
      takeOver(try Configuration.load(path: path, environment: environment))
    } catch {
      logger.error("the configuration has mistakes; the one before stays in force", metadata: ["error": "\(error)"])
    }
  }

  private func takeOver(_ fresh: Configuration) {
    let changed = ConfigurationChanges(from: current, to: fresh).live
    current = fresh
    if live.update(fresh) {
      logger.notice(
        "the configuration has changed; it takes effect at the next cycle",
        metadata: ["changed": "\(changed.joined(separator: ", "))"])
    }
    let atStart = ConfigurationChanges(from: started, to: fresh).atStart
    if atStart != self.atStart, !atStart.isEmpty {
      logger.warning(
        "the configuration has changed in what needs a restart",
        metadata: ["changed": "\(atStart.joined(separator: ", "))"])
    }
    self.atStart = atStart
  }
}

/// What tells one state of a file from another without reading it. Follows symbolic links: container platforms change
/// a mounted file by turning a link to another folder.
private struct FileMark: Equatable {
  let device: UInt64
  let inode: UInt64
  let size: Int64
  let seconds: Int
  let nanoseconds: Int

  /// `nil` while there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}
