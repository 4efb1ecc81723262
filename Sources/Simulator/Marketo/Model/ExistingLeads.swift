/// Leads that were there before any sync: known by their email address, from forms, and without a Veeva id (16, 24).
enum ExistingLeads {
  /// Makes them of the first accounts with an address of the simulated Veeva org.
  static func fill(_ data: inout MarketoData, _ options: SimulatedMarketoOptions, now: Int) throws {
    guard options.existingLeads > 0 else { return }
    var made = 0
    for person in try persons(options) {
      let values = ["email", "firstName", "lastName"].compactMap { name in
        data.leads.place(name).map { (place: $0, value: person[name] ?? .null) }
      }
      _ = data.create(values, by: .form, now: now)
      made += 1
    }
    // More leads than that org has addresses.
    for number in made..<max(made, options.existingLeads) {
      guard let place = data.leads.place("email") else { return }
      _ = data.create([(place, .string("visitor\(number)@example.net"))], by: .form, now: now)
    }
  }

  private static func persons(_ options: SimulatedMarketoOptions) throws -> [JSONValue] {
    var shape = DataSet.Options()
    shape.seed = options.veevaSeed
    shape.accounts = options.veevaAccounts
    shape.asOf = 1_764_000_000 / 86_400 * 86_400
    let data = DataSet(shape)
    let statement = try SOQLParser.parse(
      "SELECT PersonEmail, FirstName, LastName FROM Account WHERE PersonEmail != null")
    let query = try BoundQuery(statement, data: data, profile: Profile(), includeDeleted: false)
    let source = try RowSource(query, data: data)
    var rows: [Int] = []
    _ = source.next(from: source.start, options.existingLeads, into: &rows)
    let writer = JSONRowWriter(
      renderer: source.renderer, object: query.object, columns: query.columns, version: "62.0")
    return try rows.map { index in
      var sink = ByteSink()
      writer.row(data.row(query.object.kind, index), &sink)
      let row = try JSONReader.read(Array(sink.bytes))
      return .object([
        ("email", row["PersonEmail"] ?? .null), ("firstName", row["FirstName"] ?? .null),
        ("lastName", row["LastName"] ?? .null),
      ])
    }
  }
}
