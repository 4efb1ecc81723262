"""Drives a simulated Marketo instance with marketorestpython, a client that this project did not write.

Usage: marketorestpython_client.py BASE_URL < credentials.json; prints what it saw as one JSON object.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import requests
from marketorestpython.client import MarketoClient

BASE = sys.argv[1]
CREDENTIALS = json.load(sys.stdin)


def client(secret=None):
    marketo = MarketoClient("000-AAA-000", CREDENTIALS["clientID"], secret or CREDENTIALS["clientSecret"])
    marketo.host = BASE
    return marketo


def statuses(results):
    def status(entry):
        reasons = entry.get("reasons") or entry.get("errors")
        return reasons[0]["code"] if reasons else entry["status"]

    return [status(entry) for entry in results]


def finished(marketo, method, batch):
    while True:
        status = marketo.execute(method=method, id=batch)[0]
        if status["status"] in ("Complete", "Failed"):
            return status
        time.sleep(0.2)


def leads(marketo, seen):
    fields = [{"name": "veevaId", "displayName": "Veeva Id", "dataType": "string"}]
    # The library has no call for this one.
    answer = requests.post(
        BASE + "/rest/v1/leads/schema/fields.json",
        json={"input": fields},
        headers={"Authorization": "Bearer " + marketo.token},
        timeout=30,
    )
    seen["field"] = statuses(answer.json()["result"])
    seen["describe"] = len(marketo.execute(method="describe"))
    seen["searchable"] = ["veevaId"] in marketo.execute(method="describe2")[0]["searchableFields"]
    records = [{"veevaId": "V%d" % n, "email": "p%d@example.org" % n, "firstName": "Ana"} for n in range(300)]
    made = marketo.execute(method="create_update_leads", leads=records, lookupField="veevaId")
    seen["created"] = len([entry for entry in made if entry["status"] == "created"])
    again = marketo.execute(
        method="create_update_leads",
        leads=[{"veevaId": "V1", "lastName": "Lima"}, {"veevaId": "V2", "nothing": 1}],
        lookupField="veevaId",
    )
    seen["updated"] = statuses(again)
    found = marketo.execute(
        method="get_multiple_leads_by_filter_type",
        filterType="veevaId",
        filterValues=["V%d" % n for n in range(300)],
        fields="veevaId,lastName",
        batchSize=100,
    )
    seen["found"] = len({entry["veevaId"] for entry in found})
    seen["lastName"] = [entry["lastName"] for entry in found if entry["veevaId"] == "V1"]
    seen["byID"] = marketo.execute(method="get_lead_by_id", id=made[0]["id"])[0]["email"]
    seen["deleted"] = statuses(marketo.execute(method="delete_lead", id=[made[299]["id"]]))
    return made


def imports(marketo, seen):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "persons.csv"
        rows = ["V%d,Imported" % n for n in range(1000)]
        file.write_text("\n".join(["veevaId,firstName"] + rows + [",nobody"]) + "\n", encoding="utf-8")
        batch = marketo.execute(method="import_lead", format="csv", file=str(file), lookupField="veevaId")[0]
        status = finished(marketo, "get_import_lead_status", batch["batchId"])
        seen["import"] = [status["status"], status["numOfLeadsProcessed"], status["numOfRowsFailed"]]
        seen["failures"] = marketo.execute(method="get_import_failure_file", id=batch["batchId"])


def objects(marketo, seen, lead):
    records = [{"externalCompanyId": "H1", "company": "Santa Rita"}, {"company": "no key"}]
    seen["companies"] = statuses(marketo.execute(method="create_update_companies", input=records))
    found = marketo.execute(
        method="get_companies", filterType="externalCompanyId", filterValues=["H1"], fields="company"
    )
    seen["company"] = found[0]["company"]
    seen["companyKey"] = marketo.execute(method="describe_company")[0]["dedupeFields"]
    people = [{"externalSalesPersonId": "S1", "email": "rep@example.org", "firstName": "Rui"}]
    seen["salespersons"] = statuses(marketo.execute(method="create_update_sales_persons", input=people))
    gone = marketo.execute(method="delete_sales_persons", input=[{"externalSalesPersonId": "S1"}])
    seen["goneSalesperson"] = statuses(gone)
    marketo.execute(method="create_update_custom_object_type", apiName="veevaCall", displayName="Veeva Call")
    fields = [
        {"name": "callId", "displayName": "Call Id", "dataType": "string", "isDedupeField": True},
        {"name": "leadId", "displayName": "Lead Id", "dataType": "link", "relatedTo": {"name": "lead", "field": "id"}},
        {"name": "minutes", "displayName": "Minutes", "dataType": "integer"},
    ]
    marketo.execute(method="add_field_custom_object_type", apiName="veevaCall", fields=fields)
    marketo.execute(method="approve_custom_object_type", apiName="veevaCall")
    seen["types"] = [entry["name"] for entry in marketo.execute(method="get_list_of_custom_objects")]
    calls = [{"callId": "c1", "leadId": lead, "minutes": 5}, {"callId": "c2", "leadId": 1}]
    seen["calls"] = statuses(marketo.execute(method="create_update_custom_objects", name="veevaCall", input=calls))
    found = marketo.execute(
        method="get_custom_objects", name="veevaCall", input=[{"callId": "c1"}], filterType="dedupeFields",
        fields=["callId", "minutes"],
    )
    seen["minutes"] = found[0]["minutes"]
    gone = marketo.execute(method="delete_custom_objects", name="veevaCall", input=[{"callId": "c1"}])
    seen["goneCall"] = statuses(gone)


def activities(marketo, seen, lead):
    marketo.execute(
        method="create_custom_activity_type", apiName="visit", name="Visit", triggerName="Visited",
        filterName="Was Visited", primaryAttributeApiName="kind", primaryAttributeName="Kind",
    )
    attributes = [{"apiName": "product", "name": "Product", "dataType": "string"}]
    marketo.execute(method="create_custom_activity_type_attribute", apiName="visit", attributes=attributes)
    number = marketo.execute(method="approve_custom_activity_type", apiName="visit")[0]["id"]
    visit = {
        "leadId": lead, "activityDate": "2026-02-11T09:30:00Z", "activityTypeId": number,
        "primaryAttributeValue": "Call", "attributes": [{"apiName": "product", "value": "Alphacin"}],
    }
    seen["activities"] = statuses(marketo.execute(method="add_custom_activities", input=[visit, dict(visit, leadId=1)]))
    requests.post(BASE + "/simulator/leads/%d" % lead, json={"phone": "+351 21"}, timeout=30)
    changes = marketo.execute(method="get_lead_changes", fields=["phone"], sinceDatetime="2020-01-01T00:00:00Z")
    seen["changes"] = [entry["fields"][0]["newValue"] for entry in changes if entry["activityTypeId"] == 13]
    seen["newLeads"] = len([entry for entry in changes if entry["activityTypeId"] == 12])
    gone = marketo.execute(method="get_deleted_leads", sinceDatetime="2020-01-01T00:00:00Z")
    seen["deletions"] = len(gone)
    seen["activityTypes"] = [entry["name"] for entry in marketo.execute(method="get_activity_types")]


def main():
    seen = {}
    marketo = client()
    marketo.authenticate()
    made = leads(marketo, seen)
    imports(marketo, seen)
    objects(marketo, seen, made[0]["id"])
    activities(marketo, seen, made[0]["id"])
    seen["usage"] = marketo.execute(method="get_daily_usage")[0]["total"]
    requests.post(BASE + "/simulator/tokens/expire", timeout=30)
    marketo.valid_until = 0
    seen["afterExpiry"] = len(marketo.execute(method="get_lead_partitions"))
    try:
        marketo.execute(method="get_multiple_leads_by_filter_type", filterType="firstName", filterValues=["Ana"])
        seen["badFilter"] = "accepted"
    except Exception as error:  # pylint: disable=broad-except
        seen["badFilter"] = error.args[0]["code"]
    try:
        client("wrong").execute(method="get_lead_partitions")
        seen["wrongSecret"] = "accepted"
    except Exception as error:  # pylint: disable=broad-except
        seen["wrongSecret"] = str(error)
    print(json.dumps(seen))


main()
