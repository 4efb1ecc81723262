import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals
import Simulator

/// Local stand-ins.
struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Local stand-ins that speak the real wire protocols, for demos and tests.",
    subcommands: [Veeva.self, Marketo.self])

  struct Veeva: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A simulated Veeva CRM org with data that follow from a seed.",
      discussion: """
        EXAMPLES
          crmsync simulate veeva --listen 127.0.0.1:8443 --records 100000
          crmsync simulate veeva --records 5000 --latency-ms 200 --bad-values-every 1000
          crmsync simulate veeva --records 20000 --changes-per-second 5
        """)

    @Option(help: "Address and port; port 0 takes a free one, which is printed.") var listen = "127.0.0.1:8090"
    @Option(help: "Professional Person Accounts; other objects in proportion.") var records = 100_000
    @Option(help: "All data follow from it.") var seed: UInt64 = 1
    @Option(help: "Rows of User.") var users: Int?
    @Option(help: "Rows of Call2_vod__c.") var calls: Int?
    @Option(help: "Rows of Call2_Key_Message_vod__c.") var callKeyMessages: Int?
    @Option(help: "Rows of the custom object one level below Account.") var activities: Int?
    @Option(help: "Rows of the custom object two levels below Account.") var activityLines: Int?
    @Option(help: "Rows of an object that the Bulk API does not take.") var legacyNotes: Int?
    @Option(help: "Consumer key that clients have to show.") var clientID = "crmsync-client"
    @Option(help: "File with the consumer secret; without it the secret is crmsync-secret.")
    var clientSecretFile: String?
    @Option(help: "Delay before each answer, in milliseconds.") var latencyMs = 0
    @Option(help: "Least time a bulk job takes, in milliseconds.") var jobDelayMs = 0
    @Option(help: "Bulk jobs that run at once.") var concurrentJobs = 5
    @Option(help: "API requests allowed in 24 hours.") var apiDailyLimit = 1_000_000
    @Option(help: "One account row of so many holds a value that its field cannot; 0 for none.")
    var badValuesEvery = 0
    @Option(help: "Folder for results of bulk jobs, kept between runs.") var spool: String?
    @Option(help: "Objects that the user may not see.") var hideObject: [String] = []
    @Option(help: "Fields that the user may not see, as Object.Field.") var hideField: [String] = []
    @Flag(help: "400 more custom fields on Account.") var wideAccounts = false
    @Flag(help: "Forget at once what the client called done.") var forgetful = false
    @Option(help: "Random changes of rows in a second, for demos of deltas.") var changesPerSecond = 0.0
    @Option(help: "File with a JSON list of faults, as POST /simulator/faults takes them.") var faults: String?

    func run() async throws {
      let logger = LogOutput.start()
      let org = SimulatedOrg(options: try options(), logger: logger) { port in
        print("listening on http://127.0.0.1:\(port)")
        fflush(nil)
      }
      SecondSignal.install()
      try await ServiceGroup(services: [org], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
    }

    private func options() throws -> SimulatedOrgOptions {
      var options = SimulatedOrgOptions()
      let address = listen.split(separator: ":")
      guard address.count == 2, let port = Int(address[1]) else {
        throw ValidationError("--listen should be host:port, such as 127.0.0.1:8090")
      }
      (options.host, options.port) = (String(address[0]), port)
      (options.seed, options.accounts) = (seed, records)
      guard changesPerSecond >= 0, changesPerSecond <= 1000 else {
        throw ValidationError("--changes-per-second should lie between 0 and 1000")
      }
      (options.users, options.calls, options.callKeyMessages) = (users, calls, callKeyMessages)
      (options.activities, options.activityLines) = (activities, activityLines)
      options.legacyNotes = legacyNotes
      options.credentials.clientID = clientID
      if let clientSecretFile {
        options.credentials.clientSecret = try String(contentsOfFile: clientSecretFile, encoding: .utf8)
          .trimmingCharacters(in: .newlines)
      }
      options.latency = .milliseconds(latencyMs)
      options.jobDelay = .milliseconds(jobDelayMs)
      (options.concurrentJobs, options.apiDailyLimit) = (concurrentJobs, apiDailyLimit)
      (options.badValuesEvery, options.spoolDirectory) = (badValuesEvery, spool)
      (options.hiddenObjects, options.hiddenFields) = (hideObject, hideField)
      options.changesPerSecond = changesPerSecond
      (options.wideAccounts, options.forgetsFinishedJobs) = (wideAccounts, forgetful)
      if let faults {
        let data = try Data(contentsOf: URL(fileURLWithPath: faults))
        options.faults = try JSONDecoder().decode([SimulatedFault].self, from: data)
      }
      return options
    }
  }
}
