"""Orders come in by JSON and CSV alike, in every spelling; what is wrong is said all at once, with its place."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_floor import item, order, parcel, tote

from api.docks import LoadBody
from edge.core.values.load import Load
from edge.core.values.order import Order, OrderState
from edge.intake.orders import CSV_COLUMNS, read_csv, read_json
from edge.views.csv_table import csv_table
from edge.views.manifest import Manifest, ManifestLine, manifest_csv
from edge.views.timeline import spellings
from rfid.barcode import identify_code
from rfid.epc.identity import describe

SPELLINGS = ("hex", "uri", "tag_uri", "element_string", "digital_link")


def spelled(hexadecimal: str, spelling: str) -> str:
    return str(describe(hexadecimal)[spelling])


@given(st.lists(st.integers(0, 999), unique=True, max_size=5), st.data())
def test_json_and_csv_mean_the_same(numbers: list[int], data: st.DataObject) -> None:
    orders = [order(number, in_tote=True) for number in numbers]
    spelling = st.sampled_from(SPELLINGS)
    documents = []
    rows = io.StringIO()
    delimiter = data.draw(st.sampled_from([",", ";"]))
    table = csv.DictWriter(rows, CSV_COLUMNS, delimiter=delimiter)
    table.writeheader()
    for number, one in zip(numbers, orders, strict=True):
        about = {
            "id": one.id,
            "carrier": one.carrier,
            "service": one.service,
            "tote": spelled(tote(number % 200), data.draw(spelling)),
            "parcel": spelled(parcel(number), data.draw(spelling)),
        }
        lines = []
        for at, line in enumerate(one.lines):
            epcs = [spelled(item(number * 12 + at), data.draw(spelling))] if line.epcs else []
            gtin = line.gtin.lstrip("0").zfill(data.draw(st.sampled_from([13, 14])))
            lines.append({"gtin": gtin, "quantity": line.quantity, "epcs": epcs})
            whole = about if at == 0 else {"id": one.id}
            table.writerow({**whole, "gtin": gtin, "quantity": line.quantity, "epcs": " ".join(epcs)})
        documents.append({**about, "lines": lines})
    assert read_json(json.dumps(documents).encode()).orders == tuple(orders)
    assert read_csv(rows.getvalue().encode("utf-8-sig")).orders == tuple(orders)


def test_an_order_is_taken_as_it_is_told() -> None:
    """With every key that an order has, as `lanewise sim` sends them and as the api answers."""
    told = order(1, in_tote=True)
    for state in OrderState:
        whole = replace(told, state=state, refused=True, codes=("1Z999AA10123456784",), external="558")
        assert read_json(json.dumps(asdict(whole)).encode()).orders == (whole,)


@given(st.integers(0, 9_999_999))
def test_a_parcel_is_known_by_every_spelling_wherever_it_is_named(number: int) -> None:
    about = describe(parcel(number))
    identity = str(about["identity"])
    digits = identity.removeprefix("(00)")
    epc_hex = str(about["hex"])
    spoken = [digits, f"00{digits}", identity, f"]C100{digits}", epc_hex, epc_hex.lower(), about["uri"]]
    spoken += [
        about["tag_uri"],
        about["digital_link"],
        f"HTTPS://ID.GS1.ORG/00/{digits}",
        f"{identity}(02)09521234000013(37)12",
    ]
    typed = [f" {identity}\t", f"(00) {digits[:1]} {digits[1:8]} {digits[8:]}", f"0x{epc_hex[:8]} {epc_hex[8:]}"]
    for spelling in map(str, spoken):
        assert identify_code(spelling) == identity, spelling
        body = {"id": "A", "carrier": "DHL", "codes": [spelling], "lines": [json.loads(LINE)]}
        assert read_json(json.dumps(body).encode()).orders[0].codes == (identity,), spelling
    for spelling in map(str, [*spoken, *typed]):
        body = {"id": "A", "carrier": "DHL", "parcel": spelling, "lines": [json.loads(LINE)]}
        assert read_json(json.dumps(body).encode()).orders[0].parcel == identity, spelling
        load = LoadBody.model_validate({"by": "Ann", "dock": "door1", "carrier": "DHL", "parcels": [spelling]})
        assert load.parcels == (identity,), spelling
        assert identity in spellings(spelling), spelling


BAD_ORDERS = """[
    {"id": "A", "carrier": "DHL", "lines": [{"gtin": "4006381333931", "quantity": 1}], "totes": "x", "state": "gone"},
    {"id": "A b", "carrier": "", "tote": "123", "parcel": "%s", "lines": [{"gtin": "4006381333932", "quantity": 0}]}
]""" % tote(1)  # noqa: UP031
FOREIGN_ITEM = """{"id": "A", "carrier": "DHL", "lines": [
    {"gtin": "4006381333931", "quantity": 1, "epcs": ["%s"]}
]}""" % item(1)  # noqa: UP031
LINE = '{"gtin": "4006381333931", "quantity": 1}'


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ("[{]", ["body: not JSON in UTF-8: "]),
        ("[7]", ["0: int: allowed is an object"]),
        ('{"id": "A", "carrier": "DHL", "lines": []}', ["lines: list: "]),
        (f'{{"carrier": "DHL", "lines": [{LINE}]}}', ["body: dict: no id: required is id, or channel and external"]),
        (
            BAD_ORDERS,
            [
                "0.state: 'gone': input should be 'open', 'shipped' or 'cancelled'",
                "0.totes: unknown key",
                "1.id: 'A b': ",
                "1.carrier: '': ",
                "1.lines.0.gtin: '4006381333932': check digit 2 must be 1",
                "1.lines.0.quantity: 0: ",
                "1.tote: '123': '123' is no EPC",
                f"1.parcel: '{tote(1)}': is (8003)",
            ],
        ),
        (
            f'[{{"id": "A", "carrier": "DHL", "lines": [{LINE}]}}, {{"id": "A", "carrier": "DHL", "lines": [{LINE}]}}]',
            ["1.id: 'A': stands at 0.id already"],
        ),
        (
            FOREIGN_ITEM,
            ["lines.0: dict: item (01)09521234000013(21)1001 is not of gtin 04006381333931"],
        ),
    ],
)
def test_json_problems_name_path_value_and_limit(body: str, problems: list[str]) -> None:
    intake = read_json(body.encode())
    assert intake.orders == ()
    assert len(intake.problems) == len(problems), intake.problems
    for said in problems:
        assert any(problem.startswith(said) for problem in intake.problems), (said, intake.problems)


def test_csv_problems_name_row_and_column() -> None:
    text = "id,carrier,gtin,quantity\nA,DHL,4006381333931,1\nA,UPS,4006381333931,none\n\nB,DHL,12,1\nC,DHL\n"
    assert read_csv(text.encode()).problems == (
        "row 3, carrier: 'UPS': row 2 of the same order has 'DHL'",
        "row 6: 2 cells: the header has 4",
        "row 3, quantity: 'none': allowed is a whole number in plain digits",
        "row 5, gtin: '12': allowed is a GTIN with 8, 12, 13 or 14 digits",
    )
    assert (
        read_csv(b"id,carier,quantity\n")
        .problems[0]
        .startswith("row 1, carier: unknown column: did you mean 'carrier'? allowed: id, ")
    )
    assert read_csv(b"").problems[0].startswith("row 1: empty")
    assert read_csv(b"\xff").problems == ("body: byte 0 is not UTF-8: save the file as CSV UTF-8",)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_intake(body: bytes) -> None:
    for intake in (read_json(body), read_csv(body), read_csv(b"id,carrier,gtin,quantity\n" + body)):
        assert not (intake.orders and intake.problems)
        assert all(isinstance(one, Order) for one in intake.orders)
        assert all(problem.encode() for problem in intake.problems)


# ---- as the field has it ---------------------------------------------------------------------------------------------


def one(**more: object) -> bytes:
    """An order of one line; ``line_…`` is the line's."""
    line = {"gtin": "4006381333931", "quantity": 1}
    line |= {key.removeprefix("line_"): value for key, value in more.items() if key.startswith("line_")}
    order = {key: value for key, value in more.items() if not key.startswith("line_")}
    return json.dumps({"id": "A", "carrier": "DHL", "lines": [line]} | order).encode()


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_file_of_a_spreadsheet_is_taken_as_it_is_saved(between: str) -> None:
    rows = (
        "ID,Carrier,GTIN,quantity,name,,",
        "A,DHL,4006381333931,2,Mug,,",
        ",,,,,,",
        "A,,4006381333931,1,Cup",
        ",,,,,,",
    )
    for first in ("", f"sep={between}\r\n"):
        text = first + "".join(f"{row}\r\n" for row in rows).replace(",", between)
        (order,) = read_csv(f"\ufeff{text}".encode()).orders
        assert (order.id, order.carrier) == ("A", "DHL")
        assert [(line.name, line.quantity) for line in order.lines] == [("Mug", 2), ("Cup", 1)]
        (problem,) = read_csv(text.replace("Cup", f"Cup{between}{between}x").encode()).problems
        assert problem == f"row {5 if first else 4}: 7 cells: the header has 5"


