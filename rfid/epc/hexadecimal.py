"""EPC memory in hexadecimal, however devices and people write it, in the one form that is compared.

Public names: plain_hex.
"""

from __future__ import annotations

import re

_LEFT_OUT = re.compile(r"^\s*(?:0x|16#|urn:epc:raw:[0-9]+\.x)|[\s:_-]+(?:0x)?", re.IGNORECASE)
_DIGITS = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def plain_hex(text: str) -> str | None:
    """Whole octets as digits in capitals, without what says that they are hexadecimal, and what stands between groups.

    That is ``0x``, of each group or once, ``16#`` as in PLCs, or a raw URI (``urn:epc:raw:96.x…``); and
    spaces, hyphens, colons and underscores. None where it is anything else; nothing at all is that too.
    """
    found = _DIGITS.fullmatch(_LEFT_OUT.sub("", text))
    return None if found is None else found[0].upper()
