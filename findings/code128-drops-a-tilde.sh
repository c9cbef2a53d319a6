#!/usr/bin/env bash
# A tilde in a text is not on the label that the library code128 makes of it, or what follows is another character.
#
# Packages: code128==0.3, zxing-cpp==3.1.1, pillow==12.0.0, numpy==2.3.5 (PyPI)
# Guess: what is given is what a scanner reads: Code 128 has all of ASCII, and the library refuses what it cannot write.
# Behaviour: a tilde is an escape of its own making, of which its page says nothing: BIN~07 is read without it, and
#   with a 4 behind it the next character is another one. Only at the end of a text it is itself.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages code128==0.3 zxing-cpp==3.1.1 pillow==12.0.0 numpy==2.3.5

"$python" -I - >"$saw" <<'PYTHON'
import contextlib
import io

import code128
import numpy
import zxingcpp

for text in ("BIN-07", "BIN~07", "LOT~40A", "A~B", "A~"):
    with contextlib.redirect_stdout(io.StringIO()):
        label = code128.image(text, height=80, thickness=3)
    (read,) = zxingcpp.read_barcodes(numpy.asarray(label.convert("L")))
    print(ascii(text), "is read as", ascii(read.text))
PYTHON

still_seen <<'SEEN'
'BIN-07' is read as 'BIN-07'
'BIN~07' is read as 'BIN07'
'LOT~40A' is read as 'LOT\xb0A'
'A~B' is read as 'AB'
'A~' is read as 'A~'
SEEN
