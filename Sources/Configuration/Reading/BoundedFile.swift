import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Reads small regular files and nothing else: a pipe or a device named by mistake must not hang the start.
enum BoundedFile {
  /// Why a file was not read; says nothing of its content or its name.
  struct Failure: Error {
    let reason: String
  }

  /// The content, which has to be UTF-8.
  static func text(_ path: String, limit: Int) throws(Failure) -> String {
    let bytes = try bytes(path, limit: limit)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(reason: "it is not UTF-8 text") }
    return text
  }

  /// The content.
  static func bytes(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw Failure(reason: "there can be no file of that name") }
    // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw Failure(reason: words(errno)) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw Failure(reason: words(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(reason: "it is not a regular file") }
    return try read(file, limit: limit)
  }

  private static func read(_ file: Int32, limit: Int) throws(Failure) -> [UInt8] {
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure(reason: words(errno)) }
      if count == 0 { return content }
      content += buffer[..<count]
      if content.count > limit { throw Failure(reason: "it is longer than \(ByteCountText.write(limit))") }
    }
  }

  private static func words(_ code: Int32) -> String {
    switch code {
    case ENOENT: "there is no such file"
    case EACCES: "this process may not read it"
    default: String(cString: strerror(code)).lowercased()
    }
  }
}
