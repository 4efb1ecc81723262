/// The parts of a `multipart/form-data` body (RFC 7578), as bulk imports are sent (reference 11).
struct Multipart {
  struct Part {
    var name: String
    var filename: String?
    var content: ArraySlice<UInt8>
  }

  let parts: [Part]

  /// - Returns: `nil` when the body is not what the content type says.
  init?(_ body: [UInt8], contentType: String) {
    guard let boundary = Self.parameter("boundary", in: contentType), !boundary.isEmpty else { return nil }
    let opening = Array("--\(boundary)".utf8)
    guard body.starts(with: opening) else { return nil }
    let delimiter = Array("\r\n".utf8) + opening
    var parts: [Part] = []
    var at = opening.count
    while true {
      if body[at...].starts(with: Array("--".utf8)) { break }
      guard body[at...].starts(with: Array("\r\n".utf8)), let end = Self.find(delimiter, in: body, from: at),
        let part = Self.part(body[(at + 2)..<max(at + 2, end)])
      else { return nil }
      parts.append(part)
      at = end + delimiter.count
    }
    self.parts = parts
  }

  subscript(_ name: String) -> Part? { parts.first { $0.name == name } }

  private static func part(_ bytes: ArraySlice<UInt8>) -> Part? {
    let separator = Array("\r\n\r\n".utf8)
    guard let end = find(separator, in: Array(bytes.prefix(4096)), from: 0) else { return nil }
    let head = String(decoding: bytes[bytes.startIndex..<(bytes.startIndex + end)], as: UTF8.self)
    for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-disposition:") {
      guard let name = parameter("name", in: String(line)) else { return nil }
      return Part(
        name: name, filename: parameter("filename", in: String(line)),
        content: bytes[(bytes.startIndex + end + separator.count)...])
    }
    return nil
  }

  private static func parameter(_ name: String, in header: String) -> String? {
    for part in header.split(separator: ";").dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmed }
      guard pair.count == 2, pair[0].lowercased() == name else { continue }
      return pair[1].hasPrefix("\"") ? String(pair[1].dropFirst().prefix { $0 != "\"" }) : pair[1]
    }
    return nil
  }

  private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard let first = needle.first, bytes.count >= needle.count else { return nil }
    var at = start
    while at <= bytes.count - needle.count {
      if bytes[at] == first, bytes[at..<(at + needle.count)].elementsEqual(needle) { return at }
      at += 1
    }
    return nil
  }
}
