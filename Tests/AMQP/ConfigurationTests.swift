import Testing

@testable import AMQP

/// URLs as people write them.
@Suite("Broker URLs")
struct ConfigurationTests {
  @Test(
    "a URL is read as the RabbitMQ URI specification says",
    arguments: [
      ("amqp://crm:secret@broker:5673/sync", "amqp://crm@broker:5673/sync"),
      ("amqp://crm@broker/sync", "amqp://crm@broker:5672/sync"),
      ("AMQPS://crm@broker/sync", "amqps://crm@broker:5671/sync"),
      ("amqp://broker", "amqp://guest@broker:5672/"),
      ("amqp://broker/%2F", "amqp://guest@broker:5672/"),
      ("amqp://broker/a%2Fb", "amqp://guest@broker:5672/a/b"),
      ("amqp://[::1]:5673/sync", "amqp://guest@[::1]:5673/sync"),
    ])
  func reads(url: String, shown: String) throws {
    #expect(try AMQPConfiguration(url: url).description == shown)
  }

  @Test("the password is taken from the URL, percent-decoded, unless one is given beside it")
  func password() throws {
    #expect(try AMQPConfiguration(url: "amqp://crm:a%40b%2F@broker/x").password == "a@b/")
    #expect(try AMQPConfiguration(url: "amqp://crm:a@broker/x", password: "b").password == "b")
  }

  @Test("neither printing nor dumping a configuration shows its password")
  func secret() throws {
    let configuration = try AMQPConfiguration(url: "amqp://crm:sesame@broker/x")
    var dumped = ""
    dump(configuration, to: &dumped)
    for text in ["\(configuration)", String(reflecting: configuration), dumped] { #expect(!text.contains("sesame")) }
  }

  @Test(
    "a URL that cannot be meant is refused without being repeated",
    arguments: [
      "", "amqp://", "http://broker", "broker:5672", "amqp://crm:sesame@", "amqp://crm:sesame@broker:70000/x",
      "amqp://crm:sesame@broker/x?heartbeat=soon", "amqp://crm:sesame@broker/x?heartbeat=1",
      "amqp://crm:sesame@broker/x?verify=none", "amqp://crm:ses%00ame@broker/x", "amqp://crm:se same@bro ker/x",
    ])
  func malformed(url: String) {
    let error = #expect(throws: AMQPError.self) { try AMQPConfiguration(url: url) }
    #expect(error?.kind == .malformedURL)
    #expect(error?.isRetriable == false)
    #expect(error.map { "\($0)".contains("ses") } == false)
  }

  @Test("a password in clear over the network is worth a warning, on this machine or over TLS it is not")
  func warning() throws {
    #expect(try AMQPConfiguration(url: "amqp://crm@broker/x").warning?.contains("amqps://") == true)
    for url in ["amqps://broker", "amqp://localhost", "amqp://127.0.0.1", "amqp://[::1]"] {
      #expect(try AMQPConfiguration(url: url).warning == nil)
    }
  }
}
