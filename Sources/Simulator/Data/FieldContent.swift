/// The rule a field's values follow; trivial, so that rendering a row touches no reference counts.
enum FieldContent: Sendable {
  case id
  /// The id of a row of another object.
  case reference(Reference)
  /// The same with 15 characters, in a text field.
  case shortReference(Reference)
  /// An id of an object that nobody sees.
  case foreignID(UInt8, UInt8, UInt8, count: Int32)
  case null
  /// A word.
  case word(Lexicon.Table)
  /// Two words with a blank between.
  case words(Lexicon.Table, Lexicon.Table)
  /// A street with a number.
  case street(Lexicon.Table)
  /// A few phrases; in 1 row of 5,000, thirty kilobytes of them.
  case prose(Lexicon.Table)
  case firstName
  case lastName
  /// The person's name, or that of an organisation.
  case accountName
  /// First and last name of anybody else.
  case fullName
  case email
  case phone
  case url
  case login
  case code(digits: Int32)
  /// A letter, a dash and the row's number.
  case autoNumber(UInt8)
  case boolean(permille: Int32)
  case integer(Int32, Int32)
  case decimal(DecimalStyle)
  case date(DateStyle)
  case datetime(DateStyle)
  case time
  case multipicklist(Lexicon.Table)
  case masked
  case latitude
  case longitude
  case created
  case modified
  case systemModstamp
  case isDeleted
  case isPersonAccount
  case isActive
  case recordTypeDeveloperName
  case recordTypeLabel
  case recordTypeObject
  case recordTypeIsPerson
  case profileName
  case roleName
  case parentCall
  case callDate
  /// Parts of one compound value, in the order of `AddressParts`.
  case address(first: Int32)
  case location(first: Int32)
  case blob
  /// One of the values that a field was added with, by chance.
  case constants(first: Int32, count: Int32, isInteger: Bool)
  /// An integer in a field that was widened to hold fractions.
  case wholeDecimal(Int32, Int32)
  /// A date in a field that was widened to hold datetimes.
  case dayInstant(DateStyle)
  /// A date in a field that was widened to hold texts.
  case dayText(DateStyle)
  /// A datetime in a field that was widened to hold texts.
  case instantText(DateStyle)

  enum DecimalStyle: Sendable {
    case money
    case percent
    /// Fractions, exponents, eighteen digits.
    case wild
    case count
    case score
  }

  enum DateStyle: Sendable {
    case birth
    /// Within the last years, in 1 row of 64 at the edge of what the platform takes.
    case recent
  }

  /// Which row of which object.
  struct Reference: Sendable {
    let object: ObjectKind
    let rule: Rule

    enum Rule: Sendable {
      /// The row of the same index.
      case same
      /// Any row, by chance.
      case any
      /// Mostly Professional accounts, sometimes any account.
      case account
      /// A live account that is not a person.
      case parentAccount
      /// The row of which this one is a child: children of one parent stand together.
      case parent
      /// The record type of the row's kind.
      case recordType
      /// Another live account, for a deleted one that was merged.
      case mergeWinner
      /// The person contact of the account that `account` gives for `field`.
      case personContact
    }
  }
}
