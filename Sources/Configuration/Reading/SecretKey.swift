import Yams

extension Key where Root: Section {
  /// A secret: a value, or under the same key with `File` behind it the name of a file that holds the value.
  static func secret(_ name: String, _ member: WritableKeyPath<Root, Secret?>, _ meaning: String) -> Key {
    let fileName = name + "File"
    return Key(
      names: [name, fileName],
      read: { root, reader in
        guard reader[name] == nil || reader[fileName] == nil else {
          return reader.report(
            Complaint(.conflict, "both \(name) and \(fileName) are given", "keep one of them"), at: fileName)
        }
        if let secret = SecretReader.value(name, reader) ?? SecretReader.file(fileName, reader) {
          root[keyPath: member] = secret
        }
      },
      outline: { root in
        root[keyPath: member].map { _ in [(name, .value(Secret.mask, isPlain: false))] } ?? []
      },
      reference: { section in
        let path = section.isEmpty ? name : "\(section).\(name)"
        return [
          .init(path: path, type: "secret", defaultValue: "none", meaning: meaning),
          .init(
            path: path + "File", type: "file name", defaultValue: "none",
            meaning: "A file that holds `\(name)`; the line end after it does not count."),
        ]
      })
  }
}

/// Reads secrets. Nothing of a secret, nor the name of its file, gets into a problem: people put the secret there.
private enum SecretReader {
  /// Far longer than any key or token.
  private static let longestFile = 64 << 10

  static func value(_ name: String, _ reader: SectionReader) -> Secret? {
    guard let entry = reader[name],
      let scalar = Scalar(entry.node, at: reader.place(of: name), expected: "a secret", reader.loading)
    else { return nil }
    guard !scalar.text.isEmpty else {
      reader.report(Complaint(.invalid, "the secret is empty", "give it a value or remove the key"), at: name)
      return nil
    }
    return Secret(scalar.text)
  }

  static func file(_ name: String, _ reader: SectionReader) -> Secret? {
    guard let entry = reader[name],
      let scalar = Scalar(entry.node, at: reader.place(of: name), expected: "a file name", reader.loading)
    else { return nil }
    do {
      var content = try BoundedFile.text(reader.loading.resolve(scalar.text), limit: longestFile)
      while content.last?.isNewline == true { content.removeLast() }
      if !content.isEmpty { return Secret(content) }
      reader.report(Complaint(.unreadable, "the file is empty", "put the secret into the file"), at: name)
    } catch {
      reader.report(
        Complaint(.unreadable, "the file cannot be read: \(error.reason)", FileHint.remedy(reader.loading)), at: name)
    }
    return nil
  }
}

/// What helps somebody whose file is not found.
enum FileHint {
  static func remedy(_ loading: Loading) -> String {
    let folder = loading.folder.isEmpty ? "the current folder" : loading.folder
    return "check its name and its rights; relative names start in \(folder)"
  }
}
