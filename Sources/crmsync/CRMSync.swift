import ArgumentParser
import Foundation

/// The command line: parses, hands over to a verb, and turns what went wrong into an exit code.
@main
struct CRMSync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crmsync",
    abstract: "Keeps a marketing database in step with a Veeva CRM org, at any size, without losing a record.",
    discussion: """
      EXAMPLES
        crmsync check                     Can a sync start? What can the credentials see?
        crmsync plan                      What would be copied, in how many API calls
        crmsync run --once                One complete cycle in this process
        crmsync coordinator               The planning role of a cluster
        crmsync worker --slots 8          The copying role of a cluster; start as many as you like
        crmsync sync now acme             The next cycle at once
        crmsync status --watch            Progress, queue depth, workers, API budget

      The configuration is read from --config, else CRMSYNC_CONFIG, else crmsync.yaml.

      EXIT CODES
        0 done, 1 the work failed, 2 usage or configuration, 3 a dependency cannot be reached
      """,
    version: "0.1.0",
    subcommands: [
      Check.self, Plan.self, Run.self, Coordinator.self, Worker.self, Status.self, SyncGroup.self, Schema.self,
      DeadLetters.self, Rejects.self, Verify.self, Simulate.self,
    ])

  static func main() async {
    HeapLimits.set()
    // A broken pipe is an error of the write, not a reason to die.
    signal(SIGPIPE, SIG_IGN)
    // Means 'read the configuration again' to the roles, which listen for it once they run, and nothing to others.
    signal(SIGHUP, SIG_IGN)
    var command: any ParsableCommand
    do {
      command = try parseAsRoot()
    } catch {
      explain(error)
    }
    do {
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      ExitStatus.leave(ExitStatus.done.rawValue)
    } catch {
      // Asking for help is an error to the parser, which some verbs meet only when they run.
      let code = exitCode(for: error)
      if code == .success || code == .validationFailure { explain(error) }
      ExitStatus.end(with: error)
    }
  }

  /// Says what the parser has to say, and ends the process.
  private static func explain(_ error: any Error) -> Never {
    let text = fullMessage(for: error)
    if exitCode(for: error) == .success {
      print(text)
      Foundation.exit(ExitStatus.done.rawValue)
    }
    FileHandle.standardError.write(Data((text + "\n").utf8))
    Foundation.exit(ExitStatus.usage.rawValue)
  }
}
