/// A word of a statement.
struct SOQLToken: Equatable {
  enum Kind: Equatable {
    /// A name, dotted or not, or a keyword.
    case name
    /// A string literal; `text` has its escapes resolved.
    case string
    /// A number, date or datetime.
    case literal
    /// `= != <> < <= > >= ( ) ,`
    case symbol
    case end
  }

  var kind: Kind
  var text: String
  /// Bytes before it.
  var offset: Int

  /// Whether it is that keyword.
  func isKeyword(_ word: String) -> Bool { kind == .name && text.lowercased() == word }

  func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }
}
