import Logging
import Synchronization
import TestSupport
import Testing

/// What a logger was told, for who waits for it.
final class LogBook: Sendable {
  private let lines: AsyncStream<String>
  private let writer: AsyncStream<String>.Continuation

  init() { (lines, writer) = AsyncStream.makeStream() }

  var logger: Logger {
    var logger = Logger(label: "test") { _ in Handler(book: self) }
    logger.logLevel = .debug
    return logger
  }

  /// Waits until a line holds a text.
  func heard(_ text: String) async throws {
    try await within(.seconds(20), "the log line '\(text)'") { [lines] in
      for await line in lines where line.contains(text) { return }
    }
  }

  private struct Handler: LogHandler {
    let book: LogBook
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .debug

    init(book: LogBook) { self.book = book }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { book.writer.yield("\(event.message)") }
  }
}

/// A value that several tasks change.
final class Shared<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func withLock<R: Sendable>(_ body: (inout sending Value) throws -> sending R) rethrows -> R {
    try value.withLock(body)
  }
}
