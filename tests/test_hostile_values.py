"""What no journal could give back never reaches one: hostile numbers and texts, and a writing thread that fails.

Public names: none; run by pytest.
"""

from __future__ import annotations

import json
import math
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st
from waiting import HANGS_S

from edge.config.load import ConfigError, load_line
from edge.config.plcs import PlcConfig
from edge.core.events import KINDS, DeviceChanged, MachineReported, PointChanged
from edge.devices.packml import PackmlSession
from edge.devices.points import PointSession
from edge.journal import writer
from edge.journal.reader import JournalReader
from edge.journal.record import Entered, NotKept, decode, kept
from edge.journal.sign import Unwritable, shown
from edge.journal.writer import Journal
from plc import opcua_packml
from plc.opcua_points import from_node
from plc.points import Encoding, Point, PointError, PointFault, PointFound, PointKind, parse_type
from plc.points import decode as point_of
from rfid.autoid import AutoIdReader
from rfid.autoid_codec import AutoIdError, ScanResult, Sighting, encode_scan_result
from rfid.bad_messages import BadMessages
from rfid.driver import ReaderClock, ReaderEvent, Reads, rows
from rfid.vendor_json import Vendor, heard

NUMBERS = st.floats() | st.sampled_from((math.nan, math.inf, -math.inf, 1e308, -1e308, -0.0, 5e-324))
WHOLE = st.integers() | st.sampled_from((2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**400))
TEXTS = st.text(st.characters(exclude_categories=()))


def parts(value: object) -> Iterator[object]:
    """Everything within a value."""
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from parts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from parts(one)


def is_text(part: object) -> bool:
    with suppress(UnicodeEncodeError):
        return not isinstance(part, str) or part.encode() is not None
    return False


@given(st.data())
def test_every_value_comes_back_or_is_refused(data: st.DataObject) -> None:
    st.register_type_strategy(float, NUMBERS)
    st.register_type_strategy(int, WHOLE)
    st.register_type_strategy(str, TEXTS)
    try:
        value = data.draw(st.from_type(KINDS[data.draw(st.sampled_from(sorted(KINDS)))]))
    finally:
        st.register_type_strategy(float, st.floats())
        st.register_type_strategy(int, st.integers())
        st.register_type_strategy(str, st.text())
    every = [*parts(value)]
    finite = all(math.isfinite(one) for one in every if isinstance(one, float))
    if not finite or not -(2**63) <= value.at_us < 2**63:
        with pytest.raises(NotKept):
            kept(value)
        return
    entry = kept(value)
    assert decode(type(value).__name__, entry.body) == entry.value
    assert all(map(is_text, parts(entry.value)))
    if all(map(is_text, every)):
        assert entry.value == value


def test_what_its_kind_does_not_have_is_refused() -> None:
    for wrong in (DeviceChanged(1, "plc.a", True, 7), DeviceChanged(True, "plc.a", True, "")):  # type: ignore[arg-type]
        with pytest.raises(NotKept, match="DeviceChanged"):
            kept(wrong)


# ---- the drivers' decoders -------------------------------------------------------------------------------------------


def journaled(points: Sequence[Point], found: dict[str, PointFound]) -> list[Entered[Any]]:
    """What a PLC's points bring into the journal."""
    told: list[Entered[Any]] = []
    point = {one.name: {"type": "WORD", "address": 1} for one in points}
    table = PlcConfig.model_validate({"mailbox": False, "host": "127.0.0.1", "point": point})
    session = PointSession("plc", table, lambda: 1, lambda value: told.append(kept(value)))
    session._tell(session._table.took(found, 1))
    return told


SCALES = st.sampled_from((1.0, 0.1, -1e300, 1e-300, 1e308))
TYPES = st.sampled_from([*PointKind]).map(lambda kind: parse_type(f"{kind}[8]" if kind is PointKind.STRING else kind))


@given(TYPES, SCALES, st.binary(min_size=8, max_size=8), st.sampled_from([None, *Encoding]))
def test_any_registers_give_a_value_that_comes_back_or_none(
    kind: Any, scale: float, octets: bytes, encoding: Encoding | None
) -> None:
    try:
        point = Point("a/b", kind, scale=scale, encoding=encoding, bit=0 if kind.kind is PointKind.BOOL else None)
    except PointError:
        return
    found: PointFound
    try:
        found = point_of(point, struct.unpack(">4H", octets)[: point.size])
    except PointError as error:
        found = PointFault(str(error))
    (told,) = journaled([point], {"a/b": found})
    assert isinstance(told.value, PointChanged)
    assert (told.value.value is None) == (told.value.quality == "bad") == bool(told.value.reason)


VARIANTS: dict[ua.VariantType, st.SearchStrategy[Any]] = {
    ua.VariantType.Double: NUMBERS,
    ua.VariantType.Float: NUMBERS,
    ua.VariantType.Int32: st.integers(-(2**31), 2**31 - 1),
    ua.VariantType.Int64: st.integers(-(2**63), 2**63 - 1),
    ua.VariantType.UInt64: st.integers(0, 2**64 - 1),
    ua.VariantType.String: TEXTS | st.none(),
    ua.VariantType.DateTime: st.datetimes(),
    ua.VariantType.Boolean: st.booleans(),
}
HELD = st.sampled_from([*VARIANTS]).flatmap(lambda kind: VARIANTS[kind].map(lambda value: ua.Variant(value, kind)))


