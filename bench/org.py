"""A simulated org: its process, and what the measurements ask of it themselves, over its wire protocol."""

from __future__ import annotations

import functools
import http.client
import json
import os
import shutil
import subprocess
import time
import urllib.parse
from pathlib import Path

from process import Process
from stores import LOCAL, WORK, secret

VERSION = "62.0"
FIRST_PORT = int(os.environ["PORT_VEEVA"])

# The Person Account's fields of the mapping that every org has, with their columns, and six custom ones: thirty.
FIELDS = {
    "Id": "veeva_id", "CreatedDate": "veeva_created_date", "IsDeleted": "veeva_is_deleted",
    "SystemModstamp": "veeva_system_modstamp", "PersonContactId": "veeva_contact_id",
    "IsPersonAccount": "is_person_account", "OwnerId": "owner_id", "FirstName": "first_name",
    "LastName": "last_name", "Salutation": "salutation", "PersonEmail": "email", "PersonTitle": "title",
    "Phone": "phone", "Fax": "fax", "PersonMobilePhone": "mobile_phone", "PersonBirthdate": "date_of_birth",
    "PersonMailingStreet": "address", "PersonMailingCity": "city", "PersonMailingState": "state",
    "PersonMailingPostalCode": "postal_code", "PersonMailingCountry": "country",
    "PersonLeadSource": "lead_source", "PersonHasOptedOutOfEmail": "unsubscribed", "Description": "person_notes",
    "Specialty_1_vod__c": "specialty_1_vod__c", "Credentials_vod__c": "credentials_vod__c",
    "NPI_vod__c": "npi_vod__c", "External_ID_vod__c": "external_id_vod__c",
    "Prescriber_Score__c": "prescriber_score__c", "Last_Visit__c": "last_visit__c",
}
PERSONS = "RecordType.DeveloperName IN ('Professional_vod')"


