/// Every key of the configuration file, from the declarations that read it.
public enum ConfigurationReference {
  /// One key.
  public struct Key: Sendable, Equatable {
    /// Where it stands, such as `sync.pause`; `NAME` is the name of a tenant, `[]` an item of a list.
    public let path: String
    /// Type and range.
    public let type: String
    /// The value where the key is left out; `required` where it cannot be.
    public let defaultValue: String
    /// What it is for.
    public let meaning: String

    /// The last part of the path.
    var name: String { path.split(separator: ".").last.map(String.init) ?? path }
  }

  /// All keys, in the order of the file.
  public static let keys: [Key] = Configuration.reference("")

  /// The keys as Markdown, a table for each part of the file.
  public static var markdown: String {
    var parts: [(title: String, keys: [Key])] = []
    for key in keys {
      let title = title(of: key)
      if parts.last?.title != title { parts.append((title, [])) }
      parts[parts.count - 1].keys.append(key)
    }
    return parts.map { part in
      "## \(part.title)\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n"
        + part.keys.map {
          "| `\($0.path)` | \(cell($0.type)) | \(cell($0.defaultValue)) | \(cell($0.meaning)) |\n"
        }.joined()
    }.joined(separator: "\n")
  }

  private static func title(of key: Key) -> String {
    let parts = key.path.split(separator: ".").map(String.init)
    guard parts.first == "tenants" else { return parts.first ?? "" }
    return parts.count > 2 ? parts.prefix(3).joined(separator: ".") : "tenants"
  }

  private static func cell(_ text: String) -> String { text.split(separator: "|").joined(separator: "\\|") }
}
