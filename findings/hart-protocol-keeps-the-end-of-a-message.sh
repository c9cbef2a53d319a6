#!/usr/bin/env bash
# Of the 32 letters that hart-protocol writes into a transmitter as its message, the last eight arrive.
#
# Packages: hart-protocol==2023.6.0 (PyPI)
# Guess: a HART device keeps a tag of 8, a descriptor of 16 and a message of 32 letters in packed ASCII, four letters in three octets
#   (HCF_SPEC-127, commands 17 and 18). The library pads what is shorter and asserts that a descriptor has at most 16, so it writes as many.
# Behaviour: the last eight letters are packed, whatever the length; the octets before them are 0, which is the letter @. A tag is whole,
#   a descriptor loses its first half, a message of up to 24 letters is gone whole, since what is left are the blanks behind it.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages hart-protocol==2023.6.0

"$python" -I - >"$saw" <<'PYTHON'
from hart_protocol import tools, universal

ADDRESS = tools.calculate_long_address(38, 5, bytes(3))
PREAMBLES_START_ADDRESS_COMMAND_COUNT = 5 + 1 + 5 + 1 + 1


def unpacked(octets):
    bits = "".join(f"{octet:08b}" for octet in octets)
    codes = [int(bits[begin : begin + 6], 2) for begin in range(0, len(bits), 6)]
    return "".join(chr(code if code & 0b100000 else code | 0b1000000) for code in codes)


def data(frame):
    return frame[PREAMBLES_START_ADDRESS_COMMAND_COUNT:-1]


for message in ("SCALE OF LANE 4, ZERO AT NIGHT  ", "SCALE OF LANE 4"):
    print(f"message {message!r}: {unpacked(data(universal.write_message(ADDRESS, message)))!r}")
told = data(universal.write_tag_descriptor_date(ADDRESS, "LANE4-SC", "SCALE AT INFEED", (30, 11, 126)))
print(f"tag 'LANE4-SC': {unpacked(told[:6])!r}")
print(f"descriptor 'SCALE AT INFEED': {unpacked(told[6:18])!r}")
PYTHON

still_seen <<'SEEN'
message 'SCALE OF LANE 4, ZERO AT NIGHT  ': '@@@@@@@@@@@@@@@@@@@@@@@@ NIGHT  '
message 'SCALE OF LANE 4': '@@@@@@@@@@@@@@@@@@@@@@@@        '
tag 'LANE4-SC': 'LANE4-SC'
descriptor 'SCALE AT INFEED': '@@@@@@@@ INFEED '
SEEN
