import ArgumentParser
import Foundation
import ServiceLifecycle
import Simulator
import UnixSignals

extension Simulate {
  struct Marketo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A simulated Marketo Engage instance that keeps what is written to it in memory.",
      discussion: """
        Speaks the REST, bulk and identity protocols of Marketo with its limits: 100 calls in 20 seconds, 10 at a \
        time, 50,000 a day, 2 imports running and 10 queued. GET /simulator/counts, /simulator/leads, \
        /simulator/leads/duplicates?field=veevaId, /simulator/requests and /simulator/limits show what happened; \
        POST /simulator/faults makes trouble.

        EXAMPLES
          crmsync simulate marketo --listen 127.0.0.1:8444
          crmsync simulate marketo --existing-leads 1000 --veeva-records 5000
          crmsync simulate marketo --calls-per-window 20 --concurrent-calls 3 --calls-per-day 500
          crmsync simulate marketo --native-crm --withhold 'Read-Write Custom Object Type'
          crmsync simulate marketo --processing-ms 500 --latency-ms 100
        """)

    @Option(help: "Address and port; port 0 takes a free one, which is printed.") var listen = "127.0.0.1:8091"
    @Option(help: "Chance follows from it.") var seed: UInt64 = 1
    @Option(help: "Client id of the custom service.") var clientID = "crmsync-client"
    @Option(help: "File with the client secret; without it the secret is crmsync-secret.")
    var clientSecretFile: String?
    @Option(help: "Life of a token, in seconds.") var tokenSeconds = 3600
    @Option(help: "Calls in 20 seconds.") var callsPerWindow = 100
    @Option(help: "Calls at a time.") var concurrentCalls = 10
    @Option(help: "Calls in a day, which ends at midnight in --quota-zone.") var callsPerDay = 50_000
    @Option(help: "Time zone of the daily quota.") var quotaZone = "America/Chicago"
    @Option(help: "Imports that run at a time.") var concurrentImports = 2
    @Option(help: "Imports that run or wait.") var queuedImports = 10
    @Option(help: "Rows that an import writes in a second; 0 for as fast as can be.") var importRowsPerSecond = 0
    @Option(help: "Least time of an import, in milliseconds.") var importDelayMs = 0
    @Option(help: "Delay before each answer, in milliseconds.") var latencyMs = 0
    @Option(help: "Time between looking a lead up and writing it, in milliseconds: overlapping calls make duplicates.")
    var processingMs = 20
    @Option(help: "Leads that are there already, known only by email: those of the simulated Veeva org's accounts.")
    var existingLeads = 0
    @Option(help: "The --seed of that Veeva org.") var veevaSeed: UInt64 = 1
    @Option(help: "The --records of that Veeva org.") var veevaRecords = 100_000
    @Flag(help: "Native CRM sync owns companies and salespersons: 1018.") var nativeCRM = false
    @Flag(help: "No metadata API for custom objects: 616.") var withoutMetadataAPI = false
    @Option(help: "A permission that the API user lacks, such as 'Read-Write Company'; may be repeated.")
    var withhold: [String] = []
    @Option(help: "A partition beside Default; may be repeated.") var partition: [String] = []
    @Option(help: "A partition that the API user does not reach; may be repeated.")
    var unreachablePartition: [String] = []
    @Option(help: "File with a JSON list of faults, as POST /simulator/faults takes them.") var faults: String?

    func run() async throws {
      let logger = LogOutput.start()
      let instance = SimulatedMarketo(options: try options(), logger: logger) { port in
        print("listening on http://127.0.0.1:\(port)")
        fflush(nil)
      }
      SecondSignal.install()
      try await ServiceGroup(services: [instance], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
    }

    private func options() throws -> SimulatedMarketoOptions {
      var options = SimulatedMarketoOptions()
      let address = listen.split(separator: ":")
      guard address.count == 2, let port = Int(address[1]) else {
        throw ValidationError("--listen should be host:port, such as 127.0.0.1:8091")
      }
      (options.host, options.port, options.seed) = (String(address[0]), port, seed)
      options.clientID = clientID
      if let clientSecretFile {
        options.clientSecret = try String(contentsOfFile: clientSecretFile, encoding: .utf8)
          .trimmingCharacters(in: .newlines)
      }
      options.tokenLifetime = .seconds(tokenSeconds)
      (options.callsPerWindow, options.concurrentCalls) = (callsPerWindow, concurrentCalls)
      (options.callsPerDay, options.quotaTimeZone) = (callsPerDay, quotaZone)
      (options.concurrentImports, options.queuedImports) = (concurrentImports, queuedImports)
      options.importRowsPerSecond = importRowsPerSecond > 0 ? importRowsPerSecond : nil
      options.importDelay = .milliseconds(importDelayMs)
      (options.latency, options.processingTime) = (.milliseconds(latencyMs), .milliseconds(processingMs))
      (options.existingLeads, options.veevaSeed, options.veevaAccounts) = (existingLeads, veevaSeed, veevaRecords)
      (options.nativeCRM, options.hasMetadataAPI) = (nativeCRM, !withoutMetadataAPI)
      options.withheldPermissions = Set(try withhold.map(Self.permission))
      options.partitions = partition + unreachablePartition
      options.unreachablePartitions = Set(unreachablePartition)
      if let faults {
        let data = try Data(contentsOf: URL(fileURLWithPath: faults))
        options.faults = try JSONDecoder().decode([MarketoFault].self, from: data)
      }
      return options
    }

    private static func permission(_ name: String) throws -> MarketoPermission {
      guard let permission = MarketoPermission(rawValue: name) else {
        let known = MarketoPermission.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--withhold knows no '\(name)'; it knows \(known)")
      }
      return permission
    }
  }
}
