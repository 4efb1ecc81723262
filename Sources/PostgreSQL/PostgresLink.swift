import CPostgreSQL
import Foundation
import Logging

/// One libpq connection, in the mode in which no call of libpq blocks: this class waits for the server, so that the
/// end of a task is seen meanwhile.
///
/// Confined to the thread of the actor that owns it.
final class PostgresLink {
  /// What a connection sends that was begun by a task that is cancelled already, such as a rollback, may take so long.
  private static let graceOfCancelled = Duration.seconds(5)
  /// A cancellation that comes before its statement has arrived is lost: it is sent again until the statement ends.
  private static let cancelAgain = Duration.seconds(1)
  /// Bounds how late the end of a task is seen where nobody wakes this thread.
  private static let look = Duration.milliseconds(250)

  let configuration: PostgresConfiguration
  private let waiting: ServerWait
  private let notices: NoticeLog
  /// Owned: made by `open`, freed by `close`.
  private(set) var handle: OpaquePointer?

  init(_ configuration: PostgresConfiguration, waiting: ServerWait, logger: Logger) {
    self.configuration = configuration
    self.waiting = waiting
    notices = NoticeLog(logger: logger)
  }

  deinit { close() }

  func close() {
    if let handle { PQfinish(handle) }
    handle = nil
  }

  func opened() throws(PostgresError) -> OpaquePointer {
    guard let handle else { throw lost("the connection is not open") }
    return handle
  }

  // MARK: Connecting

  /// Opens the connection, anew if it was open.
  func open() throws(PostgresError) {
    close()
    let parameters = try configuration.validated().sorted { $0.key < $1.key }
    let begun = withCStrings(parameters.map(\.key)) { keys in
      withCStrings(parameters.map(\.value)) { values in PQconnectStartParams(keys, values, 0) }
    }
    guard let begun else { throw lost("out of memory") }
    do {
      // Makes the server's code part of messages; there is no other way to learn why a login was refused.
      PQsetErrorVerbosity(begun, PQERRORS_VERBOSE)
      // `notices` outlives the handle: `deinit` closes it first.
      PQsetNoticeReceiver(begun, NoticeLog.receiver, Unmanaged.passUnretained(notices).toOpaque())
      try finishOpening(begun)
    } catch {
      PQfinish(begun)
      throw error
    }
    PQsetErrorVerbosity(begun, PQERRORS_DEFAULT)
    PQsetnonblocking(begun, 1)
    handle = begun
  }

  private func finishOpening(_ begun: OpaquePointer) throws(PostgresError) {
    let deadline = configuration.connectTimeout.map { ContinuousClock.now + $0 }
    var state = PQstatus(begun) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
    while state != PGRES_POLLING_OK {
      guard state != PGRES_POLLING_FAILED else { throw ConnectRefusal(begun).error(configuration) }
      if Task.isCancelled { throw PostgresError(kind: .cancelled, message: "connecting was cancelled") }
      if let deadline, deadline <= .now { throw lost("the server did not answer in time") }
      let events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT
      guard waiting.ready(PQsocket(begun), Int32(events), atMost: Self.look) != 0 else { continue }
      state = PQconnectPoll(begun)
    }
  }

  /// Whether the connection is open. Looks at what the server has sent meanwhile, such as its farewell.
  var isAlive: Bool {
    guard let handle, PQstatus(handle) == CONNECTION_OK else { return false }
    guard PQtransactionStatus(handle) != PQTRANS_ACTIVE else { return true }
    var socket = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
    while poll(&socket, 1, 0) > 0 {
      guard PQconsumeInput(handle) == 1 else { return false }
      // Parses what was read, so that notices are logged; it may be a notification, too.
      _ = PQisBusy(handle)
      waiting.release()
    }
    return PQstatus(handle) == CONNECTION_OK
  }

  // MARK: Waiting

  /// What a wait must know of its task.
  struct Patience {
    fileprivate var cancelAt: ContinuousClock.Instant?

    init() { cancelAt = Task.isCancelled ? .now + PostgresLink.graceOfCancelled : nil }
  }

