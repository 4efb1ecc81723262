/// The checksum of a record, one per table that it becomes a row of.
///
/// `hash(id, seed: stamp)`, where the stamp is in milliseconds; with all columns, `stamp ^ hash(c₁) ^ hash(c₂) …`
/// takes its place, where the hash of a column has the column's position as its seed and null counts as zero. Both the
/// stream of source records and a statement in PostgreSQL come to it.
public struct RowChecksum: Sendable {
  /// A column that takes part, besides id and stamp.
  public struct Column: Sendable, Equatable {
    /// Its name in the destination.
    public let name: String
    public let type: ValueType
    /// Position of its field in the statement's field list.
    public let source: Int

    /// What its hash begins with.
    public var seed: UInt64 { UInt64(source) + 1 }
  }

  /// The fields to read from the source: `Id`, `SystemModstamp`, and the others where all columns are compared.
  public let fields: [String]
  /// The columns that take part, per table of the mapping.
  public let columns: [[Column]]

  /// The checksum of an object's records.
  /// - Parameter allColumns: whether every value takes part, or only ids and stamps.
  public init(_ mapping: ObjectMapping, allColumns: Bool) {
    fields = allColumns ? mapping.fields : Array(mapping.fields.prefix(ObjectMapping.modstampColumn + 1))
    columns = mapping.tables.map { table in
      table.columns.filter { allColumns && $0.source > ObjectMapping.modstampColumn }.map {
        Column(name: $0.column, type: $0.type, source: $0.source)
      }
    }
  }

  /// A record of the source, as far as comparing needs it.
  struct Record {
    let id: PackedID
    /// The id as it came.
    let idBytes: UnsafeBufferPointer<UInt8>
    /// Milliseconds since 1970.
    let stamp: Int64
  }

  /// Goes through a batch.
  /// - Parameters:
  ///   - isWanted: whether a record's checksums are needed.
  ///   - take: given a record and its checksums, one per table.
  /// - Returns: how many records have an id that is none.
  @inline(__always)
  func forEach(
    _ batch: RecordBatch, where isWanted: (PackedID) -> Bool, _ take: (Record, UnsafeBufferPointer<UInt64>) -> Void
  ) -> Int {
    let width = batch.columnCount
    guard width == fields.count, batch.ends.count >= batch.rowCount * width else { return batch.rowCount }
    var canonical = CanonicalValue()
    var sums = [UInt64](repeating: 0, count: columns.count)
    var unreadable = 0
    batch.bytes.withUnsafeBufferPointer { bytes in
      batch.ends.withUnsafeBufferPointer { ends in
        for row in 0..<batch.rowCount {
          let values = Values(bytes: bytes, ends: ends, first: row * width)
          let idBytes = values[ObjectMapping.idColumn]
          guard let id = PackedID(idBytes) else {
            unreadable += 1
            continue
          }
          guard isWanted(id) else { continue }
          // Without a stamp a record is a reject, and differs.
          let stamp = WireMoment.microseconds(values[ObjectMapping.modstampColumn]).map { ($0 + 500) / 1000 } ?? 0
          for table in columns.indices {
            var seed = UInt64(bitPattern: stamp)
            for column in columns[table] {
              seed ^= canonical.hash(values[column.source], as: column.type, seed: column.seed) ?? 0
            }
            sums[table] = canonical.hash(idBytes, as: .identifier, seed: seed) ?? 0
          }
          sums.withUnsafeBufferPointer { take(Record(id: id, idBytes: idBytes, stamp: stamp), $0) }
        }
      }
    }
    return unreadable
  }

  /// The values of one record.
  private struct Values {
    let bytes: UnsafeBufferPointer<UInt8>
    let ends: UnsafeBufferPointer<Int>
    let first: Int

    @inline(__always)
    subscript(column: Int) -> UnsafeBufferPointer<UInt8> {
      let index = first + column
      return UnsafeBufferPointer(rebasing: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
    }
  }
}
