import Checkpoints
import SyncModel

/// The status as a table for a terminal.
public struct StatusText: Sendable {
  /// Whether colours may be used.
  public let colours: Bool
  /// Columns of the terminal.
  public let width: Int

  /// A table.
  public init(colours: Bool, width: Int = 100) {
    self.colours = colours
    self.width = width
  }

  /// The whole status.
  /// - Parameter rates: rows per second by tenant and object, measured between two looks; the mean since the first
  ///   page where there is none.
  public func lines(_ status: ClusterStatus, rates: [String: Double] = [:]) -> [String] {
    var lines: [String] = []
    for tenant in status.tenants {
      lines.append(heading(tenant))
      for object in status.objects where object.tenant == tenant.tenant {
        lines += self.lines(object, rate: rates["\(object.tenant)/\(object.object)"] ?? object.rate)
      }
      lines += status.errands.filter { $0.tenant == tenant.tenant }.map(line)
      for delivery in status.deliveries ?? [] where delivery.tenant == tenant.tenant { lines += self.lines(delivery) }
      lines += notes(tenant)
    }
    if status.tenants.isEmpty { lines.append("No tenant has been synced yet. Is a coordinator running?") }
    lines.append(cluster(status))
    return lines
  }

  private func heading(_ tenant: TenantStatus) -> String {
    let api =
      tenant.apiAllowed > 0
      ? "   API requests \(Self.grouped(tenant.apiUsed)) of \(Self.grouped(tenant.apiAllowed)) in 24 h" : ""
    return bold(tenant.tenant) + dim(api)
  }

  private func lines(_ object: ObjectStatus, rate: Double?) -> [String] {
    let name = Self.padded(object.object, 30)
    var lines = ["  \(name) \(bar(object)) \(Self.padded(rows(object), 24))\(state(object, rate))"]
    if let error = object.error { lines.append("      " + red(error)) }
    if let warning = object.warning { lines.append("      " + red(warning)) }
    if let filled = object.backfillRows {
      let total = object.backfillExpected.map(Self.grouped) ?? "?"
      lines.append("      filling new fields or records beside the deltas: \(Self.grouped(filled)) of \(total)")
    }
    if object.rowsRejected > 0 {
      lines.append("      \(Self.grouped(object.rowsRejected)) records rejected: crmsync rejects list \(object.tenant)")
    }
    return lines
  }

  private func line(_ errand: ErrandStatus) -> String {
    let name = "  " + Self.padded(errand.kind.rawValue, 30) + " "
    if let error = errand.error { return name + red(errand.failures > 0 ? "Failed: \(error)" : "Waiting: \(error)") }
    if errand.queued + errand.working > 0 { return name + "in progress" }
    return name + green("up to date" + (errand.endedAt.map { " " + $0.dropFirst(11).prefix(8) } ?? ""))
  }

  private func rows(_ object: ObjectStatus) -> String {
    let done = Self.grouped(object.rowsCommitted)
    if object.phase.isOpen, object.kind == .initial, !object.isCopied {
      return "\(done) of \(object.rowsExpected.map(Self.grouped) ?? "?")"
    }
    return object.kind == .initial ? done : "\(done) changed"
  }

  /// Last Synced, Sync in Progress or Failed, and what belongs to it.
  private func state(_ object: ObjectStatus, _ rate: Double?) -> String {
    switch object.phase {
    case .done:
      let at = object.syncedAt.map { " " + $0.dropFirst(11).prefix(8) } ?? ""
      return green("Last Synced\(at)") + dim(rate.map { " · \(Self.grouped(Int64($0))) rows/s" } ?? "")
    case .failed: return red("Failed")
    case .waiting, .planning, .copying:
      if object.isCopied, object.jobsLeased + object.jobsQueued + object.jobsRunnable == 0 { return "Sync in Progress" }
      var parts = rate.map { ["\(Self.grouped(Int64($0))) rows/s"] } ?? []
      if let eta = eta(object, rate) { parts.append("ETA \(eta)") }
      if object.jobsLeased > 0 { parts.append("\(object.jobsLeased) pages in flight") }
      if let holdUp = object.holdUp { parts.append(dim(holdUp)) }
      return parts.joined(separator: " · ")
    }
  }

