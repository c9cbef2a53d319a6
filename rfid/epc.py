"""GS1 EPCs in all their spellings: binary, URIs, element string, Digital Link, and the identity used as key.

Public names: EpcError, Kind, Scheme, Epc, EpcTag, decode, encode, parse_uri, parse_tag_uri, identify,
identity_of_hex, classify, describe, gtin_of, check_digit, sgtin96, sscc96, grai96.

An ``Epc`` is what an item is (pure identity); an ``EpcTag`` is how a tag says it (scheme and filter value).
The identity is the GS1 element string with brackets: ``(00)095201234567891235``, ``(01)…(21)…``, ``(8003)…``.
It needs no company prefix length, so a barcode, an order file and a tag come to the same key.

Source: GS1 EPC Tag Data Standard 2.3, clauses 6.3 (URIs), 7 (element strings), 14 (binary);
the rest as in ``rfid.gs1``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rfid.gs1 import (
    DIGITS,
    KEYS,
    PLAIN_IN_URN,
    check_serial,
    escape,
    identity,
    identity_of_digital_link,
    identity_of_element_string,
    quoted,
    unescape,
)
from rfid.gs1 import EpcError as EpcError
from rfid.gs1 import Kind as Kind
from rfid.gs1 import check_digit as check_digit
from rfid.gs1 import gtin_of as gtin_of


class Scheme(StrEnum):
    """Binary schemes that are decoded and encoded."""

    SGTIN_96 = "SGTIN-96"
    SSCC_96 = "SSCC-96"
    GRAI_96 = "GRAI-96"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Bits after header (8), filter value (3) and partition (3), by partition 0..6; all big-endian.

    ``reference_bits`` follow the company prefix; then ``serial_bits``, then ``spare_bits`` that must be zero.
    """

    kind: Kind
    header: int
    bits: int
    reference_bits: tuple[int, ...]
    serial_bits: int
    spare_bits: int


# TDS 2.3 clauses 14.6.1 (SGTIN), 14.6.2 (SSCC), 14.6.4 (GRAI); the company prefix column is the same in all.
_PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)
_LAYOUTS = {
    Scheme.SGTIN_96: _Layout(Kind.SGTIN, 0x30, 96, (4, 7, 10, 14, 17, 20, 24), 38, 0),
    Scheme.SSCC_96: _Layout(Kind.SSCC, 0x31, 96, (18, 21, 24, 28, 31, 34, 38), 0, 24),
    Scheme.GRAI_96: _Layout(Kind.GRAI, 0x33, 96, (4, 7, 10, 14, 17, 20, 24), 38, 0),
}
_SCHEME_OF_HEADER = {layout.header: scheme for scheme, layout in _LAYOUTS.items()}

# Headers of GS1 schemes that are named but not decoded. Source: TDS 2.3, table 14-1.
_OTHER_SCHEMES = {
    0x2C: "GDTI-96",
    0x2D: "GSRN-96",
    0x2E: "GSRNP-96",
    0x2F: "USDoD-96",
    0x32: "SGLN-96",
    0x34: "GIAI-96",
    0x35: "GID-96",
    0x36: "SGTIN-198",
    0x37: "GRAI-170",
    0x38: "GIAI-202",
    0x39: "SGLN-195",
    0x3A: "GDTI-113",
    0x3B: "ADI-var",
    0x3C: "CPI-96",
    0x3D: "CPI-var",
    0x3E: "GDTI-174",
    0x3F: "SGCN-96",
    0x40: "ITIP-110",
    0x41: "ITIP-212",
    0xF0: "CPI+",
    0xF1: "GRAI+",
    0xF2: "SGLN+",
    0xF3: "ITIP+",
    0xF4: "GSRN+",
    0xF5: "GSRNP+",
    0xF6: "GDTI+",
    0xF7: "SGTIN+",
    0xF8: "SGCN+",
    0xF9: "SSCC+",
    0xFA: "GIAI+",
    0xFB: "DSGTIN+",
}

_NUMBER = re.compile(r"0|[1-9][0-9]*")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_LONGEST = 500
_ALLOWED = (
    "24 hexadecimal digits, urn:epc:id:…, urn:epc:tag:…, (00)…, (01)…(21)…, (8003)…, "
    "https://id.gs1.org/… or the 18 digits of an SSCC"
)