def test_product_names_of_the_field(shared: Path) -> None:
    orders = read_csv((shared / "field" / "orders_unicode_names.csv").read_bytes()).orders
    assert [(its.id, its.lines[0].name) for its in orders] == [
        ("U1", "\u5145\u96fb\u7dda \uff12\u516c\u5c3a"),
        ("U2", "Kabel 2 m"),
    ]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Mug,\r\nblue\t2", "Mug, blue 2"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        ),
        ("\ufeffDonau\u00addampf\u200b\u202egnp.exe", "Donaudampfgnp.exe"),
        ("\U0001fae8\U0001fadc new emoji", "\U0001fae8\U0001fadc new emoji"),
    ],
)
def test_a_name_is_made_one_line(name: str, stored: str) -> None:
    assert read_json(one(line_name=name)).orders[0].lines[0].name == stored


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\x00", "\ud800"])
def test_what_no_name_has_is_refused(name: str) -> None:
    (problem,) = read_json(one(line_name=name)).problems
    assert problem.startswith("lines.0.name: ") and f"U+{ord(name.strip('a')[0]):04X}" in problem


def test_null_is_absence() -> None:
    nothing = dict.fromkeys(
        ("service", "tote", "parcel", "codes", "channel", "external", "state", "line_epcs", "line_sku")
    )
    assert read_json(one(**nothing)) == read_json(one())
    assert read_json(one(carrier=None)).problems == ("carrier: missing: this key is required",)


