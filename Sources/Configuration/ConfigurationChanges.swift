/// What differs between two configurations, as paths of keys: safe to print.
public struct ConfigurationChanges: Sendable, Equatable {
  /// What takes effect while a process runs.
  public let live: [String]
  /// What takes effect at the next start only.
  public let atStart: [String]

  /// Compares two configurations.
  public init(from old: Configuration, to new: Configuration) {
    let (before, after) = (old.outline.leaves(), new.outline.leaves())
    // A tenant that comes or goes is one change, whatever belongs to it.
    let moved = Set(old.tenants.keys).symmetricDifference(new.tenants.keys)
    var changed = Set(moved.map { "tenants.\($0)" })
    for path in Set(before.keys).union(after.keys) where before[path] != after[path] {
      if let tenant = Self.tenant(path), moved.contains(tenant) { continue }
      changed.insert(path)
    }
    // Secrets look the same in every outline.
    for (path, isEqual) in Self.secretive(old, new) where !isEqual && !changed.contains(where: { $0.hasPrefix(path) }) {
      changed.insert(path)
    }
    live = changed.filter(Self.isLive).sorted()
    atStart = changed.filter { !Self.isLive($0) }.sorted()
  }

  /// Whether nothing differs.
  public var isEmpty: Bool { live.isEmpty && atStart.isEmpty }

  private static func isLive(_ path: String) -> Bool {
    let parts = path.split(separator: ".")
    if parts.count > 2, parts[0] == "tenants" { return parts[2] == "objects" }
    return ["sync.pause", "sync.overlap", "sync.lag"].contains(path)
  }

  /// Tenants' names hold no dots.
  private static func tenant(_ path: String) -> String? {
    let parts = path.split(separator: ".")
    return parts.count > 1 && parts[0] == "tenants" ? String(parts[1]) : nil
  }

  /// The sections that hold secrets, and whether they are equal.
  private static func secretive(_ old: Configuration, _ new: Configuration) -> [(path: String, isEqual: Bool)] {
    var sections = [
      ("postgres", old.postgres == new.postgres), ("rabbitmq", old.rabbitmq == new.rabbitmq),
      ("operations", old.operations == new.operations),
    ]
    for (name, one) in old.tenants {
      guard let other = new.tenants[name] else { continue }
      sections.append(("tenants.\(name).veeva", one.veeva == other.veeva))
      sections.append(("tenants.\(name).destination", one.destination == other.destination))
    }
    return sections
  }
}

extension Outline {
  /// Every value that is no mapping, as YAML, by its path.
  fileprivate func leaves(_ path: String = "") -> [String: String] {
    guard case .mapping(let pairs) = self else { return [path: yaml] }
    // An empty mapping says something, too: that an object is copied.
    guard !pairs.isEmpty else { return [path: "{}"] }
    return pairs.reduce(into: [:]) { leaves, pair in
      leaves.merge(pair.value.leaves(path.isEmpty ? pair.name : "\(path).\(pair.name)")) { one, _ in one }
    }
  }
}
