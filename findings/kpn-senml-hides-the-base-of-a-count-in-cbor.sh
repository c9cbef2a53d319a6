#!/usr/bin/env bash
# A count of 100012 pallets that kpn-senml sends in CBOR is 12 for who knows SenML's numbers; in JSON it is 100012.
#
# Packages: kpn-senml==1.0.1, micropython-senml==0.1.1, cbor2==6.3.0 (PyPI)
# Guess: in CBOR the fields of a record have numbers, the base sum -6, next to the base value, -5 (RFC 8428, table 4), and what is sent is the
#   difference to the base. Both forms of one pack say the same; a reader passes over fields that it does not know, as the standard
#   asks it to (section 4.4).
# Behaviour: the base sum has the number -16, which nobody has given. A reader passes it over and is left with the difference: a
#   counter that starts at 100000 starts at nothing. So it is in micropython-senml too, whose code has the same root. Base names,
#   units, values and times have their numbers.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages kpn-senml==1.0.1 micropython-senml==0.1.1 cbor2==6.3.0

"$python" -I - >"$saw" <<'PYTHON'
import json

import cbor2
import kpn_senml
import senml

TABLE_4 = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}
for library in (kpn_senml, senml):
    pack = library.SenmlPack("urn:dev:mac:0024befffe804ff1:")
    pack.base_value, pack.base_sum = 200, 100000
    pack.add(library.SenmlRecord("load", unit="kg", value=212))
    pack.add(library.SenmlRecord("passed", unit="count", sum=100012))
    of_cbor = [{TABLE_4.get(label, label): value for label, value in record.items()} for record in cbor2.loads(pack.to_cbor())]
    for form, records in (("JSON", json.loads(pack.to_json())), ("CBOR", of_cbor)):
        load, passed = records
        print(f"{library.__name__} in {form}: load {load['v'] + load.get('bv', 0)}, passed {passed['s'] + load.get('bs', 0)}")
        print(" ", load)
PYTHON

still_seen <<'SEEN'
kpn_senml in JSON: load 212, passed 100012
  {'n': 'load', 'v': 12, 'u': 'kg', 'bn': 'urn:dev:mac:0024befffe804ff1:', 'bv': 200, 'bs': 100000}
kpn_senml in CBOR: load 212, passed 12
  {'n': 'load', 'v': 12, 'u': 'kg', 'bn': 'urn:dev:mac:0024befffe804ff1:', 'bv': 200, -16: 100000}
senml in JSON: load 212, passed 100012
  {'n': 'load', 'v': 12, 'u': 'kg', 'bn': 'urn:dev:mac:0024befffe804ff1:', 'bv': 200, 'bs': 100000}
senml in CBOR: load 212, passed 12
  {'n': 'load', 'v': 12, 'u': 'kg', 'bn': 'urn:dev:mac:0024befffe804ff1:', 'bv': 200, -16: 100000}
SEEN
