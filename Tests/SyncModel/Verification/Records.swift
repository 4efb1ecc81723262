import SyncModel
import TestSupport

/// Records for comparisons: ids in clusters, stamps of a few days, a text and a number.
struct Records {
  static let mapping: ObjectMapping = {
    let fields = [
      SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime),
      SourceField(name: "Text__c", type: .string), SourceField(name: "Number__c", type: .double),
    ]
    let selection = ObjectSelection(.custom("Thing__c"))
    guard let mapping = try? ObjectMapping(selection, SourceObjectSchema(name: "Thing__c", fields: fields)) else {
      // A constant of these tests, which no input reaches.
      preconditionFailure("the fields make a mapping")
    }
    return mapping
  }()

  /// Values by record; the field order is the mapping's.
  var rows: [[String?]]

  /// Records with ids of their own.
  init(_ count: Int, _ chance: inout Chance) {
    var ids: Set<String> = []
    while ids.count < count { ids.insert(Self.id(chance.below(1 << 40))) }
    rows = ids.sorted().map { id in
      let values: [String: String?] = [
        "Id": id, "SystemModstamp": Self.stamp(&chance), "Text__c": chance.below(4) == 0 ? nil : "t\(chance.next())",
        "Number__c": chance.below(4) == 0 ? nil : "\(chance.below(1000)).5",
      ]
      return Self.mapping.fields.map { values[$0] ?? nil }
    }
  }

  /// An 18-character id.
  static func id(_ number: Int) -> String {
    let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    var rest = number
    var text = ""
    while text.count < 12 {
      text = String(digits[rest % 62]) + text
      rest /= 62
    }
    return VeevaID.widened("a0B" + text) ?? ""
  }

  static func stamp(_ chance: inout Chance) -> String {
    Instant(seconds: 1_772_000_000 + Int64(chance.below(1_000_000))).formatted
  }

  /// The records in batches of random sizes.
  func batches(_ chance: inout Chance, allColumns: Bool) -> [RecordBatch] {
    let width = allColumns ? Self.mapping.fields.count : 2
    var batches: [RecordBatch] = []
    var rest = rows[...]
    while !rest.isEmpty {
      let size = 1 + chance.below(40)
      var batch = RecordBatch(columnCount: width)
      for row in rest.prefix(size) { batch.append(Array(row.prefix(width))) }
      batches.append(batch)
      rest = rest.dropFirst(size)
    }
    return batches
  }

  /// The checksums of the records.
  func sums(
    _ chance: inout Chance, bounds: IDBounds, allColumns: Bool, rejected: Set<PackedID> = []
  ) -> SourceSums {
    var sums = SourceSums(
      RowChecksum(Self.mapping, allColumns: allColumns), bounds: bounds, rejected: rejected)
    for batch in batches(&chance, allColumns: allColumns) { sums.fold(batch) }
    return sums
  }

  /// Bounds at every so-many-th record.
  func bounds(every step: Int) -> IDBounds {
    IDBounds(stride(from: step, to: rows.count, by: step).compactMap { rows[$0][0] })
  }
}
