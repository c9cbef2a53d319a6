#!/usr/bin/env bash
# Events of the last half millisecond of a second get no hash from the EPCIS event hash generator, and others get theirs.
#
# Packages: epcis-event-hash-generator==1.9.3 (PyPI)
# Guess: times finer than a millisecond are rounded, so 05.9996 becomes 06.000, and there are as many hashes as events.
# Behaviour: the microseconds are rounded alone, to 1,000,000, which no time has. The event is left out with a line in the
#   log, so hashes and events no longer stand side by side. With times in microseconds that is one event of two thousand.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages epcis-event-hash-generator==1.9.3

"$python" -I - >"$saw" 2>"$work/log" <<'PYTHON'
import json

from epcis_event_hash_generator.hash_generator import derive_prehashes_from_events
from epcis_event_hash_generator.json_to_py import event_list_from_epcis_document_str

times = ("2026-01-02T03:04:05.9994Z", "2026-01-02T03:04:05.9996Z", "2026-01-02T03:04:06.0004Z")
document = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-01-02T03:05:00Z",
    "epcisBody": {
        "eventList": [
            {
                "type": "ObjectEvent",
                "eventTime": time,
                "eventTimeZoneOffset": "+00:00",
                "epcList": ["urn:epc:id:sscc:0614141.1234567890"],
                "action": "OBSERVE",
                "bizStep": "shipping",
            }
            for time in times
        ]
    },
}
events = event_list_from_epcis_document_str(json.dumps(document))
hashed = derive_prehashes_from_events(events)
print(f"{len(events)} events, {len(hashed)} hashed")
for text in hashed:
    print(text)
PYTHON

still_seen <<'SEEN'
3 events, 2 hashed
eventType=ObjectEventeventTime=2026-01-02T03:04:05.999ZeventTimeZoneOffset=+00:00epcListepc=https://id.gs1.org/00/106141412345678908action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-shipping
eventType=ObjectEventeventTime=2026-01-02T03:04:06.000ZeventTimeZoneOffset=+00:00epcListepc=https://id.gs1.org/00/106141412345678908action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-shipping
SEEN
