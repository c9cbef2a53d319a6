"""Laws of EPCs: every spelling of a thing is one identity, tags come back bit for bit, and bad ones are refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from epc_tags import GS1_TEXT, VECTORS, tags, things
from hypothesis import given
from hypothesis import strategies as st

from rfid.epc.gs1 import KEYS
from rfid.epc.identity import (
    DateKind,
    Epc,
    EpcError,
    EpcTag,
    Kind,
    PriorityDate,
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
    parse,
    parse_tag_uri,
    parse_uri,
    sgtin96,
    sscc96,
)

ANY_TAG = st.sampled_from(Scheme).flatmap(tags)


def test_vectors_of_the_standard(shared: Path) -> None:
    vectors = json.loads((shared / "epc" / "tds_96bit.json").read_text())
    assert len(vectors) >= 8
    for vector in vectors:
        tag = decode(vector["hex"])
        assert encode(tag) == vector["hex"]
        described = describe(vector["hex"])
        for key, meaning in vector.items():
            ours = {"pure_identity": "uri"}.get(key, key)
            if meaning is not None and key != "note":
                assert described[ours] == meaning
        assert parse_uri(vector["pure_identity"]) == tag.epc
        assert parse_tag_uri(vector["tag_uri"]) == tag


@pytest.mark.parametrize(("scheme", "epc_hex", "element_string", "uri"), VECTORS, ids=[row[0] for row in VECTORS])
def test_worked_examples_of_the_standard(
    scheme: str, epc_hex: str, element_string: str | None, uri: str | None
) -> None:
    tag = decode(epc_hex)
    filter_value = {"SSCC-96": 0, "SSCC+": 0, "GID-96": 0}.get(scheme, 3)
    assert (tag.scheme, tag.filter_value, tag.element_string) == (scheme, filter_value, element_string)
    assert encode(tag) == epc_hex + "0" * (-len(epc_hex) % 4)
    if uri:
        filtered = "" if scheme == "GID-96" else f"{filter_value}."
        kind, _, parts = uri.partition(":")
        assert tag.uri == f"urn:epc:id:{uri}"
        assert tag.tag_uri == f"urn:epc:tag:{scheme.lower()}:{filtered}{parts}"
        assert tag.epc.kind == kind
    else:
        assert (tag.uri, tag.tag_uri) == (None, None)
    spellings = (epc_hex, epc_hex.lower(), encode(tag), tag.uri, tag.tag_uri, element_string, tag.digital_link)
    assert {identify(text) for text in spellings if text} == {tag.epc.identity} == {identity_of_hex(epc_hex)}


def test_each_scheme_has_a_worked_example() -> None:
    assert [row[0] for row in VECTORS] == list(Scheme)


@pytest.mark.parametrize(
    ("epc_hex", "link"),
    [
        ("F73795211411234538566CB0AFC4", "/01/79521141123453/21/32a%2Fb"),
        ("FB342CDE795211411234538566CB0AFC4", "/01/79521141123453/21/32a%2Fb?17=220630"),
        ("F90095201234567891235", "/00/095201234567891235"),
        ("3976451FD46072CD9615F8800000000000000000000000000000", "/414/9521141123454/254/32a%2Fb"),
        ("3376451FD40C0E400000162E", "/8003/095211411234545678"),
        ("3876451FD59B2C2BF10000000000000000000000000000000000", "/8004/952114132a%2Fb"),
        ("F43952114112345678906", "/8018/952114112345678906"),
        ("F53952114112345678906", "/8017/952114112345678906"),
        ("F6395211411234540458B8", "/253/95211411234545678"),
        ("3D76451FD75411DEF6B4CC00000003039000", "/8010/95211415PQ7%2FZ43/8011/12345"),
        ("F839521141678909509338", "/255/952114167890904711"),
        ("4176451FD40C0E4082DBDD8B36600000000000000000000000000000", "/8006/095211411234540102/21/mw133"),
    ],
)
def test_links_of_the_worked_examples(epc_hex: str, link: str) -> None:
    assert decode(epc_hex).digital_link == f"https://id.gs1.org{link}"


@pytest.mark.parametrize("scheme", list(Scheme))
@given(st.data())
def test_a_tag_comes_back_from_each_of_its_spellings(scheme: Scheme, data: st.DataObject) -> None:
    tag = data.draw(tags(scheme))
    epc_hex = encode(tag)
    assert re.fullmatch("([0-9A-F]{4})+", epc_hex)
    again = decode(epc_hex)
    assert again == decode(epc_hex.lower())
    if tag.aidc is not None:
        assert again.aidc is not None and again.aidc.startswith(tag.aidc) and "1" not in again.aidc[len(tag.aidc) :]
        again = replace(again, aidc=tag.aidc)
    assert again == tag
    assert classify(epc_hex) == scheme
    assert tag.tag_uri is None or parse_tag_uri(tag.tag_uri) == tag
    assert tag.uri is None or parse_uri(tag.uri) == tag.epc
    identity = identity_of_hex(epc_hex)
    assert identity is not None
    spellings = (epc_hex, epc_hex.lower(), tag.tag_uri, tag.uri, tag.element_string, tag.digital_link, identity)
    assert {identify(f" {text}\n") for text in spellings if text} == {identity}
    length = len(tag.epc.company_prefix)
    if length and tag.epc.kind is not Kind.GID:
        assert parse(identity).with_company_prefix(length) == tag.epc


@given(things(), st.sampled_from(["https://example.com", "http://a.example:8080/some/path", "https://x.example/01/5"]))
def test_serials_of_any_allowed_text_are_one_identity(epc: Epc, host: str) -> None:
    identity = epc.identity
    assert epc.uri is not None
    assert identify(epc.uri) == identify(identity) == identity
    assert parse_uri(epc.uri) == epc
    assert epc.uri.isascii()
    assert not set(epc.uri) & set('"&/<>?#')
    if epc.digital_link is not None:
        other_host = epc.digital_link.replace("https://id.gs1.org", host) + "?linkType=all#top"
        assert identify(epc.digital_link) == identify(other_host) == identity
        assert epc.serial == "0" or quote(epc.serial, safe="") in epc.digital_link


@given(st.text("0123456789", min_size=1, max_size=20))
def test_the_check_digit_makes_the_weighted_sum_a_multiple_of_ten(number: str) -> None:
    whole = number + check_digit(number)
    assert sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(whole))) % 10 == 0


@given(things().filter(lambda epc: epc.kind not in (Kind.GID, Kind.GIAI, Kind.CPI)), st.data())
def test_a_wrong_check_digit_is_refused_and_the_right_one_named(epc: Epc, data: st.DataObject) -> None:
    identity, key = epc.identity, KEYS[epc.kind]
    at = len(f"({key.ai})") + key.length - key.pieces - 1
    right = identity[at]
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != right]))
    with pytest.raises(EpcError, match=f"check digit {wrong} must be {right}"):
        identify(identity[:at] + wrong + identity[at + 1 :])


@given(
    st.text(max_size=60)
    | st.from_regex(r"(urn:epc:(id|tag):|\([0-9]{2,4}\)[0-9]{13}|https://)[ -~]{0,60}", fullmatch=True)
)
def test_any_text_is_identified_or_refused_by_name(text: str) -> None:
    try:
        identity = identify(text)
    except EpcError:
        return
    assert identify(identity) == identity


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "allowed are 24 hexadecimal digits"),
        ("hello", "allowed are 24 hexadecimal digits"),
        ("x" * 501, "501 characters, at most 500"),
        (
            "urn:epc:id:pgln:9521141.12345",
            "one of cpi, gdti, giai, gid, grai, gsrn, gsrnp, itip, sgcn, sgln, sgtin, sscc",
        ),
        ("urn:epc:raw:96.x3066", "SGTIN-96 has 96 bits, not 16"),
        ("urn:epc:class:lgtin:4012345.012345.998877", "must begin with urn:epc:id:"),
        ("urn:epc:id:sgtin:95060001343.05", "3 parts between dots, not 2"),
        ("urn:epc:id:sgtin:95060001343.5.1", "must have 2 digits"),
        ("urn:epc:id:sgtin:95060.00134305.1", "must have 6 to 12 digits"),
        ("urn:epc:id:sgtin:.9506000134305.1", "company prefix '' must have 6 to 12 digits"),
        ("urn:epc:id:sgtin:95060001343.05.a%2", "two hexadecimal digits"),
        ("urn:epc:id:sgtin:95060001343.05.a#", "may hold letters"),
        ("urn:epc:id:sgtin:95060001343.05.", "without a serial names a class"),
        ("urn:epc:id:sscc:952012.03456789123.4", "must have 11 digits"),
        ("urn:epc:id:giai:952012.", "may hold letters"),
        ("urn:epc:id:giai:952012.1234567890123456789012345", "25 characters, at most 24"),
        ("urn:epc:id:cpi:9521141.98a.12345", "may hold capital letters"),
        ("urn:epc:id:cpi:9521141.98A.012345", "a number without leading zeros"),
        ("urn:epc:id:sgcn:9521141.67890.04711x", "may hold digits only"),
        ("urn:epc:id:itip:9521141.012345.03.02.1", "piece 03 must be 01..02"),
        ("urn:epc:id:itip:9521141.012345.1.2.1", "pieces '12' must have 4 digits"),
        ("urn:epc:id:gid:952056.02718.1414", "a number without leading zeros"),
        ("urn:epc:tag:gid-96:268435456.1.1", "part '268435456' must be a number 0..268435455"),
        ("urn:epc:tag:sgtin-96:8.95060001343.05.1", "filter value '8' must be 0..7"),
        ("urn:epc:tag:sgtin-96:3.95060001343.05.007", "without leading zeros"),
        ("urn:epc:tag:sgtin+:3.95060001343.05.007", "must begin with urn:epc:tag: and one of"),
        ("urn:epc:tag:grai-96:3.9521141.12345.274877906944", "0..274877906943"),
        ("urn:epc:tag:cpi-96:3.952114198765.1000.1", "reference '1000' must be a number 0..999"),
        ("(02)09506000134352(37)1", "must be one of (00), (01), (253), (255), (414), (8003)"),
        ("(01)09506000134352", "without a serial names a class"),
        ("(01)09506000134352(10)LOT", "must follow (21)"),
        ("(01)9506000134352(21)1", "must have 14 digits"),
        ("(01)09506000134352(21)123456789012345678901", "at most 20"),
        ("(00)095201234567891235(21)1", "has no serial"),
        ("(8003)195211411234545678", "must begin with 0"),
        ("(8003)09521141123454", "without a serial names a class"),
        ("(8004)9X21141123454", "must begin with the digits of a company prefix"),
        ("(8010)952114198765", "without a serial names a class"),
        ("095201234567891230", "check digit 0 must be 5"),
        ("https://id.gs1.org/01/09506000134352", "without a serial names a class"),
        ("https://id.gs1.org/01/9506000134352/21/1", "must have 14 digits"),
        ("https://id.gs1.org/01/09506000134352/21/1/99/2", "may follow /22/and /10/and /21/ in this order"),
        ("https://id.gs1.org/01/09506000134352/21/1/99", "has one of /00/, /01/, /253/"),
        ("https://id.gs1.org/417/9521141123454", "has one of /00/, /01/, /253/"),
        ("https://id.gs1.org/00/095201234567891235/21/1", "nothing may follow"),
    ],
)
def test_text_that_is_no_epc_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(EpcError, match=re.escape(reason)):
        identify(text)


def test_a_link_may_carry_variant_and_lot() -> None:
    link = "https://id.gs1.org/01/09506000134352/22/2A/10/AB%2F1/21/7?17=301231"
    assert identify(link) == "(01)09506000134352(21)7"


def test_a_place_without_extension_is_one_identity() -> None:
    place = "(414)9521141123454"
    spellings = (place, f"{place}(254)0", "urn:epc:id:sgln:9521141.12345.0", "https://id.gs1.org/414/9521141123454")
    assert {identify(text) for text in (*spellings, f"{spellings[3]}/254/0")} == {place}


@given(st.sampled_from(DateKind), st.text(GS1_TEXT.replace("(", ""), min_size=1, max_size=20))
def test_a_date_is_no_part_of_an_items_identity(kind: DateKind, serial: str) -> None:
    epc = Epc(Kind.SGTIN, "", "7952114112345", serial)
    tag = EpcTag(Scheme.DSGTIN_PLUS, 1, epc, PriorityDate(kind, "240229"))
    assert tag.element_string == f"{epc.identity}({kind.ai})240229"
    before = f"(01)79521141123453({kind.ai})240200(21){serial}"
    assert {identify(text) for text in (tag.element_string, tag.digital_link or "", before)} == {epc.identity}


def test_a_serial_that_ends_like_a_date_is_refused_as_it_could_be_one() -> None:
    with pytest.raises(EpcError, match="cannot be told from a serial and a date"):
        Epc(Kind.SGTIN, "9521141", "712345", "A(17)220630")
    assert Epc(Kind.SGTIN, "9521141", "712345", "A(17)220631").identity.endswith("(21)A(17)220631")


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("(01)09506000134352(21)5(10)LOT", "(01)09506000134352(21)5"),
        ("(01)09506000134352(10)LOT(21)5", "(01)09506000134352(21)5"),
        ("(10)LOT(17)301231(01)09506000134352(21)5(3103)001250", "(01)09506000134352(21)5"),
        ("(00)095201234567891235(02)09506000134352(37)12", "(00)095201234567891235"),
        ("(02)09506000134352(37)12(00)095201234567891235", "(00)095201234567891235"),
        ("(01)09506000134352(21)5(00)095201234567891235", "(00)095201234567891235"),
        ("(01)09506000134352(21)A(21)B(1)C(10)", "(01)09506000134352(21)A(21)B(1)C(10)"),  # no elements, so the serial
        ("(01)09506000134352(21)5(37)lots", "(01)09506000134352(21)5(37)lots"),
        ("(8003)095211411234545678(10)LOT", "(8003)095211411234545678"),
        ("(00) 0 9520123 456789123 5", "(00)095201234567891235"),
        ("0 9520123 456789123 5", "(00)095201234567891235"),
        ("00095201234567891235", "(00)095201234567891235"),
        ("0x311b a1b3 00ce 0a6a 8300 0000", "(00)095201234567891235"),
        ("HTTPS://ID.GS1.ORG/00/095201234567891235", "(00)095201234567891235"),
        ("URN:EPC:ID:SSCC:952012.03456789123", "(00)095201234567891235"),
    ],
)
def test_what_stands_beside_a_key_and_how_it_is_written_is_no_part_of_it(text: str, identity: str) -> None:
    assert identify(text) == identity


def test_retagging_keeps_the_identity() -> None:
    epc = Epc(Kind.SGTIN, "95060001343", "05", "123456789")
    unknown = Epc(Kind.SGTIN, "", "0950600013435", "123456789")
    date = PriorityDate(DateKind.BEST_BEFORE, "301200")
    made = [
        EpcTag(Scheme.SGTIN_96, 1, epc),
        EpcTag(Scheme.SGTIN_198, 2, epc),
        EpcTag(Scheme.SGTIN_PLUS, 3, epc),
        EpcTag(Scheme.SGTIN_PLUS, 3, unknown, aidc="0001"),
        EpcTag(Scheme.DSGTIN_PLUS, 4, unknown, date),
    ]
    assert {identity_of_hex(encode(tag)) for tag in made} == {"(01)09506000134352(21)123456789"}
    assert unknown.with_company_prefix(11) == epc


def test_a_scheme_holds_its_own_kind_and_values_only() -> None:
    epc = Epc(Kind.SSCC, "952012", "03456789123")
    item = Epc(Kind.SGTIN, "", "0950600013435", "A1")
    for reason, scheme, filter_value, value, more in (
        ("SGTIN-96 holds SGTIN, not SSCC", Scheme.SGTIN_96, 0, epc, {}),
        ("filter value 8 must be 0..7", Scheme.SSCC_96, 8, epc, {}),
        ("needs to know how long the company prefix is", Scheme.SGTIN_198, 0, item, {}),
        ("SSCC-96 has no date", Scheme.SSCC_96, 0, epc, {"aidc": ""}),
        ("DSGTIN+ must have a date", Scheme.DSGTIN_PLUS, 0, item, {}),
        ("SGTIN+ has no date", Scheme.SGTIN_PLUS, 0, item, {"date": PriorityDate(DateKind.HARVEST, "240101")}),
        ("+AIDC data '12' must be zeros and ones", Scheme.SGTIN_PLUS, 0, item, {"aidc": "12"}),
        ("must be 0, it has none", Scheme.GID_96, 1, Epc(Kind.GID, "1", "2", "3"), {}),
    ):
        with pytest.raises(EpcError, match=re.escape(reason)):
            EpcTag(scheme, filter_value, value, **more)
    with pytest.raises(EpcError, match="EPC memory has at most 496"):
        encode(EpcTag(Scheme.SGTIN_PLUS, 0, item, aidc="1" * 480))


def test_tags_are_made_from_company_prefix_reference_and_serial() -> None:
    assert sgtin96("95060001343", "05", 123456789, 3) == "3066C4409047E140075BCD15"
    assert sscc96("952012", "03456789123") == "311BA1B300CE0A6A83000000"
    assert grai96("9521141", "12345", 5678, 3) == "3376451FD40C0E400000162E"


@given(ANY_TAG)
def test_only_trade_items_have_a_gtin(tag: EpcTag) -> None:
    gtin = gtin_of(tag.epc.identity)
    assert (gtin is not None) == (tag.epc.kind is Kind.SGTIN)
    assert gtin is None or (len(gtin) == 14 and gtin[-1] == check_digit(gtin[:-1]))
