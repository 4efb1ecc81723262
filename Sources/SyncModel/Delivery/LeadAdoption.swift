/// What is done about a person that Marketo has none of by its Veeva id, given the leads that have its email address.
///
/// A lead that came from a form is known by its address alone. Found by the Veeva id it is not, and the person would
/// become a second lead.
public enum LeadAdoption: Sendable, Equatable {
  /// A lead of its own.
  case none
  /// The lead gets the Veeva id.
  case adopt(lead: Int)
  /// A person has to say which is whose.
  case ambiguous(String)

  /// A lead that has the address.
  public struct Lead: Sendable, Equatable {
    /// Marketo's id.
    public let id: Int
    public let veevaID: String?

    /// A lead.
    public init(id: Int, veevaID: String?) {
      self.id = id
      self.veevaID = veevaID
    }
  }

  /// Decides.
  /// - Parameters:
  ///   - veevaID: the person's.
  ///   - persons: how many synced persons have the address.
  ///   - leads: those that have it.
  public init(veevaID: String, persons: Int, leads: [Lead]) {
    let free = leads.filter { $0.veevaID == nil }.map(\.id).sorted()
    guard let lead = free.first, !leads.contains(where: { $0.veevaID == veevaID }) else {
      self = .none
      return
    }
    if free.count > 1 {
      let ids = free.prefix(5).map(String.init).joined(separator: ", ") + (free.count > 5 ? ", …" : "")
      self = .ambiguous("\(free.count) leads have its email address and no Veeva id (\(ids)): merge them in Marketo")
    } else if persons > 1 {
      self = .ambiguous(
        "lead \(lead) has its email address, and so have \(persons) persons of Veeva: give the lead the veevaId of "
          + "the one that it is")
    } else {
      self = .adopt(lead: lead)
    }
  }
}
