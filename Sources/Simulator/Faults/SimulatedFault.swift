/// A trouble that the simulated org makes on purpose.
public struct SimulatedFault: InjectedFault, Sendable, Codable, Equatable {
  /// What goes wrong.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// The answer starts late, by `milliseconds`.
    case latency
    /// The body comes in small parts with `milliseconds` between them.
    case slowBody
    /// `status` (500 unless given) and `code` instead of an answer; `html` makes the body a page, as edges do.
    case status
    /// 403 `REQUEST_LIMIT_EXCEEDED`, "TotalRequests Limit exceeded."
    case requestLimit
    /// 403 `REQUEST_LIMIT_EXCEEDED`, "ConcurrentRequests … Limit exceeded."
    case concurrentLimit
    /// The connection closes after `bytes` of the body (half of it unless given).
    case cutBody
    /// A gzip body ends early, though the answer looks complete.
    case truncatedGzip
    /// A CSV or JSON body ends in the middle of a row, though the answer looks complete.
    case truncatedBody
    /// `Sforce-NumberOfRecords` is off by `difference` (1 unless given).
    case wrongCount
    /// All sessions end before the request is looked at.
    case expireSessions
    /// The locator of the request is refused, and forgotten.
    case expireLocator
    /// A bulk job ends as `Failed`; matched by its statement, an ingest job by `update` and its object. An ingest job
    /// has written half of its records.
    case jobFailed
    /// A bulk job ends as `Aborted`, as if an administrator had done it; matched as for `jobFailed`.
    case jobAborted
    /// A bulk job takes `milliseconds` longer, an ingest job after half of its records; matched as for `jobFailed`.
    case slowJob
    /// `object` is hidden from the user from now on.
    case hideObject
    /// `field`, as `Object.Field`, is hidden from the user from now on.
    case hideField
    /// An update of a record is refused with `code` (`FIELD_CUSTOM_VALIDATION_EXCEPTION` unless given) and `message`,
    /// as by a validation rule, a duplicate rule or a lock: where `object`, `path` (a part of the record's id), and
    /// `field` and `value` (a part of what the field would hold) say so, as far as they are given.
    case refuseUpdate
  }

  /// What goes wrong.
  public var kind: Kind
  /// Only requests of this method; any when `nil`.
  public var method: String?
  /// Only requests whose path and query contain this text, or jobs whose statement does, which is `update X` for an ingest job of X.
  public var path: String?
  /// How many matching requests pass unharmed first; none unless given.
  public var after: Int?
  /// How often it fires at most; without end when `nil`.
  public var count: Int?
  /// Share of matching requests that it hits, all unless given; which ones follows from the seed.
  public var rate: Double?
  /// For `latency`, `slowBody`, `slowJob`.
  public var milliseconds: Int?
  /// For `status`.
  public var status: Int?
  /// For `status`.
  public var html: Bool?
  /// For `cutBody`, `truncatedGzip`, `truncatedBody`: bytes of the body that go out.
  public var bytes: Int?
  /// For `wrongCount`.
  public var difference: Int?
  /// For `hideObject`, `refuseUpdate`.
  public var object: String?
  /// For `hideField`, `refuseUpdate`.
  public var field: String?
  /// For `refuseUpdate`.
  public var value: String?
  /// For `status`, `refuseUpdate`.
  public var code: String?
  /// For `refuseUpdate`.
  public var message: String?

  /// A fault.
  public init(
    _ kind: Kind, method: String? = nil, path: String? = nil, after: Int? = nil, count: Int? = nil, rate: Double? = nil,
    milliseconds: Int? = nil, status: Int? = nil, html: Bool? = nil, bytes: Int? = nil, difference: Int? = nil,
    object: String? = nil, field: String? = nil, value: String? = nil, code: String? = nil, message: String? = nil
  ) {
    self.kind = kind
    self.method = method
    self.path = path
    self.after = after
    self.count = count
    self.rate = rate
    self.milliseconds = milliseconds
    self.status = status
    self.html = html
    self.bytes = bytes
    self.difference = difference
    self.object = object
    self.field = field
    self.value = value
    self.code = code
    self.message = message
  }

  /// Whether it concerns bulk jobs rather than requests.
  var isAboutJobs: Bool { [.jobFailed, .jobAborted, .slowJob].contains(kind) }

  /// Whether it concerns requests.
  var isAboutRequests: Bool { !isAboutJobs && kind != .refuseUpdate }
}
