public import Foundation

/// A program could not be started.
public struct ProgramNotStarted: Error, CustomStringConvertible {
  public let description: String
}

/// Starts a program.
///
/// Without Foundation's `Process`: that one hands the parent's descriptors on, so that two programs that start at once
/// hold the ends of each other's pipes, and each waits for the other to end. Here the program gets its three standard
/// descriptors and no other.
/// - Parameters:
///   - environment: that of the tests where it is `nil`.
///   - input: its standard input; nothing comes in where it is `nil`.
///   - output: its standard output.
///   - errors: its standard error; `output` where it is `nil`.
public func spawn(
  _ program: String, _ arguments: [String], environment: [String: String]? = nil, input: Int32? = nil, output: Int32,
  errors: Int32? = nil
) throws -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  if let input {
    posix_spawn_file_actions_adddup2(&actions, input, 0)
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  }
  posix_spawn_file_actions_adddup2(&actions, output, 1)
  posix_spawn_file_actions_adddup2(&actions, errors ?? output, 2)
  closeAtExec()
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  // The test runner blocks and ignores signals of its own.
  var all = sigset_t()
  var none = sigset_t()
  sigfillset(&all)
  sigemptyset(&none)
  posix_spawnattr_setsigdefault(&attributes, &all)
  posix_spawnattr_setsigmask(&attributes, &none)
  posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
  let environment = environment ?? ProcessInfo.processInfo.environment
  var texts = ([program] + arguments).map { strdup($0) } + [nil]
  var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
  defer { for text in texts + variables { free(text) } }
  var identifier: pid_t = 0
  let failure = posix_spawn(&identifier, program, &actions, &attributes, &texts, &variables)
  guard failure == 0 else {
    throw ProgramNotStarted(description: "\(program) does not start: \(String(cString: strerror(failure)))")
  }
  return identifier
}

/// Lets no program that is started from now on have what is open now, but for its standard descriptors.
private func closeAtExec() {
  for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
    guard let descriptor = Int32(name), descriptor > 2 else { continue }
    let flags = fcntl(descriptor, F_GETFD)
    if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
  }
}

/// Waits for the end of a program, on a thread that may block.
/// - Returns: its exit code; 128 and the signal's number if one ended it.
public func awaitEnd(of identifier: pid_t) -> Int32 {
  var status: Int32 = 0
  while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
  let signal = status & 0x7F
  return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
}

/// Runs a program to its end.
/// - Parameter input: what it reads from its standard input.
/// - Returns: its exit code, and all that it printed.
public func runProgram(
  _ program: String, _ arguments: [String], input: String = ""
) async throws -> (status: Int32, output: String) {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(with: Result { try runBlocking(program, arguments, input: input) })
    }
  }
}

private func runBlocking(_ program: String, _ arguments: [String], input: String) throws -> (Int32, String) {
  // A file and no pipe: its end is there from the start, and no writer has to wait.
  let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try Data(input.utf8).write(to: file)
  defer { try? FileManager.default.removeItem(at: file) }
  let reading = try FileHandle(forReadingFrom: file)
  let output = Pipe()
  let identifier = try spawn(
    program, arguments, input: reading.fileDescriptor, output: output.fileHandleForWriting.fileDescriptor)
  try output.fileHandleForWriting.close()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  return (awaitEnd(of: identifier), text)
}
