#!/usr/bin/env bash
# An RTU answer with one octet of noise before it is thrown away by pymodbus, whole.
#
# Packages: pymodbus==3.16.1 (PyPI)
# Guess: on RS-485 an octet or two appear when the direction turns. The framer says that it hunts for a frame behind garbage, so an answer whose
#   checksum is right is found wherever it begins.
# Behaviour: the octet before the answer and the answer's unit are taken for unit and function of a frame, where a function has that number, as 1 to 8. Its
#   checksum is wrong, and all that has come is thrown away, the right answer with it. From unit 9, which is no function, it is found.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pymodbus==3.16.1

"$python" -I - >"$saw" <<'PYTHON'
import logging

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

logging.disable(logging.CRITICAL)
framer = FramerRTU(DecodePDU(False))
for unit in (1, 9):
    answer = bytes([unit]) + bytes.fromhex("03 04 0007 0008")
    answer += FramerRTU.compute_CRC(answer).to_bytes(2, "big")
    for noise in (b"", b"\x00", b"\xff"):
        used, message = framer.handleFrame(noise + answer, unit, 0)
        print(f"unit {unit}, noise {noise.hex() or 'none'}: registers {message and message.registers}, octets left {len(noise + answer) - used}")
PYTHON

still_seen <<'SEEN'
unit 1, noise none: registers [7, 8], octets left 0
unit 1, noise 00: registers None, octets left 0
unit 1, noise ff: registers None, octets left 0
unit 9, noise none: registers [7, 8], octets left 0
unit 9, noise 00: registers [7, 8], octets left 0
unit 9, noise ff: registers [7, 8], octets left 0
SEEN
