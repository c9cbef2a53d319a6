#!/usr/bin/env bash
# A serial number behind a batch of letters is read by ZBar as other letters, from a label that it otherwise reads.
#
# Packages: libzbar0=0.23.92-7+deb12u1, libv4l-0=1.22.1-5+b2, libv4lconvert0=1.22.1-5+b2, libjpeg62-turbo=1:2.1.5-2,
#   libdbus-1-3=1.14.10-1~deb12u1 (Debian 12), pyzbar==0.1.9, zxing-cpp==3.1.1, zint-bindings==1.2.2, numpy==2.3.5, pillow==12.0.0 (PyPI),
#   bwip-js@4.11.4 (npm)
# Guess: DataBar Expanded packs digits and letters in turns, and FNC1 behind letters turns back to digits (ISO/IEC 24724:2011,
#   tables 12 and 13); a reader that knows the kind reads every element string of it, or nothing.
# Behaviour: ZBar goes on in letters there: behind batch AB, serial 42 is read as 2WQ, a count of 12 as 731, without a word, although the check of
#   the symbol holds. Where the batch is of digits or the last, or a longer number follows it, the label is read as it is, so one in
#   some goods is wrong. Zint and bwip-js draw the same label, and zxing-cpp reads both.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pyzbar==0.1.9 zxing-cpp==3.1.1 zint-bindings==1.2.2 numpy==2.3.5 pillow==12.0.0
npm_packages bwip-js@4.11.4
deb_packages libzbar0=0.23.92-7+deb12u1 libv4l-0=1.22.1-5+b2 libv4lconvert0=1.22.1-5+b2 libjpeg62-turbo=1:2.1.5-2 \
    libdbus-1-3=1.14.10-1~deb12u1

cat >label.cjs <<'JAVASCRIPT'
const { writeFileSync } = require("fs");
const { toBuffer } = require("bwip-js");

const label = { bcid: "databarexpanded", text: "(01)09521234567882(10)AB(21)42", scale: 3, padding: 15, backgroundcolor: "FFFFFF" };
toBuffer(label).then((png) => writeFileSync("bwip-js.png", png));
JAVASCRIPT
node label.cjs

"$python" -I - >"$saw" <<'PYTHON'
import ctypes.util

ctypes.util.find_library = lambda name: f"lib{name}.so.0"

import numpy as np
import zint
import zxingcpp
from PIL import Image
from pyzbar import pyzbar


def told(whose, label, picture):
    (of_zbar,), (of_zxing,) = pyzbar.decode(picture), zxingcpp.read_barcodes(np.array(picture))
    print(f"{whose} {label}\n  zxing-cpp {of_zxing.bytes.decode()!r}\n  ZBar      {of_zbar.data.decode()!r}")


for batch_and_more in ("[10]AB[21]42", "[10]AB[37]12", "[10]ab[21]cd", "[10]LOT7[17]261231", "[10]12[21]42", "[21]42[10]AB"):
    label = "[01]09521234567882" + batch_and_more
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.DBAR_EXP
    symbol.scale = 3
    symbol.encode(label)
    symbol.buffer()
    told("Zint", label, Image.fromarray(np.pad(np.array(symbol.bitmap)[:, :, 0], 60, constant_values=255)))
told("bwip-js", "[01]09521234567882[10]AB[21]42", Image.open("bwip-js.png").convert("L"))
PYTHON

still_seen <<'SEEN'
Zint [01]09521234567882[10]AB[21]42
  zxing-cpp '010952123456788210AB\x1d2142'
  ZBar      '010952123456788210AB\x1d2WQ'
Zint [01]09521234567882[10]AB[37]12
  zxing-cpp '010952123456788210AB\x1d3712'
  ZBar      '010952123456788210AB\x1d731'
Zint [01]09521234567882[10]ab[21]cd
  zxing-cpp '010952123456788210ab\x1d21cd'
  ZBar      '010952123456788210ab\x1d2g496S'
Zint [01]09521234567882[10]LOT7[17]261231
  zxing-cpp '010952123456788210LOT7\x1d17261231'
  ZBar      '010952123456788210LOT7\x1d17261231'
Zint [01]09521234567882[10]12[21]42
  zxing-cpp '01095212345678821012\x1d2142'
  ZBar      '01095212345678821012\x1d2142'
Zint [01]09521234567882[21]42[10]AB
  zxing-cpp '01095212345678822142\x1d10AB'
  ZBar      '01095212345678822142\x1d10AB'
bwip-js [01]09521234567882[10]AB[21]42
  zxing-cpp '010952123456788210AB\x1d2142'
  ZBar      '010952123456788210AB\x1d2WQ'
SEEN
