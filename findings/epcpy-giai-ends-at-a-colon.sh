#!/usr/bin/env bash
# Assets whose GIAI differs behind a colon get the same tag memory from epcpy.
#
# Packages: epcpy==0.1.8 (PyPI)
# Guess: a GIAI that epcpy takes as an EPC URI comes out whole as tag memory, and decodes to itself. A colon needs no
#   escape there, it is one of the 82 characters of a GIAI (TDS 2.3, 6.3.5 and table A-1).
# Behaviour: the URI is taken and told again whole, but element string and tag end before the colon, with no error.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages epcpy==0.1.8

"$python" -I -W ignore - >"$saw" <<'PYTHON'
import epcpy
from epcpy.epc_schemes import GIAI
from epcpy.epc_schemes.giai import GIAIFilterValue

for reference in ("FORK-12", "FORK:12", "FORK:13"):
    asset = GIAI.from_epc_uri(f"urn:epc:id:giai:0614141.{reference}")
    bits = asset.binary(binary_coding_scheme=GIAI.BinaryCodingScheme.GIAI_202, filter_value=GIAIFilterValue.ALL_OTHERS)
    memory = f"{int(bits.ljust(208, '0'), 2):052X}"
    print(asset.epc_uri, asset.gs1_element_string(), memory.rstrip("0"), epcpy.hex_to_tag_encodable(memory).epc_uri)
PYTHON

still_seen <<'SEEN'
urn:epc:id:giai:0614141.FORK-12 (8004)0614141FORK-12 3814257BF634FA52D6B164 urn:epc:id:giai:0614141.FORK-12
urn:epc:id:giai:0614141.FORK:12 (8004)0614141FORK 3814257BF634FA52C urn:epc:id:giai:0614141.FORK
urn:epc:id:giai:0614141.FORK:13 (8004)0614141FORK 3814257BF634FA52C urn:epc:id:giai:0614141.FORK
SEEN
