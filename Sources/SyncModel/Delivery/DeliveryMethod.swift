/// How rows are brought to Marketo: by records in calls, or by a file that is imported.
public enum DeliveryMethod: Sendable, Equatable {
  case calls
  case importFile

  /// Most records of a call (Marketo REST API, "Lead database").
  public static let recordsPerCall = 300
  /// Bytes of a call's records that leave room for what stands around them; a call may have 1 MB.
  public static let bytesPerCall = 1_000_000
  /// Bytes of a file; it has to be smaller than 10 MB with what stands around it.
  public static let bytesPerFile = 8_000_000
  /// Rows that Marketo can be expected to import in a second. It makes no promise: a low guess makes files dearer.
  static let rowsPerSecond = 300
  /// Between two looks at an import.
  public static let pollPause = Duration.seconds(10)

  /// Calls that sending takes.
  public static func calls(rows: Int, bytesPerRow: Int) -> Int {
    let perCall = max(1, min(recordsPerCall, bytesPerCall / max(1, bytesPerRow)))
    return (rows + perCall - 1) / perCall
  }

  /// Calls that importing takes: one that sends each file, one that reads its failures, and those that look whether it
  /// has ended, each after twice the pause of the one before.
  public static func importCalls(rows: Int, bytesPerRow: Int) -> Int {
    guard rows > 0 else { return 0 }
    let perFile = max(1, bytesPerFile / max(1, bytesPerRow))
    let files = (rows + perFile - 1) / perFile
    let seconds = min(rows, perFile) / rowsPerSecond
    var looks = 1
    var pause = Int(pollPause.components.seconds)
    var waited = pause
    while waited < seconds {
      pause = min(pause * 2, 30)
      waited += pause
      looks += 1
    }
    return files * (2 + looks)
  }

  /// Whichever takes fewer calls.
  ///
  /// A file cannot clear a value, and there are none of companies and salespersons.
  /// - Parameters:
  ///   - rows: how many wait.
  ///   - areNew: whether Marketo has none of them yet.
  public static func cheapest(_ target: DeliveryTarget, rows: Int, bytesPerRow: Int, areNew: Bool) -> DeliveryMethod {
    switch target {
    case .salesperson, .company: return .calls
    case .lead, .custom: break
    }
    guard areNew else { return .calls }
    return importCalls(rows: rows, bytesPerRow: bytesPerRow) < calls(rows: rows, bytesPerRow: bytesPerRow)
      ? .importFile : .calls
  }
}