@given(TYPES, SCALES, HELD)
def test_any_node_gives_a_value_that_comes_back_or_none(kind: Any, scale: float, held: ua.Variant) -> None:
    try:
        point = Point("a/b", kind, node="i=1", scale=scale)
    except PointError:
        return
    (told,) = journaled([point], {"a/b": from_node(point, ua.DataValue(held))})
    assert (told.value.value is None) == (told.value.quality == "bad") == bool(told.value.reason)


@given(HELD, HELD)
def test_a_machine_tells_numbers_or_nothing(speed: ua.Variant, mode: ua.Variant) -> None:
    told: list[Entered[Any]] = []
    session = PackmlSession("plc", None, lambda: 1, lambda value: told.append(kept(value)))  # type: ignore[arg-type]
    session._tell(opcua_packml.status_of({"speed": speed.Value, "mode": mode.Value}))
    assert isinstance(told[0].value, MachineReported)


JSON = st.one_of(NUMBERS, WHOLE, st.none(), st.booleans(), TEXTS, st.lists(NUMBERS, max_size=2))
AT = "2026-01-31T23:59:59.123456789Z"


@given(st.sampled_from(Vendor), JSON, JSON, JSON)
def test_readers_that_speak_json_have_powers_that_can_be_summed(
    vendor: Vendor, power: object, phase: object, count: object
) -> None:
    impinj = {"epcHex": "E280", "antennaPort": 1, "peakRssiCdbm": power, "phaseAngle": phase}
    zebra = {"idHex": "E280", "antenna": 1, "peakRssi": power, "phase": phase, "reads": count}
    tag = {"tagInventoryEvent": impinj} if vendor is Vendor.IMPINJ else {"data": zebra, "type": "SIMPLE"}
    try:
        octets = json.dumps({"timestamp": AT, **tag}).encode()
    except ValueError:  # too many digits for anybody
        return
    events: list[ReaderEvent] = []
    list(heard(vendor, octets, BadMessages(), lambda: None, events.append))
    for event in events:
        if isinstance(event, Reads):
            assert_summed(event)
            assert all(0 <= (one.phase_rad or 0) <= math.tau for one in event.details)


@given(st.lists(st.builds(Sighting, st.just(1), st.integers(-(2**31), 2**31 - 1), st.integers(0, 10**17)), max_size=3))
def test_autoid_devices_have_powers_that_can_be_summed(sightings: list[Sighting]) -> None:
    reader = AutoIdReader("r", None, (1,))  # type: ignore[arg-type]
    body = encode_scan_result(ScanResult("EPC", b"\xe2\x80", 0, tuple(sightings), 0))
    result = ua.ExtensionObject(ua.NodeId(ua.Int32(5011), ua.Int16(0)), ua.ByteString(body))
    with suppress(AutoIdError):
        for read in reader._reads(result):
            assert_summed(Reads((read,), ReaderClock.UTC))


def assert_summed(event: Reads) -> None:
    assert math.isfinite(sum(10 ** (dbm / 10) for _, _, dbm, _, _ in rows(event.reads)))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_numbers_of_the_configuration_are_some(project: Path, tmp_path: Path, number: str) -> None:
    good = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    for table in (f"[alarm.missorts]\nlimit = {number}\n", f"[disk]\nlow_hours = {number}\n"):
        (tmp_path / "LINE.toml").write_text(f"{good}\n{table}")
        with pytest.raises(ConfigError) as caught:
            load_line(tmp_path / "LINE.toml")
        assert any("input should be" in one for one in caught.value.problems), caught.value.problems


# ---- the writing thread ----------------------------------------------------------------------------------------------


FAULTS: list[Callable[[], Exception]] = [
    MemoryError,
    lambda: UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    lambda: OverflowError("Python int too large to convert to SQLite INTEGER"),
    lambda: RuntimeError("a fault"),
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("behind", [False, True], ids=["before the commit", "behind it"])
def test_a_thread_that_fails_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], Exception], behind: bool
) -> None:
    troubles: list[tuple[str, object]] = []
    stored, well = list[int](), threading.Event()
    left = iter(range(3))

    def fail(_: object) -> Any:
        for _ in left:
            raise fault()
        return ()

    def on_trouble(text: str) -> None:
        seen = shown(tmp_path / "j.sqlite")
        troubles.append((text, seen and seen.why))
        if not text:
            well.set()

    def on_stored(seq: int) -> None:
        if behind:
            fail(seq)
        stored.append(seq)

    if not behind:
        monkeypatch.setattr(writer, "refs", fail)
    journal = Journal(tmp_path / "j.sqlite", on_stored, on_trouble)
    journal.RETRY_S = 0.001  # type: ignore[misc]
    journal.start()
    told = [DeviceChanged(number, "plc.a", True, "") for number in range(50)]
    journal.append(told)
    assert well.wait(HANGS_S)
    journal.append(told)
    assert journal.close()
    assert [why for _, why in troubles] == [Unwritable.FAULT, None]
    assert f"a fault of this program: {fault()!r}" in troubles[0][0]
    assert stored[-1] == 100 and stored == sorted(set(stored))
    with closing(JournalReader(tmp_path / "j.sqlite")) as reader:
        assert [record.value for record in reader.every()] == told * 2


def test_nothing_of_a_batch_is_queued_where_one_is_not_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    with pytest.raises(NotKept):
        journal.append(
            [DeviceChanged(1, "plc.a", True, ""), MachineReported(at_us=2, plc="a", state=6, speed=math.nan)]
        )
    assert not journal.unstored() and journal.seq == 0
    assert journal.close()


def test_null_would_be_read_for_a_number_that_is_none() -> None:
    """Why all this: msgspec writes what it does not read."""
    assert msgspec.json.encode(math.nan) == b"null"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b"null", type=float)
