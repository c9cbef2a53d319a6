"""The binary EPC schemes as a table: header, fields and their widths, one row each.

Public names: Scheme, Form, Partitioned, Plus, General, Row, ROWS, SCHEME_OF_HEADER, PREFIX_BITS, named_header.

Source: GS1 EPC Tag Data Standard 2.3, table 14-1 (headers), clauses 14.3 and 14.5 (fields), 14.6 (schemes).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from rfid.epc.gs1 import Kind


class Scheme(StrEnum):
    """Binary schemes that are decoded and encoded."""

    SGTIN_96 = "SGTIN-96"
    SGTIN_198 = "SGTIN-198"
    SGTIN_PLUS = "SGTIN+"
    DSGTIN_PLUS = "DSGTIN+"
    SSCC_96 = "SSCC-96"
    SSCC_PLUS = "SSCC+"
    SGLN_96 = "SGLN-96"
    SGLN_195 = "SGLN-195"
    SGLN_PLUS = "SGLN+"
    GRAI_96 = "GRAI-96"
    GRAI_170 = "GRAI-170"
    GRAI_PLUS = "GRAI+"
    GIAI_96 = "GIAI-96"
    GIAI_202 = "GIAI-202"
    GIAI_PLUS = "GIAI+"
    GSRN_96 = "GSRN-96"
    GSRN_PLUS = "GSRN+"
    GSRNP_96 = "GSRNP-96"
    GSRNP_PLUS = "GSRNP+"
    GDTI_96 = "GDTI-96"
    GDTI_174 = "GDTI-174"
    GDTI_PLUS = "GDTI+"
    CPI_96 = "CPI-96"
    CPI_VAR = "CPI-var"
    CPI_PLUS = "CPI+"
    SGCN_96 = "SGCN-96"
    SGCN_PLUS = "SGCN+"
    ITIP_110 = "ITIP-110"
    ITIP_212 = "ITIP-212"
    ITIP_PLUS = "ITIP+"
    GID_96 = "GID-96"


class Form(Enum):
    """How a part is written in bits."""

    NONE = "none"  # the scheme has no such part
    PADDED = "padded"  # integer of a known number of decimal digits, leading zeros count; 14.3.3
    INTEGER = "integer"  # integer, no leading zeros; 14.3.1 and 14.3.4
    MARKED = "marked"  # digits with leading zeros as an integer behind a digit 1; 14.3.6
    ASCII7 = "ascii7"  # characters of 7 bits, rest zero; 14.3.2 and 14.3.5
    CHARS6 = "chars6"  # characters of 6 bits ended by six zero bits; 14.3.8 and 14.3.9
    VARIABLE = "variable"  # encoding indicator, length indicator, characters; 14.5.6
    COUNTED = "counted"  # length indicator of 4 bits and an integer of that many digits; 14.5.13


# Bits of the company prefix by partition 0..6, which has 12..6 digits.
PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)


@dataclass(frozen=True, slots=True)
class Partitioned:
    """Header (8), filter (3), partition (3), company prefix, reference, pieces (14 or 0), serial, zeros; big-endian.

    ``reference_bits`` and ``reference_digits`` (0 = what the key leaves beside the prefix) by partition 0..6.
    ``bits``: of the whole without padding; 0 = it varies with the reference, which then ends itself.
    """

    kind: Kind
    header: int
    bits: int
    reference_bits: tuple[int, ...]
    serial_form: Form = Form.NONE
    serial_bits: int = 0
    spare_bits: int = 0
    reference_form: Form = Form.PADDED
    reference_digits: tuple[int, ...] = (0, 0, 0, 0, 0, 0, 0)
    pieces_bits: int = 0


@dataclass(frozen=True, slots=True)
class Plus:
    """Header (8), +AIDC data toggle (1), filter (3), with ``dated`` date type (4) and date (16), then the key.

    A key of digits is written whole, 4 bits each (14.5.4); one of text as digits of 4 bits up to the first other
    character, and the rest as variable-length alphanumeric (14.5.5). Then the serial, then +AIDC data.
    """

    kind: Kind
    header: int
    serial_form: Form = Form.NONE
    dated: bool = False


@dataclass(frozen=True, slots=True)
class General:
    """Header (8), general manager number, object class and serial, as wide as ``widths`` says. No filter value."""

    kind: Kind
    header: int
    bits: int
    widths: tuple[int, int, int]


Row = Partitioned | Plus | General

_ITEM = (4, 7, 10, 14, 17, 20, 24)  # SGTIN, GRAI, ITIP
_PLACE = (1, 4, 7, 11, 14, 17, 21)  # SGLN, GDTI, SGCN
_UNIT = (18, 21, 24, 28, 31, 34, 38)  # SSCC, GSRN, GSRNP

# Filter values and their meaning are of the kind: TDS 2.3, clause 10. Layouts: clauses 14.6.1 to 14.6.13.
ROWS: dict[Scheme, Row] = {
    Scheme.SGTIN_96: Partitioned(Kind.SGTIN, 0x30, 96, _ITEM, Form.INTEGER, 38),
    Scheme.SGTIN_198: Partitioned(Kind.SGTIN, 0x36, 198, _ITEM, Form.ASCII7, 140),
    Scheme.SGTIN_PLUS: Plus(Kind.SGTIN, 0xF7, Form.VARIABLE),
    Scheme.DSGTIN_PLUS: Plus(Kind.SGTIN, 0xFB, Form.VARIABLE, dated=True),
    Scheme.SSCC_96: Partitioned(Kind.SSCC, 0x31, 96, _UNIT, spare_bits=24),
    Scheme.SSCC_PLUS: Plus(Kind.SSCC, 0xF9),
    Scheme.SGLN_96: Partitioned(Kind.SGLN, 0x32, 96, _PLACE, Form.INTEGER, 41),
    Scheme.SGLN_195: Partitioned(Kind.SGLN, 0x39, 195, _PLACE, Form.ASCII7, 140),
    Scheme.SGLN_PLUS: Plus(Kind.SGLN, 0xF2, Form.VARIABLE),
    Scheme.GRAI_96: Partitioned(Kind.GRAI, 0x33, 96, _ITEM, Form.INTEGER, 38),
    Scheme.GRAI_170: Partitioned(Kind.GRAI, 0x37, 170, _ITEM, Form.ASCII7, 112),
    Scheme.GRAI_PLUS: Plus(Kind.GRAI, 0xF1, Form.VARIABLE),
    Scheme.GIAI_96: Partitioned(
        Kind.GIAI,
        0x34,
        96,
        (42, 45, 48, 52, 55, 58, 62),
        reference_form=Form.INTEGER,
        reference_digits=(13, 14, 15, 16, 17, 18, 19),
    ),
    Scheme.GIAI_202: Partitioned(Kind.GIAI, 0x38, 202, (148, 151, 154, 158, 161, 164, 168), reference_form=Form.ASCII7),
    Scheme.GIAI_PLUS: Plus(Kind.GIAI, 0xFA),
    Scheme.GSRN_96: Partitioned(Kind.GSRN, 0x2D, 96, _UNIT, spare_bits=24),
    Scheme.GSRN_PLUS: Plus(Kind.GSRN, 0xF4),
    Scheme.GSRNP_96: Partitioned(Kind.GSRNP, 0x2E, 96, _UNIT, spare_bits=24),
    Scheme.GSRNP_PLUS: Plus(Kind.GSRNP, 0xF5),
    Scheme.GDTI_96: Partitioned(Kind.GDTI, 0x2C, 96, _PLACE, Form.INTEGER, 41),
    Scheme.GDTI_174: Partitioned(Kind.GDTI, 0x3E, 174, _PLACE, Form.ASCII7, 119),
    Scheme.GDTI_PLUS: Plus(Kind.GDTI, 0xF6, Form.VARIABLE),
    Scheme.CPI_96: Partitioned(
        Kind.CPI,
        0x3C,
        96,
        (11, 14, 17, 21, 24, 27, 31),
        Form.INTEGER,
        31,
        reference_form=Form.INTEGER,
        reference_digits=(3, 4, 5, 6, 7, 8, 9),
    ),
    Scheme.CPI_VAR: Partitioned(
        Kind.CPI, 0x3D, 0, (114, 120, 126, 132, 138, 144, 150), Form.INTEGER, 40, reference_form=Form.CHARS6
    ),
    Scheme.CPI_PLUS: Plus(Kind.CPI, 0xF0, Form.COUNTED),
    Scheme.SGCN_96: Partitioned(Kind.SGCN, 0x3F, 96, _PLACE, Form.MARKED, 41),
    Scheme.SGCN_PLUS: Plus(Kind.SGCN, 0xF8, Form.COUNTED),
    Scheme.ITIP_110: Partitioned(Kind.ITIP, 0x40, 110, _ITEM, Form.INTEGER, 38, pieces_bits=14),
    Scheme.ITIP_212: Partitioned(Kind.ITIP, 0x41, 212, _ITEM, Form.ASCII7, 140, pieces_bits=14),
    Scheme.ITIP_PLUS: Plus(Kind.ITIP, 0xF3, Form.VARIABLE),
    Scheme.GID_96: General(Kind.GID, 0x35, 96, (28, 24, 36)),
}
SCHEME_OF_HEADER = {row.header: scheme for scheme, row in ROWS.items()}

# Headers of schemes that are named but not decoded: GDTI-113 is deprecated, two belong to defence logistics, and
# '++' schemes carry the host name of a link besides what the '+' scheme of the same name does.
_NOT_DECODED = {
    0x2F: "USDoD-96",
    0x3A: "GDTI-113 (deprecated)",
    0x3B: "ADI-var",
    0xE6: "CPI++",
    0xE7: "GSRN++",
    0xE8: "GSRNP++",
    0xE9: "SGLN++",
    0xEA: "GDTI++",
    0xEB: "GRAI++",
    0xEC: "SGCN++",
    0xED: "ITIP++",
    0xEE: "GIAI++",
    0xEF: "SSCC++",
    0xFC: "DSGTIN++",
    0xFD: "SGTIN++",
}


def named_header(header: int) -> str:
    """Why content with this header is not decoded."""
    if header == 0x00:
        return "unprogrammed, header 0x00"
    if header == 0xE2:
        return "header 0xE2 belongs to tag identification (TID) memory, not to an EPC"
    name = _NOT_DECODED.get(header)
    if name is not None:
        return f"{name} is not decoded"
    return f"unknown header 0x{header:02X}, perhaps ISO data (toggle bit and AFI)"
