#!/usr/bin/env bash
# A label with a harvest from one day to another is read by a scanner and refused by biip.
#
# Packages: zint-bindings==1.2.2, zxing-cpp==3.1.1, biip==5.2.0, numpy==2.3.5 (PyPI)
# Guess: AI 7007 has one date or two, start and end (GS1 General Specifications, 3.8.8), so both give a message.
# Behaviour: one date is read. Two are a ParseError for the date, and the whole label is refused with it, GTIN included.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; zint makes the label and finds no fault in it, zxing-cpp reads it.

. "$(dirname "$0")/_tools"
pip_packages zint-bindings==1.2.2 zxing-cpp==3.1.1 biip==5.2.0 numpy==2.3.5

"$python" -I - >"$saw" <<'PYTHON'
import biip
import numpy
import zint
import zxingcpp

for harvest in ("260102", "260102260105"):
    label = zint.Symbol()
    label.symbology = zint.Symbology.DATAMATRIX
    label.input_mode = zint.InputMode.GS1
    label.scale = 4
    label.encode(f"[01]10614141123459[7007]{harvest}")
    label.buffer()
    (code,) = zxingcpp.read_barcodes(numpy.pad(numpy.array(label.bitmap), ((20, 20), (20, 20), (0, 0)), constant_values=255))
    read = biip.parse(f"{code.symbology_identifier}{code.bytes.decode()}")
    print(f"scanned {code.text}: {read.gs1_message.as_hri() if read.gs1_message else read.gs1_message_error}")
PYTHON

still_seen <<'SEEN'
scanned (01)10614141123459(7007)260102: (01)10614141123459(7007)260102
scanned (01)10614141123459(7007)260102260105: Failed to parse GS1 AI (7007) date/time from '260102260105'.
SEEN
