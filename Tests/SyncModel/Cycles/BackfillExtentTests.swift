import SyncModel
import TestSupport
import Testing

@Suite("What a change of the mapping asks for")
struct BackfillExtentTests {
  typealias Setting = (mapping: ObjectMapping, scope: SelectionScope)

  private static let fields = ["FirstName", "LastName", "Title"]

  private static func setting(_ fields: [String], _ scope: SelectionScope) throws -> Setting {
    let schema = SourceObjectSchema(
      name: "User",
      fields: [SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime)]
        + fields.map { SourceField(name: $0, type: .string) })
    return (try ObjectMapping(ObjectSelection(.users), schema), scope)
  }

  /// Whether a record with these properties is synced.
  private static func selects(_ scope: SelectionScope, type: String, age: Int) -> Bool {
    (scope.recordTypes.isEmpty || scope.recordTypes.contains(type)) && scope.months.map { age <= $0 } ?? true
  }

  /// Told record by record: some that is selected now was not before, or lacks a field; some has left by its type.
  private static func expected(_ old: Setting, _ new: Setting) -> BackfillExtent? {
    let types = ["A", "B", "C", "other"]
    let ages = 0...13
    let hasLeft = types.contains { type in
      selects(SelectionScope(recordTypes: old.scope.recordTypes), type: type, age: 0)
        && !selects(SelectionScope(recordTypes: new.scope.recordTypes), type: type, age: 0)
    }
    let hasCome = types.contains { type in
      ages.contains { selects(new.scope, type: type, age: $0) && !selects(old.scope, type: type, age: $0) }
    }
    let lacksField = !Set(new.mapping.fields).isSubset(of: old.mapping.fields)
    return hasLeft ? .everything : hasCome || lacksField ? .selected : nil
  }

  @Test("everything where records have left by their type; what is selected where records or fields have come")
  func random() throws {
    var chance = Chance.fresh()
    func some(_ words: [String]) -> [String] { words.filter { _ in chance.below(2) == 0 } }
    func scope() -> SelectionScope {
      SelectionScope(recordTypes: some(["A", "B", "C"]), months: [nil, 3, 6, 12][chance.below(4)])
    }
    for _ in 0..<3000 {
      let old = try Self.setting(some(Self.fields), scope())
      let new = try Self.setting(some(Self.fields), scope())
      let asks = BackfillExtent.after(old, new)
      #expect(
        asks == Self.expected(old, new), "\(old.scope) \(old.mapping.fields) to \(new.scope) \(new.mapping.fields)")
      #expect(BackfillExtent.after(old, old) == nil)
    }
  }

  @Test("of two that are asked for, the one that reads more counts")
  func joined() {
    #expect(BackfillExtent.selected.joined(with: .selected) == .selected)
    #expect(BackfillExtent.selected.joined(with: .everything) == .everything)
    #expect(BackfillExtent.everything.joined(with: .selected) == .everything)
  }
}
