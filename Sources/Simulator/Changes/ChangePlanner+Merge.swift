/// Merges of accounts (Salesforce: the loser is deleted and points to the winner, its children are given to the winner).
extension ChangePlanner {
  mutating func merge(_ operation: ChangeOperation) throws(SalesforceError) -> [ChangeReport] {
    let object = try object(operation)
    guard object.kind == .account else { throw Self.refused("Only accounts can be merged here") }
    var winners: [Int: Int] = [:]
    if let winner = operation.winner {
      let index = try index(winner, object, .live)
      for loser in operation.losers ?? [] { winners[try self.index(loser, object, .live)] = index }
    } else {
      let rows = picked(2 * min(10_000, max(1, operation.sample ?? 1)), .account, .live, seed: operation.seed ?? 0) {
        $0.kind == RecordTypes.professional
      }
      for place in stride(from: 1, to: rows.count, by: 2) { winners[rows[place]] = rows[place - 1] }
    }
    for (loser, winner) in winners {
      guard loser != winner, winners[winner] == nil,
        data.row(.account, loser).isPerson == data.row(.account, winner).isPerson
      else { throw Self.refused("An account is merged into another one of its kind that stays") }
    }
    let children = children(of: winners)
    apply(mergeEdits(winners, children))
    return winners.sorted { $0.key < $1.key }.map { loser, winner in
      var report = report(operation, object, [loser])
      report.details = [("winner", .string(id(.account, winner)))]
      for child in children where child.winner == winner {
        report.note(data.object(child.kind).name, "reparented", child.rows.map { id(child.kind, $0) })
      }
      return report
    }
  }

  /// Rows of one object that refer to a loser in one field.
  private struct Children {
    var kind: ObjectKind
    var winner: Int
    var slot: UInt64
    var target: ObjectKind
    var rows: [Int]
  }

  private func mergeEdits(_ winners: [Int: Int], _ children: [Children]) -> [Revision.Edit] {
    var edits: [Revision.Edit] = []
    for child in children {
      var patch = RowPatch.change(at: now)
      patch.values[child.slot] = .row(child.target, child.winner)
      edits.append(edit(child.kind, child.rows, patch))
      if child.kind == .account { edits.append(edit(.contact, child.rows, .change(at: now))) }
    }
    let kept = Array(Set(winners.values)).sorted()
    edits.append(edit(.account, kept, .change(at: now)))
    edits.append(edit(.contact, kept, .change(at: now)))
    for (loser, winner) in winners.sorted(by: { $0.key < $1.key }) {
      var patch = RowPatch.change(at: now)
      patch.isDeleted = true
      patch.deletion = nextDeletion
      edits.append(edit(.contact, [loser], patch))
      patch.values[masterRecord] = .row(.account, winner)
      edits.append(edit(.account, [loser], patch))
    }
    return edits
  }

  /// All live rows that refer to a loser or to its person contact: one pass over the objects that can.
  private func children(of winners: [Int: Int]) -> [Children] {
    let onlyPersons = winners.keys.allSatisfy { data.row(.account, $0).isPerson }
    let renderer = renderer
    var found: [Children] = []
    for object in data.objects where object.kind != .contact {
      let fields = object.fields.indices.compactMap { place -> (FieldProgram, FieldContent.Reference)? in
        guard case .reference(let reference) = object.fields[place].content,
          reference.object == .account || reference.object == .contact, reference.rule != .mergeWinner,
          reference.rule != .same, !(object.kind == .account && reference.object == .contact)
        else { return nil }
        return (data.programs[Int(object.kind.rawValue)][place], reference)
      }
      guard !fields.isEmpty else { continue }
      var rows = fields.map { _ in [Int: [Int]]() }
      for index in 0..<data.rows(object.kind) {
        let row = data.row(object.kind, index)
        guard Wanted.live.takes(row) else { continue }
        for (place, (program, reference)) in fields.enumerated() {
          // Generated rows refer to organisations there.
          if onlyPersons, row.change < 0, reference.rule == .parentAccount { continue }
          guard let target = renderer.target(program, reference, row), let winner = winners[target] else { continue }
          rows[place][winner, default: []].append(index)
        }
      }
      for (place, (program, reference)) in fields.enumerated() {
        for (winner, indexes) in rows[place].sorted(by: { $0.key < $1.key }) {
          found.append(
            Children(
              kind: object.kind, winner: winner, slot: program.slot, target: reference.object, rows: indexes))
        }
      }
    }
    return found
  }
}
