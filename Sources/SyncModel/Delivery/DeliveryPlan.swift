/// What of a tenant's mirror is delivered to Marketo, and how, in the order in which it has to happen.
///
/// A pure function of mappings.
public struct DeliveryPlan: Sendable, Equatable {
  /// Parents before what refers to them.
  public let entities: [DeliveryEntity]

  /// Leads, without which nothing leads to anybody; `nil` where persons are not delivered.
  public var lead: DeliveryEntity? { entities.first { $0.target == .lead } }
  /// Tables of objects that lead to no person within two levels: nothing of them can be delivered.
  public let unlinked: [String]

  /// A plan.
  /// - Parameter mappings: the objects'.
  public init(_ mappings: [ObjectMapping]) {
    var entities: [DeliveryEntity] = []
    var unlinked: [String] = []
    for mapping in mappings {
      for table in mapping.tables {
        if let entity = Self.entity(table, mapping.object, mappings) {
          entities.append(entity)
        } else {
          unlinked.append(table.table)
        }
      }
    }
    self.entities = entities.sorted { ($0.target.rank, $0.table) < ($1.target.rank, $1.table) }
    self.unlinked = unlinked.sorted()
  }

  private static func entity(
    _ table: TableMapping, _ object: SourceObject, _ all: [ObjectMapping]
  ) -> DeliveryEntity? {
    switch object {
    case .personAccounts where table.table == "person":
      var parents = [DeliveryParent(name: "externalCompanyId", column: "veeva_id", table: "company")]
      if table.columns.contains(where: { $0.column == "owner_id" }),
        all.contains(where: { $0.object == .users })
      {
        parents.append(DeliveryParent(name: "externalSalesPersonId", column: "owner_id", table: "salesperson"))
      }
      return known(table, .lead, DeliveryEntity.leadKey, DeliveryNames.lead, keepsOthers: true, parents)
    case .personAccounts:
      return known(table, .company, "externalCompanyId", DeliveryNames.company, keepsOthers: true)
    case .users:
      return known(table, .salesperson, "externalSalesPersonId", DeliveryNames.salesperson, keepsOthers: false)
    case .calls, .callKeyMessages, .custom:
      guard let path = leadPath(table, object, all) else { return nil }
      return custom(table, object, path)
    }
  }

  // MARK: Fields

  /// An entity that Marketo has fields for.
  private static func known(
    _ table: TableMapping, _ target: DeliveryTarget, _ key: String, _ names: [String: DeliveryNames.Entry],
    keepsOthers: Bool, _ parents: [DeliveryParent] = []
  ) -> DeliveryEntity {
    var fields: [DeliveryField] = []
    var owned: [DeliveryField] = []
    var omitted: [DeliveryEntity.OmittedColumn] = []
    var taken: Set<String> = [key, "externalCompanyId", "externalSalesPersonId"]
    var columns = table.columns.filter { $0.source != ObjectMapping.idColumn }.map { ($0.column, $0.field, $0.type) }
    if table.hasVeevaType { columns.append(("veeva_type", "", .text)) }
    func going(_ direction: Direction) -> Set<String> {
      Set(table.columns.filter { target == .lead && $0.direction == direction }.map(\.column))
    }
    let (twoWay, toVeeva) = (going(.bothWays), going(.toVeeva))
    for (column, field, valueType) in columns {
      // Delivered as a link.
      if target == .lead, column == "owner_id" { continue }
      if target == .lead, let entry = DeliveryNames.marketingOwned[column] {
        if toVeeva.contains(column) {
          owned.append(
            DeliveryField(
              name: entry.name, label: entry.label, column: column, valueType: valueType, type: entry.type,
              isStandard: true))
        } else {
          omitted.append(.init(column: column, reason: "marketing owns it"))
        }
        continue
      }
      let entry: DeliveryNames.Entry
      if let known = names[column] {
        entry = known
      } else if keepsOthers {
        let type = DeliveryNames.type(valueType, isLead: target == .lead)
        entry = DeliveryNames.Entry(DeliveryNames.name(field), type, custom: field)
      } else {
        omitted.append(.init(column: column, reason: "Marketo has no such field"))
        continue
      }
      guard taken.insert(entry.name).inserted else {
        omitted.append(.init(column: column, reason: "field \(entry.name) is filled by another column"))
        continue
      }
      fields.append(
        DeliveryField(
          name: entry.name, label: entry.label, column: column, valueType: valueType, type: entry.type,
          isStandard: entry.isStandard, isTwoWay: twoWay.contains(column)))
    }
    return DeliveryEntity(
      table: table.table, target: target, key: key, fields: fields, parents: parents, leadPath: nil,
      omitted: omitted, owned: owned)
  }

