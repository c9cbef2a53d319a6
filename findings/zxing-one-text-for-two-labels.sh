#!/usr/bin/env bash
# Two GS1 labels that say different things have one text in zxing-cpp.
#
# Packages: zint-bindings==1.2.2, zxing-cpp==3.1.1, numpy==2.3.5 (PyPI)
# Guess: text is what the label says, with GS between elements, as scanners send it; so it can be taken apart again.
# Behaviour: text is the human readable form, with parentheses that are made around each identifier. A serial may hold
#   parentheses as well, and then serial "A(10)B" reads like serial "A" and lot "B". Only bytes tells them apart.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages zint-bindings==1.2.2 zxing-cpp==3.1.1 numpy==2.3.5

"$python" -I - >"$saw" <<'PYTHON'
import numpy
import zint
import zxingcpp

for elements in ("[01]10614141123459[21]A[10]B", "[01]10614141123459[21]A(10)B"):
    for symbology in (zint.Symbology.DATAMATRIX, zint.Symbology.GS1_128):
        label = zint.Symbol()
        label.symbology = symbology
        label.input_mode = zint.InputMode.GS1
        label.scale = 4
        label.encode(elements)
        label.buffer()
        bitmap = numpy.pad(numpy.array(label.bitmap), ((40, 40), (40, 40), (0, 0)), constant_values=255)
        (code,) = zxingcpp.read_barcodes(bitmap)
        print(f"{elements} as {code.format}: text {code.text}, bytes {code.bytes}")
PYTHON

still_seen <<'SEEN'
[01]10614141123459[21]A[10]B as Data Matrix: text (01)10614141123459(21)A(10)B, bytes b'011061414112345921A\x1d10B'
[01]10614141123459[21]A[10]B as Code 128: text (01)10614141123459(21)A(10)B, bytes b'011061414112345921A\x1d10B'
[01]10614141123459[21]A(10)B as Data Matrix: text (01)10614141123459(21)A(10)B, bytes b'011061414112345921A(10)B'
[01]10614141123459[21]A(10)B as Code 128: text (01)10614141123459(21)A(10)B, bytes b'011061414112345921A(10)B'
SEEN
