/// The statements that claim and settle captured changes, by sets.
struct WriteBackStatements {
  let schema: String

  private var capture: String { qualified(schema, CaptureTables.table) }
  private var carried: String { qualified(schema, CaptureTables.carried) }
  private var log: String { qualified(schema, CaptureTables.activity) }
  private var person: String { qualified(schema, CaptureTables.person) }

  /// The first part lets the index of changes that are not laid aside be used.
  static let isDue = "due < 'infinity' and due <= now() and (claimed_until is null or claimed_until < now())"

  /// Whether marketing owns the column of a captured change `c`. Tables of an older release, which are not prepared yet,
  /// do not say so.
  private static let isOwned = "coalesce((to_jsonb(c) -> 'is_owned')::boolean, false)"

  /// Persons that are looked at for each that is wanted: others may be at work on the first ones.
  private static let spare = 8

  private var first: String {
    """
    (select veeva_id, column_name, due from \(capture) where \(Self.isDue) order by due limit $1::bigint * \(Self.spare))
    """
  }

  /// Changes of persons that are there no longer, among those that are looked at.
  var forgetOrphans: String {
    """
    delete from \(capture) c using \(first) f
    where c.veeva_id = f.veeva_id and c.column_name = f.column_name
      and not exists (select from \(person) p where p.veeva_id = c.veeva_id)
    """
  }

  /// Locks persons with due changes; those that somebody else is at work on are left out.
  var lockDue: String {
    """
    with waiting as (select f.veeva_id, min(f.due) as since from \(first) f group by f.veeva_id)
    select p.veeva_id from \(person) p join waiting w on w.veeva_id = p.veeva_id order by w.since, p.veeva_id
    limit $1::bigint for update of p skip locked
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
          claimed_until = now() + $2::bigint * interval '1 millisecond'
        from \(persons) v
        where c.veeva_id = v.veeva_id and \(Self.isDue) and \(mine) is distinct from c.agreed
        returning c.veeva_id, c.column_name, c.token, c.agreed, c.sent, c.attempts, \(Self.isOwned) as is_owned,
          \(mine) as mine
      )
      select veeva_id, column_name, token, attempts, is_owned, mine::text as json, \(CaptureTables.text("mine")) as value,
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

  var lines: String {
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

  /// Prolongs claims that nobody has taken over.
  var renew: String {
    """
    update \(capture) c set claimed_until = now() + $2::bigint * interval '1 millisecond' from \(lines) l
    where c.veeva_id = l.veeva_id and c.column_name = l.column_name and c.token = l.token
      and c.claimed_until is not null
    """
  }

  /// A change has one outcome; what it does not fit any more ends the claim alone.
  var settle: [String] { [written, overtaken, refused, gone, retry, endClaims, arrived, forgetEqual] }

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
      claimed_until = case when c.token <> l.token then c.claimed_until end, attempts = 0,
      due = case when to_jsonb(p) -> c.column_name = l.sent_value then 'infinity' else now() end
    from \(lines) l, \(person) p
    where \(matching("written")) and p.veeva_id = c.veeva_id and \(place) is not null
    """
  }

  /// Until the person is met or edited, or a pause has passed.
  private var overtaken: String {
    """
    update \(capture) c set claimed_until = null, attempts = 0, due = now() + l.seconds * interval '1 second'
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
      returning c.veeva_id, c.column_name, c.agreed, l.sent_value, l.reason, \(Self.isOwned) as is_owned
    )
    insert into \(log) (veeva_id, kind, field, value, other_value, reason)
    select veeva_id, 'gone', column_name, \(CaptureTables.text("sent_value")), \(CaptureTables.text("agreed")), reason
    from told where not is_owned order by veeva_id, column_name
    """
  }

  /// What was sent may have been written all the same.
  private var retry: String {
    """
    update \(capture) c set claimed_until = null, attempts = c.attempts + (l.kind = 'retry')::integer,
      due = now() + l.seconds * interval '1 second'
    from \(lines) l
    where c.veeva_id = l.veeva_id and c.column_name = l.column_name and l.kind in ('retry', 'released')
      and c.token = l.token
    """
  }

  /// What a bulk job has carried is under way no longer.
  private var arrived: String {
    """
    delete from \(carried) b using \(lines) l
    where b.veeva_id = l.veeva_id and b.column_name = l.column_name and b.token = l.token
    """
  }

  /// Of what came back while a bulk job was under way, and was agreed on by that, nothing needs to be kept.
  private var forgetEqual: String {
    """
    delete from \(capture) c using \(lines) l, \(person) p
    where c.veeva_id = l.veeva_id and c.column_name = l.column_name and p.veeva_id = c.veeva_id
      and c.agreed = to_jsonb(p) -> c.column_name and c.sent = '[]' and c.written_at is null and c.refused is null
      and c.claimed_until is null
    """
  }

  private var endClaims: String {
    """
    update \(capture) c set claimed_until = null from \(lines) l
    where c.veeva_id = l.veeva_id and c.column_name = l.column_name and c.token = l.token
      and c.claimed_until is not null
    """
  }
}
