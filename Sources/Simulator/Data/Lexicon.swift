/// Words that rows are made of, each kept in the three forms it is written in, so that no row is ever escaped.
///
/// `@unchecked Sendable`: all memory is written by `init` and only read afterwards.
final class Lexicon: @unchecked Sendable {
  /// How a value is written.
  enum Form: Int {
    /// As it is.
    case raw = 0
    /// Inside a quoted CSV cell: quotes doubled.
    case csv = 1
    /// Inside a JSON string.
    case json = 2
  }

  /// A list of words, by place in the lexicon.
  struct Table: Sendable {
    let first: Int32
    let count: Int32
  }

  private struct Entry {
    var offsets: (Int32, Int32, Int32)
    var lengths: (Int32, Int32, Int32)
  }

  private let pool: UnsafeMutablePointer<UInt8>
  private let entries: UnsafeMutablePointer<Entry>

  /// Collects words before they are laid out.
  struct Builder {
    fileprivate var words: [[UInt8]] = []

    mutating func table(_ words: [String]) -> Table {
      let first = self.words.count
      self.words += words.map { Array($0.utf8) }
      return Table(first: Int32(first), count: Int32(words.count))
    }
  }

  init(_ builder: Builder) {
    var bytes: [UInt8] = []
    var list: [Entry] = []
    for word in builder.words {
      var offsets: [Int32] = []
      var lengths: [Int32] = []
      for form in [word, Self.csvEscaped(word), Self.jsonEscaped(word)] {
        offsets.append(Int32(bytes.count))
        lengths.append(Int32(form.count))
        bytes += form
      }
      list.append(
        Entry(offsets: (offsets[0], offsets[1], offsets[2]), lengths: (lengths[0], lengths[1], lengths[2])))
    }
    pool = .allocate(capacity: max(1, bytes.count))
    pool.initialize(from: bytes, count: bytes.count)
    entries = .allocate(capacity: max(1, list.count))
    entries.initialize(from: list, count: list.count)
  }

  deinit {
    pool.deallocate()
    entries.deallocate()
  }

  /// Writes a word of a table; `index` is within it.
  @inline(__always)
  func write(_ table: Table, _ index: Int, _ form: Form, _ sink: inout ByteSink) {
    let entry = entries + (Int(table.first) &+ index)
    switch form {
    case .raw: sink.append(pool + Int(entry.pointee.offsets.0), Int(entry.pointee.lengths.0))
    case .csv: sink.append(pool + Int(entry.pointee.offsets.1), Int(entry.pointee.lengths.1))
    case .json: sink.append(pool + Int(entry.pointee.offsets.2), Int(entry.pointee.lengths.2))
    }
  }

  static func csvEscaped(_ word: [UInt8]) -> [UInt8] {
    word.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] }
  }

  static func jsonEscaped(_ word: [UInt8]) -> [UInt8] {
    let hex = Array("0123456789abcdef".utf8)
    var escaped: [UInt8] = []
    for byte in word {
      switch byte {
      case 0x22, 0x5C: escaped += [0x5C, byte]
      case 0x0A: escaped += Array("\\n".utf8)
      case 0x0D: escaped += Array("\\r".utf8)
      case 0x09: escaped += Array("\\t".utf8)
      case 0..<0x20: escaped += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      default: escaped.append(byte)
      }
    }
    return escaped
  }
}
