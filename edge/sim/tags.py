"""Tags of the simulated floor: what is written into one that names something.

Public names: tag_of.
"""

from __future__ import annotations

import re
from contextlib import suppress

from rfid.epc.identity import EpcError, EpcTag, Kind, Scheme, encode, parse

_PREFIX = 7
"""Digits of a company prefix, which the identity does not tell; every choice names the same thing."""
_SCHEMES = {
    Kind.SGTIN: (Scheme.SGTIN_96, Scheme.SGTIN_198),
    Kind.SSCC: (Scheme.SSCC_96,),
    Kind.GRAI: (Scheme.GRAI_96, Scheme.GRAI_170),
    Kind.GIAI: (Scheme.GIAI_96, Scheme.GIAI_202),
    Kind.GID: (Scheme.GID_96,),
}
_HEX = re.compile(r"[0-9A-F]+")


def tag_of(identity: str) -> str:
    """EPC memory, hexadecimal, of a tag that names an item, a parcel or a tote, or is one already. Raises EpcError."""
    if _HEX.fullmatch(identity):
        return identity
    epc = parse(identity)
    known = epc if epc.company_prefix else epc.with_company_prefix(_PREFIX)
    for scheme in _SCHEMES.get(epc.kind, ()):
        with suppress(EpcError):  # the next one holds longer serials
            return encode(EpcTag(scheme, 0, known))
    raise EpcError(f"{identity}: no tag of the simulated floor holds it")