@pytest.mark.parametrize("quantity", [True, False, 1.0, "1_000", "1.000", "1,000", "+1", "", "\u0661", "1e2", 0, "0"])
def test_a_quantity_is_a_whole_number(quantity: object) -> None:
    (problem,) = read_json(one(line_quantity=quantity)).problems
    assert problem.startswith("lines.0.quantity: ")


def test_quantities_of_csv_and_json() -> None:
    assert read_json(one(line_quantity="12")).orders == read_json(one(line_quantity=12)).orders


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (one(id="2.61129E+15"), "id: '2.61129E+15': a number that a spreadsheet shortened: format its column as text"),
        (
            one(external="2,6E+15"),
            "external: '2,6E+15': a number that a spreadsheet shortened: format its column as text",
        ),
        (one(codes=["4E+15"]), "codes.0: '4E+15': a number that a spreadsheet shortened: format its column as text"),
        (one(line_gtin="00000000000000"), "lines.0.gtin: '00000000000000': all zeros name nothing"),
        (one(parcel="0" * 18), f"parcel: '{'0' * 18}': is (00){'0' * 18}: all zeros name nothing"),
        (b'{"id": "A", "id": "B", "carrier": "DHL"}', "body: dict: key 'id' stands twice: allowed is each key once"),
        (
            b'[{"id": "A", "carrier": "DHL", "lines": [{"gtin": "4006381333931", "quantity": 1, "quantity": 2}]}]',
            "0.lines.0: dict: key 'quantity' stands twice: allowed is each key once",
        ),
        (
            one(**{"\ud800\n": 1}),
            r"body: '\ud800\n': input should be a valid string, unable to parse raw data as a unicode string",
        ),
    ],
)
def test_what_is_no_key_or_stands_twice(body: bytes, problem: str) -> None:
    assert read_json(body).problems == (problem,)


