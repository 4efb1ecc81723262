import Foundation
import Testing

@testable import SyncConfiguration

/// A configuration that is right, with places to change.
enum Sample {
  static let veeva = """
        veeva:
          loginURL: https://acme.my.salesforce.com
          auth: { flow: client-credentials, clientID: app, clientSecret: s3cret-of-acme }
    """

  static let destination = """
        destination:
          postgres: { url: "postgresql://crmsync@db:5432/marketing", schema: acme }
    """

  /// A destination in Marketo.
  static func marketo(_ url: String = "https://acme.mktorest.com/rest", more: String = "") -> String {
    let more = more.isEmpty ? "" : ", " + more
    return """
          destination:
            marketo: { baseURL: "\(url)", clientID: app, clientSecret: m\(more) }
      """
  }

  static let servers = """
    postgres: { url: "postgresql://crmsync@127.0.0.1:5432/crmsync" }
    rabbitmq: { url: "amqp://crmsync@127.0.0.1:5672/crmsync" }
    """

  /// The sample with parts replaced, and lines added at the top level and to the tenant.
  static func yaml(
    servers: String = servers, veeva: String = veeva, destination: String = destination, top: String = "",
    tenant: String = ""
  ) -> String {
    [servers, top, "tenants:", "  acme:", veeva, destination, tenant].filter { !$0.isEmpty }.joined(separator: "\n")
      + "\n"
  }

  static func withAuth(_ auth: String) -> String {
    yaml(
      veeva: """
            veeva:
              loginURL: https://acme.my.salesforce.com
              auth: \(auth)
        """)
  }

  static func withObjects(_ objects: String) -> String { yaml(tenant: "    objects: \(objects)") }
}

/// What is wrong with a text.
func problems(
  in yaml: String, folder: String = "", environment: [String: String] = [:]
) -> [ConfigurationError.Problem] {
  do throws(ConfigurationError) {
    _ = try Configuration.parse(yaml, folder: folder, environment: environment)
    return []
  } catch {
    return error.problems
  }
}

/// A folder that is removed with the test that uses it.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/crmsync-configuration-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ content: String) throws {
    try content.write(toFile: path + "/" + name, atomically: false, encoding: .utf8)
  }
}
