#!/usr/bin/env bash
# Packages with serials 0042 and 42 have one EPC in gs123, and so in an EPCIS repository that is fed by it.
#
# Packages: gs123==4.0.1, epcpy==0.1.8 (PyPI)
# Guess: the serial of an SGTIN stands in its URI as it stands on the label (EPC Tag Data Standard, 6.3.1: zeros before it
#   included, 0042 and 42 are different), and the label made from a URI is the label that the URI was made from.
# Behaviour: the zeros are gone from epc_urn, so events of two packages fall together, and serial 0 is an empty serial, which is
#   no valid URI. padded_epc_urn is what one expects of epc_urn.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages gs123==4.0.1 epcpy==0.1.8

"$python" -I - >"$saw" <<'PYTHON'
from epcpy.epc_schemes import SGTIN
from gs123.conversion import BarcodeConverter, URNConverter

for serial in ("42", "0042", "0"):
    code = BarcodeConverter(f"010952123454321321{serial}", company_prefix_length=7)
    print(f"{serial}: epc_urn {code.epc_urn}, padded_epc_urn {code.padded_epc_urn}")
    print("   epcpy", SGTIN.from_gs1_element_string(f"(01)09521234543213(21){serial}", 7).epc_uri)
    if serial != "0":
        print("   and back", URNConverter(code.epc_urn).get_barcode_value(parenthesis=True))
PYTHON

still_seen <<'SEEN'
42: epc_urn urn:epc:id:sgtin:9521234.054321.42, padded_epc_urn urn:epc:id:sgtin:9521234.054321.42
   epcpy urn:epc:id:sgtin:9521234.054321.42
   and back (01)09521234543213(21)42
0042: epc_urn urn:epc:id:sgtin:9521234.054321.42, padded_epc_urn urn:epc:id:sgtin:9521234.054321.0042
   epcpy urn:epc:id:sgtin:9521234.054321.0042
   and back (01)09521234543213(21)42
0: epc_urn urn:epc:id:sgtin:9521234.054321., padded_epc_urn urn:epc:id:sgtin:9521234.054321.0
   epcpy urn:epc:id:sgtin:9521234.054321.0
SEEN
