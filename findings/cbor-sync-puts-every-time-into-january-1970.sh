#!/usr/bin/env bash
# A time that a device sends in CBOR, as seconds since 1970, is a day of January 1970 in cbor-sync.
#
# Packages: cbor-sync@1.0.4, borc@3.0.0 (npm), cbor2==6.3.0 (PyPI)
# Guess: behind tag 1 stand seconds since 1970, whole or not (RFC 8949, 3.4.2; appendix A: c11a514b67b0 is 2013-03-21T20:04:00Z). A
#   library that makes a Date of it, as this one does, makes it of seconds.
# Behaviour: the seconds are taken for milliseconds: a pallet that passed on 30 November 2026 passed on 21 January 1970, and what passed within
#   seventeen minutes passed within a second. What cbor-sync writes itself is text behind tag 0, so nothing is seen while both ends
#   are its own.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages cbor2==6.3.0
npm_packages cbor-sync@1.0.4 borc@3.0.0

cat >read.cjs <<'JAVASCRIPT'
const octets = Buffer.from(process.argv[2], "hex");
for (const name of ["cbor-sync", "borc"]) {
  const passed = require(name).decode(octets);
  console.log(" ", name, passed instanceof Date, passed.toISOString());
}
JAVASCRIPT
cat >write.py <<'PYTHON'
from datetime import datetime

import cbor2

print("c11a514b67b0", "2013-03-21T20:04:00+00:00")
for moment in ("2026-11-30T10:30:00+00:00", "2026-11-30T10:30:00.500000+00:00", "2026-11-30T10:46:40+00:00"):
    print(cbor2.dumps(datetime.fromisoformat(moment), datetime_as_timestamp=True).hex(), moment)
PYTHON
"$python" -I write.py | while read -r octets moment; do
    echo "$octets, which is $moment"
    node read.cjs "$octets"
done >"$saw"
node -p '"cbor-sync writes the text " + require("cbor-sync").encode(new Date("2026-11-30T10:30:00Z")).toString("latin1", 3)' >>"$saw"

still_seen <<'SEEN'
c11a514b67b0, which is 2013-03-21T20:04:00+00:00
  cbor-sync true 1970-01-16T18:51:36.240Z
  borc true 2013-03-21T20:04:00.000Z
c11a6b0d5028, which is 2026-11-30T10:30:00+00:00
  cbor-sync true 1970-01-21T18:53:54.600Z
  borc true 2026-11-30T10:30:00.000Z
c1fb41dac3540a200000, which is 2026-11-30T10:30:00.500000+00:00
  cbor-sync true 1970-01-21T18:53:54.600Z
  borc true 2026-11-30T10:30:00.500Z
c11a6b0d5410, which is 2026-11-30T10:46:40+00:00
  cbor-sync true 1970-01-21T18:53:55.600Z
  borc true 2026-11-30T10:46:40.000Z
cbor-sync writes the text 2026-11-30T10:30:00.000Z
SEEN
