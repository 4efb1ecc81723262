"""The script that a good engineer would write instead: simple-salesforce's bulk download, COPY, upsert; one process.

Prints the rows and seconds of each step as JSON. The table must exist, with its primary key.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import requests
from psycopg import sql
from simple_salesforce import Salesforce


def connect(base: str, client: str, secret: str) -> Salesforce:
    answer = requests.post(f"{base}/services/oauth2/token", timeout=30, data={
        "grant_type": "client_credentials", "client_id": client, "client_secret": secret})
    answer.raise_for_status()
    salesforce = Salesforce(instance_url=base, session_id=answer.json()["access_token"], version="62.0")
    # The library always speaks TLS; the simulated org on loopback does not.
    salesforce.bulk2_url = f"{base}/services/data/v62.0/jobs/"
    return salesforce


def load(connection: psycopg.Connection, table: str, columns: list[str], file: Path) -> int:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    updates = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in columns[1:])
    target = sql.SQL(table)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("create temp table staging (like {} including defaults) on commit drop").format(target))
        copy = sql.SQL("copy staging ({0}) from stdin (format csv, header, force_null ({0}))").format(names)
        with cursor.copy(copy) as stream, file.open("rb") as source:
            while block := source.read(1 << 20):
                stream.write(block)
        cursor.execute(sql.SQL(
            "insert into {0} ({1}) select {1} from staging on conflict (veeva_id) do update set {2} "
            "where excluded.veeva_system_modstamp >= {0}.veeva_system_modstamp").format(target, names, updates))
        return cursor.rowcount


def main() -> None:
    task = json.load(sys.stdin)
    begin = time.monotonic()
    salesforce = connect(task["base"], task["client"], task["secret"])
    with tempfile.TemporaryDirectory(dir=task["folder"]) as folder:
        pages = salesforce.bulk2.Account.download(task["query"], folder, max_records=100_000, wait=1)  # type: ignore[union-attr]
        downloaded = time.monotonic()
        with psycopg.connect(os.environ["RIVAL_DATABASE"], autocommit=True) as connection:
            rows = sum(load(connection, task["table"], task["columns"], Path(page["file"])) for page in pages)
    done = time.monotonic()
    json.dump({"rows": rows, "seconds": done - begin, "download": downloaded - begin, "load": done - downloaded},
              sys.stdout)


if __name__ == "__main__":
    main()
