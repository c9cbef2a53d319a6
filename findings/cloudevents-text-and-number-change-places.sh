#!/usr/bin/env bash
# An order number that is told as text becomes a number on its way from CloudEvents SDK to CloudEvents SDK, and a count a text.
#
# Packages: cloudevents==2.2.0 (PyPI), cloudevents@10.0.0 (npm)
# Guess: data is JSON where datacontenttype says application/json, in both modes (CloudEvents 1.0.2, HTTP binding 3.1.2 and JSON
#   format 3.1), so "4711" is sent with its quotes and 4711 without, and each arrives as it was.
# Behaviour: in structured mode that is so. In binary mode both SDKs send a text without quotes; then Python's makes a number of
#   what looks like one, "12E4" is 120000.0, and JavaScript's makes a text of every number. Two ends of one SDK do not
#   agree either, and what is no JSON at all is taken by both, so nothing is refused.
# Seen: 2026-11-29, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages cloudevents==2.2.0
npm_packages cloudevents@10.0.0

cat >ends.py <<'PYTHON'
import json
import sys

from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

about = {"id": "1", "source": "/line", "type": "parcel.packed", "specversion": "1.0", "datacontenttype": "application/json"}
if sys.argv[1] == "send":
    for mode, made in (("structured", to_structured_event), ("binary", to_binary_event)):
        for data in ("4711", "12E4", 4711):
            sent = made(CloudEvent(about, data))
            print(json.dumps({"from": f"Python, {mode}", "data": data, "headers": sent.headers, "body": sent.body.decode()}))
else:
    for line in sys.stdin:
        sent = json.loads(line)
        got = from_http_event(HTTPMessage(sent["headers"], sent["body"].encode())).get_data()
        print(json.dumps({**sent, "python": got}))
PYTHON
cat >ends.js <<'JAVASCRIPT'
const { CloudEvent, HTTP } = require("cloudevents");

const about = { id: "1", source: "/line", type: "parcel.packed", datacontenttype: "application/json" };
if (process.argv[2] === "send") {
  for (const mode of ["structured", "binary"]) {
    for (const data of ["4711", "12E4", 4711]) {
      const { headers, body } = HTTP[mode](new CloudEvent({ ...about, data }));
      console.log(JSON.stringify({ from: `JavaScript, ${mode}`, data, headers, body: String(body) }));
    }
  }
} else {
  for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
    const { from, data, headers, body, python } = JSON.parse(line);
    const told = JSON.stringify(HTTP.toEvent({ headers, body }).data);
    console.log(`${from}: ${JSON.stringify(data)} is`, JSON.stringify(python), `in Python and ${told} in JavaScript`);
  }
}
JAVASCRIPT
{
    "$python" -I ends.py send
    node ends.js send
} | "$python" -I ends.py read | node ends.js read >"$saw"

still_seen <<'SEEN'
Python, structured: "4711" is "4711" in Python and "4711" in JavaScript
Python, structured: "12E4" is "12E4" in Python and "12E4" in JavaScript
Python, structured: 4711 is 4711 in Python and 4711 in JavaScript
Python, binary: "4711" is 4711 in Python and "4711" in JavaScript
Python, binary: "12E4" is 120000 in Python and "12E4" in JavaScript
Python, binary: 4711 is 4711 in Python and "4711" in JavaScript
JavaScript, structured: "4711" is "4711" in Python and "4711" in JavaScript
JavaScript, structured: "12E4" is "12E4" in Python and "12E4" in JavaScript
JavaScript, structured: 4711 is 4711 in Python and 4711 in JavaScript
JavaScript, binary: "4711" is 4711 in Python and "4711" in JavaScript
JavaScript, binary: "12E4" is 120000 in Python and "12E4" in JavaScript
JavaScript, binary: 4711 is 4711 in Python and "4711" in JavaScript
SEEN
