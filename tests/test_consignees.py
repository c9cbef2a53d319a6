"""Who gets an order: phones and addresses as people write them, and the keys by which one is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.intake.address import address_findings
from edge.intake.compare import address_key, consignee_key, goods_key, phone_key
from edge.intake.phone import Phone, read_phone
from edge.intake.scripts import compact
from edge.orders.sales import Consignee, SalesLine


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("0755-26712345-803", "CN", Phone("+8675526712345", "803")),
        ("13800138000-1234", "CN", Phone("+8613800138000", "1234", virtual=True)),
        ("13800138000 转 8034", "CN", Phone("+8613800138000", "8034", virtual=True)),
        ("02-2345-6789 分機 123", "TW", Phone("+886223456789", "123")),
        ("（０２）２３４５－６７８９＃１２３", "TW", Phone("+886223456789", "123")),
        ("02-2345-6789轉12", "TW", Phone("+886223456789", "12")),
        ("+1 212-555-0100 ext. 12345", "US", Phone("+12125550100", "12345")),
        ("212-555-0100 x77", "US", Phone("+12125550100", "77")),
        ("+49 (0)30 901820", "TW", Phone("+4930901820")),
        ("0571-88888888/13800138000", "CN", Phone("+8657188888888")),
        ("138****8000", "CN", Phone(masked=True)),
        ("1******6198", "CN", Phone(masked=True)),
        ("138XXXX8000", "CN", Phone(masked=True)),
        ("12345", "CN", Phone()),
        ("", "CN", Phone()),
    ],
)
def test_extensions_and_masks_are_known_before_the_number(text: str, country: str, phone: Phone) -> None:
    assert read_phone(text, country) == phone


@pytest.mark.parametrize(
    ("address", "findings"),
    [
        ({"country": "TW", "region": "臺北市", "city": "大安區", "street": "和平東路1號", "postcode": "106001"}, []),
        ({"country": "TW", "street": "台北市大安区和平東路1號", "postcode": "106"}, []),
        ({"country": "TW", "region": "台北市", "city": "大安區", "street": "路1號", "postcode": "800"}, ["postcode"]),
        ({"country": "TW", "street": "臺北市板橋區文化路1號"}, ["city: 板橋區: 新北市"]),
        ({"country": "TW", "street": "大安區和平東路1號"}, ["ambiguous: 大安區: 台中市, 台北市"]),
        ({"country": "CN", "street": "朝阳区建国路88号"}, ["ambiguous: 朝阳区: 北京市, 吉林省/长春市"]),
        ({"country": "CN", "street": "朝陽區建國路88號"}, ["ambiguous"]),
        ({"country": "CN", "street": "北京 北京市 朝阳区 建国路88号"}, []),
        ({"country": "CN", "street": "吉林省吉林市昌邑区1号"}, []),
        (
            {
                "country": "CN",
                "region": "廣東省",
                "city": "深圳市",
                "district": "南山區",
                "street": "1",
                "postcode": "518027",
            },
            [],
        ),
        ({"country": "CN", "region": "广东", "city": "深圳", "street": "路1", "postcode": "310000"}, ["postcode"]),
        ({"country": "CN", "region": "广东省", "city": "杭州市", "street": "文三路1号"}, ["city: 杭州市: 浙江省"]),
        (
            {"country": "CN", "region": "Guangdong", "city": "Hangzhou", "street": "1", "postcode": "510000"},
            ["city: Hangzhou"],
        ),
        ({"country": "CN", "street": "深圳市新区新路1号"}, []),
        (
            {"country": "US", "region": "CA", "city": "Los Angeles", "street": "1 Main St", "postcode": "10001"},
            ["postcode"],
        ),
        ({"country": "US", "region": "California", "city": "X", "street": "1 Main St", "postcode": "90001"}, []),
        ({"country": "DE", "city": "Atlantis", "street": "Weg 1", "postcode": "1067"}, ["postcode"]),
        ({"country": "DE", "city": "Dresden", "postcode": "01067"}, ["incomplete: "]),
        ({"street": "Weg 1"}, ["incomplete: "]),
        ({"country": "XX", "street": "Weg 1"}, []),
    ],
)
def test_an_address_is_contradicted_and_never_rewritten(address: dict[str, Any], findings: list[str]) -> None:
    found = [
        f"{one.code.partition('-')[2]}: {one.where}: {one.value}" for one in address_findings(Consignee(**address))
    ]
    assert len(found) == len(findings), found
    for said, expected in zip(found, findings, strict=True):
        assert all(part in said for part in expected.split(": ")), said


ANN = Consignee(
    name="王小明",
    phone="+886912345678",
    country="TW",
    region="臺北市",
    city="大安區",
    street="和平東路一段 1 號 3 樓",
    postcode="106",
)


def test_keys_know_one_person_in_both_scripts_and_two_floors_apart() -> None:
    simple = replace(ANN, region="台北市", city="大安区", street="和平东路一段１号，3楼")
    assert consignee_key(ANN) == consignee_key(simple) != ""
    assert address_key(replace(ANN, region="", city="", street="臺北市大安區和平東路一段1號3樓")) == address_key(ANN)
    for other in (
        replace(ANN, street="和平東路一段 1 號 13 樓"),
        replace(ANN, street="和平東路一段 13 號 樓"),
        replace(ANN, phone="+886912345679"),
        replace(ANN, extension="5"),
        replace(ANN, name="王小朋"),
        replace(ANN, country="CN"),
    ):
        assert consignee_key(other) != consignee_key(ANN)
    assert consignee_key(replace(ANN, street="")) == consignee_key(replace(ANN, name=" ")) == ""
    masked = replace(ANN, phone="", phone_given="138****8000", masked=True)
    assert phone_key(masked) == "" and consignee_key(masked) == consignee_key(
        replace(masked, phone_given="138****８000")
    )


def test_goods_to_one_place_are_known_however_they_are_split() -> None:
    def line(number: int, sku: str, quantity: int) -> SalesLine:
        return SalesLine(number=number, sku=sku, quantity=quantity)

    assert goods_key(ANN, [line(1, "A", 1), line(2, "B", 2), line(3, "a", 1)]) == goods_key(
        ANN, [line(1, "B", 2), line(2, "A", 2)]
    )
    assert goods_key(ANN, [line(1, "A", 1)]) != goods_key(ANN, [line(1, "A", 2)])
    assert goods_key(replace(ANN, postcode="", street=""), [line(1, "A", 1)]) == goods_key(ANN, []) == ""


@given(st.text(max_size=40))
def test_a_key_is_the_key_of_itself(text: str) -> None:
    assert compact(compact(text)) == compact(text)


@given(st.text(max_size=40), st.sampled_from(["CN", "TW", "US", ""]))
def test_any_text_is_a_phone_or_none(text: str, country: str) -> None:
    phone = read_phone(text, country)
    assert not (phone.masked and phone.number)


_PLACES = "台臺北市省京朝阳区1a "


@given(
    st.builds(
        Consignee,
        country=st.sampled_from(["CN", "TW", "HK", "DE", "US"]),
        region=st.text(_PLACES, max_size=8),
        street=st.text(_PLACES, max_size=12),
        postcode=st.text("019 -a", max_size=6),
    )
)
def test_any_address_is_judged(consignee: Consignee) -> None:
    assert all(one.code.startswith("address-") for one in address_findings(consignee))
