import Veeva

/// Parts submissions by whether a bulk job's file takes them.
struct BulkFill: Sendable {
  private(set) var file: BulkUpdateFile
  private(set) var fits: [Submission] = []
  /// What no file can say, such as the text `#N/A`.
  private(set) var unfit: [Submission] = []
  /// What belongs into the next file.
  private(set) var left: [Submission] = []

  /// - Parameters:
  ///   - submissions: of different records; what one does not set is left as it is.
  ///   - limit: bytes of the file.
  init(_ submissions: [Submission], limit: Int) {
    let fields = Set(submissions.flatMap(\.changes).map(\.field)).sorted()
    file = BulkUpdateFile(fields: fields, limit: limit)
    for submission in submissions {
      switch file.append(submission.update) {
      case .added: fits.append(submission)
      case .refused: unfit.append(submission)
      case .full: left.append(submission)
      }
    }
  }
}
