/// The CSV of a bulk update (Salesforce Bulk API 2.0): an empty cell leaves a field as it is, `#N/A` clears it.
public struct BulkUpdateFile: Sendable {
  /// Salesforce: most bytes of a file (100 MB).
  public static let mostBytes = 100_000_000
  /// Salesforce: most characters of a field and of a record.
  private static let longestField = 131_072
  private static let longestRecord = 400_000
  private static let null = Array("#N/A".utf8)

  /// The file.
  public private(set) var bytes: [UInt8] = []
  /// Its records' ids, in their order.
  public private(set) var ids: [String] = []
  private var known: Set<Substring> = []
  private let columns: [String: Int]
  private let header: [UInt8]
  private let limit: Int
  private var cells: [[UInt8]]

  /// What became of a record.
  public enum Addition: Sendable, Equatable {
    case added
    /// The record belongs into the next file: there is no room, or the file has a record of that id.
    case full
    /// No file can hold it.
    case refused(UpdateRefusal)
  }

  /// An empty file.
  /// - Parameters:
  ///   - fields: what its records may set, by API name.
  ///   - limit: bytes; a single record may pass it.
  public init(fields: [String], limit: Int = Self.mostBytes) {
    var header: [UInt8] = []
    Self.put(Array("Id".utf8), to: &header)
    var columns: [String: Int] = [:]
    for field in fields where columns[field.lowercased()] == nil {
      columns[field.lowercased()] = columns.count
      header.append(UInt8(ascii: ","))
      Self.put(Array(field.utf8), to: &header)
    }
    header.append(UInt8(ascii: "\n"))
    self.columns = columns
    self.header = header
    self.limit = min(limit, Self.mostBytes)
    cells = Array(repeating: [], count: columns.count)
  }

  /// Adds a record.
  public mutating func append(_ record: RecordUpdate) -> Addition {
    for place in cells.indices { cells[place].removeAll(keepingCapacity: true) }
    var length = 0
    for (field, value) in record.values {
      guard let column = columns[field.lowercased()] else {
        return .refused(
          UpdateRefusal(code: "INVALID_FIELD", message: "the bulk update has no column \(field)", fields: [field]))
      }
      cells[column].removeAll(keepingCapacity: true)
      do throws(UpdateRefusal) {
        length += try Self.put(value, field, to: &cells[column])
      } catch {
        return .refused(error)
      }
    }
    guard length <= Self.longestRecord else {
      return .refused(
        UpdateRefusal(code: "STRING_TOO_LONG", message: "the record is longer than \(Self.longestRecord) characters"))
    }
    guard !known.contains(record.id.prefix(15)) else { return .full }
    let size = cells.reduce(record.id.utf8.count + 3) { $0 + $1.count + 1 }
    guard ids.isEmpty || bytes.count + size <= limit else { return .full }
    if ids.isEmpty { bytes = header }
    known.insert(record.id.prefix(15))
    ids.append(record.id)
    Self.put(Array(record.id.utf8), to: &bytes)
    for cell in cells {
      bytes.append(UInt8(ascii: ","))
      bytes += cell
    }
    bytes.append(UInt8(ascii: "\n"))
    return .added
  }

  /// Begins anew.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    known.removeAll(keepingCapacity: true)
  }

  /// - Returns: characters.
  private static func put(
    _ value: WrittenValue, _ field: String, to cell: inout [UInt8]
  ) throws(UpdateRefusal) -> Int {
    switch value {
    case .null: cell += null
    case .boolean(let flag): cell += Array((flag ? "true" : "false").utf8)
    case .number(let digits): put(Array(digits.utf8), to: &cell)
    case .text(let text):
      let length = text.utf16.count
      guard length <= longestField else {
        throw UpdateRefusal(
          code: "STRING_TOO_LONG", message: "the value is longer than \(longestField) characters", fields: [field])
      }
      // Salesforce: blanks at either end are not stored, and a text of nothing is null.
      let stored = Array(text.utf8).drop(while: isBlank).reversed().drop(while: isBlank).reversed()
      guard !stored.elementsEqual(null) else {
        throw UpdateRefusal(
          code: "NOT_IN_BULK", message: "the text #N/A cannot be written in bulk: it stands for no value",
          fields: [field])
      }
      if stored.isEmpty {
        cell += null
      } else {
        put(Array(text.utf8), to: &cell)
      }
      return length
    }
    return cell.count
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private static func put(_ text: [UInt8], to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