@given(*[st.lists(st.sampled_from(["shop", "-", "tw", "%", "%2D", "1001", " ", "\u3000", "x" * 40]), min_size=1)] * 2)
def test_two_channels_never_make_one_id(left: list[str], right: list[str]) -> None:
    texts = [re.sub(r"\s", "", "".join(left))[:64], "".join(right)[:200].strip()]
    ids: dict[str, tuple[str, str]] = {}
    for channel, external in (
        texts,
        [texts[0][:3], texts[0][4:] + "-" + texts[1]],
        [f"{texts[0]}-{texts[1]}", texts[1]],
    ):
        for made in read_json(one(id=None, channel=re.sub(r"\s", "", channel)[:64], external=external[:200])).orders:
            key = made.channel, made.external
            assert ids.setdefault(made.id, key) == key
            assert read_json(one(id=made.id)).orders, "what is made may be given"


@pytest.mark.parametrize("digits", ["9" * 1_001, "-" + "9" * 5_000])
def test_a_number_that_is_none_any_more_is_said_by_its_key(digits: str) -> None:
    """Python makes no number of more than 4,300 digits."""
    body = f'[{{"id":"1","carrier":"UPS","lines":[{{"gtin":"09521141000014","quantity":{digits},"name":{digits}}}]}}]'
    name, quantity = sorted(read_json(body.encode()).problems)
    assert re.match(r"0\.lines\.0\.name: '-?999.*…: string should have at most 200 characters", name)
    assert re.match(r"0\.lines\.0\.quantity: '-?999.*…: allowed is a whole number in plain digits", quantity)


def test_the_ids_of_the_field() -> None:
    made = [
        read_json(one(id=None, channel=its[0], external=its[1])).orders[0].id
        for its in (("shop", "tw-1001"), ("shop-tw", "1001"))
    ]
    assert made == ["shop-tw-1001", "shop%2Dtw-1001"]


def test_rows_that_name_one_order_twice() -> None:
    head = "id,channel,external,carrier,gtin,quantity\n"
    rows = (
        head
        + "A,shop,1,DHL,4006381333931,1\n,shop,1,DHL,4006381333931,2\n"
        + "shop-2,,,DHL,4006381333931,1\n,shop,2,UPS,4006381333931,1\n"
    )
    assert read_csv(rows.encode()).problems == (
        "row 3, external: 'shop 1': stands at row 2, external already: allowed is each order once",
        "row 5, id: 'shop-2': stands at row 4, id already: allowed is each order once",
    )


def test_problems_are_counted_after_a_hundred() -> None:
    intake = read_json(b"[" + b"1," * 99_999 + b"1]")
    assert (
        len(intake.problems) == 101 and intake.problems[0] == "0: int: allowed is an object with the keys of an order"
    )
    assert intake.problems[-1] == "and 99,900 more problems like these"


def test_items_are_counted_once_each() -> None:
    epcs = [f"(01)04006381333931(21){number}" for number in range(50_000)]
    problems = read_json(one(line_quantity=100_000, line_epcs=[*epcs, epcs[7]])).problems
    assert problems == ("body: dict: item (01)04006381333931(21)7 stands twice: allowed is each item once",)


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_what_is_given_out_as_csv_is_never_a_formula(rows: list[list[str]]) -> None:
    first, *found = csv.reader(io.StringIO(csv_table(("a", "b"), rows), newline=""))
    assert first == ["a", "b"] and len(found) == len(rows)
    for row, cells in zip(rows, found, strict=True):
        for text, cell in zip(row, cells, strict=True):
            assert cell[:1] not in tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20") and cell in (text, f"'{text}")
            assert cell == text or text[0] in "=+-@\t\r\uff1d\uff0b\uff0d\uff20"


def test_a_manifest_is_no_formula() -> None:
    load = Load(id="L1", dock="door1", carrier="DHL", trailer="@SUM(A1)")
    line = ManifestLine("(00)1", "wrong", by='=HYPERLINK("http://x")', note="-1")
    rows = manifest_csv(Manifest(load, 1, 0, "Ann", "", False, 0, (line,))).splitlines()
    assert rows[1] == """L1,door1,'@SUM(A1),(00)1,wrong,,,,,"'=HYPERLINK(""http://x"")",'-1,,"""
