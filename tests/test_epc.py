"""Laws of EPCs: every spelling of a thing is one identity, tags come back bit for bit, and bad ones are refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid.epc import (
    Epc,
    EpcError,
    EpcTag,
    Kind,
    Scheme,
    check_digit,
    classify,
    decode,
    describe,
    encode,
    grai96,
    gtin_of,
    identify,
    identity_of_hex,
    parse_tag_uri,
    parse_uri,
    sgtin96,
    sscc96,
)

TOTAL = {Kind.SGTIN: 13, Kind.SSCC: 17, Kind.GRAI: 12}
SCHEME = {Kind.SGTIN: Scheme.SGTIN_96, Kind.SSCC: Scheme.SSCC_96, Kind.GRAI: Scheme.GRAI_96}
SERIALS_96 = st.one_of(st.sampled_from([0, 1, 2**38 - 1]), st.integers(0, 2**38 - 1)).map(str)
GS1_TEXT = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def digits(length: int) -> st.SearchStrategy[str]:
    """Numbers with leading zeros, and both extremes."""
    extremes = st.sampled_from(["0" * length, "9" * length])
    return st.one_of(extremes, st.text("0123456789", min_size=length, max_size=length))


@st.composite
def tags(draw: st.DrawFn) -> EpcTag:
    kind = draw(st.sampled_from(Kind))
    prefix = draw(digits(draw(st.integers(6, 12))))
    reference = draw(digits(TOTAL[kind] - len(prefix)))
    serial = "" if kind is Kind.SSCC else draw(SERIALS_96)
    return EpcTag(SCHEME[kind], draw(st.integers(0, 7)), Epc(kind, prefix, reference, serial))


@st.composite
def things(draw: st.DrawFn) -> Epc:
    """Also serials that only longer tags can hold."""
    kind = draw(st.sampled_from(Kind))
    prefix = draw(digits(draw(st.integers(6, 12))))
    longest = {Kind.SGTIN: 20, Kind.SSCC: 0, Kind.GRAI: 16}[kind]
    serial = draw(st.text(GS1_TEXT, min_size=min(1, longest), max_size=longest))
    return Epc(kind, prefix, draw(digits(TOTAL[kind] - len(prefix))), serial)


def bits(header: int, partition: int, *fields: tuple[int, int]) -> str:
    """A 96-bit tag put together by hand: (value, width) after header, filter value 0 and partition."""
    text = f"{header:08b}000{partition:03b}" + "".join(f"{value:0{width}b}" for value, width in fields)
    assert len(text) == 96
    return f"{int(text, 2):024X}"


def test_vectors_of_the_standard(shared: Path) -> None:
    seen = set()
    for vector in json.loads((shared / "epc" / "tds_96bit.json").read_text()):
        if vector["scheme"] not in set(Scheme):
            assert vector["scheme"] in classify(vector["hex"])
            assert identity_of_hex(vector["hex"]) is None
            assert "error" in describe(vector["hex"])
            continue
        seen.add(vector["scheme"])
        tag = decode(vector["hex"])
        assert encode(tag) == vector["hex"]
        described = describe(vector["hex"])
        for key, meaning in vector.items():
            ours = {"pure_identity": "uri"}.get(key, key)
            if meaning is not None and key != "note":
                assert described[ours] == meaning
        assert parse_uri(vector["pure_identity"]) == tag.epc
        assert parse_tag_uri(vector["tag_uri"]) == tag
    assert seen == set(Scheme)


def test_a_grai_link_is_its_element_behind_8003() -> None:
    assert decode("3376451FD40C0E400000162E").epc.digital_link == "https://id.gs1.org/8003/095211411234545678"


@given(tags())
def test_a_tag_comes_back_from_each_of_its_spellings(tag: EpcTag) -> None:
    epc_hex = encode(tag)
    assert re.fullmatch("[0-9A-F]{24}", epc_hex)
    assert decode(epc_hex) == decode(epc_hex.lower()) == tag
    assert parse_tag_uri(tag.tag_uri) == tag
    assert parse_uri(tag.epc.uri) == tag.epc
    assert classify(epc_hex) == tag.scheme
    spellings = (epc_hex, epc_hex.lower(), tag.tag_uri, tag.epc.uri, tag.epc.element_string, tag.epc.digital_link)
    identity = identity_of_hex(epc_hex)
    assert {identify(f" {text}\n") for text in spellings} == {identity}
    assert identity is not None
    assert identify(identity) == identity


@given(things(), st.sampled_from(["https://example.com", "http://a.example:8080/some/path"]))
def test_serials_of_any_allowed_text_are_one_identity(epc: Epc, host: str) -> None:
    identity = epc.element_string
    other_host = epc.digital_link.replace("https://id.gs1.org", host) + "?linkType=all#top"
    assert identify(epc.uri) == identify(identity) == identify(epc.digital_link) == identify(other_host) == identity
    assert parse_uri(epc.uri) == epc
    assert quote(epc.serial, safe="") in epc.digital_link
    assert epc.uri.isascii()
    assert not set(epc.uri) & set('"&/<>?')


@given(st.text("0123456789", min_size=1, max_size=20))
def test_the_check_digit_makes_the_weighted_sum_a_multiple_of_ten(number: str) -> None:
    whole = number + check_digit(number)
    assert sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(whole))) % 10 == 0


@given(tags(), st.data())
def test_a_wrong_check_digit_is_refused_and_the_right_one_named(tag: EpcTag, data: st.DataObject) -> None:
    identity = tag.epc.element_string
    at = {Kind.SGTIN: 17, Kind.SSCC: 21, Kind.GRAI: 19}[tag.epc.kind]
    right = identity[at]
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != right]))
    with pytest.raises(EpcError, match=f"check digit {wrong} must be {right}"):
        identify(identity[:at] + wrong + identity[at + 1 :])


@given(st.integers(0, 2**96 - 1), st.sampled_from([0x30, 0x31, 0x33, None]))
def test_any_96_bits_are_refused_or_come_back_bit_for_bit(value: int, header: int | None) -> None:
    if header is not None:
        value = header << 88 | value & (1 << 88) - 1
    epc_hex = f"{value:024X}"
    try:
        tag = decode(epc_hex)
    except EpcError:
        assert identity_of_hex(epc_hex) is None
        assert set(describe(epc_hex)) == {"hex", "error"}
    else:
        assert encode(tag) == epc_hex


@given(st.text(max_size=60) | st.from_regex(r"(urn:epc:(id|tag):|\(|https://)[ -~]{0,60}", fullmatch=True))
def test_any_text_is_identified_or_refused_by_name(text: str) -> None:
    try:
        identity = identify(text)
    except EpcError:
        return
    assert identify(identity) == identity


@pytest.mark.parametrize(
    ("epc_hex", "reason"),
    [
        (bits(0x30, 7, (0, 44), (0, 38)), "partition 7 must be 0..6"),
        (bits(0x30, 0, (10**12, 40), (0, 4), (0, 38)), "company prefix 1000000000000 has more than 12 digits"),
        (bits(0x30, 6, (10**6, 20), (0, 24), (0, 38)), "company prefix 1000000 has more than 6 digits"),
        (bits(0x30, 0, (1, 40), (10, 4), (0, 38)), "reference 10 has more than 1 digits"),
        (bits(0x31, 3, (1, 30), (10**8, 28), (0, 24)), "reference 100000000 has more than 8 digits"),
        (bits(0x31, 3, (1, 30), (1, 28), (1, 24)), "last 24 bits of SSCC-96 must be zero"),
        (bits(0x33, 0, (1, 40), (1, 4), (0, 38)), "reference 1 has more than 0 digits"),
        (bits(0x33, 5, (1, 24), (10**5, 20), (0, 38)), "reference 100000 has more than 5 digits"),
        ("3066C4409047E140075BCD1500", "SGTIN-96 has 96 bits, not 104"),
        ("3066C4409047E140075BCD", "SGTIN-96 has 96 bits, not 88"),
        ("000000000000000000000000", "unprogrammed, all bits are zero"),
        ("00C0FFEE", "unprogrammed, header 0x00"),
        ("E28011052000", "belongs to tag identification"),
        ("36300000000000000000000000000000000000000000000000", "SGTIN-198 is not decoded"),
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "allowed are 24 hexadecimal digits"),
        ("hello", "allowed are 24 hexadecimal digits"),
        ("x" * 501, "501 characters, at most 500"),
        ("urn:epc:id:sgln:9521141.12345.5678", "one of grai, sgtin, sscc"),
        ("urn:epc:raw:96.x3066", "must begin with urn:epc:id:"),
        ("urn:epc:id:sgtin:95060001343.05", "3 parts between dots, not 2"),
        ("urn:epc:id:sgtin:95060001343.5.1", "must have 2 digits"),
        ("urn:epc:id:sgtin:95060.00134305.1", "must have 6 to 12 digits"),
        ("urn:epc:id:sgtin:95060001343.05.a%2", "two hexadecimal digits"),
        ("urn:epc:id:sgtin:95060001343.05.a#", "may hold letters"),
        ("urn:epc:id:sgtin:95060001343.05.", "without a serial names a class"),
        ("urn:epc:id:sscc:952012.03456789123.4", "must have 11 digits"),
        ("urn:epc:tag:sgtin-96:8.95060001343.05.1", "filter value '8' must be 0..7"),
        ("urn:epc:tag:sgtin-96:3.95060001343.05.007", "without leading zeros"),
        ("urn:epc:tag:grai-96:3.9521141.12345.274877906944", "0..274877906943"),
        ("(02)09506000134352(37)1", "must be (00), (01) or (8003)"),
        ("(01)09506000134352", "without a serial names a class"),
        ("(01)09506000134352(10)LOT", "must follow (21)"),
        ("(01)9506000134352(21)1", "must have 14 digits"),
        ("(01)09506000134352(21)123456789012345678901", "at most 20"),
        ("(00)095201234567891235(21)1", "has no serial"),
        ("(8003)195211411234545678", "must begin with 0"),
        ("(8003)09521141123454", "without a serial names a class"),
        ("095201234567891230", "check digit 0 must be 5"),
        ("https://id.gs1.org/01/09506000134352", "without a serial names a class"),
        ("https://id.gs1.org/01/9506000134352/21/1", "must have 14 digits"),
        ("https://id.gs1.org/01/09506000134352/21/1/99/2", "must follow /21/"),
        ("https://id.gs1.org/414/9521141123454", "/00/, /01/ or /8003/"),
        ("https://id.gs1.org/00/095201234567891235/21/1", "nothing may follow"),
    ],
)
def test_text_that_is_no_epc_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(EpcError, match=re.escape(reason)):
        identify(text)


def test_a_link_may_carry_variant_and_lot() -> None:
    link = "https://id.gs1.org/01/09506000134352/22/2A/10/AB%2F1/21/7?17=301231"
    assert identify(link) == "(01)09506000134352(21)7"


def test_a_scheme_holds_its_own_kind_and_filter_values_only() -> None:
    epc = Epc(Kind.SSCC, "952012", "03456789123")
    with pytest.raises(EpcError, match="SGTIN-96 holds SGTIN, not SSCC"):
        EpcTag(Scheme.SGTIN_96, 0, epc)
    with pytest.raises(EpcError, match=r"filter value 8 must be 0\.\.7"):
        EpcTag(Scheme.SSCC_96, 8, epc)


def test_tags_are_made_from_company_prefix_reference_and_serial() -> None:
    assert sgtin96("95060001343", "05", 123456789, 3) == "3066C4409047E140075BCD15"
    assert sscc96("952012", "03456789123") == "311BA1B300CE0A6A83000000"
    assert grai96("9521141", "12345", 5678, 3) == "3376451FD40C0E400000162E"


@given(tags())
def test_only_trade_items_have_a_gtin(tag: EpcTag) -> None:
    gtin = gtin_of(tag.epc.element_string)
    assert (gtin is not None) == (tag.epc.kind is Kind.SGTIN)
    assert gtin is None or (len(gtin) == 14 and gtin[-1] == check_digit(gtin[:-1]))
