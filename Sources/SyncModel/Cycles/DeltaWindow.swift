/// The changes that one delta reads: those whose stamp lies in `from ≤ stamp < to`, by the source's clock.
public struct DeltaWindow: Sendable, Equatable, Codable {
  public let from: Instant
  public let to: Instant

  /// A window.
  public init(from: Instant, to: Instant) {
    self.from = from
    self.to = to
  }

  /// The window of the next delta.
  ///
  /// It ends a little before the source's present, since records of this very second may still be added to it. It
  /// begins well before the watermark, since a record becomes visible when its transaction is committed, which may be
  /// minutes after its stamp. What is read twice is equal, and changes nothing.
  /// - Parameters:
  ///   - watermark: everything stamped before was committed here.
  ///   - now: the source's clock.
  ///   - overlap: how far the window reaches back behind the watermark.
  ///   - lag: how far it stays behind the clock.
  ///
  /// A clock that was set back stamps new changes before the watermark: the window then reaches back from the clock.
  public static func next(watermark: Instant, now: Instant, overlap: Duration, lag: Duration) -> DeltaWindow {
    let present = now.advanced(by: .zero - lag).wholeSeconds
    return DeltaWindow(
      from: min(watermark, present).advanced(by: .zero - overlap).wholeSeconds, to: max(watermark.wholeSeconds, present)
    )
  }

  /// The window as SOQL conditions.
  public var conditions: [String] {
    ["SystemModstamp >= \(SOQL.instant(from))", "SystemModstamp < \(SOQL.instant(to))"]
  }
}

extension Instant {
  /// The second that it lies in: stamps of the source, and SOQL's literals here, have whole seconds.
  var wholeSeconds: Instant { Instant(seconds: Int64((Double(milliseconds) / 1000).rounded(.down))) }
}
