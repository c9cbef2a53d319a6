#!/usr/bin/env bash
# The GSRN that epc-tds reads from a tag has lost its zeros, and epcpy does not know it again.
#
# Packages: epc-tds==1.4.1 (npm), epcpy==0.1.8 (PyPI)
# Guess: company prefix and service reference have 17 digits together (TDS 2.3, 6.3.6), so every decoder pads the
#   reference with zeros, and what one calls a tag another takes.
# Behaviour: epc-tds pads SGTIN, SSCC and SGLN, and no GSRN: with a small reference the URI is none by the standard. Made
#   a tag again by epc-tds it comes back as it was, so nobody notices who stays with that library.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages epcpy==0.1.8
npm_packages epc-tds@1.4.1

node - >"$work/read" <<'JAVASCRIPT'
const tds = require("epc-tds");
for (const memory of ["2D14257BF44996029D000000", "2D14257BF400003039000000"]) {
    const tag = tds.valueOf(memory);
    console.log(memory, tag.toIdURI(), tds.fromTagURI(tag.toTagURI()).toHexString() === memory);
}
JAVASCRIPT

"$python" -I -W ignore - "$work/read" >"$saw" <<'PYTHON'
import sys
from pathlib import Path

import epcpy
from epcpy.epc_schemes import GSRN

for line in Path(sys.argv[1]).read_text().splitlines():
    memory, uri, same = line.split()
    try:
        known = GSRN.from_epc_uri(uri).gs1_element_string()
    except Exception as error:
        known = f"refused: {error}"
    print(f"{memory}: epc-tds reads {uri} (written again: {same}), epcpy {epcpy.hex_to_tag_encodable(memory).epc_uri}")
    print(f"  epcpy of what epc-tds reads: {known}")
PYTHON

still_seen <<'SEEN'
2D14257BF44996029D000000: epc-tds reads urn:epc:id:gsrn:0614141.1234567837 (written again: true), epcpy urn:epc:id:gsrn:0614141.1234567837
  epcpy of what epc-tds reads: (8018)061414112345678377
2D14257BF400003039000000: epc-tds reads urn:epc:id:gsrn:0614141.12345 (written again: true), epcpy urn:epc:id:gsrn:0614141.0000012345
  epcpy of what epc-tds reads: refused: Invalid EPC URI urn:epc:id:gsrn:0614141.12345 | wrong number of digits
SEEN
