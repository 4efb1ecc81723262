import Testing

@testable import Simulator

/// The rows of an org by object and id, deleted ones included, each with its fields as CSV shows them.
struct OrgRows: Equatable {
  var objects: [String: [String: [String: String]]] = [:]

  /// Reads all objects that the Bulk API takes.
  static func read(_ org: RunningOrg, token: String) async throws -> OrgRows {
    var rows = OrgRows()
    let global = JSON(try await org.get("/services/data/v62.0/sobjects", token: token).body)
    for name in global["sobjects"].list.compactMap({ $0["name"].text }) where name != "Legacy_Note_vod__c" {
      rows.objects[name] = try await read(name, org, token: token)
    }
    return rows
  }

  static func read(_ object: String, _ org: RunningOrg, token: String, condition: String = "") async throws
    -> [String: [String: String]]
  {
    let describe = JSON(try await org.get("/services/data/v62.0/sobjects/\(object)/describe", token: token).body)
    let fields = describe["fields"].list.filter {
      !["address", "location", "base64"].contains($0["type"].text)
    }.compactMap { $0["name"].text }
    let soql = "SELECT \(fields.joined(separator: ", ")) FROM \(object)\(condition)"
    let rows = try await org.bulkRows(soql, token: token, operation: "queryAll")
    return Dictionary(
      try rows.map { row in
        try #require(row.count == fields.count)
        return (row[0], Dictionary(uniqueKeysWithValues: zip(fields, row)))
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Where two readings differ, for a message.
  func differences(_ other: OrgRows) -> [String] {
    var found: [String] = []
    for (object, rows) in objects.sorted(by: { $0.key < $1.key }) {
      let theirs = other.objects[object] ?? [:]
      for id in Set(rows.keys).union(theirs.keys).sorted() where rows[id] != theirs[id] {
        guard let a = rows[id], let b = theirs[id] else {
          found.append("\(object) \(id) is only in \(rows[id] == nil ? "the second" : "the first")")
          continue
        }
        for field in a.keys.sorted() where a[field] != b[field] {
          found.append("\(object) \(id) \(field): \(a[field] ?? "") or \(b[field] ?? "")")
        }
      }
    }
    return found
  }
}
