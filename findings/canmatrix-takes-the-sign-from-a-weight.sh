#!/usr/bin/env bash
# A scale that says -1.6 kg says 104856 kg after canmatrix has made an ARXML file or a spreadsheet of its DBC file.
#
# Packages: canmatrix==1.3.3, lxml==6.1.3, xlrd==2.0.2, xlwt==1.3.0, cantools==45.1.0 (PyPI)
# Guess: what a signal is, its sign, factor and offset, is in each format that canmatrix writes, and what it writes it reads as it was. Where a
#   format cannot say it, the conversion says so.
# Behaviour: ARXML and the spreadsheet, read back, have no signed signals, and the spreadsheet has no offsets and no floats either, nor has SYM
#   floats; and no message comes. DBC, KCD and JSON are right. So a list that went through a colleague's spreadsheet weighs and
#   measures otherwise.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages canmatrix==1.3.3 lxml==6.1.3 xlrd==2.0.2 xlwt==1.3.0 cantools==45.1.0

cat >scale.dbc <<'DBC'
VERSION ""
NS_ :
BS_:
BU_: SCALE HOST

BO_ 401 Weight: 8 SCALE
 SG_ Net : 0|20@1- (0.1,0) [-50000|50000] "kg" HOST
 SG_ Temperature : 48|8@1+ (1,-40) [-40|215] "degC" HOST

BO_ 402 Length: 8 SCALE
 SG_ Metres : 0|32@1- (1,0) [0|0] "m" HOST

SIG_VALTYPE_ 402 Metres : 1;
DBC
"$python" -I -W ignore - >"$saw" 2>/dev/null <<'PYTHON'
import cantools
from canmatrix import convert, formats

FRAMES = {401: bytes.fromhex("f0ffff0000000001"), 402: bytes.fromhex("0000c03f00000000")}

direct = cantools.database.load_file("scale.dbc")
print("cantools, scale.dbc:", *(direct.decode_message(number, octets) for number, octets in FRAMES.items()))
for form in ("dbc", "kcd", "json", "sym", "arxml", "xls"):
    convert.convert("scale.dbc", f"made.{form}")
    matrix = formats.loadp_flat(f"made.{form}")
    told = {}
    for frame in matrix.frames:
        octets = FRAMES[frame.arbitration_id.id]
        told |= {name: float(signal.phys_value) for name, signal in frame.decode(octets).items()}
    print(f"canmatrix, made.{form}:", ", ".join(f"{name} {told[name]:g}" for name in sorted(told)))
PYTHON

still_seen <<'SEEN'
cantools, scale.dbc: {'Net': -1.6, 'Temperature': -40} {'Metres': 1.5}
canmatrix, made.dbc: Metres 1.5, Net -1.6, Temperature -40
canmatrix, made.kcd: Metres 1.5, Net -1.6, Temperature -40
canmatrix, made.json: Metres 1.5, Net -1.6, Temperature -40
canmatrix, made.sym: Metres 1.06955e+09, Net -1.6, Temperature -40
canmatrix, made.arxml: Metres 1.5, Net 104856, Temperature -40
canmatrix, made.xls: Metres 1.06955e+09, Net 104856, Temperature 0
SEEN
