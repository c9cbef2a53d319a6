#!/usr/bin/env bash
# The EPC URI that pyepc gives a serial is another article's, where the serial has a percent sign, and none, where it has a slash.
#
# Packages: pyepc==0.5.0, epcpy==0.1.8 (PyPI)
# Guess: in a URI a slash of a serial is %2F, and a percent sign %25 (EPC Tag Data Standard, 6.3.1 and its table of characters;
#   its own example is serial 32a/b: urn:epc:id:sgtin:0614141.712345.32a%2Fb).
# Behaviour: pyepc writes the serial as it is. 32a/b gives a URI that epcpy refuses, and the URI of serial 32a%2Fb, of seven
#   valid characters, is that of serial 32a/b. The tag's memory is right for both.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pyepc==0.5.0 epcpy==0.1.8

"$python" -I - >"$saw" <<'PYTHON'
from epcpy.epc_schemes import SGTIN
from epcpy.utils.common import ConvertException
from pyepc import SGTIN as PyepcSGTIN

for serial in ("32a/b", "32a%2Fb", "A&B", "32ab"):
    uri = PyepcSGTIN("0614141", "7", "12345", serial).pure_identity_uri
    try:
        read = SGTIN(uri).gs1_element_string()
    except ConvertException:
        read = "no EPC"
    print(f"serial {serial}: {uri}, for epcpy {read}")
PYTHON

still_seen <<'SEEN'
serial 32a/b: urn:epc:id:sgtin:0614141.712345.32a/b, for epcpy no EPC
serial 32a%2Fb: urn:epc:id:sgtin:0614141.712345.32a%2Fb, for epcpy (01)70614141123451(21)32a/b
serial A&B: urn:epc:id:sgtin:0614141.712345.A&B, for epcpy no EPC
serial 32ab: urn:epc:id:sgtin:0614141.712345.32ab, for epcpy (01)70614141123451(21)32ab
SEEN
