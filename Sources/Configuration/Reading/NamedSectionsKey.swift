import Yams

extension Key where Root: Section {
  /// Sections under names of the user's choice; at least one.
  static func named<Inner: Section>(
    _ name: String, _ member: WritableKeyPath<Root, [String: Inner]>, placeholder: String,
    checkName: @escaping (String) -> Complaint?, _ meaning: String, eachMeaning: String
  ) -> Key {
    Key(
      names: [name],
      read: { root, reader in
        let place = reader.place(of: name)
        let inner = SectionReader(reader[name]?.node, at: place, reader.loading)
        if inner.entries.isEmpty, !inner.isBroken {
          reader.report(Complaint(.missing, "nothing is named here", "add at least one: \(eachMeaning)"), at: name)
        }
        // Once nothing more is listed, there is no point in reading on.
        for (key, entry) in inner.entries where !reader.loading.isFull {
          if let complaint = checkName(key) { inner.report(complaint, at: key) }
          root[keyPath: member][key] = Inner.read(entry.node, at: inner.place(of: key), reader.loading)
        }
      },
      outline: { root in
        let sections = root[keyPath: member].sorted { $0.key < $1.key }
        return [(name, .mapping(sections.map { ($0.key, $0.value.outline) }))]
      },
      reference: { section in
        let path = section.isEmpty ? name : "\(section).\(name)"
        return [
          .init(path: path, type: "mapping", defaultValue: "required", meaning: meaning),
          .init(path: "\(path).\(placeholder)", type: "mapping", defaultValue: "", meaning: eachMeaning),
        ] + Inner.reference("\(path).\(placeholder)")
      })
  }
}
