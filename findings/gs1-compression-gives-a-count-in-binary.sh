#!/usr/bin/env bash
# A count or a price that went through a compressed Digital Link of gs1-compression comes back in binary digits.
#
# Packages: gs1-compression==0.1.3 (PyPI)
# Guess: what is compressed and decompressed again is the same link (GS1 Digital Link, URI Syntax, compression: a numeric value
#   of variable length has its length before it, so 24 is 24), and a value of which no digit is kept is refused.
# Behaviour: each numeric value of variable length comes back as its binary digits: 24 pieces are 11000 pieces, and 19.99 is
#   111110011.11. Both are valid values of their application identifiers, so nobody behind it refuses them. Fixed lengths, as
#   of weights and dates, are right.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages gs1-compression==0.1.3

"$python" -I - >"$saw" <<'PYTHON'
from gs1 import compress_gs1_digital_link, decompress_gs1_digital_link

for values in ("37=24", "30=12", "3922=1999", "3932=9781999", "3103=001750", "17=261231", "37=1"):
    link = f"https://id.gs1.org/01/09521234543213?{values}"
    back = decompress_gs1_digital_link(compress_gs1_digital_link(link), use_short_text=False)
    print(values, "comes back as", back.partition("?")[2])
PYTHON

still_seen <<'SEEN'
37=24 comes back as 37=11000
30=12 comes back as 30=1100
3922=1999 comes back as 3922=11111001111
3932=9781999 comes back as 3932=97811111001111
3103=001750 comes back as 3103=001750
17=261231 comes back as 17=261231
37=1 comes back as 37=1
SEEN
