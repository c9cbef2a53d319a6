"""Laws of EPC memory: every bit counts, widths are the standard's, and what is no EPC says why."""

from __future__ import annotations

import re

import pytest
from epc_tags import VECTORS, partitions, tags
from hypothesis import given
from hypothesis import strategies as st

from rfid.epc.bits import Bits, holds, packed_variable, shortest_method, take_variable
from rfid.epc.gs1 import KEYS, is_date
from rfid.epc.identity import (
    Epc,
    EpcError,
    EpcTag,
    Kind,
    Method,
    Scheme,
    classify,
    decode,
    describe,
    encode,
    identity_of_hex,
)
from rfid.epc.quick import quick_identity
from rfid.epc.schemes import PREFIX_BITS, ROWS, SCHEME_OF_HEADER, Form, Partitioned, Plus

ANY_TAG = st.sampled_from(Scheme).flatmap(tags)


def bits(header: int, partition: int, *fields: tuple[int, int]) -> str:
    """A tag put together by hand: (value, width) after header, filter value 0 and partition."""
    text = f"{header:08b}000{partition:03b}" + "".join(f"{value:0{width}b}" for value, width in fields)
    assert len(text) % 16 == 0
    return f"{int(text, 2):0{len(text) // 4}X}"


@pytest.mark.parametrize(("scheme", "partition"), partitions())
def test_extremes_of_every_partition_fit_and_come_back(scheme: Scheme, partition: int) -> None:
    row = ROWS[scheme]
    assert isinstance(row, Partitioned)
    key, length = KEYS[row.kind], 12 - partition
    width = PREFIX_BITS[partition] + row.reference_bits[partition]
    if row.bits:
        assert 14 + width + row.pieces_bits + row.serial_bits + row.spare_bits == row.bits
    if row.reference_form is Form.INTEGER:
        limit = min(2 ** row.reference_bits[partition], 10 ** row.reference_digits[partition]) - 1
        references = ["0", str(limit)]
    elif key.free:
        references = ["0", "Z" * (30 - length)]
    else:
        references = [char * (key.digits - length) for char in "09"]
    match row.serial_form:
        case Form.INTEGER:
            serials = ["0", str(min(2**row.serial_bits, 10**key.serial_max) - 1)]
        case Form.NONE:
            serials = [""]
        case Form.MARKED:
            serials = ["0", "0" * key.serial_max, "9" * key.serial_max]
        case _:
            serials = ["!", "z" * key.serial_max]
    for prefix in ("0" * length, "9" * length):
        for reference in references:
            for serial in serials:
                for filter_value in (0, 7):
                    pieces = "9999" if key.pieces else ""
                    tag = EpcTag(scheme, filter_value, Epc(row.kind, prefix, reference, serial, pieces))
                    epc_hex = encode(tag)
                    assert decode(epc_hex) == tag
                    assert not row.bits or len(epc_hex) == -(-row.bits // 16) * 4


@given(ANY_TAG, st.data())
def test_another_bit_is_another_tag_or_none(tag: EpcTag, data: st.DataObject) -> None:
    epc_hex = encode(tag)
    flipped = int(epc_hex, 16) ^ 1 << data.draw(st.integers(0, 4 * len(epc_hex) - 1))
    other_hex = f"{flipped:0{len(epc_hex)}X}"
    try:
        other = decode(other_hex)
    except EpcError as error:
        assert str(error).startswith(f"{other_hex!r}: " if len(other_hex) <= 80 else f"'{other_hex[:79]}…': ")
        assert identity_of_hex(other_hex) is None
        assert set(describe(other_hex)) == {"hex", "error"}
    else:
        assert other != tag
        assert encode(other) == other_hex


@given(st.integers(0, 2**96 - 1), st.sampled_from([*SCHEME_OF_HEADER, None]))
def test_any_96_bits_are_refused_or_come_back_bit_for_bit(value: int, header: int | None) -> None:
    if header is not None:
        value = header << 88 | value & (1 << 88) - 1
    epc_hex = f"{value:024X}"
    quick = quick_identity(epc_hex)
    try:
        tag = decode(epc_hex)
    except EpcError:
        assert quick is None and identity_of_hex(epc_hex) is None
    else:
        assert encode(tag) == epc_hex
        assert quick in (None, tag.epc.identity)


@given(ANY_TAG, st.data())
def test_the_quick_way_gives_the_identity_that_decoding_gives(tag: EpcTag, data: st.DataObject) -> None:
    epc_hex = encode(tag)
    left = isinstance(ROWS[tag.scheme], Plus) or "0" in (tag.epc.serial, tag.epc.reference)
    left |= not tag.epc.company_prefix.strip("0")
    for spelling in (epc_hex, epc_hex.lower()):
        assert quick_identity(spelling) in ((None, tag.epc.identity) if left else (tag.epc.identity,))
    at = data.draw(st.integers(0, len(epc_hex) - 2))
    for char in "+_ ٣xg":  # as one digit, as two, and put in
        for broken in (epc_hex[:at] + char + epc_hex[at + 1 :], epc_hex[:at] + 2 * char + epc_hex[at + 2 :]):
            assert quick_identity(broken) is None
        assert quick_identity(epc_hex[:at] + 2 * char + epc_hex[at:]) is None
    shorter = [epc_hex[:-2], epc_hex[:-1]]
    longer = [epc_hex + "00", "00" + epc_hex, epc_hex[:4] + "00" + epc_hex[4:]]
    longer += [epc_hex[:4] + "0" * zeros + epc_hex for zeros in (0, 124)]  # all bits of a tag that is known, and more
    for broken in shorter + longer:
        assert quick_identity(broken) is None
    broken = int(epc_hex, 16)
    for place in data.draw(st.lists(st.integers(0, 4 * len(epc_hex) - 9), max_size=3)):
        broken ^= 1 << place
    other = f"{broken:0{len(epc_hex)}X}"
    try:
        known = decode(other).epc.identity
    except EpcError:
        assert quick_identity(other) is None
    else:
        assert quick_identity(other) in (None, known)
        assert identity_of_hex(other) == known


@pytest.mark.parametrize("scheme", [scheme for scheme, row in ROWS.items() if not isinstance(row, Plus)])
def test_the_quick_way_knows_every_scheme_without_a_plus(scheme: Scheme) -> None:
    (epc_hex,) = (octets for name, octets, _, _ in VECTORS if name == scheme)
    assert quick_identity(epc_hex) == decode(epc_hex).epc.identity


@given(ANY_TAG.filter(lambda tag: tag.aidc is None), st.data())
def test_memory_of_another_length_is_no_epc(tag: EpcTag, data: st.DataObject) -> None:
    epc_hex = encode(tag)
    cut = epc_hex[: 4 * data.draw(st.integers(1, len(epc_hex) // 4 - 1))]
    for other in (cut, epc_hex + "0000"):
        with pytest.raises(EpcError, match="bits"):
            decode(other)


# Bits of 1, 2, 3, 7, 20 and 30 characters. Source: GS1 Tag Data Translation 2.2, table B.
WIDTHS = {
    Method.INTEGER: (4, 7, 10, 24, 67, 100),
    Method.UPPER_HEX: (4, 8, 12, 28, 80, 120),
    Method.LOWER_HEX: (4, 8, 12, 28, 80, 120),
    Method.BASE64: (6, 12, 18, 42, 120, 180),
    Method.ASCII7: (7, 14, 21, 49, 140, 210),
    Method.CODE40: (16, 16, 16, 48, 112, 160),
}


@pytest.mark.parametrize("method", list(Method))
def test_variable_text_is_as_wide_as_the_standard_says(method: Method) -> None:
    for length, width in zip((1, 2, 3, 7, 20, 30), WIDTHS[method], strict=True):
        assert packed_variable("9" * length, method)[1] == 8 + width


@pytest.mark.parametrize(
    ("text", "method", "packed"),
    [
        ("5678", Method.INTEGER, "000 00100 01011000101110"),
        ("007", Method.INTEGER, "000 00011 0000000111"),
        ("0AF", Method.UPPER_HEX, "001 00011 000010101111"),
        ("0af", Method.LOWER_HEX, "010 00011 000010101111"),
        ("rif", Method.BASE64, "011 00011 101011100010011111"),
        ("a/b", Method.ASCII7, "100 00011 110000101011111100010"),
        ("AB:", Method.CODE40, f"101 00011 {1600 * 1 + 40 * 2 + 29 + 1:016b}"),
        ("Z-.0", Method.CODE40, f"101 00100 {1600 * 26 + 40 * 27 + 28 + 1:016b}{1600 * 30 + 1:016b}"),
    ],
)
def test_variable_text_by_hand(text: str, method: Method, packed: str) -> None:
    by_hand = packed.replace(" ", "")
    assert packed_variable(text, method) == (int(by_hand, 2), len(by_hand))
    assert take_variable(Bits(int(by_hand, 2), len(by_hand)), "text", 20) == (text, method)
    assert shortest_method(text) is (method if text != "Z-.0" else Method.ASCII7)


@given(st.sampled_from(Method), st.text("".join(map(chr, range(33, 127))), min_size=1, max_size=31), st.data())
def test_a_method_comes_back_when_it_can_hold_the_text(method: Method, text: str, data: st.DataObject) -> None:
    text = "".join(char for char in text if holds(method, char)) or "7"
    value, width = packed_variable(text, method)
    assert take_variable(Bits(value, width), "text", 31) == (text, method)
    least = packed_variable(text, shortest_method(text))[1]
    assert least == min(packed_variable(text, other)[1] for other in Method if holds(other, text))


def nibbles(text: str) -> list[tuple[int, int]]:
    return [(int(char, 16), 4) for char in text]


def plus(header: int, *fields: tuple[int, int], toggle: int = 0) -> str:
    """A '+' tag put together by hand, filter value 0, filled up with zeros."""
    text = f"{header:08b}{toggle}000" + "".join(f"{value:0{width}b}" for value, width in fields)
    text += "0" * (-len(text) % 16)
    return f"{int(text, 2):0{len(text) // 4}X}"


GTIN = nibbles("09506000134352")
SERIAL_7 = [(0, 3), (1, 5), (7, 4)]


def test_data_behind_a_plus_epc_are_kept_as_they_are() -> None:
    tag = decode(plus(0xF7, *GTIN, *SERIAL_7, *nibbles("17"), (26, 7), (12, 4), (31, 5), toggle=1))
    assert tag.epc.identity == "(01)09506000134352(21)7"
    assert tag.aidc is not None and tag.aidc.startswith("000101110011010110011111")
    assert describe(encode(tag))["aidc_bits"] == tag.aidc
    assert "aidc_bits" not in describe("F90095201234567891235")


@pytest.mark.parametrize(
    ("epc_hex", "reason"),
    [
        (bits(0x30, 7, (0, 44), (0, 38)), "partition 7 must be 0..6"),
        (bits(0x30, 0, (10**12, 40), (0, 4), (0, 38)), "company prefix 1000000000000 has more than 12 digits"),
        (bits(0x30, 6, (10**6, 20), (0, 24), (0, 38)), "company prefix 1000000 has more than 6 digits"),
        (bits(0x30, 0, (1, 40), (10, 4), (0, 38)), "reference 10 has more than 1 digits"),
        (bits(0x31, 3, (1, 30), (10**8, 28), (0, 24)), "reference 100000000 has more than 8 digits"),
        (bits(0x31, 3, (1, 30), (1, 28), (1, 24)), "last 24 bits of SSCC-96 must be zero"),
        (bits(0x2D, 3, (1, 30), (1, 28), (1, 24)), "last 24 bits of GSRN-96 must be zero"),
        (bits(0x32, 0, (1, 40), (1, 1), (0, 41)), "reference 1 has more than 0 digits"),
        (bits(0x33, 0, (1, 40), (1, 4), (0, 38)), "reference 1 has more than 0 digits"),
        (bits(0x33, 5, (1, 24), (10**5, 20), (0, 38)), "reference 100000 has more than 5 digits"),
        (bits(0x3C, 0, (1, 40), (1000, 11), (0, 31)), "reference 1000 has more than 3 digits"),
        (bits(0x3F, 5, (1, 24), (1, 17), (7, 41)), "serial 7 must begin with the mark 1"),
        (bits(0x3F, 5, (1, 24), (1, 17), (1, 41)), "without a serial names a class"),
        (bits(0x40, 5, (1, 24), (1, 20), (100, 7), (2, 7), (9, 38), (0, 2)), "pieces 100 has more than 2 digits"),
        (bits(0x40, 5, (1, 24), (1, 20), (3, 7), (2, 7), (9, 38), (0, 2)), "piece 03 must be 01..02"),
        (bits(0x40, 5, (1, 24), (1, 20), (1, 7), (2, 7), (9, 38), (1, 2)), "2 bits that fill the last word"),
        (bits(0x36, 5, (1, 24), (1, 20), (65, 7), (0, 7), (66, 7), (0, 119), (0, 10)), "behind its last character"),
        (bits(0x36, 5, (1, 24), (1, 20), (32, 7), (0, 133), (0, 10)), "serial ' ' may hold"),
        (bits(0x36, 5, (1, 24), (1, 20), (0, 140), (0, 10)), "without a serial names a class"),
        (bits(0x36, 5, (1, 24), (1, 20), (65, 7), (0, 133), (1, 10)), "10 bits that fill the last word of SGTIN-198"),
        (bits(0x38, 0, (10**11, 40), *[(65, 7)] * 19, (0, 15), (0, 6)), "19 characters, at most 18"),
        (bits(0x3D, 5, (1, 24), (36, 6), (0, 6), (7, 40), (0, 6)), "may hold capital letters"),
        (bits(0x3D, 5, (1, 24), (1, 6), (0, 6), (10**12, 40), (0, 6)), "13 characters, at most 12"),
        (bits(0x3D, 5, (1, 24), (1, 6), (0, 6), (7, 40), (1, 6)), "fill the last word of CPI-var must be zero"),
        (bits(0x3D, 5, (1, 24), (1, 6), (1, 4)), "reference is cut off: 6 bits are needed, 4 are left"),
        (plus(0xF9, *nibbles("09520123456789123A")), "must have decimal digits only"),
        (plus(0xF9, *nibbles("095201234567891234")), "check digit 4 must be 5"),
        (plus(0xF1, *nibbles("19521141123454"), *SERIAL_7), "must begin with 0"),
        (plus(0xF7, *GTIN, (6, 3), (1, 5), (7, 7)), "encoding indicator 6 must be 0..5"),
        (plus(0xF7, *GTIN, (0, 3), (0, 5)), "length 0 must be 1..20"),
        (plus(0xF7, *GTIN, (0, 3), (21, 5), (0, 70)), "length 21 must be 1..20"),
        (plus(0xF7, *GTIN, (0, 3), (1, 5), (10, 4)), "serial 10 has more than 1 digits"),
        (plus(0xF7, *GTIN, (4, 3), (2, 5), (65, 7), (32, 7)), "serial 'A ' may hold"),
        (plus(0xF7, *GTIN, (5, 3), (1, 5), (0, 16)), "0 is no group of three characters"),
        (plus(0xF7, *GTIN, (5, 3), (1, 5), (1600 + 40 + 1, 16)), "'AA ' must have 1 characters"),
        (plus(0xF7, *GTIN, (5, 3), (2, 5), (1600 + 1, 16)), "'A  ' must have 2 characters"),
        (plus(0xF7, *GTIN, (4, 3), (9, 5), (65, 7)), "serial is cut off: 63 bits are needed"),
        (plus(0xF7, *GTIN, (0, 3), (2, 5), (7, 7), (1, 1)), "fill the last word of SGTIN+ must be zero"),
        (plus(0xF7, *GTIN, *SERIAL_7, (0, 32)), "SGTIN+ ends 32 bits before the end of the memory"),
        (plus(0xFB, (7, 4), (24, 7), (1, 4), (1, 5), *GTIN, *SERIAL_7), "date type 7 must be 0..6"),
        (plus(0xFB, (4, 4), (23, 7), (2, 4), (29, 5), *GTIN, *SERIAL_7), "'230229' must be a date"),
        (plus(0xFB, (4, 4), (100, 7), (2, 4), (1, 5), *GTIN, *SERIAL_7), "'1000201' must be a date"),
        (plus(0xF8, *nibbles("9521141678909"), (0, 4)), "length 0 must be 1..12"),
        (plus(0xF8, *nibbles("9521141678909"), (1, 4), (12, 4)), "serial 12 has more than 1 digits"),
        (plus(0xF3, *nibbles("095211411234540201"), *SERIAL_7), "piece 02 must be 01..01"),
        (plus(0xFA, *nibbles("9521141AF")), "1010 behind 9521141 must be a digit, 1110 or 1111"),
        (plus(0xFA, *nibbles("952F")), "must begin with the digits of a company prefix"),
        (plus(0xFA, *nibbles("9" * 31 + "F")), "number has more than 30 characters"),
        (
            plus(0xFA, *nibbles("9521141E"), (4, 3), (2, 5), (0x37, 7), (65, 7)),
            "digit 7 must stand before the delimiter",
        ),
        (plus(0xF0, *nibbles("9521141E"), (4, 3), (1, 5), (97, 7), (1, 4), (1, 4)), "may hold capital letters"),
        ("3066C4409047E140075BCD1500", "SGTIN-96 has 96 bits, not 104"),
        ("3066C4409047E140075BCD", "SGTIN-96 has 96 bits, not 88"),
        ("F7" + "0" * 123, "500 bits are more than EPC memory has, at most 496"),
        ("000000000000000000000000", "unprogrammed, all bits are zero"),
        ("00C0FFEE", "unprogrammed, header 0x00"),
        ("E28011052000", "belongs to tag identification"),
        ("2F0000000000000000000000", "USDoD-96 is not decoded"),
        ("3A0000000000000000000000", "GDTI-113 (deprecated) is not decoded"),
        ("FD3795211411234538566CB0AFC525065F1876F0D996D800", "SGTIN++ is not decoded"),
        ("C0FFEE00C0FFEE00C0FFEE00", "unknown header 0xC0"),
        ("", "must be hexadecimal"),
        ("3066C4409047E140075BCD1_", "must be hexadecimal"),
        ("٣٠66C4409047E140075BCD15", "must be hexadecimal"),
    ],
)
def test_a_tag_that_is_no_epc_says_why(epc_hex: str, reason: str) -> None:
    with pytest.raises(EpcError, match=re.escape(reason)):
        decode(epc_hex)
    assert reason in classify(epc_hex)
    assert identity_of_hex(epc_hex) is None


def test_every_header_is_a_scheme_or_is_named() -> None:
    named = [classify(f"{header:02X}" + "0" * 22) for header in range(256) if header not in SCHEME_OF_HEADER]
    assert len(SCHEME_OF_HEADER) == len(Scheme) == 31
    assert sum(text.endswith("is not decoded") for text in named) == 15
    assert all(re.match("unprogrammed|header 0xE2|unknown header 0x|[A-Z]", text) for text in named)


def test_the_toggle_bit_says_that_it_is_no_epc() -> None:
    assert classify("3066C4409047E140075BCD15", 0x3000) == "SGTIN-96"
    assert (
        classify("3066C4409047E140075BCD15", 0x31A2)
        == "no EPC: ISO data by its toggle bit, AFI 0xA2 ISO 17365 transport unit"
    )
    assert classify("E200", 0x3177) == "no EPC: ISO data by its toggle bit, AFI 0x77"


@pytest.mark.parametrize(
    ("yymmdd", "right"),
    [
        ("240229", True),
        ("230229", False),
        ("231131", False),
        ("231100", True),
        ("231300", False),
        ("230001", False),
        ("٢٣١١٠١", False),
        ("23110", False),
    ],
)
def test_dates(yymmdd: str, right: bool) -> None:
    assert is_date(yymmdd) is right


def test_kinds_and_keys_are_complete() -> None:
    assert {row.kind for row in ROWS.values()} == set(Kind)
    assert set(KEYS) == set(Kind) - {Kind.GID}
