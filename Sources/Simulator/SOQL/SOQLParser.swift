/// Reads a statement by recursive descent; whatever the client's kinds of query do not need is refused.
struct SOQLParser {
  /// Salesforce: longest statement, in characters.
  static let longestStatement = 100_000
  /// Deepest nesting of parentheses and NOT.
  private static let deepest = 200

  private let statement: String
  private let tokens: [SOQLToken]
  private var at = 0
  private var depth = 0

  private init(_ statement: String) throws(SalesforceError) {
    self.statement = statement
    tokens = try SOQLTokenizer.tokens(statement)
  }

  /// The statement, or the platform's error for it.
  static func parse(_ statement: String) throws(SalesforceError) -> SOQLStatement {
    guard statement.utf8.count <= 4 * longestStatement, statement.unicodeScalars.count <= longestStatement else {
      throw .malformedQuery("SOQL statements cannot be longer than \(longestStatement) characters.")
    }
    var parser = try SOQLParser(statement)
    return try parser.query()
  }

  private var token: SOQLToken { tokens[min(at, tokens.count - 1)] }

  private func unexpected(_ token: SOQLToken) -> SalesforceError {
    let name = token.kind == .end ? "<EOF>" : token.text
    return SOQLPlace(statement, token.offset).malformed("unexpected token: '\(name)'")
  }

  private mutating func take() -> SOQLToken {
    let token = token
    if at < tokens.count - 1 { at += 1 }
    return token
  }

  private mutating func takeKeyword(_ word: String) -> Bool {
    guard token.isKeyword(word) else { return false }
    _ = take()
    return true
  }

  private mutating func takeSymbol(_ symbol: String) -> Bool {
    guard token.isSymbol(symbol) else { return false }
    _ = take()
    return true
  }

  private mutating func expectKeyword(_ word: String) throws(SalesforceError) {
    guard takeKeyword(word) else { throw unexpected(token) }
  }

  private mutating func expectSymbol(_ symbol: String) throws(SalesforceError) {
    guard takeSymbol(symbol) else { throw unexpected(token) }
  }

  private mutating func query() throws(SalesforceError) -> SOQLStatement {
    var query = SOQLStatement(text: statement)
    try expectKeyword("select")
    repeat { query.selection.append(try selection()) } while takeSymbol(",")
    try expectKeyword("from")
    guard token.kind == .name, !Self.reserved.contains(token.text.lowercased()) else { throw unexpected(token) }
    query.objectOffset = token.offset
    query.object = take().text
    if takeKeyword("where") { query.condition = try condition() }
    try refuseClauses()
    if takeKeyword("order") {
      try expectKeyword("by")
      repeat { query.order.append(try order()) } while takeSymbol(",")
    }
    if takeKeyword("limit") { query.limit = try count() }
    if takeKeyword("offset") { query.offset = try count() }
    guard token.kind == .end else { throw unexpected(token) }
    return query
  }

  private static let reserved: Set<String> = [
    "select", "from", "where", "and", "or", "not", "order", "group", "limit", "offset", "having", "like", "in",
  ]

  /// Clauses that the platform knows and this org does not serve.
  private func refuseClauses() throws(SalesforceError) {
    for (word, clause) in [
      ("group", "GROUP BY"), ("having", "HAVING"), ("with", "WITH"), ("for", "FOR"), ("using", "USING"),
    ]
    where token.isKeyword(word) {
      throw SOQLPlace(statement, token.offset).malformed(
        "\(clause) is not supported: unexpected token: '\(token.text)'")
    }
  }

  private mutating func selection() throws(SalesforceError) -> SOQLStatement.Selection {
    if token.isSymbol("(") {
      throw SOQLPlace(statement, token.offset).malformed("Nested queries are not supported: unexpected token: '('")
    }
    guard token.kind == .name, !Self.reserved.contains(token.text.lowercased()) else { throw unexpected(token) }
    let name = take()
    guard token.isSymbol("(") else { return .field(try path(name)) }
    _ = take()
    switch name.text.lowercased() {
    case "count" where takeSymbol(")"): return .count
    case "fields":
      let group = take().text.uppercased()
      try expectSymbol(")")
      return .fields(group, offset: name.offset)
    default:
      throw SOQLPlace(statement, name.offset).malformed("Aggregate functions are not supported: '\(name.text)'")
    }
  }

