"""How far the cycles of a cluster have come: what the measurements read of schema crmsync."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from stores import WORK, database, one_row, wait_until

STALL_SECONDS = 300


class Progress:
    def __init__(self, check_alive: Callable[[], None]):
        self.check_alive = check_alive
        self.connection: psycopg.Connection | None = None

    def row(self, query: str, *parameters: object) -> tuple:
        if self.connection is None:
            self.connection = database()
        return one_row(self.connection, query, parameters)

    def close(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None

    # -- waiting

    def has_begun(self) -> bool:
        return self.row("select to_regclass('crmsync.job') is not null")[0]

    def rows_committed(self) -> int:
        if not self.has_begun():
            return 0
        return self.row("select coalesce(sum(rows_committed), 0)::bigint from crmsync.job")[0]

    def rows_committed_of(self, tenant: str) -> int:
        return self.row(
            "select coalesce(sum(rows_committed), 0)::bigint from crmsync.job where tenant = %s", tenant)[0]

    def is_copied(self, tenant: str) -> bool:
        return self.row(
            "select coalesce(bool_and(copied_at is not null), false) from crmsync.object_sync where tenant = %s",
            tenant)[0]

    def wait_until_rows(self, rows: int) -> None:
        def reached() -> bool:
            self.check_alive()
            return self.rows_committed() >= rows
        wait_until(f"{rows} rows are committed", reached, pause=0.01)

    def wait_until_prepared(self) -> None:
        """Until every job of the first copy waits for a worker."""
        def prepared() -> bool:
            self.check_alive()
            return self.has_begun() and self.row(
                "select count(*) > 0 and bool_and(state = 'queued') from crmsync.job")[0]
        wait_until("all jobs are on the queue", prepared)

    def wait_until_copied(self, tenant: str = "acme") -> None:
        """Until every object was copied once; an error where one fails, or nothing moves for long."""
        self.wait_while_moving(tenant, """
            select bool_and(copied_at is not null) from crmsync.object_sync where tenant = %s and is_selected""")

    def wait_until_at_rest(self, tenant: str, after: int = 0) -> None:
        """Until every object has had a delta that came after a cycle, and none is under way."""
        self.wait_while_moving(tenant, f"""
            select bool_and(exists (
                select from crmsync.cycle c where c.tenant = o.tenant and c.object = o.object and c.kind = 'delta'
                  and c.phase = 'done' and c.id > {after}))
              and not exists (select from crmsync.cycle c where c.tenant = min(o.tenant) and c.finished_at is null)
            from crmsync.object_sync o where o.tenant = %s and o.is_selected""")

    def wait_while_moving(self, tenant: str, condition: str) -> None:
        moved, before = time.monotonic(), -1
        while True:
            self.check_alive()
            if self.has_begun():
                if self.row(condition, tenant)[0]:
                    return
                failed, why = self.row(
                    """
                    select count(*), min(object || ': ' || error) from crmsync.cycle
                    where tenant = %s and phase = 'failed'
                    """, tenant)
                if failed:
                    raise RuntimeError(f"a cycle failed: {why} (logs in {WORK})")
            rows = self.rows_committed()
            if rows != before:
                moved, before = time.monotonic(), rows
            elif time.monotonic() - moved > STALL_SECONDS:
                raise RuntimeError(f"no row was committed for {STALL_SECONDS} s (logs in {WORK})")
            time.sleep(0.02)

    # -- cycles

    def last_cycle(self, tenant: str) -> int:
        return self.row("select coalesce(max(id), 0) from crmsync.cycle where tenant = %s", tenant)[0]

    def newest(self, tenant: str, kind: str, after: int = 0) -> list[int]:
        """The newest cycle of this kind of each object."""
        return self.row(
            """
            select coalesce(array_agg(id), '{}') from (
              select max(id) as id from crmsync.cycle where tenant = %s and kind = %s and id > %s group by object
            ) newest
            """, tenant, kind, after)[0]

    def moved(self, cycles: list[int]) -> tuple[int, float]:
        """Rows that cycles committed, and the seconds from their first job's hand-over to their last page's commit."""
        return self.row(
            """
            select coalesce(sum(rows_committed), 0)::bigint,
              coalesce(extract(epoch from max(last_page_at) - min(queued_at)), 0)::float8
            from crmsync.job where cycle = any(%s)
            """, cycles)

    def lasted(self, cycles: list[int]) -> float:
        """Seconds from the opening of the first of these cycles to the end of the last."""
        return self.row(
            """
            select extract(epoch from max(finished_at) - min(started_at))::float8 from crmsync.cycle
            where id = any(%s)
            """, cycles)[0]
