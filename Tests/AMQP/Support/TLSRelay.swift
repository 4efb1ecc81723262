import Foundation

/// TLS in front of the plain broker, with a certificate of its own.
// Sendable: immutable after `init`; the process is only terminated.
final class TLSRelay: @unchecked Sendable {
  let port: Int
  /// The certificate, which is its own authority.
  let certificate: String
  private let folder: URL
  private let process = Process()

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
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [script, certificate, key, "\(broker)"]
    process.standardInput = Pipe()
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw POSIXError(.ECONNREFUSED) }
    self.port = port
  }

  deinit {
    process.terminate()
    try? FileManager.default.removeItem(at: folder)
  }
}