  /// Waits for the server, a while at most. When the task is cancelled, the server is asked to end the statement.
  private func wait(_ handle: OpaquePointer, for events: Int32, _ patience: inout Patience) throws(PostgresError) {
    if Task.isCancelled, patience.cancelAt.map({ $0 <= .now }) ?? true {
      cancelStatement(handle)
      patience.cancelAt = .now + Self.cancelAgain
    }
    let socket = PQsocket(handle)
    guard socket >= 0 else { throw lost(handle) }
    let ready = waiting.ready(socket, events, atMost: Self.look)
    guard ready & Int32(POLLIN | POLLHUP | POLLERR) != 0 else { return }
    guard PQconsumeInput(handle) == 1 else { throw lost(handle) }
    // What was read may be a notification.
    waiting.release()
  }

  /// Asks the server to end the statement that runs, if one does.
  func cancelStatement(_ handle: OpaquePointer) {
    // Made and freed here.
    guard let cancel = PQgetCancel(handle) else { return }
    defer { PQfreeCancel(cancel) }
    var message = [CChar](repeating: 0, count: 256)
    _ = PQcancel(cancel, &message, Int32(message.count))
  }

  /// Waits until everything has been handed to the network.
  func flush(_ handle: OpaquePointer, _ patience: inout Patience) throws(PostgresError) {
    while true {
      switch PQflush(handle) {
      case 0: return
      case 1: try wait(handle, for: Int32(POLLIN | POLLOUT), &patience)
      default: throw lost(handle)
      }
    }
  }

  /// The next result of what was sent, which the caller frees; `nil` after the last.
  func nextResult(_ handle: OpaquePointer, _ patience: inout Patience) throws(PostgresError) -> OpaquePointer? {
    while PQisBusy(handle) == 1 { try wait(handle, for: Int32(POLLIN), &patience) }
    return PQgetResult(handle)
  }

  /// The next row of a COPY from the server, which the caller frees; `nil` after the last.
  func nextCopyRow(
    _ handle: OpaquePointer, _ patience: inout Patience
  ) throws(PostgresError) -> (bytes: UnsafeMutablePointer<CChar>, count: Int)? {
    while true {
      var row: UnsafeMutablePointer<CChar>?
      let count = PQgetCopyData(handle, &row, 1)
      if count > 0, let row { return (row, Int(count)) }
      guard count == 0 else { return nil }
      try wait(handle, for: Int32(POLLIN), &patience)
    }
  }

  // MARK: Errors

  func lost(_ message: String) -> PostgresError {
    PostgresError(kind: .connection, message: message, server: configuration.description)
  }

  /// What libpq says happened to the connection, or to our use of it.
  func lost(_ handle: OpaquePointer) -> PostgresError {
    let kind: PostgresError.Kind = PQstatus(handle) == CONNECTION_OK ? .unexpectedResult : .connection
    let message = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
    let line = message.split(separator: "\n").first.map(String.init) ?? "the connection broke"
    return PostgresError(kind: kind, message: line, server: configuration.description)
  }

  /// What a result says went wrong.
  func error(of result: OpaquePointer, _ handle: OpaquePointer) -> PostgresError {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
    }
    guard let state = field("C") else { return lost(handle) }
    return PostgresError(
      kind: state == "57014" && Task.isCancelled ? .cancelled : .query,
      message: PostgresError.withoutValues(field("M") ?? "unknown error", sqlState: state),
      sqlState: state, hint: field("H"), table: field("t"), column: field("c"), constraint: field("n"),
      server: configuration.description)
  }
}

/// Passes the server's notices to the log.
private final class NoticeLog {
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  /// What libpq calls, on the connection's thread, with a result that it frees itself.
  static let receiver: PQnoticeReceiver = { context, result in
    guard let context, let message = PQresultErrorField(result, Int32(Character("M").asciiValue ?? 0)) else { return }
    let log = Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue()
    log.logger.debug("PostgreSQL says: \(String(cString: message))")
  }
}

/// Calls a body with C strings that live as long as the call, as libpq's arrays of parameters.
func withCStrings<R>(_ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
  // Made here, freed here, after the call that borrows them.
  let copies = strings.map { $0.flatMap { strdup($0) } }
  defer { for copy in copies { free(copy) } }
  let pointers = copies.map { UnsafePointer($0) } + [nil]
  return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}
