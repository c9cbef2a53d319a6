"""Points: every type in every order, the fewest reads, honest quality, and writes within their limits only."""

from __future__ import annotations

import math
import struct
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numbered_device import NumberedDevice
from pymodbus.client import AsyncModbusTcpClient

from plc.modbus_points import ModbusPoints
from plc.point_plan import BITS_MOST, REGISTERS_MOST, Request, plan, split
from plc.point_table import REFRESH_US, PointTable
from plc.points import (
    Encoding,
    Endianness,
    Point,
    PointError,
    PointFault,
    PointFound,
    PointKind,
    PointType,
    Quality,
    Table,
    Uncertain,
    Value,
    check_write,
    decode,
    encode,
    parse_type,
)
from plc.wires import Tcp

RANGES = {
    PointKind.SINT: (-(2**7), 2**7 - 1),
    PointKind.USINT: (0, 2**8 - 1),
    PointKind.BYTE: (0, 2**8 - 1),
    PointKind.INT: (-(2**15), 2**15 - 1),
    PointKind.UINT: (0, 2**16 - 1),
    PointKind.WORD: (0, 2**16 - 1),
    PointKind.DINT: (-(2**31), 2**31 - 1),
    PointKind.UDINT: (0, 2**32 - 1),
    PointKind.DWORD: (0, 2**32 - 1),
    PointKind.LINT: (-(2**63), 2**63 - 1),
    PointKind.ULINT: (0, 2**64 - 1),
    PointKind.LWORD: (0, 2**64 - 1),
    PointKind.TIME: (-(2**31), 2**31 - 1),
    PointKind.DATE_AND_TIME: (0, 2**32 - 1),
}
LATIN = st.characters(max_codepoint=255, exclude_characters="\0")


@st.composite
def point_and_value(draw: st.DrawFn) -> tuple[Point, Value]:
    kind = draw(st.sampled_from(PointKind))
    length = draw(st.integers(1, 40)) if kind is PointKind.STRING else 0
    values: dict[PointKind, st.SearchStrategy[Value]] = {
        PointKind.BOOL: st.booleans(),
        PointKind.STRING: st.text(LATIN, max_size=length),
        PointKind.REAL: st.floats(width=32, allow_nan=False, allow_infinity=False),
        PointKind.LREAL: st.floats(allow_nan=False, allow_infinity=False),
    }
    table = draw(st.sampled_from(Table if kind is PointKind.BOOL else [Table.INPUT, Table.HOLDING]))
    bit = draw(st.integers(0, 15)) if kind is PointKind.BOOL and not table.of_bits else None
    orders = (draw(st.sampled_from(Endianness)), draw(st.sampled_from(Endianness)))
    point = Point("a/b", PointType(kind, length), table, 7, "", *orders, bit)
    return point, draw(values[kind] if kind in values else st.integers(*RANGES[kind]))


@given(point_and_value())
def test_every_type_survives_its_registers_in_every_order(given_: tuple[Point, Value]) -> None:
    point, value = given_
    words = encode(point, value)
    assert len(words) == point.size and all(0 <= word <= 0xFFFF for word in words)
    back = decode(point, words)
    assert back == value and type(back) is type(value)


@given(point_and_value(), st.sampled_from(Endianness))
def test_words_are_those_of_another_library(given_: tuple[Point, Value], word_order: Endianness) -> None:
    """pymodbus converts the same numbers; it knows no order of bytes, which is bytes swapped in each word."""
    client = AsyncModbusTcpClient
    kinds = {
        PointKind.INT: client.DATATYPE.INT16,
        PointKind.UINT: client.DATATYPE.UINT16,
        PointKind.DINT: client.DATATYPE.INT32,
        PointKind.TIME: client.DATATYPE.INT32,
        PointKind.UDINT: client.DATATYPE.UINT32,
        PointKind.LINT: client.DATATYPE.INT64,
        PointKind.ULINT: client.DATATYPE.UINT64,
        PointKind.REAL: client.DATATYPE.FLOAT32,
        PointKind.LREAL: client.DATATYPE.FLOAT64,
    }
    point, value = given_
    assume(point.type.kind in kinds)
    order = "big" if word_order is Endianness.HIGH_FIRST else "little"
    theirs = client.convert_to_registers(value, kinds[point.type.kind], word_order=order)  # type: ignore[arg-type]
    straight = Point("a/b", point.type, word_order=word_order)
    swapped = Point("a/b", point.type, word_order=word_order, byte_order=Endianness.LOW_FIRST)
    assert encode(straight, value) == theirs
    assert encode(swapped, value) == [word >> 8 | (word & 0xFF) << 8 for word in theirs]


