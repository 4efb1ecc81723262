import Yams

/// A key of a section: how it is read, documented and printed.
struct Key<Root> {
  /// The key, and the one that names a file instead where there is such.
  let names: [String]
  let read: (inout Root, SectionReader) -> Void
  let outline: (Root) -> [(name: String, value: Outline)]
  /// The rows of the reference, given the path of the section.
  let reference: (String) -> [ConfigurationReference.Key]
}

private func path(_ section: String, _ name: String) -> String { section.isEmpty ? name : "\(section).\(name)" }

private let mustBeGiven = "required"

private func reportMissing(_ name: String, _ meaning: String, _ reader: SectionReader) {
  reader.report(Complaint(.missing, "this key is missing", "add it: \(meaning)"), at: name)
}

extension Key where Root: Section {
  /// A value that has a default.
  static func value<Value>(
    _ name: String, _ member: WritableKeyPath<Root, Value>, _ kind: ValueKind<Value>, _ meaning: String
  ) -> Key {
    Key(
      names: [name],
      read: { root, reader in
        if let value = kind.read(name, reader) { root[keyPath: member] = value }
      },
      outline: { [(name, kind.outline($0[keyPath: member]))] },
      reference: { section in
        let value = "`\(kind.text(Root()[keyPath: member]))`"
        return [.init(path: path(section, name), type: kind.type, defaultValue: value, meaning: meaning)]
      })
  }

  /// A value that the file has to give.
  static func required<Value>(
    _ name: String, _ member: WritableKeyPath<Root, Value>, _ kind: ValueKind<Value>, _ meaning: String
  ) -> Key {
    Key(
      names: [name],
      read: { root, reader in
        if reader[name] == nil { return reportMissing(name, meaning, reader) }
        if let value = kind.read(name, reader) { root[keyPath: member] = value }
      },
      outline: { [(name, kind.outline($0[keyPath: member]))] },
      reference: { [.init(path: path($0, name), type: kind.type, defaultValue: mustBeGiven, meaning: meaning)] })
  }

  /// A value that may be left out.
  /// - Parameter unset: what follows from leaving it out.
  static func optional<Value>(
    _ name: String, _ member: WritableKeyPath<Root, Value?>, _ kind: ValueKind<Value>, unset: String,
    _ meaning: String
  ) -> Key {
    Key(
      names: [name],
      read: { root, reader in
        if let value = kind.read(name, reader) { root[keyPath: member] = value }
      },
      outline: { root in root[keyPath: member].map { [(name, kind.outline($0))] } ?? [] },
      reference: { [.init(path: path($0, name), type: kind.type, defaultValue: unset, meaning: meaning)] })
  }

  /// A list of values.
  static func list<Value>(
    _ name: String, _ member: WritableKeyPath<Root, [Value]>, of kind: ValueKind<Value>, _ meaning: String
  ) -> Key {
    Key(
      names: [name],
      read: { root, reader in
        if let values = ListReader.values(name, of: kind, reader) { root[keyPath: member] = values }
      },
      outline: { [(name, .list($0[keyPath: member].map(kind.outline)))] },
      reference: { section in
        let items = Root()[keyPath: member].map(kind.text).joined(separator: ", ")
        return [
          .init(
            path: path(section, name), type: "list of \(kind.type)", defaultValue: "`[\(items)]`", meaning: meaning)
        ]
      })
  }

  /// A list of values that means something else by being left out than by being empty.
  /// - Parameter unset: what follows from leaving it out.
  static func optionalList<Value>(
    _ name: String, _ member: WritableKeyPath<Root, [Value]?>, of kind: ValueKind<Value>, unset: String,
    _ meaning: String
  ) -> Key {
    Key(
      names: [name],
      read: { root, reader in
        if let values = ListReader.values(name, of: kind, reader) { root[keyPath: member] = values }
      },
      outline: { root in root[keyPath: member].map { [(name, .list($0.map(kind.outline)))] } ?? [] },
      reference: {
        [.init(path: path($0, name), type: "list of \(kind.type)", defaultValue: unset, meaning: meaning)]
      })
  }

  /// A section that is as good as there where the file leaves it out.
  static func section<Inner: Section>(
    _ name: String, _ member: WritableKeyPath<Root, Inner>, _ meaning: String
  ) -> Key {
    Key(
      names: [name],
      read: { root, reader in
        root[keyPath: member] = Inner.read(reader[name]?.node, at: reader.place(of: name), reader.loading)
      },
      outline: { [(name, $0[keyPath: member].outline)] },
      reference: { section in
        let row = ConfigurationReference.Key(
          path: path(section, name), type: "mapping", defaultValue: "", meaning: meaning)
        return [row] + Inner.reference(row.path)
      })
  }

  /// A section that means something by being there.
  static func optionalSection<Inner: Section>(
    _ name: String, _ member: WritableKeyPath<Root, Inner?>, unset: String, _ meaning: String
  ) -> Key {
    Key(
      names: [name],
      read: { root, reader in
        guard let entry = reader[name] else { return }
        root[keyPath: member] = Inner.read(entry.node, at: reader.place(of: name), reader.loading)
      },
      outline: { root in root[keyPath: member].map { [(name, $0.outline)] } ?? [] },
      reference: { section in
        let row = ConfigurationReference.Key(
          path: path(section, name), type: "mapping", defaultValue: unset, meaning: meaning)
        return [row] + Inner.reference(row.path)
      })
  }
}

/// Reads lists.
enum ListReader {
  /// More items are a mistake, or meant to harm.
  private static let mostItems = 1000

  /// The values under a key; nil where there is none, or no list, which is reported.
  static func values<Value>(_ name: String, of kind: ValueKind<Value>, _ reader: SectionReader) -> [Value]? {
    guard let entry = reader[name] else { return nil }
    return items(entry.node, at: reader.place(of: name), expected: kind.type, reader.loading)?
      .compactMap { kind.read($0.node, at: $0.place, reader.loading) }
  }

  /// The items and their places; reports what is no list.
  static func items(
    _ node: Node, at place: Place, expected: String, _ loading: Loading
  ) -> [(node: Node, place: Place)]? {
    guard case .sequence(let sequence) = node else {
      loading.report(
        Complaint(
          .wrongType, "here is \(node.shape), and expected is a list of \(expected)",
          "write [one, another], or [] for none"), at: place)
      return nil
    }
    guard sequence.count <= mostItems else {
      loading.report(
        Complaint(.outOfRange, "the list has \(sequence.count) items", "at most \(mostItems) are read"), at: place)
      return nil
    }
    return sequence.enumerated().map { ($1, place.item($0, line: $1.line ?? place.line)) }
  }
}
