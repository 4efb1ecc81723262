import Checkpoints
import SyncModel

/// Rows per second of each object between looks, smoothed.
public struct RateMeter: Sendable {
  private var last: [String: (rows: Int64, at: ContinuousClock.Instant)] = [:]
  private var smoothed: [String: Double] = [:]

  /// A meter that has not looked yet.
  public init() {}

  /// Takes a look.
  /// - Returns: the rates known so far, by `tenant/object`.
  public mutating func look(at status: ClusterStatus, now: ContinuousClock.Instant) -> [String: Double] {
    for object in status.objects where object.phase == .copying && object.kind == .initial {
      let key = "\(object.tenant)/\(object.object)"
      if let (rows, at) = last[key], now > at {
        let (seconds, attoseconds) = (now - at).components
        let rate = Double(object.rowsCommitted - rows) / (Double(seconds) + Double(attoseconds) / 1e18)
        smoothed[key] = smoothed[key].map { $0 * 0.7 + rate * 0.3 } ?? object.rate ?? rate
      }
      last[key] = (object.rowsCommitted, now)
    }
    return smoothed.filter { key, _ in
      status.objects.contains { "\($0.tenant)/\($0.object)" == key && $0.phase == .copying }
    }
  }
}
