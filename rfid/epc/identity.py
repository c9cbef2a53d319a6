"""GS1 EPCs in all their spellings: binary, URIs, element string, Digital Link, and the identity used as key.

Public names: EpcError, Kind, Scheme, DateKind, Method, Epc, EpcTag, PriorityDate, decode, encode, parse, parse_uri,
parse_tag_uri, identify, identity_of_hex, fresh_identity, begins_epc, classify, describe, gtin_of, check_digit, sgtin96,
sscc96, grai96.

An ``Epc`` is what an item is (pure identity); an ``EpcTag`` is how a tag says it (scheme and filter value).
The identity is the GS1 element string with brackets: ``(00)095201234567891235``, ``(01)…(21)…``, ``(8003)…``.
It needs no company prefix length, so a barcode, an order file and a tag come to the same key.

Source: GS1 EPC Tag Data Standard 2.3, clauses 6.3 (URIs), 12 (tag URIs), 9.3 and 9.4 (toggle bit and AFI);
the rest as in ``rfid.epc.binary`` and ``rfid.epc.gs1``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rfid.epc.binary import decode as decode
from rfid.epc.binary import encode as encode
from rfid.epc.bits import Method as Method
from rfid.epc.gs1 import KEYS, key_of_digital_link, key_of_element_string, quoted, unescape
from rfid.epc.gs1 import DateKind as DateKind
from rfid.epc.gs1 import EpcError as EpcError
from rfid.epc.gs1 import Kind as Kind
from rfid.epc.gs1 import check_digit as check_digit
from rfid.epc.gs1 import gtin_of as gtin_of
from rfid.epc.hexadecimal import plain_hex
from rfid.epc.quick import quick_identity
from rfid.epc.schemes import ROWS, SCHEME_OF_HEADER, General, Plus
from rfid.epc.schemes import Scheme as Scheme
from rfid.epc.values import Epc as Epc
from rfid.epc.values import EpcTag as EpcTag
from rfid.epc.values import PriorityDate as PriorityDate

_HEX = re.compile(r"[0-9A-Fa-f]{4,}")
_SSCC = re.compile(r"(?:00)?([0-9]{18})")
_URN = re.compile(r"urn:epc:(?:id|tag|raw):[^:]*:", re.IGNORECASE)
_LONGEST = 500
_HEADERS = frozenset(f"{header:02X}" for header in SCHEME_OF_HEADER)
_ALLOWED = (
    "24 hexadecimal digits (or what another scheme has), urn:epc:id:…, urn:epc:tag:…, (00)…, (01)…(21)…, (8003)…, "
    "https://id.gs1.org/… or the 18 digits of an SSCC"
)
_TAG_URI_SCHEMES = {scheme.lower(): scheme for scheme, row in ROWS.items() if not isinstance(row, Plus)}

# Protocol control word of a Gen2 tag, from bit 10h: length (5), user memory (1), extended (1), toggle (1), AFI (8).
_TOGGLE = 0x0100
_AFIS = {
    0xA1: "ISO 17367 product",
    0xA2: "ISO 17365 transport unit",
    0xA3: "ISO 17364 returnable transport item",
    0xA5: "ISO 17366 product package",
    0xA9: "ISO 17363 freight container",
    0xC2: "ISO 28560 library item",
}


def parse(text: str) -> Epc:
    """The thing named in any spelling that ``identify`` takes. Raises ``EpcError``.

    Element strings and links do not tell the company prefix; ``Epc.with_company_prefix`` adds it.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise EpcError(f"{quoted(text)} has {len(text)} characters, at most {_LONGEST} are allowed")
    if (urn := _URN.match(text)) is not None:
        text = urn[0].lower() + text[urn.end() :]
    if text.startswith("urn:epc:tag:"):
        return parse_tag_uri(text).epc
    if text.startswith("urn:") and not text.startswith("urn:epc:raw:"):
        return parse_uri(text)
    try:
        if text[:8].lower().startswith(("https://", "http://")):
            return _epc_of_key(*key_of_digital_link(text))
        if text.startswith("("):
            return _epc_of_key(*key_of_element_string("".join(text.split())))
        if (sscc := _SSCC.fullmatch("".join(text.split()))) is not None:
            return _epc_of_key(Kind.SSCC, sscc[1], "")
    except EpcError as error:
        raise EpcError(f"{quoted(text)}: {error}") from None
    if _HEX.fullmatch(epc_hex := plain_hex(text) or text):
        return decode(epc_hex).epc
    raise EpcError(f"{quoted(text)} is no EPC; allowed are {_ALLOWED}")


def parse_uri(text: str) -> Epc:
    """A pure identity URI, ``urn:epc:id:…``. Raises ``EpcError``."""
    name, parts = _split_uri(text, "urn:epc:id:", sorted(Kind))
    try:
        return _epc_of_parts(Kind(name), parts)
    except EpcError as error:
        raise EpcError(f"{quoted(text)}: {error}") from None


def parse_tag_uri(text: str) -> EpcTag:
    """A tag URI, ``urn:epc:tag:…``. Raises ``EpcError``."""
    name, parts = _split_uri(text, "urn:epc:tag:", sorted(_TAG_URI_SCHEMES))
    scheme = _TAG_URI_SCHEMES[name]
    row = ROWS[scheme]
    try:
        if isinstance(row, General):
            return EpcTag(scheme, 0, _epc_of_parts(row.kind, parts))
        first, _, rest = parts.partition(".")
        if not re.fullmatch("[0-7]", first):
            raise EpcError(f"filter value {quoted(first)} must be 0..7")
        return EpcTag(scheme, int(first), _epc_of_parts(row.kind, rest))
    except EpcError as error:
        raise EpcError(f"{quoted(text)}: {error}") from None


