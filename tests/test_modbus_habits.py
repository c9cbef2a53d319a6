"""Habits of Modbus devices in the field: none ends a line, none deceives it, and what cannot be is said.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import fcntl
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from field_modbus import Floor, field_device
from link_peers import crc
from numbered_device import NumberedDevice

from edge.cli import main
from edge.config.load import ConfigError, load_line

POINTS = {
    "plc/heartbeat": {"type": "UINT", "address": 2},
    "a/first": {"type": "UINT", "address": 300},
    "a/second": {"type": "UINT", "address": 311},
    "a/third": {"type": "UINT", "address": 312},
}
NUMBERS = {"a/first": 300, "a/second": 311, "a/third": 312}


def numbers(floor: Floor) -> dict[str, Any]:
    return {name: value for name, value in floor.values.items() if name in NUMBERS}


@pytest.mark.parametrize(
    ("habit", "keys"),
    [
        *((habit, {}) for habit in ("single-refuse", "single-newest", "hole1", "hole2", "hole4", "busy6")),
        *((habit, {}) for habit in ("pad", "drip", "split", "tid0")),
        *((habit, {"any_unit": True}) for habit in ("unit0", "unit255")),
        ("deafunit", {"device_id": 255}),
        ("deaf2", {"connect_wait_ms": 2_300}),
        *((habit, {}) for habit in ("only6", "only16")),
        ("only6", {"write": "single"}),
        ("only16", {"write": "multiple"}),
    ],
)
def test_mailbox_and_points_stay_as_they_are(run: Run, shared: Path, habit: str, keys: dict[str, Any]) -> None:
    with field_device(shared, "fake_modbus.py", habit) as device:
        floor = Floor(device.port, POINTS, **keys)
        run(floor.until(lambda: floor.polls >= 20 and len(floor.told) >= 10))
        assert floor.faults == [] and numbers(floor) == NUMBERS
        assert all(one.quality == "good" for one in floor.told)


@pytest.mark.parametrize("habit", ["slam", "slam-rst"])
def test_a_port_that_closes_at_once_is_tried_again(run: Run, shared: Path, habit: str) -> None:
    with field_device(shared, "fake_modbus.py", habit) as device:
        floor = Floor(device.port, POINTS)
        run(floor.until(lambda: sum("the PLC closed the connection" in said for said in floor.before) >= 6))
        assert all(said.startswith(f"sorter1: 127.0.0.1:{device.port}: ") for said in floor.before)


def test_a_device_that_closes_idle_connections_is_reconnected_quietly(run: Run, shared: Path) -> None:
    with field_device(shared, "fake_modbus.py", "idle2") as device:
        floor = Floor(device.port, POINTS, mailbox=False, points_ms=2_300)
        run(floor.until(lambda: sum(one.point == "plc/heartbeat" for one in floor.told) >= 3))
        assert floor.faults == [] and numbers(floor) == NUMBERS and all(one.quality == "good" for one in floor.told)
        assert "idle close" in device.said()


@pytest.mark.parametrize(
    ("habit", "said"),
    [
        ("unit255", "unit 255 answered in place of unit 1: any_unit = true takes it"),
        ("unit0", "unit 0 answered in place of unit 1: any_unit = true takes it"),
        ("deafunit", "no answer within 60 ms by unit 1"),
    ],
)
def test_what_does_not_answer_as_asked_is_named(run: Run, shared: Path, habit: str, said: str) -> None:
    with field_device(shared, "fake_modbus.py", habit) as device:
        floor = Floor(device.port, POINTS, timeout_ms=60)
        run(floor.until(lambda: sum(said in one for one in floor.before) >= 4))
        assert floor.values == {} and floor.polls == 0


SETPOINTS = {
    "a/setpoint": {"type": "UINT", "address": 1_000, "writable": True},
    "a/speed": {"type": "REAL", "address": 1_010, "writable": True},
    "a/lamp": {"type": "BOOL", "table": "coil", "address": 40, "writable": True},
}


@pytest.mark.parametrize(
    ("habit", "write", "said"),
    [
        ("only6", None, ("FC6 1000 7", "FC6 1010 16320", "FC5 40 65280")),
        ("only6", "single", ("FC6 1000 7", "FC6 1010 16320", "FC5 40 65280")),
        ("only16", None, ("FC16 1000 [7]", "FC16 1010 [16320, 0]", "FC15 40 1 01")),
        ("none", "single", ("FC6 1000 7", "FC6 1010 16320", "FC5 40 65280")),
    ],
)
def test_registers_and_coils_are_written_by_the_functions_that_are_served(
    run: Run, shared: Path, habit: str, write: str | None, said: tuple[str, ...]
) -> None:
    values: dict[str, Any] = {"a/setpoint": 7, "a/speed": 1.5, "a/lamp": True}
    with field_device(shared, "fake_modbus.py", habit) as device:
        floor, unasked = Floor(device.port, SETPOINTS, write=write), list(values.items())

        def written() -> bool:
            while unasked and set(floor.values) == set(values):
                floor.ask(*unasked.pop())
            return len(floor.written) == 3 and floor.values == values

        run(floor.until(written))
        assert [one.trouble for one in floor.written] == ["", "", ""] and floor.faults == []
        printed = device.said()
        assert all(one in printed for one in said), printed


def test_a_device_without_a_mailbox_has_points_and_nothing_is_down(run: Run, shared: Path) -> None:
    points = {f"meter/r{at}": {"type": "UINT", "table": "input", "address": at} for at in range(300, 311)}
    gone = {"meter/gone": {"type": "UINT", "table": "input", "address": 320}}
    with field_device(shared, "fake_meter.py") as device:
        floor = Floor(device.port, points | gone, mailbox=False)
        run(floor.until(lambda: len(floor.told) >= 12))
        assert floor.values == {f"meter/r{at}": at for at in range(300, 311)}
        assert floor.before == [] or all("refused" in one for one in floor.before)
        assert floor.faults == [] and floor.polls == 0


class Units:
    """A serial device server, or a gateway: units 1 and 7 behind one port, unit 9 off. ``rtu``: frames as they are."""

    def __init__(self, *, rtu: bool) -> None:
        self.rtu = rtu
        self.units = {1: NumberedDevice(), 7: NumberedDevice()}
        self.units[7].written = {300: 7_300}
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                if self.rtu:
                    octets = await reader.readexactly(8)
                    assert crc(octets[:-2]) == octets[-2:]
                    unit, pdu = octets[0], octets[1:-2]
                else:
                    number, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                    pdu = await reader.readexactly(length - 1)
                if unit in self.units:
                    said = self.units[unit].answer(pdu)
                    answer = bytes((unit,)) + said
                    writer.write(
                        answer + crc(answer) if self.rtu else struct.pack(">HHH", number, 0, len(answer)) + answer
                    )
        writer.close()


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu over tcp"])
def test_units_behind_one_address_share_a_connection_and_one_that_is_silent_is_named(run: Run, rtu: bool) -> None:
    points = {
        "a/one": {"type": "UINT", "address": 300},
        "a/seven": {"type": "UINT", "address": 300, "device_id": 7},
        "a/nine": {"type": "UINT", "address": 300, "device_id": 9},
        "a/again": {"type": "UINT", "address": 900, "device_id": 9},
    }

    async def main() -> None:
        units = Units(rtu=rtu)
        server = await asyncio.start_server(units.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        keys = {"transport": "rtu", "device": f"socket://127.0.0.1:{port}"} if rtu else {}
        floor = Floor(port, points, timeout_ms=80, mailbox=False, **keys)
        await floor.until(lambda: {"a/one", "a/seven"} <= floor.values.keys() and len(floor.told) >= 4)
        assert floor.values == {"a/one": 300, "a/seven": 7_300} and floor.faults == [] and units.connections == 1
        reasons = {one.point: one.reason for one in floor.told if one.quality == "bad"}
        assert reasons.keys() == {"a/nine", "a/again"}
        assert all(re.fullmatch(r"no answer within \d+ ms by unit 9", reason) for reason in reasons.values())
        server.close()

    run(main())


@pytest.mark.parametrize(("habit", "status"), [("none", 0), ("single-refuse", 2), ("single-newest", 2)])
def test_watching_beside_a_controller_says_so_and_never_comes_again(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], habit: str, status: int
) -> None:
    line = tmp_path / "LINE.toml"
    with field_device(shared, "fake_modbus.py", habit) as device, (tmp_path / "j.db.lock").open("w") as lock:
        line.write_text(
            f'controller = "c"\nsite = "s"\njournal = "j.db"\n[plc.p]\nhost = "127.0.0.1"\nport = {device.port}\n'
            'timeout_ms = 2000\n[plc.p.point."a/first"]\ntype = "UINT"\naddress = 300\n'
        )
        fcntl.flock(lock, fcntl.LOCK_EX)
        with connected_first(device.port) as evicted:
            options = ["--once"] if habit == "none" else []
            assert main(["plc", "watch", str(line), *options]) == status
            said = capsys.readouterr()
            assert "p: `lanewise run` has a connection to this PLC; the page shows" in said.err
            assert ("and this PLC may serve no second; look at the page" in said.err) == (status == 2)
            assert "a/first" in said.out or status == 2
            assert evicted() == (habit == "single-newest")


@contextmanager
def connected_first(port: int) -> Iterator[Callable[[], bool]]:
    """A controller's connection, which comes again once when it is thrown out; says whether it was."""
    again: list[socket.socket] = []
    thrown_out = threading.Event()

    def keep(first: socket.socket) -> None:
        if first.recv(1) == b"":
            thrown_out.set()  # before it throws out the other one by coming again
            again.append(dial())

    def dial() -> socket.socket:
        while True:
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", port))

    first = dial()
    keeper = threading.Thread(target=keep, args=(first,))
    keeper.start()
    try:
        yield thrown_out.is_set
    finally:
        with suppress(OSError):
            first.shutdown(socket.SHUT_RDWR)
        keeper.join()
        for one in (first, *again):
            one.close()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            'host = "h"\nmailbox = false',
            "plc.sorter.point: missing: without a mailbox there is nothing to read but points",
        ),
        ('host = "h"\nmailbox = false\nup = 10', "plc.sorter.up: only with a mailbox, this one has mailbox = false"),
        ('host = "h"\nmailbox = false', "line.sorter.plc: 'sorter': has mailbox = false, and a line needs one"),
        ('host = "h"\nwrite = "some"', "plc.sorter.write: 'some'"),
        (
            'transport = "rtu"\ndevice = "/dev/x"\n[plc.drive]\ntransport = "rtu"\ndevice = "/dev/x"\nbaud = 9600',
            "plc.drive.baud: 9600: plc.sorter has 115200 on this line",
        ),
        ('transport = "rtu"\ndevice = "socket://h"', "plc.sorter.device: 'socket://h': allowed is socket://host:port"),
    ],
)
def test_what_does_not_belong_together_is_said(project: Path, tmp_path: Path, table: str, text: str) -> None:
    source = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    changed = source.replace('[plc.sorter]\nhost = "127.0.0.1"\nport = 15023\n', f"[plc.sorter]\n{table}\n")
    assert changed != source
    (tmp_path / "LINE.toml").write_text(changed)
    with pytest.raises(ConfigError) as caught:
        load_line(tmp_path / "LINE.toml")
    assert any(text in problem for problem in caught.value.problems), caught.value.problems
