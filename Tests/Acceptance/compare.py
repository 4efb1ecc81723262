"""Compares every row and every column of a copy with the org it came from. Shares no code with the product.

usage: compare.py ORG_URL MAPPING_JSON DATABASE_URL
"""

import csv
import datetime
import decimal
import io
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

csv.field_size_limit(1 << 30)
ORG, MAPPING, DATABASE = sys.argv[1:4]
API = "/services/data/v62.0"


def call(path, body=None, token=None, form=False):
    request = urllib.request.Request(ORG + path, method="POST" if body is not None else "GET")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    if body is not None:
        request.add_header("Content-Type", "application/x-www-form-urlencoded" if form else "application/json")
        request.data = body.encode()
    return urllib.request.urlopen(request, timeout=120)


def login():
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": "crmsync-client",
                                   "client_secret": "crmsync-secret"})
    return json.load(call("/services/oauth2/token", form, form=True))["access_token"]


def records(token, statement, fields):
    """Rows of a statement by a bulk job, or by REST where the Bulk API does not take the object."""
    try:
        order = json.dumps({"operation": "query", "query": statement})
        job = json.load(call(API + "/jobs/query", order, token))["id"]
    except urllib.error.HTTPError:
        yield from rest_records(token, statement, fields)
        return
    while json.load(call(f"{API}/jobs/query/{job}", token=token))["state"] != "JobComplete":
        time.sleep(0.1)
    locator = ""
    while locator != "null":
        query = f"?locator={urllib.parse.quote(locator)}" if locator else ""
        answer = call(f"{API}/jobs/query/{job}/results{query}", token=token)
        locator = answer.headers["Sforce-Locator"]
        rows = csv.reader(io.StringIO(answer.read().decode(), newline=""))
        next(rows, None)
        yield from rows


def rest_records(token, statement, fields):
    path = API + "/query?q=" + urllib.parse.quote(statement)
    while path:
        answer = json.load(call(path, token=token), parse_float=str, parse_int=str)
        for record in answer["records"]:
            yield [text(record, f) for f in fields]
        path = answer.get("nextRecordsUrl")


def text(record, path):
    """A value as the Bulk API writes it; of a parent, for a path such as `Call2_vod__r.CreatedDate`."""
    for name in path.split("."):
        record = record and record[name]
    return "" if record is None else str(record).lower() if isinstance(record, bool) else record


def canonical(value, kind):
    """One spelling per value, whichever side it comes from."""
    if value == "":
        return None
    if kind == "boolean":
        return value in ("true", "t", "1")
    if kind in ("integer", "decimal"):
        return decimal.Decimal(value).normalize()
    if kind == "instant":
        head = value.replace("T", " ").replace("Z", "").split("+")[0]
        return head.split(".")[0] if set(head.split(".")[-1]) == {"0"} else head
    if kind == "time":
        return value.replace("Z", "").split(".")[0]
    return value.replace("\0", "")


def stored(table, columns):
    """Rows of a table, by COPY; a list is shown with its parts joined by `;`, as the org sends it."""
    def shown(column):
        name = '"' + column["column"] + '"'
        return f"array_to_string({name}, ';')" if column["type"] == "textList" else name
    statement = f"copy (select {', '.join(map(shown, columns))} from copy.\"{table}\") to stdout with csv"
    shell = subprocess.Popen(["psql", "-X", "-q", DATABASE, "-c", "set timezone = 'UTC'", "-c", statement],
                             stdout=subprocess.PIPE)
    yield from csv.reader(io.TextIOWrapper(shell.stdout, encoding="utf-8", newline=""))
    if shell.wait() != 0:
        raise SystemExit("psql failed")


def key(row, columns):
    return tuple(canonical(value, column["type"]) for value, column in zip(row, columns))


def difference(column, want, have):
    """Where two values part, in short."""
    want, have = repr(want), repr(have)
    at = next((i for i, (w, h) in enumerate(zip(want, have)) if w != h), min(len(want), len(have)))
    return f"{column['column']} at {at} of {len(want)}: {want[at - 10:at + 20]} / {have[at - 10:at + 20]}"


def conditions(mapping):
    shell = subprocess.run(
        ["psql", "-X", "-At", DATABASE, "-c", "select m.conditions from crmsync.object_sync o join crmsync.mapping m "
         "on (m.tenant, m.object, m.version) = (o.tenant, o.object, o.mapping_version) "
         f"where o.object = '{mapping['object']}'"], capture_output=True, text=True, check=True)
    return json.loads(shell.stdout)


def aging(where):
    """The field that bounds the age of records, and the bound, which moves on with each cycle: records that it has just
    passed may be there still, until they are cleared away."""
    for place, condition in enumerate(where):
        match = re.fullmatch(r"(\S*CreatedDate) >= (\S+)Z", condition)
        if match:
            bound = datetime.datetime.fromisoformat(match[2])
            where[place] = f"{match[1]} >= {(bound - datetime.timedelta(hours=2)).isoformat(timespec='seconds')}Z"
            return match[1], bound
    return None, None


def main():
    token = login()
    failed = False
    for mapping in json.load(open(MAPPING)):
        where = conditions(mapping)
        created, bound = aging(where)
        fields = mapping["fields"] + ([created] if created and created not in mapping["fields"] else [])
        statement = f"SELECT {', '.join(fields)} FROM {mapping['object']}"
        source = list(records(token, statement + (f" WHERE {' AND '.join(where)}" if where else ""), fields))
        leaving = set()
        if bound:
            at = fields.index(created)
            leaving = {row[0] for row in source if datetime.datetime.fromisoformat(row[at][:19]) < bound}
        for table in mapping["tables"]:
            columns = table["columns"]
            wanted = {row[0]: key([row[c["source"]] for c in columns], columns) for row in source}
            found, extra, different = 0, 0, []
            for row in stored(table["table"], columns):
                found += 1
                want = wanted.pop(row[0], None)
                if want is None:
                    # A person that was deleted, or has left, stays and says so.
                    extra += not any(c["column"] == "veeva_is_deleted" and v == "t" for c, v in zip(columns, row))
                elif want != key(row, columns) and row[0] not in leaving:
                    have = key(row, columns)
                    different.append([difference(c, w, h) for c, w, h in zip(columns, want, have) if w != h][:3])
            wanted = {id: row for id, row in wanted.items() if id not in leaving}
            verdict = "equal" if not (wanted or extra or different) else "DIFFERENT"
            failed |= verdict != "equal"
            print(f"{verdict} {table['table']}: {found} rows, {len(wanted)} missing {list(wanted)[:3]}, {extra} extra, "
                  f"{len(different)} different {different[:2]}")
    sys.exit(1 if failed else 0)


main()