def test_orders_as_the_trade_writes_them() -> None:
    """12345678 as ABCD, CDAB, BADC and DCBA; a byte, a bit and text in a register."""
    high, low = Endianness.HIGH_FIRST, Endianness.LOW_FIRST
    found = {
        (words, octets): encode(Point("a/b", parse_type("DWORD"), word_order=words, byte_order=octets), 0x12345678)
        for words, octets in product(Endianness, Endianness)
    }
    assert found == {
        (high, high): [0x1234, 0x5678],
        (low, high): [0x5678, 0x1234],
        (high, low): [0x3412, 0x7856],
        (low, low): [0x7856, 0x3412],
    }
    assert encode(Point("a/b", parse_type("SINT")), -2) == [0x00FE]
    assert decode(Point("a/b", parse_type("SINT")), [0x55FE]) == -2
    assert parse_type("String(5)") == parse_type(" STRING[5] ") and parse_type("DInt") == parse_type("DINT")
    assert encode(Point("a/b", parse_type("STRING[5]")), "ABC") == [0x4142, 0x4300, 0]
    assert decode(Point("a/b", parse_type("STRING[3]"), byte_order=low), [0x4241, 0x5843]) == "ABC"
    assert decode(Point("a/b", parse_type("BOOL"), bit=9), [0x0200]) is True
    with pytest.raises(PointError, match="nan is no number"):
        decode(Point("a/b", parse_type("REAL")), struct.unpack(">2H", struct.pack(">f", math.nan)))


