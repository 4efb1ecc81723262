import SyncModel

/// What of a lead's record travels both ways.
extension DeliverySource {
  /// The same source, of which it is remembered what claims bring to these columns, so that it is known again when
  /// Marketo's feed of changes shows it.
  public func remembering(_ columns: Set<String>) -> DeliverySource {
    var source = self
    source.twoWay = columns
    return source
  }

  /// The fields that travel both ways.
  var twoWayFields: [DeliverySchema.Delivered] {
    entity.target == .lead ? fields.filter { twoWay.contains($0.field.column) } : []
  }

  /// The fields whose changes in Marketo are read.
  var readFields: [DeliverySchema.Delivered] { twoWayFields + owned }

  /// For a claim's records: what they bring to two-way fields, as a column.
  var sentColumn: String {
    let names = twoWayFields.map { literal($0.field.name) }
    guard !names.isEmpty else { return "" }
    return """
      , (select jsonb_object_agg(e.key, e.value) from jsonb_each_text(c.json::jsonb) e
        where e.key in (\(names.joined(separator: ", ")))) as sent
      """
  }

  /// For a claim: remembers what its records bring.
  var sentStep: String {
    guard !twoWayFields.isEmpty else { return "" }
    return """
      , sent as (insert into \(qualified(LeadChangeTables.sent)) (veeva_id, batch, content)
        select veeva_id, $2, sent from record where sent is not null)
      """
  }
}
