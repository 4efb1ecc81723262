"""What the measurements ask the simulated org for themselves, apart from the product: over its wire protocol."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

from cluster import ORG_PORT, secret

BASE = f"http://127.0.0.1:{ORG_PORT}"
API = f"{BASE}/services/data/v62.0"

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
QUERY = f"SELECT {', '.join(FIELDS)} FROM Account WHERE RecordType.DeveloperName IN ('Professional_vod')"


def token() -> str:
    form = urllib.parse.urlencode({
        "grant_type": "client_credentials", "client_id": "bench", "client_secret": secret("demo-veeva")})
    with urllib.request.urlopen(f"{BASE}/services/oauth2/token", form.encode(), timeout=30) as answer:
        return json.load(answer)["access_token"]


def call(path: str, body: dict | None = None, *, bearer: str) -> dict:
    request = urllib.request.Request(
        API + path, None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def fields_to_leave_out() -> list[str]:
    """Every custom field beyond the thirty, so that the product copies just these."""
    described = call("/sobjects/Account/describe", bearer=token())["fields"]
    return [
        field["name"] for field in described
        if field["name"] not in FIELDS and (field["custom"] or field["name"].endswith(("__c", "__pc", "__s")))]


def download(folder: Path) -> tuple[list[Path], float]:
    """The bulk query's result pages as files, by curl, and the seconds that curl took."""
    bearer = token()
    job = call("/jobs/query", {"operation": "query", "query": QUERY}, bearer=bearer)["id"]
    while (state := call(f"/jobs/query/{job}", bearer=bearer)["state"]) != "JobComplete":
        if state in ("Failed", "Aborted"):
            raise RuntimeError(f"the bulk query job of the limit's measurement is {state}")
        time.sleep(0.2)
    folder.mkdir(parents=True, exist_ok=True)
    header = folder / "authorization"
    header.touch(mode=0o600)
    header.write_text(f"Authorization: Bearer {bearer}\n")
    pages: list[Path] = []
    locator, begin = "", time.monotonic()
    while locator != "null":
        page, head = folder / f"page-{len(pages)}.csv", folder / "head"
        url = f"{API}/jobs/query/{job}/results?maxRecords=100000" + (f"&locator={locator}" if locator else "")
        subprocess.run(
            ["curl", "-sSf", "--compressed", "-H", f"@{header}", "-H", "Accept: text/csv", "-D", head, "-o", page, url],
            check=True)
        locator = urllib.parse.quote(value_of("sforce-locator", head) or "null")
        pages.append(page)
    return pages, time.monotonic() - begin


def value_of(name: str, head: Path) -> str | None:
    for line in head.read_text().splitlines():
        if line.lower().startswith(f"{name}:"):
            return line.split(":", 1)[1].strip()
    return None
