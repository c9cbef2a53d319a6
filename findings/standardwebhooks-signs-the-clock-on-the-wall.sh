#!/usr/bin/env bash
# A webhook that the Python library of Standard Webhooks signs at a local time is refused by everybody, itself included.
#
# Packages: standardwebhooks==1.1.0 (PyPI), standardwebhooks@1.1.1 (npm)
# Guess: the time that is signed is an instant, as seconds since 1970 UTC (Standard Webhooks 1.0, webhook-timestamp), so one that
#   knows its zone gives the same signature in each zone. In npm's library a Date is one.
# Behaviour: the zone is thrown away and the hands of the clock are taken for UTC. Of one instant each zone has a signature of
#   its own, and only that of UTC fits the header that the message bears: in Taipei it is eight hours from it.
# Seen: 2026-11-29, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages standardwebhooks==1.1.0 tzdata==2026.6
npm_packages standardwebhooks@1.1.1

"$python" -I - >messages 3>"$saw" <<'PYTHON'
import json
import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from standardwebhooks import Webhook, WebhookVerificationError

hook = Webhook("whsec_bGFuZXdpc2UgbGFuZXdpc2UgbGFuZXdpc2U=")
now, body = datetime.now(UTC), '{"parcel": "A-2044"}'
for zone in ("UTC", "Asia/Taipei", "Europe/Berlin"):
    at = now.astimezone(ZoneInfo(zone))
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": hook.sign("msg_1", at, body),
    }
    try:
        told = f"taken {hook.verify(body, headers)}"
    except WebhookVerificationError as refused:
        told = f"refused, {refused}"
    os.write(3, f"signed in {zone}, same instant {at == now}: PyPI {told}\n".encode())
    print(json.dumps({"zone": zone, "headers": headers, "body": body}))
PYTHON
node - >>"$saw" <<'JAVASCRIPT'
const { Webhook } = require("standardwebhooks");

const hook = new Webhook("whsec_bGFuZXdpc2UgbGFuZXdpc2UgbGFuZXdpc2U=");
for (const line of require("fs").readFileSync("messages", "utf8").trim().split("\n")) {
  const { zone, headers, body } = JSON.parse(line);
  let told;
  try {
    told = `taken ${JSON.stringify(hook.verify(body, headers))}`;
  } catch (refused) {
    told = `refused, ${refused.message}`;
  }
  console.log(`signed in ${zone}: npm ${told}`);
}
JAVASCRIPT

still_seen <<'SEEN'
signed in UTC, same instant True: PyPI taken {'parcel': 'A-2044'}
signed in Asia/Taipei, same instant True: PyPI refused, No matching signature found
signed in Europe/Berlin, same instant True: PyPI refused, No matching signature found
signed in UTC: npm taken {"parcel":"A-2044"}
signed in Asia/Taipei: npm refused, No matching signature found
signed in Europe/Berlin: npm refused, No matching signature found
SEEN