@given(
    kind=st.sampled_from([kind for kind in RANGES if kind is not PointKind.BYTE] + [PointKind.REAL]),
    scale=st.sampled_from([1, 0.1, 0.01, 2, -0.5, 6]),
    offset=st.sampled_from([0, -40, 0.5]),
    low=st.integers(-200, 100),
    span=st.integers(0, 300),
    value=st.one_of(st.floats(-500, 500), st.integers(-500, 500)),
)
def test_what_is_written_is_near_what_was_meant_and_within_the_limits(
    kind: PointKind, scale: float, offset: float, low: int, span: int, value: float
) -> None:
    point = Point("a/b", PointType(kind), scale=scale, offset=offset, writable=True, low=low, high=low + span)
    try:
        check_write(point, value)
    except PointError as error:
        assert str(error).startswith("a/b: ") and "allowed is" in str(error)
        return
    written = decode(point, encode(point, value))
    assert isinstance(written, int | float) and abs(written - value) <= abs(scale) / 2 + 1e-4
    assert low - 1e-3 <= written <= low + span + 1e-3


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: parse_type("FLOAT"), "'FLOAT' is no type: allowed are BOOL, SINT"),
        (lambda: parse_type("STRING"), "only STRING has a length, 1..246"),
        (lambda: parse_type("INT[4]"), "only STRING has a length"),
        (lambda: Point("a/b", parse_type("BOOL")), "bit: None: allowed is 0..15 for a BOOL in a register"),
        (lambda: Point("a/b", parse_type("INT"), Table.COIL), "type: INT: allowed is BOOL in coils"),
        (lambda: Point("a/b", parse_type("LREAL"), address=65_533), "address: 65533: allowed is 0..65532 for LREAL"),
        (lambda: Point("a/b", parse_type("INT"), Table.INPUT, writable=True), "input registers are read only"),
        (lambda: Point("a/b", parse_type("INT"), scale=0), "scale: 0: allowed is a number that is not 0"),
        (lambda: Point("a/b", parse_type("INT"), high=3), "writable: False: allowed is true, where there are limits"),
        (lambda: check_write(Point("a/b", parse_type("INT")), 1), "a/b: is not declared writable"),
        (
            lambda: check_write(Point("a/b", parse_type("INT"), writable=True, high=9, unit="m/s"), 10),
            "a/b: 10: allowed is -inf..9 m/s",
        ),
        (lambda: check_write(Point("a/b", parse_type("INT"), writable=True), 1.5), "1.5: allowed is what INT holds"),
        (lambda: check_write(Point("a/b", parse_type("INT"), writable=True), True), "True: allowed is a number"),
        (lambda: encode(Point("a/b", parse_type("STRING[2]")), "abc"), "at most 2 octets"),
        (lambda: encode(Point("a/b", parse_type("STRING[2]")), "中"), "text in latin-1"),
        (lambda: encode(Point("a/b", parse_type("STRING[2]"), encoding=Encoding.UTF_8), "中"), "at most 2 octets"),
        (lambda: encode(Point("a/b", parse_type("UINT"), encoding=Encoding.BCD), 10_000), "what UINT holds"),
        (lambda: decode(Point("a/b", parse_type("UINT"), encoding=Encoding.BCD), [0x12AF]), "0x12AF is no BCD"),
        (lambda: decode(Point("a/b", parse_type("STRING[2]"), encoding=Encoding.UTF_8), [0xFFFF]), "no text in utf-8"),
        (
            lambda: decode(Point("a/b", parse_type("STRING[2]"), header=True), [0x02FF, 0]),
            "header says 255 octets of 2",
        ),
        (lambda: Point("a/b", parse_type("INT"), encoding=Encoding.BCD), "encoding: bcd: allowed is"),
        (lambda: Point("a/b", parse_type("INT"), encoding=Encoding.GBK), "encoding: gbk: allowed is bcd"),
        (lambda: Point("a/b", parse_type("STRING[246]"), header=True), "header: s7: allowed is with STRING[1..244]"),
    ],
)
def test_errors_name_value_and_limit(make: Any, text: str) -> None:
    with pytest.raises(PointError) as error:
        make()
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("kind", "encoding", "header", "octets", "value"),
    [
        ("STRING[8]", None, False, b"K3\r\n\0\0\0\0", "K3"),
        ("STRING[8]", Encoding.UTF_8, False, "北京".encode() + b"\0\0", "北京"),
        ("STRING[8]", Encoding.UTF_8, False, "北京ab".encode(), "北京ab"),
        ("STRING[8]", Encoding.UTF_8, False, "ab北京".encode(), "ab北京"),
        ("STRING[7]", Encoding.UTF_8, False, "ab北京".encode(), "ab北"),
        ("STRING[8]", Encoding.GBK, False, "北京".encode("gbk") + b"\r\0\0\0", "北京"),
        ("STRING[6]", None, True, b"\x06\x03ABCold", "ABC"),
        ("STRING[6]", Encoding.GBK, True, b"\xfe\x04" + "北京".encode("gbk") + b"zz", "北京"),
        ("UINT", Encoding.BCD, False, b"\x12\x34", 1234),
        ("UDINT", Encoding.BCD, False, b"\x12\x34\x56\x78", 12_345_678),
        ("USINT", Encoding.BCD, False, b"\xff\x42", 42),
    ],
)
def test_texts_and_digits_as_devices_have_them(
    kind: str, encoding: Encoding | None, header: bool, octets: bytes, value: Value
) -> None:
    point = Point("a/b", parse_type(kind), encoding=encoding, header=header)
    assert decode(point, list(struct.unpack(f">{len(octets) // 2}H", octets))) == value
    assert decode(point, encode(point, value)) == value


# ---- the plan --------------------------------------------------------------------------------------------------------

TYPES = ["BOOL", "UINT", "DINT", "LREAL", "STRING[21]", "STRING[246]"]


@st.composite
def tables(draw: st.DrawFn, most: int = 40, addresses: int = 700) -> list[Point]:
    points = []
    for number in range(draw(st.integers(0, most))):
        table = draw(st.sampled_from(Table))
        kind = parse_type("BOOL" if table.of_bits else draw(st.sampled_from(TYPES)))
        bit = draw(st.integers(0, 15)) if kind.kind is PointKind.BOOL and not table.of_bits else None
        at = draw(st.integers(0, addresses)) * (7 if table.of_bits else 1)
        points.append(Point(f"p/{number}", kind, table, at, bit=bit))
    return points


