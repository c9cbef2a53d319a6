#!/usr/bin/env bash
# Two 125 kHz cards have one tagId in pyrfid.
#
# Packages: pyrfid==1.2 (PyPI) on Python 3
# Guess: a frame of the reader is STX, ten hexadecimal digits, two of checksum, ETX; rawTag gives the ten digits and
#   tagId the number that is printed on the card, so different cards differ.
# Behaviour: the digits' ASCII codes stand in a row ("0A" becomes "4865") and the ids are cut from that. tagId tells the
#   third, fourth and fifth of the card's ten digits, which are alike on most cards of a site, and is no printed number.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; a pseudo terminal stands for the serial line.

. "$(dirname "$0")/_tools"
pip_packages pyrfid==1.2

"$python" -I - >"$saw" <<'PYTHON'
import os
import pty
import tty
from functools import reduce
from operator import xor

from pyrfid.pyrfid import PyRfid

line, end = pty.openpty()
tty.setraw(end)
reader = PyRfid(os.ttyname(end), 9600)
for card in ("0A0000000B", "1100000010", "00000000A1", "00006CACA5"):
    checksum = reduce(xor, bytes.fromhex(card))
    os.write(line, f"\x02{card}{checksum:02X}\x03".encode())
    reader.readTag()
    print(f"card {card}, printed number {int(card[2:], 16):010}: rawTag {reader.rawTag}, tagId {reader.tagId}")
PYTHON

still_seen <<'SEEN'
card 0A0000000B, printed number 0000000011: rawTag 4865484848, tagId 0004737096
card 1100000010, printed number 0000000016: rawTag 4949484848, tagId 0004737096
card 00000000A1, printed number 0000000161: rawTag 4848484848, tagId 0004737096
card 00006CACA5, printed number 0007122085: rawTag 4848484854, tagId 0004737108
SEEN
