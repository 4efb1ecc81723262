/// All that the instance holds. Pure: time comes in as an argument, and whoever has it has it alone.
struct MarketoData: Sendable {
  struct Partition: Sendable {
    var id: Int
    var name: String
    /// False for one that the API user's role does not reach.
    var isReachable: Bool
  }

  var leads: MarketoTable
  var companies: MarketoTable
  var salespersons: MarketoTable
  /// By API name.
  var types: [String: CustomObjectType] = [:]
  var activities: [MarketoActivity] = []
  var activityTypes: [CustomActivityType] = []
  var partitions: [Partition]

  init(partitions: [String], unreachable: Set<String>) {
    leads = MarketoTable(StandardFields.leads, firstID: 10_001)
    companies = MarketoTable(StandardFields.companies, firstID: 7_001)
    salespersons = MarketoTable(StandardFields.salespersons, firstID: 41)
    self.partitions = (["Default"] + partitions).enumerated().map {
      Partition(id: $0.offset + 1, name: $0.element, isReachable: !unreachable.contains($0.element))
    }
  }

  mutating func log(_ kind: MarketoActivity.Kind, of lead: Int, at date: Int? = nil, by source: MarketoSource, now: Int)
    -> Int
  {
    let id = activities.count + 1
    // A clock that was set back does not reorder the log.
    let logged = max(now, activities.last?.logged ?? now)
    activities.append(
      MarketoActivity(id: id, leadID: lead, logged: logged, date: date ?? logged, kind: kind, source: source))
    return id
  }
}
