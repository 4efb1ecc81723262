extension Configuration {
  /// What a worker may use.
  public struct Worker: Sendable, Equatable {
    /// Jobs at once in one process. 1 to 64. Default 4: enough to hide the org's latency on a small machine.
    public var slots = 4

    /// Bytes of rows that a slot gathers before it sends them to the destination. 64 KiB to 64 MiB. Default 1 MiB:
    /// memory is `slots` times a few of these, whatever the size of a page, and larger ones are no faster.
    public var batchBytes = 1 << 20

    /// How long a process that was asked to end may take. 1s to 10m. Default 30s: what container platforms allow.
    public var shutdown: Duration = .seconds(30)
  }

  /// How the coordinator leads.
  public struct Coordinator: Sendable, Equatable {
    /// How long a leader that shows no sign of life stays the leader. 1s to 5m. Default 15s: a standby takes over
    /// before the queue runs dry, and a slow database changes no leader.
    public var term: Duration = .seconds(15)
  }

  /// The status page and its actions.
  public struct Operations: Sendable, Equatable {
    /// Where it listens. Default 127.0.0.1:8080: nothing is open to a network that nobody has decided to open.
    public var listen = ListenAddress(host: "127.0.0.1", port: 8080)

    /// What a request has to show to change anything. Default nil: reading only.
    public var token: Secret?
  }

  /// What a process says.
  public struct Log: Sendable, Equatable {
    /// The least important level that is written. Default `info`: life events that an operator reads.
    public var level = Level.info

    /// How a line looks. Default `auto`: text on a terminal, JSON elsewhere.
    public var format = Format.auto

    /// Levels, from the least important; the same words as swift-log's.
    public enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    /// Looks of a line.
    public enum Format: String, Sendable, CaseIterable { case auto, text, json }
  }
}

extension Configuration.Worker: Section {
  static var keys: [Key<Self>] {
    [
      .value("slots", \.slots, .whole(1...64), "Jobs at once in one process."),
      .value(
        "batchBytes", \.batchBytes, .bytes(64 << 10...64 << 20),
        "Bytes of rows that a slot gathers before it sends them on; bounds the memory of a worker."),
      .value(
        "shutdown", \.shutdown, .duration(.seconds(1) ... .seconds(600)),
        "How long a process that was asked to end may take to reach a page boundary."),
    ]
  }
}

extension Configuration.Coordinator: Section {
  static var keys: [Key<Self>] {
    [
      .value(
        "term", \.term, .duration(.seconds(1) ... .seconds(300)),
        "How long a leader that shows no sign of life stays the leader; then a standby takes over. One that was killed "
          + "is succeeded within a second or two: its session with PostgreSQL is gone.")
    ]
  }
}

extension Configuration.Operations: Section {
  static var keys: [Key<Self>] {
    [
      .value("listen", \.listen, .listen, "Where status page and metrics are served; port 0 chooses a free one."),
      .secret("token", \.token, "What a request has to show to change anything; without it there is only reading."),
    ]
  }
}

extension Configuration.Log: Section {
  static var keys: [Key<Self>] {
    [
      .value("level", \.level, .choice, "The least important level that is written."),
      .value("format", \.format, .choice, "How a line looks; `auto` is text on a terminal and JSON elsewhere."),
    ]
  }
}
