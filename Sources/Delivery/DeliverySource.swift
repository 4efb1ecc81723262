import PostgreSQL
public import SyncModel

/// The rows of one mirror table as Marketo shall have them, as parts of SQL.
///
/// A record is made by the database: a page of them is one answer, whatever its columns.
public struct DeliverySource: Sendable {
  public let entity: DeliveryEntity
  let schema: String
  let fields: [DeliverySchema.Delivered]
  /// What marketing owns: read, and never delivered.
  let owned: [DeliverySchema.Delivered]

  /// A source of what an instance can take.
  /// - Parameters:
  ///   - fields: what is delivered, as the instance has it.
  ///   - owned: what is read because marketing owns it.
  ///   - schema: the mirror's.
  public init(
    _ entity: DeliveryEntity, fields: [DeliverySchema.Delivered], owned: [DeliverySchema.Delivered] = [], schema: String
  ) {
    self.entity = entity
    self.fields = fields
    self.owned = owned
    self.schema = schema
  }

  private static let stampColumn = "veeva_system_modstamp"
  /// Columns of leads whose deliveries are remembered.
  var twoWay: Set<String> = []

  private var stamp: DeliverySchema.Delivered? { fields.first { $0.field.column == Self.stampColumn } }
  private var content: [DeliverySchema.Delivered] { fields.filter { $0.field.column != Self.stampColumn } }

  /// A source of which only the numbers are asked for.
  public init(counting entity: DeliveryEntity, schema: String) { self.init(entity, fields: [], schema: schema) }

  /// API names in the order of a record's members.
  var names: [String] {
    var names = [entity.key] + content.map(\.field.name) + entity.parents.map(\.name)
    if entity.leadPath != nil { names.append(DeliveryEntity.leadLink) }
    return names + (stamp.map { [$0.field.name] } ?? [])
  }

  var table: String { qualified(entity.table) }

  func qualified(_ table: String) -> String { "\(quotedIdentifier(schema)).\(quotedIdentifier(table))" }

  /// The rows that can be delivered: `t` is the row, `l` its person for a custom object.
  var rows: String {
    guard let path = entity.leadPath else { return "\(table) t" + parentJoins }
    let column = path.reference == .account ? "veeva_id" : "veeva_contact_id"
    let person = qualified("person")
    guard let parent = path.parent else {
      return "\(table) t join \(person) l on l.\(quotedIdentifier(column)) = t.\(quotedIdentifier(path.column))"
    }
    return "\(table) t join \(qualified(parent.table)) p on p.veeva_id = t.\(quotedIdentifier(parent.column)) "
      + "join \(person) l on l.\(quotedIdentifier(column)) = p.\(quotedIdentifier(path.column))"
  }

  /// What a lead refers to, where Marketo has it.
  private var parentJoins: String {
    entity.parents.enumerated().map { place, parent in
      " left join \(qualified(DeliveryTables.delivery)) d\(place) on d\(place).entity = \(literal(parent.table)) "
        + "and d\(place).veeva_id = t.\(quotedIdentifier(parent.column)) and d\(place).delivered is not null"
    }.joined()
  }

  /// The person's id of a custom object's row.
  var lead: String { entity.leadPath == nil ? "null::text" : "l.veeva_id" }

  /// Gives `c.json`, a record's content without its stamp: where only the stamp moves, nothing is delivered.
  var contentJSON: String {
    var columns = ["t.veeva_id as \(quotedIdentifier(entity.key))"]
    columns += content.map { "\(Self.expression($0)) as \(quotedIdentifier($0.field.name))" }
    columns += entity.parents.indices.map {
      "d\($0).veeva_id as \(quotedIdentifier(entity.parents[$0].name))"
    }
    if entity.leadPath != nil { columns.append("l.veeva_id as \(quotedIdentifier(DeliveryEntity.leadLink))") }
    return
      "cross join lateral (select row_to_json(r)::text as json from (select \(columns.joined(separator: ", "))) r) c"
  }

  /// What marketing owns, as the mirror's row `t` has it: a JSON object of texts; null where there is nothing.
  var ownedJSON: String {
    guard !owned.isEmpty else { return "null::text" }
    let columns = owned.map {
      let column = "t.\(quotedIdentifier($0.field.column))"
      return "\(Self.text(column, $0.field.valueType)) as \(quotedIdentifier($0.field.name))"
    }
    return "(select row_to_json(o)::text from (select \(columns.joined(separator: ", "))) o)"
  }

  /// A whole record, from its content.
  var payload: String {
    guard let stamp else { return "c.json" }
    let name = "\"\(stamp.field.name)\":"
    return
      "left(c.json, -1) || \(literal("," + name)) || coalesce(to_json(\(Self.expression(stamp)))::text, 'null') || '}'"
  }

  /// Differs where records are rendered in another way.
  var definition: String { ColumnHash.short(rows + contentJSON + payload) }

  /// A record as a line of CSV.
  static func line(of json: String) -> String {
    """
    (select string_agg(case when e.value is null then ''
        when e.value ~ E'[",\\r\\n]' or e.value ~ '^\\s|\\s$'
          then '"' || replace(e.value, '"', '""') || '"' else e.value end, ',' order by e.place)
      from json_each_text((\(json))::json) with ordinality e (name, value, place))
    """
  }

  // MARK: Values

  private static func expression(_ delivered: DeliverySchema.Delivered) -> String {
    let column = "t.\(quotedIdentifier(delivered.field.column))"
    switch delivered.type {
    case .integer, .score, .percent, .float, .currency, .boolean: return column
    case .date, .datetime: return text(column, delivered.field.valueType)
    case .text:
      // Marketo counts bytes here; a character has at most four.
      let text = text(column, delivered.field.valueType)
      let bytes = delivered.length ?? 30_000
      return "case when octet_length(\(text)) <= \(bytes) then \(text) else left(\(text), \(bytes / 4)) end"
    case .string, .email, .phone, .url, .link:
      return "left(\(text(column, delivered.field.valueType)), \(delivered.length ?? 255))"
    }
  }

  private static func text(_ column: String, _ type: ValueType) -> String {
    switch type {
    case .identifier, .text: column
    case .textList: "array_to_string(\(column), ';')"
    case .boolean, .integer, .decimal, .time: "\(column)::text"
    case .date: "to_char(\(column), 'YYYY-MM-DD')"
    case .instant: "to_char(\(column) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    }
  }
}

/// A text as a literal of SQL.
func literal(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
