import Foundation
import FoundationNetworking
import TestSupport

/// The broker's HTTP API, as far as these tests need it.
struct Management: Sendable {
  struct Missing: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) is not set: run ./dev test, which starts the servers and sets it" }
  }

  struct Refused: Error {
    let call: String
    let status: Int
  }

  private let base: String
  private let authorization: String

  init() throws {
    var url = try Self.url("CRMSYNC_TEST_RABBITMQ_MANAGEMENT_URL")
    authorization = "Basic " + Data("\(url.user ?? ""):\(url.password ?? "")".utf8).base64EncodedString()
    (url.user, url.password) = (nil, nil)
    base = url.string ?? ""
  }

  static func url(_ variable: String) throws -> URLComponents {
    guard let text = ProcessInfo.processInfo.environment[variable], let url = URLComponents(string: text) else {
      throw Missing(name: variable)
    }
    return url
  }

  @discardableResult
  func send(_ method: String, _ path: String, _ body: [String: String] = [:]) async throws -> Data {
    guard let url = URL(string: "\(base)/api/\(path)") else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    request.httpMethod = method
    request.setValue(authorization, forHTTPHeaderField: "Authorization")
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    if method != "DELETE" { request.httpBody = try JSONEncoder().encode(body) }
    let (data, response) = try await URLSession.shared.data(for: request)
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    guard (200..<300).contains(status) else { throw Refused(call: "\(method) \(path)", status: status) }
    return data
  }

  /// Runs `rabbitmqctl` to its end.
  func control(_ arguments: [String]) async throws {
    guard let program = ProcessInfo.processInfo.environment["CRMSYNC_TEST_RABBITMQ_CTL"] else {
      throw Missing(name: "CRMSYNC_TEST_RABBITMQ_CTL")
    }
    let status = try await runProgram(program, arguments).status
    guard status == 0 else { throw Refused(call: "rabbitmqctl \(arguments)", status: Int(status)) }
  }
}
