"""Orders come in by JSON and CSV alike, in every spelling; what is wrong is said all at once, with its place."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_floor import item, order, parcel, tote

from api.docks import LoadBody
from edge.core.values.order import Order
from edge.intake.orders import CSV_COLUMNS, read_csv, read_json
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
        "row 3, quantity: 'none': input should be a valid integer, unable to parse string as an integer",
        "row 5, gtin: '12': allowed is a GTIN with 8, 12, 13 or 14 digits",
    )
    assert read_csv(b"id,carier,quantity\n").problems[0].startswith("row 1, carier: unknown column: allowed: id, ")
    assert read_csv(b"").problems[0].startswith("row 1: empty")
    assert read_csv(b"\xff").problems == ("body: byte 0 is not UTF-8: save the file as CSV UTF-8",)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_intake(body: bytes) -> None:
    for intake in (read_json(body), read_csv(body), read_csv(b"id,carrier,gtin,quantity\n" + body)):
        assert not (intake.orders and intake.problems)
        assert all(isinstance(one, Order) for one in intake.orders)
        assert all(problem.encode() for problem in intake.problems)
