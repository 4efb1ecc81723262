/// A trouble that the simulated Marketo instance makes on purpose.
public struct MarketoFault: InjectedFault, Sendable, Codable, Equatable {
  /// What goes wrong.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// The call takes `milliseconds` longer, and counts as running for as long.
    case latency
    /// HTTP `status` (500 unless given) instead of an answer; `html` makes the body a page, as gateways do.
    case status
    /// The envelope says `success: false` with `code` and `message`.
    case code
    /// The record at `place` (0 unless given) of a sync call is skipped with `code` and `message`.
    case record
    /// The connection closes without an answer.
    case cut
    /// The connection closes after `bytes` of the body (half of it unless given).
    case cutBody
    /// A body ends in the middle, though the answer looks complete.
    case truncatedBody
    /// All tokens expire before the call is looked at: 602.
    case expireTokens
    /// All tokens become unknown before the call is looked at: 601.
    case invalidateTokens
    /// Results with `seq` come in reverse order.
    case reversedResults
    /// Members that no document names.
    case extraMembers
    /// Codes in `errors` and `reasons` are numbers.
    case numericCodes
  }

  /// What goes wrong.
  public var kind: Kind
  /// Only calls of this HTTP method; any when `nil`.
  public var method: String?
  /// Only calls whose path and query contain this text.
  public var path: String?
  /// How many matching calls pass unharmed first; none unless given.
  public var after: Int?
  /// How often it fires at most; without end when `nil`.
  public var count: Int?
  /// Share of matching calls that it hits, all unless given; which ones follows from the seed.
  public var rate: Double?
  /// For `latency`.
  public var milliseconds: Int?
  /// For `status`.
  public var status: Int?
  /// For `status`.
  public var html: Bool?
  /// For `code` and `record`: a code of the reference.
  public var code: Int?
  /// For `code` and `record`.
  public var message: String?
  /// For `code`, `status` and `cut`: whether the call is carried out nevertheless, which its sender cannot know.
  public var executed: Bool?
  /// For `record`.
  public var place: Int?
  /// For `cutBody` and `truncatedBody`.
  public var bytes: Int?

  /// A fault.
  public init(
    _ kind: Kind, method: String? = nil, path: String? = nil, after: Int? = nil, count: Int? = nil, rate: Double? = nil,
    milliseconds: Int? = nil, status: Int? = nil, html: Bool? = nil, code: Int? = nil, message: String? = nil,
    executed: Bool? = nil, place: Int? = nil, bytes: Int? = nil
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
    self.code = code
    self.message = message
    self.executed = executed
    self.place = place
    self.bytes = bytes
  }

  var reason: MarketoReason { MarketoReason(code ?? 611, message ?? "System error") }
}
