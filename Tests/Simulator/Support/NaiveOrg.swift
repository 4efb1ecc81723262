import Testing

@testable import Simulator

/// What operations do to rows, done the slow way: every row with every field in memory, every search a loop.
struct NaiveOrg {
  typealias Record = [String: String]

  var rows: OrgRows
  let stamp: String
  /// The deletion that took a row.
  private var deletions: [String: Int] = [:]
  private var deletion = 0
  /// Fields that refer to accounts or person contacts, by object.
  private static let toAccount: [String: [String]] = [
    "Account": ["ParentId", "Primary_Parent_vod__c"], "Call2_vod__c": ["Account_vod__c"],
    "Call2_Key_Message_vod__c": ["Account_vod__c"], "Multichannel_Activity_vod__c": ["Account_vod__c"],
    "Opportunity": ["AccountId"],
  ]
  private static let toContact = ["Call2_vod__c", "Call2_Key_Message_vod__c"]
  private static let details = [
    "Call2_vod__c": ("Call2_Key_Message_vod__c", "Call2_vod__c"),
    "Multichannel_Activity_vod__c": ("Multichannel_Activity_Line_vod__c", "Multichannel_Activity_vod__c"),
  ]

  init(_ rows: OrgRows, stamp: String) {
    self.rows = rows
    self.stamp = stamp
  }

  private func record(_ object: String, _ id: String) -> Record { rows.objects[object]?[id] ?? [:] }

  private mutating func set(_ object: String, _ id: String, _ values: Record, touches: Bool = true) {
    guard rows.objects[object]?[id] != nil else { return }
    var values = values
    if touches {
      values["SystemModstamp"] = stamp
      values["LastModifiedDate"] = stamp
    }
    rows.objects[object]?[id]?.merge(values) { $1 }
  }

  private func ids(_ object: String, where fits: (Record) -> Bool) -> [String] {
    (rows.objects[object] ?? [:]).filter { fits($0.value) }.map(\.key)
  }

  private func contacts(_ account: String) -> [String] { ids("Contact") { $0["AccountId"] == account } }

  /// Performs what a report says was done.
  /// - Parameter inserted: a new row as the org shows it.
  mutating func perform(_ report: JSON, inserted: Record?) throws {
    let object = try #require(report["object"].text)
    deletion += 1
    for id in report["ids"].list.compactMap({ $0.text }) {
      switch report["op"].text {
      case "insert":
        rows.objects[object]?[id] = inserted
        let values = try written(object, report["set"])
        set(object, id, values.merging(["CreatedDate": stamp]) { $1 })
        compose(object, id, values)
      case "update": try update(object, id, report["set"])
      case "touch": rows.objects[object]?[id]?["SystemModstamp"] = stamp
      case "delete": delete(object, id)
      case "undelete": undelete(object, id)
      case "purge": purge(object, id)
      case "merge": merge(loser: id, winner: try #require(report["winner"].text))
      case "recordType":
        let type = try #require(ids("RecordType") { $0["DeveloperName"] == report["to"].text }.first)
        set(object, id, ["RecordTypeId": type])
        if object == "Account" { for contact in contacts(id) { set("Contact", contact, [:]) } }
      default: Issue.record("an unknown operation")
      }
    }
  }

  /// Values as CSV shows them.
  private func written(_ object: String, _ set: JSON) throws -> Record {
    let sample = rows.objects[object]?.values.first { !$0.isEmpty } ?? [:]
    var values: Record = [:]
    for name in set.names {
      let value = set[name]
      if let text = value.text {
        values[name] = text.replacing("+0000", with: "Z")
      } else if value.isNull {
        values[name] = ""
      } else if sample[name] == "true" || sample[name] == "false" {
        values[name] = value.truth == true ? "true" : "false"
      } else if name == "NumberOfEmployees" {
        values[name] = "\(try #require(value.number))"
      } else {
        values[name] = "\(try #require(value.value as? Double))"
      }
    }
    return values
  }

  private mutating func update(_ object: String, _ id: String, _ changes: JSON) throws {
    var values = try written(object, changes)
    if object == "Call2_vod__c", let account = values["Account_vod__c"] {
      values["Contact_vod__c"] = record("Account", account)["PersonContactId"]
    }
    set(object, id, values)
    compose(object, id, values)
    guard object == "Account" else { return }
    for contact in contacts(id) {
      var mirrored = values.filter { ["FirstName", "LastName"].contains($0.key) }
      mirrored["Email"] = values["PersonEmail"]
      set("Contact", contact, mirrored)
      compose("Contact", contact, values)
    }
  }

  private mutating func compose(_ object: String, _ id: String, _ values: Record) {
    guard values["FirstName"] != nil || values["LastName"] != nil else { return }
    let record = record(object, id)
    guard record["Name"] != nil, object != "Account" || record["IsPersonAccount"] == "true" else { return }
    let name = ["FirstName", "LastName"].compactMap { record[$0] }.filter { !$0.isEmpty }.joined(separator: " ")
    set(object, id, ["Name": name], touches: false)
    if object == "Account" { set(object, id, ["Formatted_Name_vod__c": name], touches: false) }
  }

  /// A row with the contacts and the details that go and come with it.
  private func family(_ object: String, _ id: String) -> [(object: String, id: String)] {
    if object == "Account" { return contacts(id).map { ("Contact", $0) } }
    guard let (child, field) = Self.details[object] else { return [] }
    return ids(child) { $0[field] == id }.map { (child, $0) }
  }

  private mutating func delete(_ object: String, _ id: String, master: String = "") {
    for (child, childID) in family(object, id) where record(child, childID)["IsDeleted"] == "false" {
      set(child, childID, ["IsDeleted": "true"])
      deletions[childID] = deletion
    }
    set(object, id, ["IsDeleted": "true"])
    deletions[id] = deletion
    if object == "Account" { set(object, id, ["MasterRecordId": master]) }
  }

  private mutating func undelete(_ object: String, _ id: String) {
    for (child, childID) in family(object, id) {
      let together = deletions[childID] != nil && deletions[childID] == deletions[id]
      if child == "Contact" || (together && record(child, childID)["IsDeleted"] == "true") {
        set(child, childID, ["IsDeleted": "false"])
        deletions[childID] = nil
      }
    }
    set(object, id, ["IsDeleted": "false"])
    deletions[id] = nil
    if object == "Account" { set(object, id, ["MasterRecordId": ""]) }
  }

  private mutating func purge(_ object: String, _ id: String) {
    for (child, childID) in family(object, id) { rows.objects[child]?[childID] = nil }
    rows.objects[object]?[id] = nil
  }

  private mutating func merge(loser: String, winner: String) {
    let lost = record("Account", loser)["PersonContactId"] ?? ""
    let kept = record("Account", winner)["PersonContactId"] ?? ""
    for (object, fields) in Self.toAccount {
      for field in fields {
        for id in ids(object, where: { $0[field] == loser && $0["IsDeleted"] == "false" }) {
          set(object, id, [field: winner])
          if object == "Account" { for contact in contacts(id) { set("Contact", contact, [:]) } }
        }
      }
    }
    for object in Self.toContact {
      for id in ids(object, where: { $0["Contact_vod__c"] == lost && $0["IsDeleted"] == "false" }) {
        set(object, id, ["Contact_vod__c": kept])
      }
    }
    set("Account", winner, [:])
    for contact in contacts(winner) { set("Contact", contact, [:]) }
    delete("Account", loser, master: winner)
  }
}