  private func notes(_ tenant: TenantStatus) -> [String] {
    var lines: [String] = []
    if let error = tenant.error { lines.append("    " + red("Failed: \(error)")) }
    if let waiting = tenant.waitingFor {
      let time = tenant.waitingSeconds.map { " \($0) s" } ?? ""
      lines.append("    Waiting\(time): \(waiting); goes on by itself")
    }
    if let events = tenant.unpublishedEvents, events > 0 {
      lines.append("    \(Self.grouped(events)) \(events == 1 ? "event waits" : "events wait") to be published")
    }
    if let changes = tenant.writeBack { lines += self.lines(changes, tenant.tenant) }
    return lines
  }

  /// Marketers' changes that Veeva does not have.
  private func lines(_ changes: WriteBackStatus, _ tenant: String) -> [String] {
    var lines: [String] = []
    if changes.pending > 0 {
      let longest = changes.longestSeconds.map { ", the oldest for \(Self.duration($0))" } ?? ""
      lines.append(
        "    \(Self.count(changes.pending, "change waits", "changes wait")) to be written to Veeva\(longest)")
    }
    if changes.refused > 0 {
      lines.append(
        "    \(Self.count(changes.refused, "change was", "changes were")) refused by Veeva: crmsync rejects list \(tenant)"
      )
    }
    return lines
  }

  private static func count(_ number: Int64, _ one: String, _ more: String) -> String {
    "\(grouped(number)) \(number == 1 ? one : more)"
  }

  private func cluster(_ status: ClusterStatus) -> String {
    let workers = status.processes.filter { $0.role == .worker }
    let busy = workers.reduce(0) { $0 + $1.busy }
    let slots = workers.reduce(0) { $0 + $1.slots }
    let coordinators = status.processes.filter { $0.role == .coordinator }
    let leader = coordinators.contains { $0.leads } ? "1 leads" : red("none leads")
    let ready = status.queues.values.reduce(0, +)
    let dead = status.objects.reduce(0) { $0 + $1.deadLetters }
    let oldest = status.tenants.compactMap(\.oldestRunnableSeconds).max() ?? 0
    return
      "  workers \(workers.count) (\(busy) of \(slots) slots busy) · coordinators \(coordinators.count), \(leader) · "
      + "queue depth \(ready), oldest runnable job \(Self.duration(oldest)) · dead letters "
      + (dead > 0 ? red("\(dead)") : "0")
  }

  private func bar(_ object: ObjectStatus) -> String {
    guard let fraction = object.fraction else { return Self.padded("", 22) + "     " }
    let filled = Int(fraction * 20)
    let percent = Int(fraction * 100)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
    return "\(object.phase == .failed ? red(bar) : bar) \(percent < 10 ? "  " : percent < 100 ? " " : "")\(percent) %"
  }

  private func eta(_ object: ObjectStatus, _ rate: Double?) -> String? {
    guard let rate, rate > 0, let expected = object.rowsExpected, object.fraction != nil else { return nil }
    return Self.duration(Double(max(0, expected - object.rowsCommitted)) / rate)
  }

  /// A length of time in the unit that suits it.
  public static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    if whole < 86_400 { return "\(whole / 3600) h \(whole / 60 % 60) min" }
    return "\(whole / 86_400) d \(whole / 3600 % 24) h"
  }

  /// A number with its thousands apart.
  static func grouped(_ number: Int64) -> String {
    var digits = Array(String(number.magnitude))
    var index = digits.count - 3
    while index > 0 {
      digits.insert(",", at: index)
      index -= 3
    }
    return (number < 0 ? "-" : "") + String(digits)
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
  }

  private func bold(_ text: String) -> String { coloured(text, "1") }
  private func dim(_ text: String) -> String { text.isEmpty ? text : coloured(text, "2") }
  func red(_ text: String) -> String { coloured(text, "31") }
  private func green(_ text: String) -> String { coloured(text, "32") }
  private func coloured(_ text: String, _ code: String) -> String {
    colours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
