import Delivery
import SyncModel
public import Tenants

/// Which leads of Marketo, known by their email address alone, would become persons of Veeva.
public struct AdoptionReport: Sendable, Codable {
  /// Leads that would get a Veeva id.
  public internal(set) var adopted = 0
  /// Persons that would be refused, because it is not clear which lead is whose.
  public internal(set) var ambiguous = 0
  /// Some of the leads, with the persons that they would become.
  public internal(set) var adoptedExamples: [String] = []
  /// Some of the persons that would be refused, with the reason.
  public internal(set) var examples: [String] = []

  private static let mostExamples = 10

  mutating func note(_ adoption: LeadAdoption, _ person: String) {
    switch adoption {
    case .none: break
    case .adopt(let lead):
      adopted += 1
      if adoptedExamples.count < Self.mostExamples { adoptedExamples.append("lead \(lead): \(person)") }
    case .ambiguous(let why):
      ambiguous += 1
      if examples.count < Self.mostExamples { examples.append("\(person): \(why)") }
    }
  }
}

extension PlanReporter {
  private static let email = "PersonEmail"
  private static let personsPerCall = 300

  /// Asks Marketo for leads with the addresses of all persons, a call for 300 of them, and changes nothing.
  /// - Returns: `nil` for a tenant without a Marketo instance, or without persons and their addresses.
  public func adoptions(of tenant: Tenant) async throws -> AdoptionReport? {
    guard let end = tenant.delivery, tenant.selections.contains(where: { $0.object == .personAccounts }) else {
      return nil
    }
    let described = try await SchemaReader(tenant: tenant).read(.personAccounts)
    guard described.mapping.fields.contains(Self.email) else { return nil }
    let hasKey = try await end.client.leadsHaveKey()
    // Only addresses that a lead without a Veeva id has are kept.
    var leads: [String: [LeadAdoption.Lead]] = [:]
    var persons: [String: [String]] = [:]
    var page: [(id: String, email: String)] = []
    func ask() async throws {
      let found = try await end.client.leads(withEmails: page.map(\.email), hasKey: hasKey)
      for (id, email) in page {
        guard let there = found[email], there.contains(where: { $0.veevaID == nil }) else { continue }
        leads[email] = there
        persons[email, default: []].append(id)
      }
      page = []
    }
    _ = try await tenant.extract(
      .personAccounts, fields: ["Id", "SystemModstamp", Self.email],
      conditions: described.conditions + ["\(Self.email) != null"], limits: limits
    ) { batch in
      for row in 0..<batch.rowCount {
        guard let id = batch.text(row: row, column: 0).flatMap({ VeevaID.widened($0) }),
          let email = batch.text(row: row, column: 2)
        else { continue }
        page.append((id, email.lowercased()))
        if page.count == Self.personsPerCall { try await ask() }
      }
    }
    try await ask()
    var report = AdoptionReport()
    for (email, ids) in persons.sorted(by: { $0.key < $1.key }) {
      for id in ids {
        report.note(LeadAdoption(veevaID: id, persons: ids.count, leads: leads[email] ?? []), id)
      }
    }
    return report
  }
}