@dataclass(frozen=True, slots=True)
class Epc:
    """Pure identity of one thing. All parts are text: leading zeros count.

    ``company_prefix``: 6 to 12 digits. ``reference``: SGTIN indicator digit and item reference, SSCC extension
    digit and serial reference, GRAI asset type; fills up to 13, 17 or 12 digits. ``serial``: 1 to 20 (SGTIN)
    or 16 (GRAI) characters, empty for SSCC. Raises ``EpcError`` for anything else.
    """

    kind: Kind
    company_prefix: str
    reference: str
    serial: str = ""

    def __post_init__(self) -> None:
        key, name = KEYS[self.kind], self.kind.upper()
        if not (6 <= len(self.company_prefix) <= 12 and DIGITS.fullmatch(self.company_prefix)):
            raise EpcError(f"{name}: company prefix {quoted(self.company_prefix)} must have 6 to 12 digits")
        wanted = key.digits - len(self.company_prefix)
        if len(self.reference) != wanted or not DIGITS.fullmatch(self.reference):
            raise EpcError(
                f"{name}: reference {quoted(self.reference)} must have {wanted} digits "
                f"beside company prefix {self.company_prefix}"
            )
        check_serial(name, self.serial, key.serial_max)

    @property
    def uri(self) -> str:
        """Pure identity URI, ``urn:epc:id:…``."""
        return f"urn:epc:id:{self.kind}:{self._parts()}"

    @property
    def element_string(self) -> str:
        """GS1 element string with brackets; this is the identity."""
        key = KEYS[self.kind]
        number = key.number(self.company_prefix, self.reference)
        return key.element_string(number, self.serial)

    @property
    def digital_link(self) -> str:
        """Canonical GS1 Digital Link URI."""
        key = KEYS[self.kind]
        number = key.number(self.company_prefix, self.reference)
        return key.digital_link(number, self.serial)

    def _parts(self) -> str:
        text = f"{self.company_prefix}.{self.reference}"
        return f"{text}.{escape(self.serial, PLAIN_IN_URN)}" if KEYS[self.kind].serial_max else text


@dataclass(frozen=True, slots=True)
class EpcTag:
    """What stands on a tag: an identity in a binary scheme. ``filter_value``: 0..7, as TDS 2.3 clause 10.

    Can always be encoded: raises ``EpcError`` when the scheme cannot hold the identity.
    """

    scheme: Scheme
    filter_value: int
    epc: Epc

    def __post_init__(self) -> None:
        layout = _LAYOUTS[self.scheme]
        if self.epc.kind is not layout.kind:
            raise EpcError(f"{self.scheme} holds {layout.kind.upper()}, not {self.epc.kind.upper()}")
        if not 0 <= self.filter_value <= 7:
            raise EpcError(f"{self.scheme}: filter value {self.filter_value} must be 0..7")
        if layout.serial_bits:
            limit = (1 << layout.serial_bits) - 1
            if not _NUMBER.fullmatch(self.epc.serial) or int(self.epc.serial) > limit:
                raise EpcError(
                    f"{self.scheme}: serial {quoted(self.epc.serial)} must be a number 0..{limit} without leading zeros"
                )

    @property
    def tag_uri(self) -> str:
        """Tag URI, ``urn:epc:tag:…``."""
        return f"urn:epc:tag:{self.scheme.lower()}:{self.filter_value}.{self.epc._parts()}"


def decode(epc_hex: str) -> EpcTag:
    """A tag's EPC memory, hexadecimal, exactly as long as its scheme says.

    Raises ``EpcError`` for another length, an unknown header, partition 7, a part that exceeds its decimal
    digits, or reserved bits that are not zero.
    """
    header = _header(epc_hex)
    scheme = _SCHEME_OF_HEADER.get(header)
    if scheme is None:
        raise EpcError(f"{quoted(epc_hex)}: {_not_ours(epc_hex, header)}")
    layout = _LAYOUTS[scheme]
    if len(epc_hex) * 4 != layout.bits:
        raise EpcError(f"{quoted(epc_hex)}: {scheme} has {layout.bits} bits, not {len(epc_hex) * 4}")
    value = int(epc_hex, 16)
    partition = value >> layout.bits - 14 & 7
    if partition == 7:
        raise EpcError(f"{quoted(epc_hex)}: {scheme} partition 7 must be 0..6")
    if value & (1 << layout.spare_bits) - 1:
        raise EpcError(f"{quoted(epc_hex)}: the last {layout.spare_bits} bits of {scheme} must be zero")
    value >>= layout.spare_bits
    serial = str(value & (1 << layout.serial_bits) - 1) if layout.serial_bits else ""
    value >>= layout.serial_bits
    reference_bits = layout.reference_bits[partition]
    prefix_digits = 12 - partition
    reference = _padded(
        epc_hex, scheme, "reference", value & (1 << reference_bits) - 1, KEYS[layout.kind].digits - prefix_digits
    )
    value >>= reference_bits
    prefix_bits = _PREFIX_BITS[partition]
    prefix = _padded(epc_hex, scheme, "company prefix", value & (1 << prefix_bits) - 1, prefix_digits)
    value >>= prefix_bits
    return EpcTag(scheme, value >> 3 & 7, Epc(layout.kind, prefix, reference, serial))


def encode(tag: EpcTag) -> str:
    """The EPC memory of a tag as upper-case hexadecimal."""
    layout, epc = _LAYOUTS[tag.scheme], tag.epc
    partition = 12 - len(epc.company_prefix)
    value = (layout.header << 3 | tag.filter_value) << 3 | partition
    value = value << _PREFIX_BITS[partition] | int(epc.company_prefix)
    value = value << layout.reference_bits[partition] | int(epc.reference or "0")
    if layout.serial_bits:
        value = value << layout.serial_bits | int(epc.serial)
    return f"{value << layout.spare_bits:0{layout.bits // 4}X}"


