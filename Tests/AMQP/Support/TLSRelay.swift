import Foundation
import TestSupport

/// TLS in front of the plain broker, with a certificate of its own.
final class TLSRelay: Sendable {
  let port: Int
  /// The certificate, which is its own authority.
  let certificate: String
  private let folder: URL
  /// Ends when it is closed.
  private let input = Pipe()

  init(to broker: Int, host: String) async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: TestBroker.name("tls"))
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    certificate = folder.appending(path: "certificate.pem").path
    let key = folder.appending(path: "key.pem").path
    try await TestBroker.run(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(host)", "-addext",
        "subjectAltName=DNS:\(host)", "-keyout", key, "-out", certificate,
      ])
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "tls_relay.py").path
    let output = Pipe()
    let process = try spawn(
      "/usr/bin/python3", [script, certificate, key, "\(broker)"], input: input.fileHandleForReading.fileDescriptor,
      output: output.fileHandleForWriting.fileDescriptor, errors: FileHandle.standardError.fileDescriptor)
    Thread.detachNewThread { _ = awaitEnd(of: process) }
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw POSIXError(.ECONNREFUSED) }
    self.port = port
  }

  deinit {
    try? input.fileHandleForWriting.close()
    try? FileManager.default.removeItem(at: folder)
  }
}