  /// An entity that becomes a custom object, with its id as key and a link to its lead.
  private static func custom(
    _ table: TableMapping, _ object: SourceObject, _ path: LeadPath
  ) -> DeliveryEntity {
    var fields: [DeliveryField] = []
    var omitted: [DeliveryEntity.OmittedColumn] = []
    var taken: Set<String> = [DeliveryEntity.leadKey, DeliveryEntity.leadLink, "marketoGUID", "createdAt", "updatedAt"]
    // What must not fall to the limit comes first: stamp, links, then the others in their order.
    let links: Set<String> = [path.column, path.parent?.column ?? path.column]
    let columns = table.columns.filter { $0.source != ObjectMapping.idColumn }
    let first = columns.filter { $0.source == ObjectMapping.modstampColumn || links.contains($0.column) }
    for column in first + columns.filter({ !first.contains($0) }) {
      guard fields.count + 2 < DeliveryEntity.mostCustomFields else {
        omitted.append(
          .init(column: column.column, reason: "a type has at most \(DeliveryEntity.mostCustomFields) fields"))
        continue
      }
      let isStamp = column.source == ObjectMapping.modstampColumn
      let name = isStamp ? "veevaSystemModstamp" : DeliveryNames.name(column.field)
      guard taken.insert(name).inserted else {
        omitted.append(.init(column: column.column, reason: "field \(name) is filled by another column"))
        continue
      }
      var type = DeliveryNames.type(column.type, isLead: false)
      if type == .text, let length = column.length, length <= 255 { type = .string }
      fields.append(
        DeliveryField(
          name: name, label: name, column: column.column, valueType: column.type, type: type, isStandard: false))
    }
    return DeliveryEntity(
      table: table.table, target: .custom(DeliveryNames.type(of: object)), key: DeliveryEntity.leadKey, fields: fields,
      parents: [], leadPath: path, omitted: omitted)
  }

  // MARK: Links

  /// Directly, or else through a parent that is mirrored itself.
  private static func leadPath(_ table: TableMapping, _ object: SourceObject, _ all: [ObjectMapping]) -> LeadPath? {
    if let (column, reference) = direct(table) {
      return LeadPath(parent: nil, column: column, reference: reference)
    }
    for link in links(table) {
      for target in link.referenceTo ?? [] {
        guard let parent = all.first(where: { $0.object.apiName == target }), parent.object != object,
          let parentTable = parent.tables.first, let (parentColumn, reference) = direct(parentTable)
        else { continue }
        return LeadPath(
          parent: LeadPath.Parent(table: parentTable.table, column: link.column), column: parentColumn,
          reference: reference)
      }
    }
    return nil
  }

  private static func direct(_ table: TableMapping) -> (column: String, reference: LeadPath.Reference)? {
    for (target, reference) in [("Account", LeadPath.Reference.account), ("Contact", .contact)] {
      for link in links(table) where link.referenceTo?.contains(target) == true { return (link.column, reference) }
    }
    return nil
  }

  /// Links that an admin can make, in an order that does not depend on the describe answer's.
  private static func links(_ table: TableMapping) -> [MappedColumn] {
    let all = table.columns.filter { $0.referenceTo != nil }
    // Of several the one that is named after its target, then by name.
    func isNamed(_ link: MappedColumn) -> Bool {
      link.referenceTo?.contains { link.field == "\($0)_vod__c" || link.field == $0 } == true
    }
    return all.sorted { (isNamed($0) ? 0 : 1, $0.field) < (isNamed($1) ? 0 : 1, $1.field) }
  }
}
