#!/usr/bin/env bash
# A tag of 128 bits whose number is filled up with zeros in front, and one of 96 bits with the same number, have one name in pyllrp.
#
# Packages: pyllrp==3.1.1, bitstring==4.4.0 (PyPI)
# Guess: what a tag is called, as TagInventory of pyllrp calls it, is its EPC in hexadecimal, as long as the reader says that it is.
# Behaviour: an EPC of 96 bits is a number in Python, one of any other length is bytes; and the name of both leaves out the zeros at
#   the front. So a shop's tags of 128 bits with its article number at the end, and tags of 96 bits that begin with the same digits as
#   these end, are one tag in a list by names; a tag that was never written, all zeros, has no name at all if it has 128 bits, and 0
#   if it has 96.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pyllrp==3.1.1 bitstring==4.4.0

"$python" -I - >"$saw" <<'PYTHON'
import struct

import bitstring
from pyllrp.pyllrp import HexFormatToStr, UnpackMessage


def tag(epc):
    """TagReportData with EPC-96 or EPCData. Source: LLRP 1.1, 14.2.3.1 and 14.2.3.2."""
    data = bytes.fromhex(epc)
    told = b"\x8d" + data if len(data) == 12 else struct.pack(">HHH", 241, 6 + len(data), 8 * len(data)) + data
    return struct.pack(">HH", 240, 4 + len(told)) + told


TAGS = ("00000000451000000000000000012345", "451000000000000000012345", "0" * 32, "0" * 24)
body = b"".join(map(tag, TAGS))
report = UnpackMessage(bitstring.BitStream(bytes=struct.pack(">HII", 1 << 10 | 61, 10 + len(body), 1) + body))
for sent, read in zip(TAGS, report.getTagData()):
    print(f"{sent:>32}: {type(read['EPC']).__name__}, called {HexFormatToStr(read['EPC'])!r}")
PYTHON

still_seen <<'SEEN'
00000000451000000000000000012345: bytes, called '451000000000000000012345'
        451000000000000000012345: int, called '451000000000000000012345'
00000000000000000000000000000000: bytes, called ''
        000000000000000000000000: int, called '0'
SEEN
