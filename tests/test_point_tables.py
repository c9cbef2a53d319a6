"""The points of a configuration: tables and CSV, every error at once, and the commands that show them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from house import House, make_house
from numbered_device import NumberedDevice

from edge.cli import main
from edge.config.load import ConfigError, load_line
from edge.config.points import point
from plc.points import Endianness

TABLE = """
[plc.sorter]
points = "points.csv"

[plc.sorter.point."drive/speed"]
type = "REAL"
address = 1001
word_order = "low-first"
unit = "m/s"

[plc.sorter.point."gate/open"]
type = "BOOL"
table = "coil"
address = 5
writable = true
"""
CSV = """name,type,address,table,scale,unit,bit,writable,low,high
drive/temperature,INT,1010,,0.1,°C,,,,
drive/running,BOOL,1011,,,,3,,,
"drive/setpoint",UINT,1100,holding,,mm/s,,true,100,2500
lane1/label,STRING[7],2000,input,,,,,,
"""


@pytest.fixture
def house(project: Path, tmp_path: Path) -> House:
    made = make_house(project, tmp_path)
    write(made, TABLE, CSV)
    return made


def write(house: House, table: str, rows: str | bytes) -> Path:
    """LINE.toml of the house with ``table`` for its sorter, and the CSV file beside it."""
    text = (house.folder / "LINE.toml").read_text()
    path = house.folder / "points.toml"
    path.write_text(text.replace("[plc.sorter]\n", table.removeprefix("\n").split("\n\n", 1)[0] + "\n", 1))
    path.write_text(path.read_text() + table.split("\n\n", 1)[1])
    (house.folder / "points.csv").write_bytes(rows if isinstance(rows, bytes) else rows.encode())
    return path


def test_tables_and_csv_are_one_set_of_points(house: House) -> None:
    plc = load_line(house.folder / "points.toml").plc["sorter"]
    points = {name: point(name, table) for name, table in plc.point.items()}
    assert list(points) == [
        "drive/speed",
        "gate/open",
        "drive/temperature",
        "drive/running",
        "drive/setpoint",
        "lane1/label",
    ]
    setpoint = points["drive/setpoint"]
    assert (setpoint.writable, setpoint.low, setpoint.high, setpoint.unit) == (True, 100, 2500, "mm/s")
    assert points["drive/running"].bit == 3 and points["drive/temperature"].scale == 0.1


def test_a_table_as_a_spreadsheet_of_the_continent_saves_it(house: House, shared: Path) -> None:
    rows = (shared / "field" / "points_excel_eu.csv").read_bytes()
    capitals = rows.replace(b"name;type", "\ufeffName;TYPE".encode()).replace(b"scale", b" Scale ")
    more = "sep=;\nname;type;address;scale;unit;writable;word_order;;\n"
    more += "drive/temp;Int;10;0,1;°C;WAHR;LOW-FIRST;;\n;;;;;;;;\n"
    for given in (rows, capitals, capitals.replace(b";", b"\t"), more.encode(), more.replace("\n", "\r\n").encode()):
        plc = load_line(write(house, TABLE, given)).plc["sorter"]
        temperature = point("drive/temp", plc.point["drive/temp"])
        assert (temperature.address, temperature.scale, temperature.unit) == (10, 0.1, "°C")
    assert temperature.writable and temperature.word_order is Endianness.LOW_FIRST
    with pytest.raises(ConfigError, match="byte 30: not UTF-8: save it as CSV UTF-8"):
        load_line(write(house, TABLE, "name;type;unit\ndrive/temp;INT;°C\n".encode("cp1252")))


def test_every_error_at_once_with_its_line(house: House) -> None:
    table = TABLE.replace('type = "REAL"', 'type = "FLOAT"').replace('"coil"\naddress = 5', '"discrete"')
    rows = CSV + "\n".join(
        (
            "drive/Speed,INT,1,,,,,,,",
            "drive/speed,INT,99999,,,,,,,",
            "drive/a,INT,x,,0,,,maybe,,",
            "drive/b,INT,,,,,,,,",
            "drive/c,BOOL,7,,,,,,,",
            "drive/d,INT,7,,,,,,,5",
            "drive/running,INT,7,,,,,,,",
            "drive/speed,INT,12,,,,,,,",
            "drive/e,INT",
        )
    )
    with pytest.raises(ConfigError) as error:
        load_line(write(house, table, rows))
    said = "\n".join(error.value.problems)
    assert "plc.sorter.point.drive/speed.type: 'FLOAT' is no type: allowed are BOOL" in said
    assert "plc.sorter.point.gate/open.address: missing" in said
    assert "plc.sorter.point.gate/open.writable: True: allowed is false: discrete inputs are read only" in said
    for expected in (
        "line 6: name: 'drive/Speed': string should match",
        "line 7: address: '99999': input should be less than or equal to 65535",
        "line 8: address: 'x'",
        "line 8: writable: 'maybe'",
        "line 9: address: missing",
        "line 10: bit: None: allowed is 0..15",
        "line 11: writable: False: allowed is true, where there are limits",
        "line 12: name: 'drive/running': line 3 has the same",
        "line 13: name: 'drive/speed': is in the tables as well",
        "line 14: 2 cells: allowed are 10, as in line 1",
    ):
        assert f"plc.sorter.points: {house.folder / 'points.csv'}: {expected}" in said, said
    assert len(error.value.problems) == 13


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (b"name,address,colour\n", "line 1: 'colour': unknown column: allowed: name, type, table"),
        (b"name,address\n", "line 1: 'type': missing column"),
        (b"name,type,type\n", "line 1: 'type': twice"),
        (b'name,type\na/b,"INT\n', "no CSV: unexpected end of data"),
        (b"name,type\n\xff\n", "byte 10: not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_of_points_is_said(house: House, rows: bytes, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        load_line(write(house, TABLE, rows))


def test_points_that_the_driver_cannot_reach(house: House) -> None:
    opcua = TABLE.replace("[plc.sorter]\n", '[plc.sorter]\ndriver = "opcua"\n', 1)
    with pytest.raises(ConfigError, match=r"drive/speed\.node: missing: a point of a PLC with driver 'opcua' needs it"):
        load_line(write(house, opcua, CSV))
    node = TABLE.replace("address = 1001", 'node = "ns=2;s=Speed"')
    with pytest.raises(ConfigError, match=r"drive/speed\.node: 'ns=2;s=Speed': only with driver 'opcua'"):
        load_line(write(house, node, CSV))


def test_the_plan_is_printed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(house.folder / "points.toml")
    assert main(["plc", "plan", path, "--plc", "sorter"]) == 0
    assert capsys.readouterr().out == (
        "sorter: 6 points in 4 requests, every 500 ms\n"
        "  coils 5: 1 bit\n"
        "                5  gate/open  BOOL writable\n"
        "  input registers 2000-2003: 4 registers\n"
        "        2000-2003  lane1/label  STRING[7]\n"
        "  holding registers 1001-1011: 11 registers, 7 of them for no point\n"
        "        1001-1002  drive/speed  REAL low word first m/s\n"
        "             1010  drive/temperature  INT x 0.1 °C\n"
        "           1011.3  drive/running  BOOL\n"
        "  holding registers 1100: 1 register\n"
        "             1100  drive/setpoint  UINT mm/s writable\n"
    )
    assert main(["plc", "plan", path, "--plc", "sorter", "--json"]) == 0
    requests = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["table"], one["first"], one["count"], one["unused"]) for one in requests] == [
        ("coils", 5, 1, 0),
        ("input registers", 2000, 4, 0),
        ("holding registers", 1001, 11, 7),
        ("holding registers", 1100, 1, 0),
    ]
    alone = house.folder / "opcua.toml"
    alone.write_text(
        'controller = "c"\nsite = "s"\njournal = "j"\n[plc.p]\ndriver = "opcua"\n[plc.p.opcua]\n'
        'url = "opc.tcp://h:4840"\npolicy = "None"\n'
        '[plc.p.point."a/b"]\ntype = "REAL"\nnode = "ns=2;s=B"\nunit = "m/s"\n',
        encoding="utf-8",
    )
    assert main(["plc", "plan", str(alone)]) == 0, "a PLC without a line will do"
    assert capsys.readouterr().out == ("p: 1 point in 1 request, every 500 ms\n  1 node\n    ns=2;s=B  a/b  REAL m/s\n")
    assert main(["plc", "plan", str(alone), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"plc": "p", "count": 1, "nodes": ["ns=2;s=B"], "points": ["a/b"]}


def test_points_are_watched_beside_a_mailbox(house: House, run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async def watch(*options: str) -> str:
        async with NumberedDevice({2002}) as device:
            path = write(house, TABLE.replace("[plc.sorter]", f"[plc.sorter]\nport = {device.port}", 1), CSV)
            path.write_text(path.read_text().replace(f"port = {house.ports['plc.sorter']}\n", "", 1))
            command = ["plc", "watch", str(path), "--plc", "sorter", "--once", *options]
            assert await asyncio.to_thread(main, command) == 0
        return capsys.readouterr().out

    answer = json.loads(run(watch("--json")))
    points = answer["points"]
    assert answer["up"]["problem"].startswith("word 0: layout")
    assert (points["drive/temperature"]["value"], points["drive/temperature"]["quality"]) == (101.0, "good")
    assert points["drive/running"]["value"] is False and points["gate/open"]["value"] is False
    assert points["lane1/label"]["value"] is None and points["lane1/label"]["quality"] == "bad"
    text = run(watch())
    assert "drive/temperature" in text and "101 °C" in text
    assert "lane1/label" in text and "bad: exception code 2 (no such address)" in text
