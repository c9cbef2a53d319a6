#!/usr/bin/env bash
# One temperature on a logistic label, and python-stdnum calls the whole label invalid.
#
# Packages: python-stdnum==2.2, biip==5.2.0 (PyPI)
# Guess: python-stdnum has the temperatures of a load (4330 to 4333, six digits and a minus behind them where it freezes) in
#   its table of identifiers, so it reads the SSCC and the temperature beside it.
# Behaviour: info raises AttributeError, none of the errors that it documents, is_valid says no, with a minus and without;
#   the same label without the temperature is fine. encode writes one that info cannot read. biip reads all of them.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages python-stdnum==2.2 biip==5.2.0

"$python" -I - >"$saw" <<'PYTHON'
import biip
from stdnum import gs1_128

for label in ("00952012345678912345", "009520123456789123454333000200", "009520123456789123454333002000-"):
    try:
        told = gs1_128.info(label)
    except Exception as error:
        told = repr(error)
    read = biip.parse(f"]C1{label}").gs1_message.element_strings
    print("stdnum", told, gs1_128.is_valid(label), "| biip", *(f"({part.ai.ai}){part.value}" for part in read))
print("written by stdnum:", gs1_128.encode({"4333": "002000-"}))
PYTHON

still_seen <<'SEEN'
stdnum {'00': '952012345678912345'} True | biip (00)952012345678912345
stdnum AttributeError("'NoneType' object has no attribute 'group'") False | biip (00)952012345678912345 (4333)000200
stdnum AttributeError("'NoneType' object has no attribute 'group'") False | biip (00)952012345678912345 (4333)002000-
written by stdnum: 4333002000-
SEEN
