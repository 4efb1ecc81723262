import Foundation

/// The servers and the program that these tests drive; `./dev test` provides them.
struct TestEnvironment {
  let postgresURL: String
  let rabbitmqURL: String
  let binary: String
  /// Starts, stops, restarts and wipes the private broker.
  let brokerControl: String
  /// Starts, stops and restarts the private database server.
  let postgresControl: String
  /// How much longer than usual the long tests run; with 20, each reaches its full figure.
  let scale: Int

  /// How often something is done, or how much there is of it.
  /// - Parameters:
  ///   - share: in a usual run.
  ///   - full: when the scale is 20.
  func figure(_ share: Int, full: Int) -> Int { scale > 1 ? max(share, full * scale / 20) : share }

  init() throws {
    let environment = ProcessInfo.processInfo.environment
    func require(_ name: String) throws -> String {
      guard let value = environment[name] else { throw Missing(name: name) }
      return value
    }
    postgresURL = try require("CRMSYNC_TEST_POSTGRES_URL")
    rabbitmqURL = try require("CRMSYNC_TEST_RABBITMQ_URL")
    binary = try require("CRMSYNC_TEST_BINARY")
    brokerControl = try require("CRMSYNC_TEST_BROKER_CTL")
    postgresControl = try require("CRMSYNC_TEST_POSTGRES_CTL")
    scale = Int(environment["CRMSYNC_TEST_SCALE"] ?? "1") ?? 1
  }

  struct Missing: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) is not set: run ./dev test, which starts the servers and sets it" }
  }

  /// Folder of these tests.
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
}