def parse_uri(text: str) -> Epc:
    """A pure identity URI, ``urn:epc:id:…``. Raises ``EpcError``."""
    name, parts = _split_uri(text, "urn:epc:id:", sorted(Kind))
    return _epc_of_parts(text, Kind(name), parts)


def parse_tag_uri(text: str) -> EpcTag:
    """A tag URI, ``urn:epc:tag:…``. Raises ``EpcError``."""
    name, parts = _split_uri(text, "urn:epc:tag:", sorted(scheme.lower() for scheme in Scheme))
    scheme = Scheme(name.upper())
    first, _, rest = parts.partition(".")
    if not re.fullmatch("[0-7]", first):
        raise EpcError(f"{quoted(text)}: filter value {quoted(first)} must be 0..7")
    return EpcTag(scheme, int(first), _epc_of_parts(text, _LAYOUTS[scheme].kind, rest))


def identify(text: str) -> str:
    """The identity (GS1 element string) of a thing named in any spelling; spaces around it do not matter.

    Takes 96-bit hexadecimal, pure identity and tag URIs, element strings with brackets, Digital Links of any
    host, and the bare 18 digits of an SSCC. Check digits must be right. Raises ``EpcError``.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise EpcError(f"{quoted(text)} has {len(text)} characters, at most {_LONGEST} are allowed")
    if text.startswith("urn:epc:tag:"):
        return parse_tag_uri(text).epc.element_string
    if text.startswith("urn:"):
        return parse_uri(text).element_string
    if text.startswith(("https://", "http://")):
        return identity_of_digital_link(text)
    if text.startswith("("):
        return identity_of_element_string(text)
    if len(text) == 18 and DIGITS.fullmatch(text):
        return identity(text, Kind.SSCC, text, "")
    if len(text) >= 4 and _HEX.fullmatch(text):
        return decode(text).epc.element_string
    raise EpcError(f"{quoted(text)} is no EPC; allowed are {_ALLOWED}")


@lru_cache(maxsize=8192)
def identity_of_hex(epc_hex: str) -> str | None:
    """The identity of a tag's EPC memory, or ``None`` when it is no EPC of a known scheme. Remembers."""
    try:
        return decode(epc_hex).epc.element_string
    except EpcError:
        return None


def classify(epc_hex: str) -> str:
    """What a tag's EPC memory holds, in a few words: the scheme's name, or why it is no EPC."""
    try:
        return str(decode(epc_hex).scheme)
    except EpcError as error:
        return str(error).removeprefix(f"{quoted(epc_hex)}: ")


def describe(epc_hex: str) -> dict[str, str | int]:
    """Every spelling of one tag: hex, scheme, uri, tag_uri, element_string, digital_link, filter.

    For what is no EPC: hex and error.
    """
    try:
        tag = decode(epc_hex)
    except EpcError as error:
        return {"hex": epc_hex, "error": str(error)}
    return {
        "hex": epc_hex,
        "scheme": str(tag.scheme),
        "uri": tag.epc.uri,
        "tag_uri": tag.tag_uri,
        "element_string": tag.epc.element_string,
        "digital_link": tag.epc.digital_link,
        "filter": tag.filter_value,
    }


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


def _epc_of_parts(text: str, kind: Kind, parts: str) -> Epc:
    count = 3 if KEYS[kind].serial_max else 2
    fields = parts.split(".", count - 1)
    if len(fields) != count:
        raise EpcError(f"{quoted(text)}: {kind.upper()} has {count} parts between dots, not {len(fields)}")
    try:
        return Epc(kind, fields[0], fields[1], unescape(text, fields[2]) if count == 3 else "")
    except EpcError as error:
        raise EpcError(f"{quoted(text)}: {error}") from None


def _header(epc_hex: str) -> int:
    if not _HEX.fullmatch(epc_hex) or len(epc_hex) < 2:
        raise EpcError(f"{quoted(epc_hex)}: EPC memory must be hexadecimal digits, at least 2")
    return int(epc_hex[:2], 16)


def _not_ours(epc_hex: str, header: int) -> str:
    """Why content with this header is not decoded."""
    if not epc_hex.strip("0"):
        return "unprogrammed, all bits are zero"
    if header == 0x00:
        return "unprogrammed, header 0x00"
    if header == 0xE2:
        return "header 0xE2 belongs to tag identification (TID) memory, not to an EPC"
    name = _OTHER_SCHEMES.get(header)
    decoded = ", ".join(Scheme)
    if name is not None:
        return f"{name} is not decoded, only {decoded}"
    return f"unknown header 0x{header:02X}, perhaps ISO data (toggle bit and AFI); decoded are {decoded}"


def _padded(epc_hex: str, scheme: Scheme, what: str, value: int, digits: int) -> str:
    """``value`` with its leading zeros; zero digits hold nothing but zero."""
    if value >= 10**digits:
        raise EpcError(f"{quoted(epc_hex)}: {scheme} {what} {value} has more than {digits} digits")
    return f"{value:0{digits}}" if digits else ""