def gaps(request: Request) -> list[int]:
    used = {at for point in request.points for at in range(point.address, point.address + point.size)}
    ordered = sorted(used)
    return [after - before - 1 for before, after in pairwise(ordered)]


@given(tables(), st.integers(0, 124))
def test_a_plan_reads_each_point_once_within_the_limits_of_the_protocol(points: list[Point], hole: int) -> None:
    requests = plan(points, hole)
    assert sorted(point.name for request in requests for point in request.points) == sorted(one.name for one in points)
    for request in requests:
        assert request.count <= (BITS_MOST if request.table.of_bits else REGISTERS_MOST)
        for point in request.points:
            assert point.table is request.table
            assert request.first <= point.address
            assert point.address + point.size <= request.first + request.count
        assert max(gaps(request), default=0) <= hole
        assert request.holes == sum(gaps(request))


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([1, 2, 4])), max_size=7), st.integers(0, 40))
def test_no_plan_has_fewer_requests(places: list[tuple[int, int]], hole: int) -> None:
    kinds = {1: "UINT", 2: "DINT", 4: "LREAL"}
    end = 0
    points = []
    for gap, size in places:  # side by side, as any sane table is
        points.append(Point(f"p/{len(points)}", parse_type(kinds[size]), address=end + gap))
        end += gap + size

    def fits(group: list[Point]) -> bool:
        spans = list(pairwise(group))
        whole = group[-1].address + group[-1].size - group[0].address
        return whole <= REGISTERS_MOST and all(b.address - a.address - a.size <= hole for a, b in spans)

    fewest = [0] + [len(points)] * len(points)
    for stop in range(1, len(points) + 1):
        fewest[stop] = min(fewest[begin] + 1 for begin in range(stop) if fits(points[begin:stop]))
    assert len(plan(points, hole)) == fewest[-1]


@given(tables(most=12, addresses=200), st.sets(st.integers(0, 220), max_size=60))
def test_splitting_ends_with_all_that_can_be_read(points: list[Point], missing: set[int]) -> None:
    waiting, served, asked = list(plan(points, 16)), set(), 0
    while waiting:
        request = waiting.pop()
        asked += 1
        if not missing & set(range(request.first, request.first + request.count)):
            served |= {point.name for point in request.points}
        elif parts := split(request):
            assert sum(len(part.points) for part in parts) == len(request.points)
            waiting += parts
    there = {one.name for one in points if not missing & set(range(one.address, one.address + one.size))}
    assert there <= served and asked <= 2 * len(points)


# ---- a device --------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_device_whose_register_n_holds_n_finds_every_off_by_one(run: Any, data: st.DataObject) -> None:
    points = data.draw(tables(most=25))
    missing = data.draw(st.sets(st.integers(0, 4_900), max_size=20))
    most = data.draw(st.sampled_from([125, 60, 4]))

    async def main() -> None:
        async with NumberedDevice(missing, most) as device:
            link = ModbusPoints("sorter", Tcp("127.0.0.1", device.port), points, timeout_ms=60_000)
            await link.connect()
            first = await link.read()
            asked = len(device.asked)
            assert await link.read() == first
            again = device.asked[asked:]
            for point in points:
                extent = range(point.address, point.address + point.size)
                if missing & set(extent) or (point.size > most and not point.table.of_bits):
                    assert isinstance(first[point.name], PointFault)
                elif point.table.of_bits:
                    assert first[point.name] is bool(device.bit(point.address))
                else:
                    assert first[point.name] == decode(point, list(extent))
            assert len(again) <= len(points) and len(again) == len(link.requests)
            await link.close()

    run(main())


