#!/usr/bin/env bash
# Every tenth number of six digits, printed in Code 39, is read by zxing-cpp as the number of an Italian medicine.
#
# Packages: zxing-cpp==3.1.1, zint-bindings==1.2.2, numpy==2.3.5 (PyPI)
# Guess: who asks for no symbology gets the text that the bars hold, as Code 39; that six of its characters can also be Code 32, the
#   Italian way to write a medicine's nine digits, is for who asks for Code 32, as nothing in the bars tells one from the other.
# Behaviour: where the six characters happen to fit the check digit of Code 32, the nine digits with an A before them come
#   instead, and the text that was printed is nowhere. It fits for one in ten, so a label of a shelf reads as its number while that of
#   the next one does not. To ask for Code39 alone is no help, since that takes Code 32 in; Code39Std reads all of them.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages zxing-cpp==3.1.1 zint-bindings==1.2.2 numpy==2.3.5

"$python" -I - >"$saw" <<'PYTHON'
import numpy as np
import zint
import zxingcpp

CODE39, STANDARD = zxingcpp.BarcodeFormat.Code39, zxingcpp.BarcodeFormat.Code39Std


def bars(text):
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.CODE39
    symbol.show_text = False
    symbol.scale = 2
    symbol.encode(text)
    symbol.buffer()
    return np.pad(np.asarray(symbol.bitmap)[:, :, 0], 40, constant_values=255)


def read(text, **asked):
    (found,) = zxingcpp.read_barcodes(bars(text), **asked)
    return f"{found.text} ({found.format.name})"


for text in ("514059", "514060", "514061", "B12C47", "51406", "5140600"):
    print(f"{text}: {read(text)}; asked for Code39 {read(text, formats=CODE39)}, Code39Std {read(text, formats=STANDARD)}")
numbers = [f"{number:06}" for number in range(514000, 514200)]
others = [number for number in numbers if not read(number).startswith(f"{number} ")]
print(f"of {len(numbers)} numbers from {numbers[0]} on {len(others)} read as another: {' '.join(others)}")
PYTHON

still_seen <<'SEEN'
514059: 514059 (Code39); asked for Code39 514059 (Code39), Code39Std 514059 (Code39)
514060: A168952000 (Code32); asked for Code39 A168952000 (Code32), Code39Std 514060 (Code39)
514061: 514061 (Code39); asked for Code39 514061 (Code39), Code39Std 514061 (Code39)
B12C47: B12C47 (Code39); asked for Code39 B12C47 (Code39), Code39Std B12C47 (Code39)
51406: 51406 (Code39); asked for Code39 51406 (Code39), Code39Std 51406 (Code39)
5140600: 5140600 (Code39); asked for Code39 5140600 (Code39), Code39Std 5140600 (Code39)
of 200 numbers from 514000 on 19 read as another: 514014 514033 514049 514054 514060 514074 514093 514095 514102 514119 514121 514137 514142 514156 514162 514179 514181 514183 514197
SEEN