  private func path(_ name: SOQLToken) throws(SalesforceError) -> SOQLStatement.Path {
    let parts = name.text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 6, !parts.contains("") else { throw unexpected(name) }
    return SOQLStatement.Path(parts: parts, offset: name.offset)
  }

  /// AND and OR may not stand side by side without parentheses.
  private mutating func condition() throws(SalesforceError) -> SOQLStatement.Condition {
    let first = try term()
    guard token.isKeyword("and") || token.isKeyword("or") else { return first }
    let joiner = token.text.lowercased()
    var terms = [first]
    while takeKeyword(joiner) { terms.append(try term()) }
    if token.isKeyword("and") || token.isKeyword("or") { throw unexpected(token) }
    return joiner == "and" ? .all(terms) : .any(terms)
  }

  private mutating func term() throws(SalesforceError) -> SOQLStatement.Condition {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw SalesforceError(
        status: 400, code: "QUERY_TOO_COMPLICATED",
        message: "Query is either selecting too many fields or the filter conditions are too complicated.")
    }
    if takeKeyword("not") { return .not(try term()) }
    if takeSymbol("(") {
      let inner = try condition()
      try expectSymbol(")")
      return inner
    }
    return .comparison(try comparison())
  }

  private mutating func comparison() throws(SalesforceError) -> SOQLStatement.Comparison {
    guard token.kind == .name, !Self.reserved.contains(token.text.lowercased()) else { throw unexpected(token) }
    let path = try path(take())
    let offset = token.offset
    if token.kind == .symbol, let comparator = SOQLStatement.Comparator(rawValue: token.text) {
      _ = take()
      let place = token.offset
      return .init(path: path, comparator: comparator, values: [try value()], offset: place)
    }
    if takeKeyword("like") { return .init(path: path, comparator: .like, values: [try value()], offset: offset) }
    var comparator: SOQLStatement.Comparator?
    if takeKeyword("in") { comparator = .isIn }
    if comparator == nil, takeKeyword("includes") { comparator = .includes }
    if comparator == nil, takeKeyword("excludes") { comparator = .excludes }
    if comparator == nil, takeKeyword("not") {
      try expectKeyword("in")
      comparator = .notIn
    }
    guard let comparator else { throw unexpected(token) }
    return .init(path: path, comparator: comparator, values: try list(), offset: offset)
  }

  private mutating func list() throws(SalesforceError) -> [SOQLStatement.Value] {
    try expectSymbol("(")
    if token.isKeyword("select") {
      throw SOQLPlace(statement, token.offset).malformed(
        "Semi join sub-selects are not supported: unexpected token: 'SELECT'")
    }
    var values: [SOQLStatement.Value] = []
    repeat { values.append(try value()) } while takeSymbol(",")
    try expectSymbol(")")
    return values
  }

  private mutating func value() throws(SalesforceError) -> SOQLStatement.Value {
    let token = token
    switch token.kind {
    case .string:
      _ = take()
      return .string(token.text)
    case .name:
      switch token.text.lowercased() {
      case "null":
        _ = take()
        return .null
      case "true", "false":
        _ = take()
        return .boolean(token.text.lowercased() == "true")
      default: throw unexpected(token)
      }
    case .literal:
      guard let value = SOQLLiteral.value(token.text) else { throw unexpected(token) }
      _ = take()
      return value
    default: throw unexpected(token)
    }
  }

  private mutating func order() throws(SalesforceError) -> SOQLStatement.Order {
    guard token.kind == .name, !Self.reserved.contains(token.text.lowercased()) else { throw unexpected(token) }
    var order = SOQLStatement.Order(path: try path(take()), descending: false, nullsLast: false)
    if takeKeyword("desc") { order.descending = true } else { _ = takeKeyword("asc") }
    if takeKeyword("nulls") {
      order.nullsLast = takeKeyword("last")
      if !order.nullsLast { try expectKeyword("first") }
    }
    return order
  }

  private mutating func count() throws(SalesforceError) -> Int {
    guard token.kind == .literal, let count = Int(token.text), count >= 0 else { throw unexpected(token) }
    _ = take()
    return count
  }
}
