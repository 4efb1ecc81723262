/// The objects of the simulated org; the raw value is the object's place in the data set.
enum ObjectKind: UInt8, Sendable, CaseIterable {
  case account
  case contact
  case user
  case recordType
  case profile
  case role
  case call
  case callKeyMessage
  case activity
  case activityLine
  case lead
  case opportunity
  case campaign
  case unlinked
  case legacyNote
}
