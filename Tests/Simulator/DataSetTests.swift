import Testing

@testable import Simulator

@Suite("The data set")
struct DataSetTests {
  private static func data(seed: UInt64 = 1, accounts: Int = 2500, _ change: (inout DataSet.Options) -> Void = { _ in })
    -> DataSet
  {
    var options = DataSet.Options()
    options.seed = seed
    options.accounts = accounts
    options.asOf = 1_764_000_000 / 86_400 * 86_400
    change(&options)
    return DataSet(options)
  }

  private static func text(_ data: DataSet, _ kind: ObjectKind, _ index: Int) -> [UInt8] {
    let renderer = Renderer(data: data)
    var sink = ByteSink()
    for program in data.programs[Int(kind.rawValue)] {
      sink.append(renderer.value(program, data.row(kind, index), .raw, &sink) ? 1 : 0)
    }
    return Array(sink.bytes)
  }

  private static func id(_ data: DataSet, _ kind: ObjectKind, _ index: Int) -> String {
    var sink = ByteSink()
    sink.reserve(32)
    Renderer(data: data).id(kind, index, &sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }

  @Test("the same seed gives the same rows, another seed others")
  func determinism() {
    let (a, b, other) = (Self.data(), Self.data(), Self.data(seed: 2))
    for kind in ObjectKind.allCases {
      let rows = a.rows(kind)
      #expect(rows == b.rows(kind))
      for index in stride(from: 0, to: rows, by: max(1, rows / 50)) {
        #expect(Self.text(a, kind, index) == Self.text(b, kind, index))
        if ![.recordType, .profile, .role].contains(kind) {
          #expect(Self.text(a, kind, index) != Self.text(other, kind, index))
        }
      }
    }
    #expect(Fingerprint.of(a) == Fingerprint.of(b))
    #expect(Fingerprint.of(a) != Fingerprint.of(other))
  }

  @Test("ids ascend with the index in byte order, are found again, and lie in clusters with gaps")
  func idOrder() {
    let data = Self.data(accounts: 40_000)
    for kind in [ObjectKind.account, .call, .user, .legacyNote] {
      let layout = data.shape(kind).pointee.layout
      var previous = ""
      var pods: Set<String> = []
      for index in 0..<data.rows(kind) {
        let id = Self.id(data, kind, index)
        #expect(id.utf8.count == 18)
        if !previous.utf8.lexicographicallyPrecedes(id.utf8) { Issue.record("\(previous) before \(id)") }
        previous = id
        pods.insert(String(id.prefix(6)))
        if index % 997 == 0 { #expect(layout.index(of: Array(id.utf8.prefix(15))) == index) }
      }
      #expect(pods.count >= 3)
      #expect(layout.lowerBound(Array("~~~".utf8)) == data.rows(kind))
      #expect(layout.lowerBound([]) == 0)
    }
  }

  @Test("the checksum is Salesforce's")
  func checksum() {
    for (stem, whole) in [
      ("001000000000000", "001000000000000AAA"), ("0015g00000AbCdE", "0015g00000AbCdEAAV"),
      ("a04A0000ABCDEFG", "a04A0000ABCDEFGI5f"),
    ] {
      var sink = ByteSink()
      sink.append(stem)
      sink.reserve(3)
      IDChecksum.put(&sink)
      let expected = String(whole.prefix(15)) + Self.checksum(stem)
      #expect(String(decoding: sink.bytes, as: UTF8.self) == expected)
    }
  }

  /// The rule as documented, written another way.
  private static func checksum(_ stem: String) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")
    let characters = Array(stem)
    return String(
      (0..<3).map { group in
        let bits = (0..<5).filter { characters[group * 5 + $0].isUppercase }.reduce(0) { $0 + (1 << $1) }
        return letters[bits]
      })
  }

  @Test("there are exactly as many live Professionals as asked for", arguments: [0, 1, 799, 800, 801, 2500, 4000])
  func professionals(accounts: Int) {
    let data = Self.data(accounts: accounts)
    var found: [Int] = []
    for index in 0..<data.rows(.account) {
      let row = data.row(.account, index)
      if row.kind == RecordTypes.professional, !row.isDeleted { found.append(index) }
    }
    #expect(found.count == accounts)
    let shape = data.shape(.account)
    let computed = (0..<accounts).map {
      AccountPattern.row(professional: $0, rows: shape.pointee.rows, seed: shape.pointee.seed)
    }
    #expect(computed.sorted() == found)
  }

  @Test("every reference leads to a row that exists")
  func references() {
    let data = Self.data()
    let renderer = Renderer(data: data)
    for object in data.objects {
      for (place, field) in object.fields.enumerated() {
        guard case .reference(let reference) = field.content else { continue }
        let program = data.programs[Int(object.kind.rawValue)][place]
        for index in stride(from: 0, to: data.rows(object.kind), by: 7) {
          guard let target = renderer.target(program, reference, data.row(object.kind, index)) else { continue }
          #expect((0..<data.rows(reference.object)).contains(target))
        }
      }
    }
  }

  @Test("the contact of a call belongs to the account of the call, and key messages to their call's account")
  func consistency() throws {
    let data = Self.data()
    let renderer = Renderer(data: data)
    func program(_ kind: ObjectKind, _ name: String) throws -> (FieldProgram, FieldContent.Reference) {
      let object = data.object(kind)
      let place = try #require(object.field(name))
      guard case .reference(let reference) = object.fields[place].content else { throw RawHTTP.Failure(what: name) }
      return (data.programs[Int(kind.rawValue)][place], reference)
    }
    let callAccount = try program(.call, "Account_vod__c")
    let callContact = try program(.call, "Contact_vod__c")
    let parent = try program(.callKeyMessage, "Call2_vod__c")
    let messageAccount = try program(.callKeyMessage, "Account_vod__c")
    var contacts = 0
    for index in 0..<data.rows(.call) {
      let row = data.row(.call, index)
      guard let contact = renderer.target(callContact.0, callContact.1, row) else { continue }
      contacts += 1
      if let account = renderer.target(callAccount.0, callAccount.1, row) { #expect(contact == account) }
      #expect(data.row(.account, contact).isPerson)
    }
    #expect(contacts > 500)
    for index in stride(from: 0, to: data.rows(.callKeyMessage), by: 3) {
      let row = data.row(.callKeyMessage, index)
      let call = try #require(renderer.target(parent.0, parent.1, row))
      if let own = renderer.target(messageAccount.0, messageAccount.1, row),
        let theirs = renderer.target(callAccount.0, callAccount.1, data.row(.call, call))
      {
        #expect(own == theirs)
      }
    }
  }

  @Test("stamps lie between the oldest and the newest moment, and many rows share one")
  func stamps() {
    let data = Self.data(accounts: 8000)
    for kind in [ObjectKind.account, .call, .callKeyMessage] {
      var stamps: [Int: Int] = [:]
      var days: [Int: Int] = [:]
      for index in 0..<data.rows(kind) {
        let row = data.row(kind, index)
        let (created, modified, stamp) = (data.created(row), data.modified(row), data.systemModstamp(row))
        #expect(created <= modified && modified <= stamp && stamp <= data.options.asOf)
        #expect(created >= data.options.asOf - data.shape(kind).pointee.span)
        stamps[stamp, default: 0] += 1
        days[created / 86_400, default: 0] += 1
      }
      let rows = data.rows(kind)
      #expect((stamps.values.max() ?? 0) > rows / 10)
      #expect((days.values.max() ?? 0) > rows / 20)
    }
  }

  @Test("values hold what breaks careless programs")
  func oddities() {
    let data = Self.data(accounts: 8000)
    let renderer = Renderer(data: data)
    let wanted = [
      "\\N", "nul\u{0}inside", "\"\"quoted\"\"", "1700-01-01", "4000-12-31", "2024-02-29", "1.0E7",
      "123456789012345678", "  leading and trailing  ", "tab\tstop", "line\r\nbreak", "1700-01-01T00:00:00.000Z",
    ]
    var missing = Set(wanted.map { Array($0.utf8) })
    var longest = 0
    for index in 0..<data.rows(.account) {
      let row = data.row(.account, index)
      for program in data.programs[Int(ObjectKind.account.rawValue)] {
        var sink = ByteSink()
        guard renderer.value(program, row, .raw, &sink) else { continue }
        longest = max(longest, sink.count)
        if sink.count < 30 { missing.remove(Array(sink.bytes)) }
      }
    }
    #expect(missing.map { String(decoding: $0, as: UTF8.self) } == [])
    #expect(longest > 30_000)
  }

  @Test("bad values are planted only where asked for, in known rows")
  func badValues() throws {
    let clean = Self.data()
    let data = Self.data { $0.badValuesEvery = 101 }
    let renderer = Renderer(data: data)
    var planted = 0
    for index in 0..<data.rows(.account) {
      let row = data.row(.account, index)
      #expect((row.bad != 0) == (index % 101 == 50))
      #expect(clean.row(.account, index).bad == 0)
      for program in data.programs[Int(ObjectKind.account.rawValue)] where renderer.isPlanted(program, row) {
        planted += 1
      }
    }
    #expect(planted > 10)
    #expect(data.row(.contact, 50).bad == 0)
  }
}