class Org:
    """`objects`, `events` and `veeva` are what the configuration says of the tenant's objects, of its events and of the
    org; `options` are further ones of the simulated org. Orgs that run at once differ in `place`."""

    def __init__(self, records: int, *, tenant: str = "acme", place: int = 0, objects: dict | None = None,
                 veeva: dict | None = None, options: list[str] | None = None):
        self.records = records
        self.tenant = tenant
        self.seed = place + 1
        # The port beside the first one is that of the status page.
        self.port = FIRST_PORT + (2 * place if place else 0)
        self.objects = objects or {"personAccounts": {}}
        self.events: dict = {}
        self.destination: dict | None = None  # PostgreSQL
        self.veeva = veeva or {}
        self.options = options or []
        self.process: Process | None = None
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    # -- its process

    def start(self) -> None:
        self.process = Process(f"org-{self.tenant}", [
            "simulate", "veeva", "--listen", f"127.0.0.1:{self.port}", "--records", str(self.records),
            "--seed", str(self.seed), "--client-id", "bench",
            "--client-secret-file", str(LOCAL / "secrets" / "demo-veeva"), "--spool", str(self.spool),
            *self.options], {})
        deadline = time.monotonic() + 60
        while True:
            try:
                self.simulator("health")
                return
            except OSError:
                self.process.check_alive()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the simulated org does not start (log: {self.process.log})") from None
                time.sleep(0.1)

    def end(self) -> None:
        self.connection.close()
        if self.process:
            self.process.end()
        shutil.rmtree(self.spool, ignore_errors=True)

    @property
    def spool(self) -> Path:
        return WORK / f"spool-{self.tenant}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # -- requests, all on one connection

    def request(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> bytes:
        try:
            self.connection.request(method, path, body, headers or {})
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise OSError(f"{method} {path}: {error}") from error
        if answer.status >= 400:
            raise RuntimeError(f"the simulated org answers {method} {path} with {answer.status}: {content[:500]!r}")
        return content

    @functools.cached_property
    def bearer(self) -> str:
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "client_id": "bench", "client_secret": secret("demo-veeva")})
        answer = self.request("POST", "/services/oauth2/token", form.encode(),
                              {"Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(answer)["access_token"]

    def api(self, path: str, body: dict | None = None) -> dict:
        """A request to the org's API; POST where there is a body."""
        return json.loads(self.request(
            "GET" if body is None else "POST", f"/services/data/v{VERSION}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.bearer}", "Content-Type": "application/json"}))

    def update(self, record: str, **fields: object) -> None:
        """An update of one account, through the API."""
        body = {"records": [{"attributes": {"type": "Account"}, "id": record, **fields}]}
        outcome = json.loads(self.request(
            "PATCH", f"/services/data/v{VERSION}/composite/sobjects", json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.bearer}", "Content-Type": "application/json"}))
        if not outcome[0]["success"]:
            raise RuntimeError(f"the simulated org refuses an update: {outcome}")

    def query_all(self, soql: str) -> list[dict]:
        """Records, deleted ones too, by REST; a count is none."""
        page = self.api("/queryAll?" + urllib.parse.urlencode({"q": soql}))
        records = page["records"]
        while not page["done"]:
            page = self.api(page["nextRecordsUrl"].removeprefix(f"/services/data/v{VERSION}"))
            records += page["records"]
        return records

    # -- what it is beside an org

    def simulator(self, path: str, body: list | dict | None = None) -> dict | list:
        return json.loads(self.request(
            "GET" if body is None else "POST", f"/simulator/{path}",
            None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"}))

    def change(self, op: str, object: str = "Account", **members: object) -> dict:
        """Performs a change; its report."""
        return self.simulator("changes", [{"op": op, "object": object, **members}])[0]

    def api_calls(self) -> int:
        return self.simulator("requests")["apiUsage"]["used"]

    def forget_requests(self) -> None:
        """What is counted by endpoint begins anew; the API calls go on."""
        self.request("DELETE", "/simulator/requests")

    def rows_served(self) -> int:
        return self.simulator("requests")["rows"]

    # -- questions

    def thirty_fields(self) -> dict:
        """Person Accounts, as the configuration selects them with just these fields."""
        described = self.api("/sobjects/Account/describe")["fields"]
        return {"exclude": [
            field["name"] for field in described
            if field["name"] not in FIELDS and (field["custom"] or field["name"].endswith(("__c", "__pc", "__s")))]}

    def download(self, folder: Path) -> float:
        """The seconds that curl takes for the persons' result pages of a bulk query."""
        query = f"SELECT {', '.join(FIELDS)} FROM Account WHERE {PERSONS}"
        job = self.api("/jobs/query", {"operation": "query", "query": query})["id"]
        while (state := self.api(f"/jobs/query/{job}")["state"]) != "JobComplete":
            if state in ("Failed", "Aborted"):
                raise RuntimeError(f"the bulk query job of the limit's measurement is {state}")
            time.sleep(0.2)
        folder.mkdir(parents=True, exist_ok=True)
        header, head, page = folder / "authorization", folder / "head", folder / "page.csv"
        header.touch(mode=0o600)
        header.write_text(f"Authorization: Bearer {self.bearer}\n")
        locator, begin = "", time.monotonic()
        while locator != "null":
            url = f"{self.url}/services/data/v{VERSION}/jobs/query/{job}/results?maxRecords=100000"
            subprocess.run(
                ["curl", "-sSf", "--compressed", "-H", f"@{header}", "-H", "Accept: text/csv", "-D", head, "-o", page,
                 url + (f"&locator={locator}" if locator else "")], check=True)
            locator = urllib.parse.quote(value_of("sforce-locator", head) or "null")
        seconds = time.monotonic() - begin
        shutil.rmtree(folder)
        return seconds


def value_of(name: str, head: Path) -> str | None:
    for line in head.read_text().splitlines():
        if line.lower().startswith(f"{name}:"):
            return line.split(":", 1)[1].strip()
    return None
