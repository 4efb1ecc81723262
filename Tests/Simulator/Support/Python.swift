import Foundation
import TestSupport
import Testing

/// Clients that this project did not write are Python programs.
enum Python {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  /// A program of `Tests/Simulator/Python`.
  static func script(_ name: String) -> String { folder.appendingPathComponent("Python/\(name)").path }

  /// An interpreter that has a package: of the virtual environment that the caller prepared, or of one made now.
  /// - Parameter requirement: as pip takes it.
  static func with(_ requirement: String, module: String) async throws -> String {
    if let prepared = ProcessInfo.processInfo.environment["CRMSYNC_TEST_VENV"] { return prepared + "/bin/python" }
    let root = folder.deletingLastPathComponent().deletingLastPathComponent().path
    let environment = root + "/.build/test-venv-\(module)"
    let python = environment + "/bin/python"
    if try await run(python, ["-c", "import \(module)"]).status != 0 {
      let made = try await run("/usr/bin/env", ["python3", "-m", "venv", environment])
      try #require(made.status == 0, "python3 -m venv: \(made.output)")
      let installed = try await run(python, ["-m", "pip", "install", "--quiet", requirement])
      try #require(installed.status == 0, "pip install \(requirement): \(installed.output)")
    }
    return python
  }

  /// Runs a program to its end.
  static func run(_ program: String, _ arguments: [String], input: String = "") async throws -> (
    status: Int32, output: String
  ) {
    guard FileManager.default.isExecutableFile(atPath: program) else { return (127, "no \(program)") }
    return try await runProgram(program, arguments, input: input)
  }
}
