/// The tables that remember, in schema `crmsync`. Numbered, forward only; each is safe while the previous release
/// still runs.
enum Migrations {
  /// Each migration's statements; the number of a migration is its position, from 1.
  static let all: [String] = [first, marketoBudget, errands, marketoInstance, leaderSession]

  /// Where each kind of state lives:
  /// - `cluster`, `leadership`, `process`: the cluster itself;
  /// - `tenant`, `session`, `api_budget`: one row per tenant;
  /// - `object_sync`, `cycle`, `mapping`: what is being synced, how, and how far it has come;
  /// - `job`: the unit on the queue, with its checkpoint;
  /// - `reject`: refused records.
  private static let first = """
    create table crmsync.cluster (
      only_row boolean primary key default true check (only_row),
      id uuid not null default gen_random_uuid()
    );
    insert into crmsync.cluster default values;

    create table crmsync.leadership (
      only_row boolean primary key default true check (only_row),
      term bigint not null,
      holder text not null,
      expires_at timestamptz not null
    );
    insert into crmsync.leadership (term, holder, expires_at) values (0, '', '-infinity');

    create table crmsync.process (
      id text primary key,
      role text not null,
      slots integer not null default 0,
      busy integer not null default 0,
      started_at timestamptz not null default now(),
      seen_at timestamptz not null default now()
    );

    create table crmsync.tenant (
      name text primary key,
      org_id text unique,
      destination text unique,
      error text,
      waiting_for text,
      waiting_until timestamptz
    );

    create table crmsync.session (
      tenant text primary key,
      access_token text not null,
      instance_url text not null,
      organization_id text not null,
      refresh_token text,
      generation bigint not null
    );

    create table crmsync.api_budget (
      tenant text primary key,
      used bigint not null default 0,
      allowed bigint not null default 0,
      observed_at timestamptz,
      blocked_until timestamptz,
      blocked_because text
    );

    create table crmsync.object_sync (
      tenant text not null references crmsync.tenant,
      object text not null,
      is_selected boolean not null default true,
      mapping_version integer not null default 0,
      needs_schema boolean not null default false,
      watermark timestamptz,
      copied_at timestamptz,
      synced_at timestamptz,
      next_due timestamptz not null default now(),
      backfill text check (backfill in ('selected', 'everything')),
      warning text,
      primary key (tenant, object)
    );

    create table crmsync.cycle (
      id bigint generated always as identity primary key,
      tenant text not null,
      object text not null,
      kind text not null check (kind in ('initial', 'delta', 'backfill')),
      phase text not null check (phase in ('waiting', 'planning', 'copying', 'done', 'failed')) default 'waiting',
      extent text not null check (extent in ('selected', 'everything')) default 'selected',
      window_from timestamptz,
      window_to timestamptz,
      raises_events boolean not null default false,
      sample_job text,
      rows_expected bigint,
      planned_calls bigint,
      failures integer not null default 0,
      error text,
      started_at timestamptz not null default clock_timestamp(),
      finished_at timestamptz,
      foreign key (tenant, object) references crmsync.object_sync
    );
    create unique index cycle_one_open on crmsync.cycle (tenant, object, (kind = 'backfill'))
      where phase in ('waiting', 'planning', 'copying');
    create index cycle_of_object on crmsync.cycle (tenant, object, id);

    create table crmsync.mapping (
      tenant text not null,
      object text not null,
      version integer not null,
      mapping jsonb not null,
      scope jsonb not null,
      conditions jsonb not null,
      rules jsonb not null,
      created_at timestamptz not null default now(),
      primary key (tenant, object, version)
    );

    create table crmsync.job (
      id bigint generated always as identity primary key,
      tenant text not null,
      object text not null,
      cycle bigint not null references crmsync.cycle,
      lane text not null,
      method text not null check (method in ('bulk', 'rest')),
      range_from text collate "C",
      range_to text collate "C",
      mapping_version integer not null,
      state text not null check (state in ('extracting', 'runnable', 'queued', 'leased', 'done', 'dead')),
      token bigint not null default 0,
      dispatch bigint not null default 0,
      position jsonb not null default '{"pages": 0, "mayExist": false}',
      rows_committed bigint not null default 0,
      rows_rejected bigint not null default 0,
      failures integer not null default 0,
      interruptions integer not null default 0,
      vanished integer not null default 0,
      due_at timestamptz not null default now(),
      queued_at timestamptz,
      lease_until timestamptz,
      worker text,
      last_error text,
      extract_deleted boolean not null default false,
      created_at timestamptz not null default now(),
      first_page_at timestamptz,
      last_page_at timestamptz
    );
    create index job_waiting on crmsync.job (tenant, lane, due_at, id) where state in ('extracting', 'runnable');
    create index job_out on crmsync.job (tenant, lane, state) where state in ('queued', 'leased');
    create index job_parked on crmsync.job (tenant, object) where state = 'dead';
    create index job_of_cycle on crmsync.job (cycle);
    create index job_open on crmsync.job (cycle) where state not in ('done', 'dead');
    create index job_extract_to_delete on crmsync.job (tenant)
      where state = 'done' and not extract_deleted and method = 'bulk';

    create table crmsync.reject (
      id bigint generated always as identity primary key,
      tenant text not null,
      object text not null,
      record_id text not null,
      field text,
      expected text not null,
      reason text not null,
      job bigint not null,
      seen_at timestamptz not null default now(),
      state text not null check (state in ('open', 'retrying', 'discarded')) default 'open',
      unique (tenant, object, record_id)
    );
    """

  /// What the cluster asks of each Marketo instance (``SyncModel/MarketoBudget``).
  private static let marketoBudget = """
    create table crmsync.marketo_budget (
      instance text primary key,
      budget jsonb
    ) with (fillfactor = 50);
    """

  /// Work for a tenant that is no partition of an object (``Errand``).
  private static let errands = """
    create table crmsync.errand (
      tenant text not null references crmsync.tenant on delete cascade,
      kind text not null,
      part bigint not null,
      state text not null check (state in ('resting', 'queued', 'leased')),
      dispatch bigint not null default 0,
      token bigint not null default 0,
      failures integer not null default 0,
      due_at timestamptz not null default now(),
      queued_at timestamptz,
      lease_until timestamptz,
      worker text,
      error text,
      ended_at timestamptz,
      primary key (tenant, kind, part)
    ) with (fillfactor = 70);
    """

  /// One Veeva org, one Marketo instance.
  private static let marketoInstance = "alter table crmsync.tenant add column marketo_instance text unique;"

  /// On which of the server's sessions the leader of a term renewed its lease last.
  private static let leaderSession = """
    alter table crmsync.leadership
      add column session_term bigint, add column session_pid integer, add column session_started timestamptz;
    """
}