def test_writes_go_where_they_belong_and_refusals_are_said(run: Any) -> None:
    async def main() -> None:
        async with NumberedDevice({900}) as device:
            bit = Point(
                "a/bit", parse_type("BOOL"), address=0x0F0, bit=12, byte_order=Endianness.LOW_FIRST, writable=True
            )
            coil = Point("a/coil", parse_type("BOOL"), Table.COIL, 33, writable=True)
            real = Point("a/real", parse_type("REAL"), address=500, word_order=Endianness.LOW_FIRST, writable=True)
            gone = Point("a/gone", parse_type("INT"), address=900, writable=True)
            link = ModbusPoints("sorter", Tcp("127.0.0.1", device.port), [bit, coil, real, gone], timeout_ms=60_000)
            await link.connect()
            for point, value in ((bit, True), (coil, True), (real, -2.5)):
                await link.write(point, value)
            assert device.written == {0x0F0: 0x0F0 | 0x0010, 500: 0, 501: 0xC020}
            assert device.coils == {33: 1}
            values = await link.read()
            assert (values["a/bit"], values["a/coil"], values["a/real"]) == (True, True, -2.5)
            assert values["a/gone"] == PointFault("exception code 2 (no such address)")
            with pytest.raises(PointError, match=r"a/gone: holding registers 900: exception code 2"):
                await link.write(gone, 1)
            device.mask = False
            with pytest.raises(PointError, match="a bit of a register needs function 22"):
                await link.write(bit, False)
            await link.close()

    run(main())


# ---- quality ---------------------------------------------------------------------------------------------------------


def test_nothing_is_told_that_was_not_read_and_stale_is_told_as_stale() -> None:
    point = Point("a/b", parse_type("REAL"), deadband=0.5, unit="bar")
    table = PointTable([point, Point("a/c", parse_type("INT"))], stale_us=1_000_000)
    assert list(table.pass_time(9_000_000)) == []
    assert table.reading("a/b", 9_000_000).reason == "not read yet" and table.reading("a/b", 9_000_000).value is None

    def told(value: PointFound, at_us: int) -> list[tuple[Value | None, Quality]]:
        return [(reading.value, reading.quality) for reading in table.took({"a/b": value}, at_us)]

    assert told(1.0, 10_000_000) == [(1.0, Quality.GOOD)]
    assert told(1.5, 10_500_000) == [] and told(0.5, 10_600_000) == []
    assert told(1.51, 10_700_000) == [(1.51, Quality.GOOD)]
    assert list(table.pass_time(11_700_000)) == []
    (stale,) = table.pass_time(11_700_001)
    assert (stale.value, stale.quality, stale.reason) == (1.51, Quality.STALE, "not read for 1000 ms")
    assert list(table.pass_time(20_000_000)) == [], "once is enough"
    assert table.reading("a/b", 20_000_000).quality is Quality.STALE and stale.read_us == 10_700_000
    assert told(1.51, 20_000_001) == [(1.51, Quality.GOOD)], "good again is news though the value is the same"
    assert told(PointFault("exception code 2"), 20_000_002) == [(None, Quality.BAD)]
    assert told(PointFault("exception code 2"), 20_000_003) == []
    assert told(PointFault("exception code 4"), 20_000_004) == [(None, Quality.BAD)]
    drifts = Uncertain(1.6, "UncertainSensorNotAccurate")
    assert told(drifts, 20_000_004) == [(1.6, Quality.UNCERTAIN)] and told(drifts, 20_000_004) == []
    assert told(Uncertain(1.6, "UncertainLastUsableValue"), 20_000_004) == [(1.6, Quality.UNCERTAIN)]
    assert told(1.6, 20_000_005) == [(1.6, Quality.GOOD)]
    assert told(1.7, 20_000_005 + REFRESH_US) == [(1.7, Quality.GOOD)], "steady is told again"


@given(
    st.lists(st.tuples(st.one_of(st.integers(-50, 50), st.none()), st.integers(1, 3_000_000)), max_size=40),
    st.integers(0, 20),
)
def test_what_was_told_last_is_near_what_is_known(steps: list[tuple[int | None, int]], deadband: int) -> None:
    """Whoever keeps what was told last has the quality right and the value within the deadband."""
    point = Point("a/b", parse_type("INT"), deadband=deadband)
    table = PointTable([point], stale_us=1_000_000)
    at_us, kept = 0, None
    for value, wait_us in steps:
        at_us += wait_us
        for reading in table.pass_time(at_us):
            kept = reading
        if value is not None:
            for reading in table.took({"a/b": value}, at_us):
                kept = reading
        known = table.reading("a/b", at_us)
        if known.read_us:
            assert kept is not None and kept.quality is known.quality
            assert isinstance(kept.value, int) and isinstance(known.value, int)
            assert abs(kept.value - known.value) <= deadband
        else:
            assert kept is None
