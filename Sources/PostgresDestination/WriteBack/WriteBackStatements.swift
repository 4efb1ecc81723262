/// The statements that claim and settle captured changes, by sets.
struct WriteBackStatements {
  let schema: String

  private var capture: String { qualified(schema, CaptureTables.table) }
  private var log: String { qualified(schema, CaptureTables.activity) }
  private var person: String { qualified(schema, CaptureTables.person) }

  private static let isDue = "due <= now() and (claimed_until is null or claimed_until < now())"

  /// Locks persons with due changes; those that somebody else is at work on are left out.
  var lockDue: String {
    """
    with due as (
      select veeva_id, min(captured_at) as since from \(capture) where \(Self.isDue)
      group by veeva_id order by since, veeva_id limit $1
    )
    select p.veeva_id from \(person) p join due d on d.veeva_id = p.veeva_id order by p.veeva_id
    for update of p skip locked
    """
  }

  private var persons: String {
    "(select p.veeva_id, to_jsonb(p) as columns from \(person) p where p.veeva_id = any ($1::text[]))"
  }

  /// Claims what is due of locked persons.
  var claim: String {
    let mine = "v.columns -> c.column_name"
    return """
      with claimed as (
        update \(capture) c set
          sent = case when exists (select from jsonb_array_elements(c.sent) s (value) where s.value = \(mine))
            then c.sent else c.sent || jsonb_build_array(\(mine)) end,
          token = nextval(\(literal(qualified(schema, CaptureTables.tokens)))),
          claimed_until = now() + $2::bigint * interval '1 second'
        from \(persons) v
        where c.veeva_id = v.veeva_id and \(Self.isDue) and \(mine) is distinct from c.agreed
        returning c.veeva_id, c.column_name, c.token, c.agreed, c.sent, \(mine) as mine
      )
      select veeva_id, column_name, token, mine::text as json, \(CaptureTables.text("mine")) as value,
        \(CaptureTables.text("agreed")) as agreed,
        (select coalesce(jsonb_agg(\(CaptureTables.text("s.value")) order by s.ordinality), '[]')
          from jsonb_array_elements(sent) with ordinality as s (value)) as sent
      from claimed order by veeva_id, column_name
      """
  }

  /// Lays changes aside that were taken back: what is on its way may still come.
  var layAside: String {
    """
    with idle as (
      select c.veeva_id, c.column_name, c.sent from \(capture) c, \(persons) v
      where c.veeva_id = v.veeva_id and \(Self.isDue) and v.columns -> c.column_name is not distinct from c.agreed
    ), dropped as (
      delete from \(capture) c using idle i
      where c.veeva_id = i.veeva_id and c.column_name = i.column_name and i.sent = '[]' and c.written_at is null
    )
    update \(capture) c set due = 'infinity' from idle i
    where c.veeva_id = i.veeva_id and c.column_name = i.column_name and (i.sent <> '[]' or c.written_at is not null)
    """
  }

  // MARK: Settling

  private var lines: String {
    """
    (select l.*, l.json::jsonb as sent_value from jsonb_to_recordset($1::jsonb) as l (
      veeva_id text, column_name text, token bigint, json text, kind text, at bigint, seconds double precision,
      reason text))
    """
  }

  var lockSettled: String {
    """
    select p.veeva_id from \(person) p where p.veeva_id in (select l.veeva_id from \(lines) l)
    order by p.veeva_id for update
    """
  }

  /// In any order: a change has one outcome.
  var settle: [String] { [written, overtaken, refused, gone, retry] }

  private func matching(_ kind: String) -> String {
    "c.veeva_id = l.veeva_id and c.column_name = l.column_name and l.kind = '\(kind)'"
  }

  /// Where in what was sent the value stands; null where Veeva's own change or the echo came first.
  private let place =
    "(select min(s.ordinality) from jsonb_array_elements(c.sent) with ordinality as s (value) where s.value = l.sent_value)"

  private func sentBesides(_ condition: String) -> String {
    "(select coalesce(jsonb_agg(s.value order by s.ordinality), '[]') "
      + "from jsonb_array_elements(c.sent) with ordinality as s (value) where \(condition))"
  }

  private var written: String {
    """
    update \(capture) c set agreed = l.sent_value, sent = \(sentBesides("s.ordinality > \(place)")), refused = null,
      written_at = greatest(c.written_at, timestamptz 'epoch' + l.at * interval '1 millisecond'),
      claimed_until = null, attempts = 0,
      due = case when to_jsonb(p) -> c.column_name = l.sent_value then 'infinity' else now() end
    from \(lines) l, \(person) p
    where \(matching("written")) and p.veeva_id = c.veeva_id and \(place) is not null
    """
  }

  /// Until the person is met or edited, or a pause has passed.
  private var overtaken: String {
    """
    update \(capture) c set claimed_until = null, due = now() + l.seconds * interval '1 second'
    from \(lines) l where \(matching("overtaken")) and c.token = l.token and \(place) is not null
    """
  }

  private var refused: String {
    """
    with told as (
      update \(capture) c set claimed_until = null, attempts = 0, sent = \(sentBesides("s.ordinality <> \(place)")),
        refused = l.sent_value,
        due = case when to_jsonb(p) -> c.column_name = l.sent_value then 'infinity' else now() end
      from \(lines) l, \(person) p
      where \(matching("refused")) and c.token = l.token and p.veeva_id = c.veeva_id and \(place) is not null
      returning c.veeva_id, c.column_name, c.agreed, l.sent_value, l.reason
    )
    insert into \(log) (veeva_id, kind, field, value, other_value, reason)
    select veeva_id, 'refused', column_name, \(CaptureTables.text("sent_value")), \(CaptureTables.text("agreed")), reason
    from told order by veeva_id, column_name
    """
  }

  private var gone: String {
    """
    with told as (
      delete from \(capture) c using \(lines) l where \(matching("gone")) and c.token = l.token
      returning c.veeva_id, c.column_name, c.agreed, l.sent_value, l.reason
    )
    insert into \(log) (veeva_id, kind, field, value, other_value, reason)
    select veeva_id, 'gone', column_name, \(CaptureTables.text("sent_value")), \(CaptureTables.text("agreed")), reason
    from told order by veeva_id, column_name
    """
  }

  /// What was sent may have been written all the same.
  private var retry: String {
    """
    update \(capture) c set claimed_until = null, attempts = c.attempts + 1, due = now() + l.seconds * interval '1 second'
    from \(lines) l where \(matching("retry")) and c.token = l.token
    """
  }
}
