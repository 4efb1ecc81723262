import Foundation

/// Times what a job costs beside its records: planning, publishing, checkpointing. `./dev bench plan` runs it.
@main
struct PlanningBench {
  static func main() async throws {
    do {
      print(String(decoding: try JSONEncoder().encode(try await run()), as: UTF8.self))
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(1)
    }
  }

  private static func run() async throws -> Timings {
    let setup = try Setup(ProcessInfo.processInfo.environment)
    switch CommandLine.arguments.dropFirst().first {
    case "product": return try await ProductRun(setup).run()
    case "bare": return try await BareRun(setup).run()
    default: throw SetupError()
    }
  }
}
