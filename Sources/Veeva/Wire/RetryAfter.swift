import HTTP
import SyncModel

/// How long a server asks to be left alone.
enum RetryAfter {
  private static let longest = Duration.seconds(3600)

  /// Reads `Retry-After`: seconds, or a date by the clock of the answer's own `Date`. More than an hour counts as one.
  static func read(_ headers: HTTPHeaders) -> Duration? {
    headers.first("Retry-After").flatMap { read($0, date: headers.first("Date")) }
  }

  static func read(_ text: String, date: String?) -> Duration? {
    if let seconds = Int64(text) { return seconds < 0 ? nil : min(longest, .seconds(min(seconds, 3600))) }
    guard let until = HTTPDate.parse(text), let now = date.flatMap(HTTPDate.parse), until >= now else { return nil }
    return min(longest, .milliseconds(until.milliseconds - now.milliseconds))
  }
}
