/// An entry of the activity log (reference 12).
struct MarketoActivity: Sendable {
  enum Kind: Sendable {
    /// The lead came to be; type 12.
    case newLead
    /// Values of fields changed; type 13.
    case changed([MarketoChange])
    /// The lead was deleted; type 37.
    case deleted(name: String)
    /// A custom activity; its type, primary value, and attributes.
    case custom(type: Int, primary: String, attributes: [(String, JSONValue)])
  }

  let id: Int
  let leadID: Int
  /// Seconds since 1970: where it stands in the log.
  let logged: Int
  /// Seconds since 1970: as shown, which is the client's for a custom activity.
  let date: Int
  let kind: Kind
  let source: MarketoSource

  var type: Int {
    switch kind {
    case .newLead: 12
    case .changed: 13
    case .deleted: 37
    case .custom(let type, _, _): type
    }
  }
}

/// What made a change, as its attributes `Source` and `Reason` say it (12.3).
enum MarketoSource: String, Sendable {
  case api = "Web service API"
  case importFile = "List import"
  case marketer = "Marketo user"
  case form = "Web form fillout"
}

/// A type of custom activities (12.6).
struct CustomActivityType: Sendable {
  struct Attribute: Sendable {
    var apiName: String
    var name: String
    var type: MarketoType
  }

  let id: Int
  let apiName: String
  var name: String
  var triggerName: String
  var filterName: String
  var details: String
  var primary: Attribute
  var attributes: [Attribute] = []
  var isApproved = false
  /// Changed since it was approved.
  var hasDraft = true

  var status: String { isApproved ? (hasDraft ? "approved with draft" : "approved") : "draft" }
}
