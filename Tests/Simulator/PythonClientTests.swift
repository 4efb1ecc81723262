import Foundation
import Testing

@testable import Simulator

/// A client that this project did not write.
@Suite("simple-salesforce")
struct PythonClientTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  /// A virtual environment with simple-salesforce: the one the caller prepared, or one made now.
  private static func python() async throws -> String {
    if let prepared = ProcessInfo.processInfo.environment["CRMSYNC_TEST_VENV"] { return prepared + "/bin/python" }
    let environment = folder.deletingLastPathComponent().deletingLastPathComponent().path + "/.build/test-venv"
    let python = environment + "/bin/python"
    if try await run(python, ["-c", "import simple_salesforce"]).status != 0 {
      let made = try await run("/usr/bin/env", ["python3", "-m", "venv", environment])
      try #require(made.status == 0, "python3 -m venv: \(made.output)")
      let installed = try await run(python, ["-m", "pip", "install", "--quiet", "simple-salesforce"])
      try #require(installed.status == 0, "pip install simple-salesforce: \(installed.output)")
    }
    return python
  }

  private static func run(_ program: String, _ arguments: [String], input: String = "") async throws -> (
    status: Int32, output: String
  ) {
    guard FileManager.default.isExecutableFile(atPath: program) else { return (127, "no \(program)") }
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          with: Result {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            let (stdin, stdout) = (Pipe(), Pipe())
            process.standardInput = stdin
            process.standardOutput = stdout
            process.standardError = stdout
            try process.run()
            try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try stdin.fileHandleForWriting.close()
            let output = String(decoding: stdout.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, output)
          })
      }
    }
  }

  @Test("logs in, describes, queries and downloads bulk results, and gets the same rows each way")
  func wholeConversation() async throws {
    let python = try await Self.python()
    let publicPEM = try RSAKeys.publicPEM()
    let seen = try await RunningOrg.serving({
      $0.accounts = 300
      $0.restPageRows = 100
      $0.credentials.jwtPublicKeyPEM = publicPEM
    }) { org in
      let credentials = org.options.credentials
      let input = JSONValue.object([
        ("clientID", .string(credentials.clientID)), ("clientSecret", .string(credentials.clientSecret)),
        ("username", .string(credentials.username)), ("password", .string(credentials.password)),
        ("privateKey", .string(RSAKeys.privatePEM)),
      ])
      let script = Self.folder.appendingPathComponent("Python/simple_salesforce_client.py").path
      let answer = try await Self.run(
        python, [script, "http://127.0.0.1:\(org.port)"], input: String(decoding: input.encoded, as: UTF8.self))
      try #require(answer.status == 0, "\(answer.output)")
      let all = try await org.records("SELECT Id FROM Account", token: try await org.token(), all: true).count
      return (JSON(Array((answer.output.split(separator: "\n").last ?? "").utf8)), org.port, all)
    }
    let (json, port, all) = seen
    for flow in ["clientCredentials", "password", "jwt"] {
      #expect(json[flow][0].text == "00D5g0000000001" && json[flow][1].text == "127.0.0.1:\(port)")
    }
    #expect(json["wrongPassword"].text == "invalid_grant")
    #expect((json["fields"].number ?? 0) > 60)
    #expect(json["objects"].list.count == ObjectKind.allCases.count)
    #expect(json["limits"].number == 1_000_000 && json["usage"].number == 1_000_000)
    let total = try #require(json["total"].number)
    #expect(total >= 300)
    for way in ["queryAll", "queryAllIter", "bulk", "downloaded"] { #expect(json[way].number == total, "\(way)") }
    #expect(json["downloadedFiles"].number == (total + 199) / 200)
    #expect(json["includingDeleted"].number == all)
    #expect(json["bulkDiffersFromREST"].list.compactMap { $0.text } == [])
    #expect(json["getByID"].truth == true)
    #expect(json["badField"].text == "INVALID_FIELD" && json["expired"].text == "INVALID_SESSION_ID")
  }
}