def identify(text: str) -> str:
    """The identity (GS1 element string) of a thing named in any spelling; spaces around it do not matter.

    Takes EPC memory in hexadecimal, pure identity and tag URIs, element strings with brackets (with others beside the
    key, as a date or lot, which are no part of the identity), Digital Links of any host, and the bare 18 digits of an
    SSCC, with or without ``00`` before them. Check digits must be right. A GID, which is no GS1 key, has its pure
    identity URI. Raises ``EpcError``.
    """
    return parse(text).identity


@lru_cache(maxsize=1 << 17)
def identity_of_hex(epc_hex: str) -> str | None:
    """The identity of a tag's EPC memory, or ``None`` when it is no EPC of a known scheme.

    Remembers 131,072 of them, a quarter of a kilobyte each.
    """
    return fresh_identity(epc_hex)


def fresh_identity(epc_hex: str) -> str | None:
    """As ``identity_of_hex``, remembering nothing: for tags of which most are seen once."""
    identity = quick_identity(epc_hex)
    if identity is not None or epc_hex[:2].upper() not in _HEADERS:
        return identity
    try:
        return decode(epc_hex).epc.identity
    except EpcError:
        return None


def begins_epc(epc_hex: str) -> bool:
    """Whether memory that begins so may be an EPC of a known scheme."""
    return epc_hex[:2].upper() in _HEADERS


def classify(epc_hex: str, protocol_control: int = 0) -> str:
    """What a tag's EPC memory holds, in a few words: the scheme's name, or why it is no EPC.

    ``protocol_control``: the tag's 16 bits before the EPC, where the reader reports them.
    """
    if protocol_control & _TOGGLE:
        afi = protocol_control & 0xFF
        return f"no EPC: ISO data by its toggle bit, AFI 0x{afi:02X} {_AFIS.get(afi, '')}".rstrip()
    try:
        return str(decode(epc_hex).scheme)
    except EpcError as error:
        return str(error).removeprefix(f"{quoted(epc_hex)}: ")


def describe(epc_hex: str) -> dict[str, str | int | None]:
    """Every spelling of one tag: hex, scheme, identity, uri, tag_uri, element_string, digital_link, filter.

    ``None`` where the scheme has no such thing. Of tags with a toggle bit that says so also aidc_bits. For what is
    no EPC: hex and error.
    """
    try:
        tag = decode(epc_hex)
    except EpcError as error:
        return {"hex": epc_hex, "error": str(error)}
    described: dict[str, str | int | None] = {
        "hex": epc_hex,
        "scheme": str(tag.scheme),
        "identity": tag.epc.identity,
        "uri": tag.uri,
        "tag_uri": tag.tag_uri,
        "element_string": tag.element_string,
        "digital_link": tag.digital_link,
        "filter": None if isinstance(ROWS[tag.scheme], General) else tag.filter_value,
    }
    if tag.aidc is not None:
        described["aidc_bits"] = tag.aidc
    return described


def sgtin96(company_prefix: str, item_reference: str, serial: int, filter_value: int = 1) -> str:
    """Hexadecimal of a trade item's tag. ``item_reference`` begins with the indicator digit."""
    epc = Epc(Kind.SGTIN, company_prefix, item_reference, str(serial))
    return encode(EpcTag(Scheme.SGTIN_96, filter_value, epc))


def sscc96(company_prefix: str, serial_reference: str, filter_value: int = 0) -> str:
    """Hexadecimal of a logistic unit's tag. ``serial_reference`` begins with the extension digit."""
    return encode(EpcTag(Scheme.SSCC_96, filter_value, Epc(Kind.SSCC, company_prefix, serial_reference)))


def grai96(company_prefix: str, asset_type: str, serial: int, filter_value: int = 0) -> str:
    """Hexadecimal of a returnable asset's tag."""
    epc = Epc(Kind.GRAI, company_prefix, asset_type, str(serial))
    return encode(EpcTag(Scheme.GRAI_96, filter_value, epc))


def _split_uri(text: str, start: str, allowed: list[str]) -> tuple[str, str]:
    """Name and dotted parts of a URI that must begin with ``start``."""
    name, colon, parts = text.removeprefix(start).partition(":")
    if not (text.startswith(start) and colon and name in allowed):
        raise EpcError(f"{quoted(text)} must begin with {start} and one of {', '.join(allowed)}")
    return name, parts


def _epc_of_parts(kind: Kind, parts: str) -> Epc:
    """The parts of a URI between dots; the last may have dots itself."""
    key = KEYS.get(kind)
    serial = key is None or key.serial_max > 0
    count = 5 if key is not None and key.pieces else 2 + serial
    fields = parts.split(".", count - 1)
    if len(fields) != count:
        raise EpcError(f"{kind.upper()} has {count} parts between dots, not {len(fields)}")
    if not fields[0]:
        raise EpcError(f"{kind.upper()}: company prefix '' must have 6 to 12 digits")
    fields = [unescape(field) for field in fields]
    return Epc(kind, fields[0], fields[1], fields[-1] if serial else "", "".join(fields[2:4]) if count == 5 else "")


def _epc_of_key(kind: Kind, number: str, serial: str) -> Epc:
    """A key from a barcode or link, its digits checked."""
    key = KEYS[kind]
    key.check(kind.upper(), number, serial)
    if key.free:
        return Epc(kind, "", number, serial)
    end = len(number) - key.pieces
    return Epc(kind, "", number[len(key.lead) : end - 1], serial, number[end:])
