import Foundation

/// The folder of result files: one per statement and data set, used again by later jobs and runs, bounded in bytes.
///
/// Results of an org that has changed are never used again: their files have no name any more once they are written.
actor Spool {
  private let directory: String
  private let limitBytes: Int
  private let materialiser: Materialiser
  /// Distinguishes data sets, and versions of the generator.
  private let fingerprint: String
  private var running: [String: Task<SpoolFile, any Error>] = [:]

  init(directory: String, limitBytes: Int, materialiser: Materialiser, fingerprint: String) throws {
    self.directory = directory
    self.limitBytes = limitBytes
    self.materialiser = materialiser
    self.fingerprint = fingerprint
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name.hasSuffix(".part") {
      try? FileManager.default.removeItem(atPath: directory + "/" + name)
    }
  }

  /// The results of an order, made now unless they are there.
  func file(
    _ order: Materialiser.Order, of data: DataSet, progress: @escaping @Sendable (Int) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) async throws -> SpoolFile {
    guard data.revision == 0 else {
      let path = "\(directory)/\(UInt64.random(in: 0 ... .max)).part"
      let file = try await materialiser.write(
        order, of: data, key: [], to: path, progress: progress, isCancelled: isCancelled)
      try? FileManager.default.removeItem(atPath: path)
      return file
    }
    let key = key(order)
    let path = path(key)
    if let file = SpoolIndex.open(path, key: Array(key.utf8)) {
      touch(path)
      progress(file.rows)
      return file
    }
    if let task = running[path], let file = try? await task.value {
      progress(file.rows)
      return file
    }
    let materialiser = materialiser
    let task = Task {
      try await materialiser.write(
        order, of: data, key: Array(key.utf8), to: path, progress: progress, isCancelled: isCancelled)
    }
    running[path] = task
    defer { running[path] = nil }
    let file = try await task.value
    evict(sparing: path)
    return file
  }

  /// Removes the results of an order from the disk; downloads that have it open can read on.
  func forget(_ order: Materialiser.Order) { try? FileManager.default.removeItem(atPath: path(key(order))) }

  private func key(_ order: Materialiser.Order) -> String {
    "\(fingerprint)|\(order.includeDeleted)|\(order.delimiter)|\(order.crlf)|\(order.statement.text)"
  }

  private func path(_ key: String) -> String {
    let name = String(Mixing.hash(key), radix: 36) + String(Mixing.hash(String(key.reversed())), radix: 36)
    return "\(directory)/\(name).spool"
  }

  private func touch(_ path: String) {
    try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
  }

  private func evict(sparing path: String) {
    let manager = FileManager.default
    let names = (try? manager.contentsOfDirectory(atPath: directory)) ?? []
    var files: [(path: String, size: Int, used: Date)] = names.filter { $0.hasSuffix(".spool") }.compactMap { name in
      let path = directory + "/" + name
      guard let attributes = try? manager.attributesOfItem(atPath: path) else { return nil }
      return (
        path, (attributes[.size] as? Int) ?? 0, (attributes[.modificationDate] as? Date) ?? .distantPast
      )
    }
    var total = files.reduce(0) { $0 + $1.size }
    files.sort { $0.used < $1.used }
    for file in files where total > limitBytes && file.path != path {
      try? manager.removeItem(atPath: file.path)
      total -= file.size
    }
  }
}

extension Spool {
  /// Below the system's temporary folder, so that later runs find it.
  static var defaultDirectory: String {
    FileManager.default.temporaryDirectory.appendingPathComponent("crmsync-simulated-results").path
  }
}
