/// The activity log as feeds show it (reference 12.2): a page looks at so many entries of the log, whether they belong
/// to the feed or not, so that pages are short or empty though more follows.
extension MarketoData {
  struct Page: Sendable {
    var entries: [MarketoActivity]
    /// Entries of the log before the next page.
    var next: Int
    var more: Bool
  }

  /// Where a feed starts that shall show what happened since a moment.
  func position(since seconds: Int) -> Int {
    var (low, high) = (0, activities.count)
    while low < high {
      let middle = (low + high) / 2
      if activities[middle].logged < seconds { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// - Parameter size: entries of the log that are looked at.
  func page(from position: Int, size: Int, _ belongs: (MarketoActivity) -> Bool) -> Page {
    let start = min(max(0, position), activities.count)
    let end = min(activities.count, start + size)
    return Page(entries: activities[start..<end].filter(belongs), next: end, more: end < activities.count)
  }

  /// One of the feed of lead changes (12.3), or `nil` when it concerns none of the fields.
  func leadChange(_ activity: MarketoActivity, _ fields: Set<String>, _ shape: MarketoMoment.Shape) -> JSONValue? {
    var changed: [JSONValue] = []
    switch activity.kind {
    case .newLead: break
    case .changed(let changes):
      changed = changes.filter { fields.contains(leads.fields[$0.place].name) }.map { change in
        .object([
          ("id", .int(change.place + 1)), ("name", .string(leads.fields[change.place].name)),
          ("newValue", Self.text(change.new)), ("oldValue", Self.text(change.old)),
        ])
      }
      guard !changed.isEmpty else { return nil }
    default: return nil
    }
    return .object(
      head(activity, shape) + [
        ("fields", .array(changed)),
        (
          "attributes",
          .array(
            ["Reason", "Source"].map {
              .object([("name", .string($0)), ("value", .string(activity.source.rawValue))])
            })
        ),
      ])
  }

  /// One of the feed of deletions (12.4).
  func deletion(_ activity: MarketoActivity, _ shape: MarketoMoment.Shape) -> JSONValue? {
    guard case .deleted(let name) = activity.kind else { return nil }
    return .object(head(activity, shape) + [("primaryAttributeValue", .string(name)), ("attributes", .array([]))])
  }

  /// Any activity, as `GET /rest/v1/activities.json` has it (12.5).
  func shown(_ activity: MarketoActivity, _ shape: MarketoMoment.Shape) -> [JSONValue] {
    var primary: JSONValue = .null
    var attributes: [(String, JSONValue)] = []
    switch activity.kind {
    case .newLead: attributes = [("Source Type", .string(activity.source.rawValue))]
    case .deleted(let name): primary = .string(name)
    case .custom(_, let value, let more): (primary, attributes) = (.string(value), more)
    case .changed(let changes):
      return changes.map { change in
        .object(
          head(activity, shape) + [
            ("primaryAttributeValue", .string(leads.fields[change.place].displayName)),
            (
              "attributes",
              Self.list([("New Value", Self.text(change.new)), ("Old Value", Self.text(change.old))])
            ),
          ])
      }
    }
    return [
      .object(head(activity, shape) + [("primaryAttributeValue", primary), ("attributes", Self.list(attributes))])
    ]
  }

  private static func list(_ attributes: [(String, JSONValue)]) -> JSONValue {
    .array(attributes.map { .object([("name", .string($0.0)), ("value", $0.1)]) })
  }

  private func head(_ activity: MarketoActivity, _ shape: MarketoMoment.Shape) -> [(String, JSONValue)] {
    [
      ("id", .int(activity.id)), ("marketoGUID", .string(String(activity.id))), ("leadId", .int(activity.leadID)),
      ("activityDate", .string(MarketoMoment.text(activity.date, shape))), ("activityTypeId", .int(activity.type)),
    ]
  }

  /// Values of changes are text or null, whatever the field's type.
  private static func text(_ value: JSONValue) -> JSONValue {
    MarketoTable.key(value, .string).map(JSONValue.string) ?? .null
  }
}

/// Where a feed goes on, as a client keeps it: opaque, and longer than it would need to be.
enum PagingToken {
  private static let prefix = "GIYDAOBNGEYS2MBW"

  static func text(_ position: Int) -> String {
    let check = Mixing.mix(0x9A6E, UInt64(position)) & 0xFFFF_FFFF
    return prefix + String(position, radix: 32).uppercased() + "8" + String(check, radix: 32).uppercased() + "==="
  }

  /// The position, or `nil` for a token that this instance did not give.
  static func position(_ text: String) -> Int? {
    guard text.hasPrefix(prefix), text.hasSuffix("===") else { return nil }
    let middle = text.dropFirst(prefix.count).dropLast(3)
    // The separator is a digit like others: try each place it could be.
    for place in middle.indices where middle[place] == "8" {
      if let position = Int(middle[..<place], radix: 32), position >= 0, Self.text(position) == text { return position }
    }
    return nil
  }
}
