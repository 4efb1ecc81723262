"""Drives a simulated org with simple-salesforce, a client that this project did not write.

Usage: simple_salesforce_client.py BASE_URL < credentials.json; prints what it saw as one JSON object.
"""

import csv
import io
import json
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceOperationError,
)

BASE = sys.argv[1]
TARGET = urlsplit(BASE)
CREDENTIALS = json.load(sys.stdin)


class ToSimulator(HTTPAdapter):
    """Sends what is meant for https://….salesforce.com, or the org itself over TLS, to the simulator."""

    def send(self, request, **options):
        parts = urlsplit(request.url)
        request.url = urlunsplit((TARGET.scheme, TARGET.netloc, parts.path, parts.query, ""))
        return super().send(request, **options)


def session():
    session = requests.Session()
    session.mount("https://", ToSimulator())
    return session


def main():
    seen = {}
    login = {"consumer_key": CREDENTIALS["clientID"], "consumer_secret": CREDENTIALS["clientSecret"]}
    token, instance = SalesforceLogin(session=session(), domain="acme.my", **login)
    seen["clientCredentials"] = [token[:15], instance]
    token, instance = SalesforceLogin(
        session=session(), username=CREDENTIALS["username"], password=CREDENTIALS["password"], **login
    )
    seen["password"] = [token[:15], instance]
    token, instance = SalesforceLogin(
        session=session(),
        username=CREDENTIALS["username"],
        consumer_key=CREDENTIALS["clientID"],
        privatekey=CREDENTIALS["privateKey"],
    )
    seen["jwt"] = [token[:15], instance]
    try:
        SalesforceLogin(session=session(), username="nobody", password="wrong", **login)
        seen["wrongPassword"] = "accepted"
    except SalesforceAuthenticationFailed as error:
        seen["wrongPassword"] = str(error.code)

    org = Salesforce(session=session(), instance_url=BASE, session_id=token, version="62.0")
    describe = org.Account.describe()
    seen["fields"] = len(describe["fields"])
    seen["objects"] = [entry["name"] for entry in org.describe()["sobjects"]]
    seen["limits"] = org.limits()["DailyApiRequests"]["Max"]

    soql = "SELECT Id, Name, Description, RecordType.DeveloperName FROM Account WHERE IsPersonAccount = true"
    everything = org.query_all(soql)
    seen["total"] = everything["totalSize"]
    seen["queryAll"] = len(everything["records"])
    rest = {
        record["Id"]: [record["Name"], record["Description"] or "", record["RecordType"]["DeveloperName"]]
        for record in org.query_all_iter(soql)
    }
    seen["queryAllIter"] = len(rest)
    seen["includingDeleted"] = len(list(org.query_all_iter("SELECT Id FROM Account", include_deleted=True)))
    first = next(iter(rest))
    seen["getByID"] = org.Account.get(first)["Id"] == first
    seen["usage"] = org.api_usage["api-usage"].total

    rows = []
    for page in org.bulk2.Account.query(soql, max_records=97, wait=0.2):
        rows += list(csv.DictReader(io.StringIO(page, newline="")))
    seen["bulk"] = len(rows)
    differing = [
        row["Id"]
        for row in rows
        if [row["Name"], row["Description"], row["RecordType.DeveloperName"]]
        != [value.replace("\0", "") for value in rest.get(row["Id"], ["", "", ""])]
    ]
    seen["bulkDiffersFromREST"] = differing

    with tempfile.TemporaryDirectory() as folder:
        results = org.bulk2.Account.download(soql, path=folder, max_records=200, wait=0.2)
        seen["downloaded"] = sum(result["number_of_records"] for result in results)
        seen["downloadedFiles"] = len(list(Path(folder).iterdir()))

    seen["updated"] = org.Account.update(first, {"PersonTitle": "Dr"})
    seen["readBack"] = org.Account.get(first)["PersonTitle"]
    results = org.restful(
        "composite/sobjects",
        method="PATCH",
        json={
            "allOrNone": False,
            "records": [
                {"attributes": {"type": "Account"}, "id": first, "PersonEmail": "a@example.org"},
                {"attributes": {"type": "Account"}, "id": list(rest)[1], "PersonEmail": "nobody"},
            ],
        },
    )
    seen["collection"] = [result["success"] for result in results]
    seen["collectionCode"] = results[1]["errors"][0]["statusCode"]
    try:
        org.Account.update(first, {"PersonEmail": "nobody"})
        seen["badUpdate"] = "accepted"
    except SalesforceMalformedRequest as error:
        seen["badUpdate"] = error.content[0]["errorCode"]

    persons = list(rest)[2:202]
    records = [
        {"Id": record, "LastName": 'N"\n, %d' % place, "PersonTitle": "#N/A", "PersonEmail": "p%d@x.example" % place}
        for place, record in enumerate(persons)
    ]
    records[7]["PersonEmail"] = "nobody"
    (job,) = org.bulk2.Account.update(records=records, wait=0.2)
    seen["ingest"] = [job["numberRecordsProcessed"], job["numberRecordsFailed"], job["numberRecordsTotal"]]
    updated = list(csv.DictReader(io.StringIO(org.bulk2.Account.get_successful_records(job["job_id"]), newline="")))
    failed = list(csv.DictReader(io.StringIO(org.bulk2.Account.get_failed_records(job["job_id"]), newline="")))
    unprocessed = org.bulk2.Account.get_unprocessed_records(job["job_id"])
    seen["ingestUpdated"] = len({row["sf__Id"] for row in updated} & set(persons))
    seen["ingestFailed"] = [[row["Id"] == persons[7], row["sf__Error"]] for row in failed]
    seen["ingestUnprocessed"] = len(list(csv.DictReader(io.StringIO(unprocessed, newline=""))))
    seen["ingestShuffled"] = [row["Id"] for row in updated] != [record for record in persons if record != persons[7]]
    person = org.Account.get(persons[0])
    seen["ingestReadBack"] = [person["LastName"], person["PersonTitle"], person["PersonEmail"]]
    try:
        org.bulk2.Account.update(records=[{"Id": first, "Nothing__c": "1"}], wait=0.2)
        seen["ingestBadField"] = "accepted"
    except SalesforceOperationError as error:
        seen["ingestBadField"] = str(error)

    try:
        org.query("SELECT Nothing FROM Account")
        seen["badField"] = "accepted"
    except SalesforceMalformedRequest as error:
        seen["badField"] = error.content[0]["errorCode"]
    requests.post(BASE + "/simulator/sessions/expire", timeout=30)
    try:
        org.query("SELECT Id FROM Account LIMIT 1")
        seen["expired"] = "accepted"
    except SalesforceExpiredSession as error:
        seen["expired"] = error.content[0]["errorCode"]
    print(json.dumps(seen))


main()
