#!/usr/bin/env bash
# An article number of six wide characters is read by pycomm3 as three, and the count behind it is another one.
#
# Packages: pycomm3==1.2.16 (PyPI)
# Guess: a STRING2 of CIP tells how many characters it has, each of two octets (CIP volume 1, appendix C). What pycomm3 writes, it
#   reads again.
# Behaviour: it writes the number of characters and reads as many octets. Half of the text is missing, and what stands behind it in the
#   same structure is read from its second half: 12 pieces are 48. Only an odd number of characters raises, as half a character is none.
#   Its STRINGN, which says the width, and its STRING are read whole.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pycomm3==1.2.16

"$python" -I - >"$saw" <<'PYTHON'
from pycomm3 import STRING, STRING2, STRINGN, UINT, Struct

for text in (STRING, STRING2):
    line = Struct(text("article"), UINT("pieces"))
    octets = line.encode({"article": "A-0042", "pieces": 12})
    print(f"{text.__name__}: {octets.hex(' ')} is {line.decode(octets)}")
octets = STRINGN.encode("A-0042", 2)
print(f"STRINGN: {octets.hex(' ')} is {STRINGN.decode(octets)!r}")
for place in ("臺北", "台北市", "新竹科學"):
    try:
        read = STRING2.decode(STRING2.encode(place))
    except Exception as error:
        read = type(error).__name__
    print(f"STRING2: {place} is {read}")
PYTHON

still_seen <<'SEEN'
STRING: 06 00 41 2d 30 30 34 32 0c 00 is {'article': 'A-0042', 'pieces': 12}
STRING2: 06 00 41 00 2d 00 30 00 30 00 34 00 32 00 0c 00 is {'article': 'A-0', 'pieces': 48}
STRINGN: 02 00 06 00 41 00 2d 00 30 00 30 00 34 00 32 00 is 'A-0042'
STRING2: 臺北 is 臺
STRING2: 台北市 is DataError
STRING2: 新竹科學 is 新竹
SEEN
