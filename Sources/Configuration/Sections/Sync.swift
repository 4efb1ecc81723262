extension Configuration {
  /// How copies and cycles go on. Shared by all tenants.
  public struct Sync: Sendable, Equatable {
    /// Rest between two cycles of a tenant. 0s to 1d. Default 5m: what people know from the sync this one replaces.
    public var pause: Duration = .seconds(300)

    /// How far a delta reaches back behind where the one before ended. 1m to 1d. Default 15m: rows become visible when
    /// their transaction is committed, which is minutes after their stamp where the org works on a lot at once.
    public var overlap: Duration = .seconds(900)

    /// How far a delta stays behind the org's clock. 0s to 10m. Default 10s: most rows are visible by then, and the
    /// overlap of the next delta finds the others.
    public var lag: Duration = .seconds(10)

    /// Rows asked for per bulk result page. 1,000 to 250,000. Default 50,000: a page is committed as one step, takes
    /// a second or so, and is what a killed worker has to do again.
    public var pageRows = 50_000

    /// Rows a partition aims at. 1,000 to 50,000,000. Default 250,000: five pages, so that the three calls that a bulk
    /// job costs weigh little, and enough partitions for several workers.
    public var partitionRows = 250_000

    /// Objects with fewer rows are read by REST. 0 to 10,000,000. Default nil: whichever way costs fewer API calls.
    public var restBelowRows: Int?

    /// Most jobs of a tenant and lane on the queue. 1 to 10,000. Default 100: workers never run dry between two looks
    /// of the coordinator, and a broker that loses everything loses little.
    public var queueDepth = 100

    /// Failures, without a page committed between, after which a job becomes a dead letter. 1 to 100. Default 8: with
    /// the default backoff that is after about two minutes of trying.
    public var maxFailures = 8

    /// How long a worker that shows no sign of life keeps its job. 1s to 10m. Default 60s: longer than a pause of a
    /// sound process, shorter than what anybody would wait for.
    public var lease: Duration = .seconds(60)

    /// Work after which the rest of a job is handed back at a page boundary. 1s to 20m. Default 10m: the broker
    /// closes a channel whose delivery stays unacknowledged for 30 minutes.
    public var jobTime: Duration = .seconds(600)

    public var backoff = Backoff()
  }

  /// How long a failed job waits for another try: a delay that doubles, with jitter.
  public struct Backoff: Sendable, Equatable {
    /// The longest first delay. 1ms to 1h. Default 1s: most trouble of a network is over by then.
    public var first: Duration = .seconds(1)

    /// No delay is longer. 1ms to 1d. Default 15m: a server that comes back is used within a quarter of an hour.
    public var longest: Duration = .seconds(900)
  }
}

extension Configuration.Sync: Section {
  static var keys: [Key<Self>] {
    [
      .value("pause", \.pause, .duration(.zero ... .seconds(86_400)), "Rest between two cycles of a tenant."),
      .value(
        "overlap", \.overlap, .duration(.seconds(60) ... .seconds(86_400)),
        "How far a delta reaches back behind where the one before ended, for rows that became visible later."),
      .value(
        "lag", \.lag, .duration(.zero ... .seconds(600)), "How far a delta stays behind the org's clock."),
      .value(
        "pageRows", \.pageRows, .whole(1000...250_000),
        "Rows asked for per bulk result page. A page is committed as one step and is what a killed worker does again."),
      .value(
        "partitionRows", \.partitionRows, .whole(1000...50_000_000),
        "Rows a partition aims at. Smaller: more workers share an object; larger: fewer API calls."),
      .optional(
        "restBelowRows", \.restBelowRows, .whole(0...10_000_000), unset: "whichever way costs fewer API calls",
        "Objects with fewer rows are read by REST, others by the Bulk API."),
      .value("queueDepth", \.queueDepth, .whole(1...10_000), "Most jobs of a tenant and lane on the queue."),
      .value(
        "maxFailures", \.maxFailures, .whole(1...100),
        "Failures, without a page committed between, after which a job becomes a dead letter."),
      .value(
        "lease", \.lease, .duration(.seconds(1) ... .seconds(600)),
        "How long a worker that shows no sign of life keeps its job."),
      .value(
        "jobTime", \.jobTime, .duration(.seconds(1) ... .seconds(1200)),
        "Work after which the rest of a job is handed back; the broker allows 30 minutes."),
      .section("backoff", \.backoff, "How long a failed job waits for another try; the delay doubles, with jitter."),
    ]
  }
}

extension Configuration.Backoff: Section {
  static var keys: [Key<Self>] {
    [
      .value("first", \.first, .duration(.milliseconds(1) ... .seconds(3600)), "The longest first delay."),
      .value("longest", \.longest, .duration(.milliseconds(1) ... .seconds(86_400)), "No delay is longer."),
    ]
  }

  mutating func finish(_ reader: SectionReader) {
    guard first > longest else { return }
    reader.report(
      Complaint(.conflict, "the first delay is longer than the longest", "make first at most longest"), at: "first")
  }
}
