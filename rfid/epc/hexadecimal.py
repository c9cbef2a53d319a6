"""EPC memory in hexadecimal, however devices and people write it, in the one form that is compared.

Public names: plain_hex.
"""

from __future__ import annotations

import re

_BETWEEN = re.compile(r"[\s:-]+")
_DIGITS = re.compile(r"(?:0[xX])?((?:[0-9A-Fa-f]{2})+)")


def plain_hex(text: str) -> str | None:
    """Whole octets as digits in capitals, without ``0x`` before them and spaces, hyphens or colons between.

    None where it is anything else; nothing at all is that too.
    """
    found = _DIGITS.fullmatch(_BETWEEN.sub("", text))
    return None if found is None else found[1].upper()
