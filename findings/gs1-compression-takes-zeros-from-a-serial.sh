#!/usr/bin/env bash
# Two articles whose serials differ in zeros before them are one article behind a compressed Digital Link of gs1-compression.
#
# Packages: gs1-compression==0.1.3 (PyPI)
# Guess: serial 0042 is not serial 42 (GS1 General Specifications, 3.5: alphanumeric, all characters count), and the compressed
#   form has the number of characters before the digits, so that the zeros are known when it is read.
# Behaviour: the links differ when they are compressed, and both are decompressed to serial 42. Lots, assets, crates and whatever
#   else is alphanumeric lose their zeros too, as long as there is no letter in them; with a letter they are kept.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages gs1-compression==0.1.3

"$python" -I - >"$saw" <<'PYTHON'
from gs1 import compress_gs1_digital_link, decompress_gs1_digital_link

for path in ("01/09521234543213/21/42", "01/09521234543213/21/0042", "01/09521234543213/10/007", "01/09521234543213/21/00A2"):
    short = compress_gs1_digital_link(f"https://id.gs1.org/{path}")
    print(f"{path} as {short[19:]} is", decompress_gs1_digital_link(short, use_short_text=False)[19:])
PYTHON

still_seen <<'SEEN'
01/09521234543213/21/42 as ARFRq5sE2kIEq is 01/09521234543213/21/42
01/09521234543213/21/0042 as ARFRq5sE2kIIAVA is 01/09521234543213/21/42
01/09521234543213/10/007 as ARFRq5sE2iAGA4 is 01/09521234543213/10/7
01/09521234543213/21/00A2 as ARFRq5sE2kKIAUQ is 01/09521234543213/21/00A2
SEEN
