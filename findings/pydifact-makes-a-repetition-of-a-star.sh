#!/usr/bin/env bash
# pydifact does not divide what EDIFACT of syntax 4 repeats, and what it writes again repeats what was one text.
#
# Packages: pydifact==0.2.3 (PyPI)
# Guess: since syntax 4 the fifth character of UNA, mostly a star, divides the repeats of an element as the first divides its
#   components (ISO 9735-1). A reader divides there too; one that does not know repeats keeps the text as it came, ?* included.
# Behaviour: two article numbers of a line are one, in whose middle the type of the first and the second number stand together.
#   A star that ? released in a text has lost its ? and looks the same, so nobody can divide afterwards. Written again by
#   pydifact with the same UNA that text is two repeats for every other reader; its + gets the ? again.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pydifact==0.2.3

"$python" -I -W ignore - >"$saw" 2>/dev/null <<'PYTHON'
from pydifact.segmentcollection import Interchange

MESSAGE = (
    "UNA:+.?*'"
    "UNB+UNOC:4+4006381000009:14+4006381000016:14+20261130:1405+1'"
    "UNH+1+DESADV:D:21A:UN:EAN010'"
    "BGM+351+A-2044+9'"
    "PIA+1+4711:SA*4712:BP'"
    "FTX+AAI+++2 ?* 3 ?+ 1 per layer'"
    "UNT+5+1'"
    "UNZ+1+1'"
)
interchange = Interchange.from_str(MESSAGE)
(message,) = interchange.get_messages()
for segment in message.segments:
    print(segment.tag, segment.elements)
for segment in interchange.serialize().split("'"):
    if segment.startswith(("UNA", "PIA", "FTX")):
        print(f"written again: {segment}'")
PYTHON

still_seen <<'SEEN'
BGM ['351', 'A-2044', '9']
PIA ['1', ['4711', 'SA*4712', 'BP']]
FTX ['AAI', '', '', '2 * 3 + 1 per layer']
written again: UNA:+.?*'
written again: PIA+1+4711:SA*4712:BP'
written again: FTX+AAI+++2 * 3 ?+ 1 per layer'
SEEN
