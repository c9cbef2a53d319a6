"""One device, publisher or journal never ends another: whatever its session raises, the others do not notice.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop
from conftest import Run
from controllers import UTC_US, stop, work
from journals import journal
from ports import free_port, on_free_ports
from pure_site import example
from targets import Target, write
from virtual_time import run_virtual
from waiting import until

from edge.config.lines import LineConfig
from edge.controller import controller, rounds
from edge.controller.controller import Controller
from edge.controller.vitals import Vitals
from edge.core.events import AlarmChanged, DeviceChanged
from edge.core.values.alarm import AlarmKind, AlarmState
from edge.journal.damage import DamageWatch
from edge.journal.disk import DiskWatch
from edge.journal.follower import Follower, Opened, follow_until_cancelled
from edge.journal.record import Record
from edge.journal.source import JournalSource
from edge.opcua import server
from edge.publish import process

FAULTS: list[BaseException] = [
    ZeroDivisionError("planted"),
    RuntimeError("unable to perform operation on <TCPTransport closed=True>"),
    ExceptionGroup("several", [KeyError("planted")]),
    asyncio.CancelledError(),  # of a library that cancels what it waits for
]


def fails(monkeypatch: pytest.MonkeyPatch, place: str, name: str, times: list[BaseException]) -> None:
    """What makes a driver raises first, for the device of this name."""
    module, _, function = place.rpartition(".")
    made: Callable[..., Any] = getattr(sys.modules[module], function)
    left = list(times)

    def make(its: str, *arguments: Any) -> Any:
        if its == name and left:
            raise left.pop(0)
        return made(its, *arguments)

    monkeypatch.setattr(place, make)


def devices(config: LineConfig, name: str) -> list[DeviceChanged]:
    changes = (record.value for record in journal(config))
    return [value for value in changes if isinstance(value, DeviceChanged) and value.device == name]


def test_whatever_a_device_raises_ends_its_session_alone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = on_free_ports(example(project, rate=6_000, seed=3, scan_ms=10), tmp_path)
    fails(monkeypatch, "edge.devices.plc.plc_link", "tote2", FAULTS)
    fails(monkeypatch, "edge.devices.points.point_link", "tote1", FAULTS)
    fails(monkeypatch, "edge.devices.reader.make_reader", "tote1", FAULTS)
    truth = work(config, 20, 60)
    assert truth["parcels_inducted"] > 25
    assert truth["missorted"] == truth["defaulted"] == truth["unacknowledged"] == 0
    for device in ("plc.tote2", "points.tote1", "reader.tote1"):
        changes = devices(config, device)
        assert [change.reason for change in changes if not change.up][: len(FAULTS)] == [
            f"{device}: a fault of this program: {fault!r}" for fault in FAULTS
        ]
        assert changes[-1].up, changes
        told = [record for record in caplog.records if record.exc_info and device in record.getMessage()]
        assert len(told) == len(FAULTS)


@contextmanager
def fake_modbus(shared: Path, port: int, habit: str) -> Iterator[list[str]]:
    """A fake PLC of the field; what it said."""
    said: list[str] = []
    command = [sys.executable, str(shared / "field" / "fake_modbus.py"), str(port), habit, "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        hearing = threading.Thread(target=said.extend, args=(program.stdout,))
        hearing.start()
        try:
            yield said
        finally:
            program.kill()
            hearing.join()


@pytest.mark.parametrize("habit", ["slam", "slam-rst"])
def test_a_port_that_accepts_and_closes_at_once_is_a_plc_that_is_down(
    project: Path, tmp_path: Path, shared: Path, run: Run, habit: str
) -> None:
    """A forwarder whose target is off: mailbox and points try again, and there is an alarm."""
    whole = on_free_ports(example(project), tmp_path)
    config = whole.model_copy(
        update={
            "plc": {"tote1": whole.plc["tote1"].model_copy(update={"port": free_port()})},
            "reader": {"tote1": whole.reader["tote1"]},
            "line": {"tote1": whole.line["tote1"]},
        }
    )

    async def main(said: list[str]) -> None:
        task = asyncio.create_task(Controller(config).run())
        await until(lambda: task.done() or (config.journal.exists() and len(said) > 5 and alarms(config)))
        assert not task.done(), task
        await stop(task)

    def alarms(config: LineConfig) -> bool:
        changes = [record.value for record in journal(config)]
        return any(
            isinstance(change, AlarmChanged)
            and change.kind is AlarmKind.PLC_DOWN
            and change.state is AlarmState.UNACKNOWLEDGED
            for change in changes
        )

    with fake_modbus(shared, config.plc["tote1"].tcp_port, habit) as said:
        run(main(said), loop=uvloop.new_event_loop)
    reasons = {change.reason for name in ("plc.tote1", "points.tote1") for change in devices(config, name)}
    assert reasons and all(reason.startswith("tote1: 127.0.0.1:") for reason in reasons), reasons


def test_a_fault_of_what_looks_after_the_rest_ends_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Certificates, disks, damage, targets and what is measured: each fails twice, then goes on."""
    kept = ("certificates", "disk-watch", "damage-watch", "publish-state", "measures")
    left = dict.fromkeys(kept, 2)

    def failing(name: str, sound: Callable[..., Any]) -> Callable[..., Any]:
        def made(*given: Any) -> Any:
            if left[name]:
                left[name] -= 1
                raise FAULTS[left[name]]
            return sound(*given)

        return made

    monkeypatch.setattr(controller, "own_certificates", lambda _: {"plc.tote1": (tmp_path / "none.der",)})
    monkeypatch.setattr(rounds, "checked", failing("certificates", rounds.checked))
    monkeypatch.setattr(DiskWatch, "look", failing("disk-watch", DiskWatch.look))
    monkeypatch.setattr(DamageWatch, "look", failing("damage-watch", DamageWatch.look))
    monkeypatch.setattr(Vitals, "measured", failing("measures", Vitals.measured))
    whole = on_free_ports(example(project), tmp_path)
    config = whole.model_copy(update={"plc": {}, "reader": {}, "line": {}})

    async def main() -> None:
        targets = failing("publish-state", lambda _: {})
        task = asyncio.create_task(Controller(config, threaded=False, zero_us=UTC_US, targets=lambda _: targets).run())
        await asyncio.sleep(120)  # virtual
        assert not task.done(), task
        await stop(task)

    run_virtual(main())
    for name in kept:
        changes = devices(config, name)
        assert [change.up for change in changes] == [False, False, True], changes
        assert changes[0].reason.startswith(f"{name}: a fault of this program: ")
    assert sum(bool(record.exc_info) for record in caplog.records) == 2 * len(kept)


def test_a_publisher_that_ends_by_a_fault_begins_anew_and_the_others_go_on(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, quick: None
) -> None:
    config = example(project).model_copy(
        update={
            "journal": tmp_path / "journal.sqlite",
            "publish_state_": tmp_path / "publish.sqlite",
            "publish": {"bad": None, "good": None},
        }
    )
    write(config.journal, 1, 50)
    stopping = threading.Event()
    targets = {"bad": Target(upto=50), "good": Target(upto=50)}
    faults = iter(FAULTS[:3])

    def opened(name: str, _: LineConfig) -> Any:
        if name == "bad" and (fault := next(faults, None)) is not None:
            raise fault
        return targets[name]

    monkeypatch.setattr(process, "open_publisher", opened)

    def all_came() -> None:
        for target in targets.values():
            target.stop.wait()
        stopping.set()

    waiting = threading.Thread(target=all_came)
    waiting.start()
    assert process.run(process.journal_outlets(config), stopping) == 0
    waiting.join()
    assert targets["bad"].came == targets["good"].came
    assert sum(bool(record.exc_info) for record in caplog.records) == 3


def test_what_follows_a_journal_and_fails_begins_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "journal.sqlite", 1, 50)
    faults, came, said = iter(FAULTS[:3]), list[int](), list[str]()

    class Shown:
        portion = 1_000

        def begin(self, journal: Opened) -> int:
            return journal.after or 0

        def take(self, records: Sequence[Record]) -> bool:
            if (fault := next(faults, None)) is not None:
                raise fault
            came.extend(record.seq for record in records)
            return False

        def trouble(self, error: Exception) -> None:
            said.append(str(error))

    with closing(JournalSource(tmp_path / "journal.sqlite", "c")) as source:
        follower = Follower(source, Shown(), 0.1)
        for _ in range(10):
            follower.step()
    assert came == list(range(1, 51))
    assert said == [f"a fault of this program: {fault!r}" for fault in FAULTS[:3]]
    assert sum(bool(record.exc_info) for record in caplog.records) == 3


def test_a_record_that_the_opcua_server_cannot_show_ends_nothing(
    project: Path, tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    config = example(project).model_copy(update={"journal": tmp_path / "journal.sqlite"})
    write(config.journal, 1, 50)
    shown: list[str] = []

    class Face:
        async def readers_are(self, line: str, _: bool | None) -> None:
            shown.append(line)
            if len(shown) <= 3:
                raise FAULTS[len(shown) - 1]

    async def main() -> None:
        source = JournalSource(config.journal, config.controller)
        told = server._Told(config, cast(Any, Face()), asyncio.get_running_loop())
        task = asyncio.create_task(follow_until_cancelled("journal", Follower(source, told, 0.001)))
        await until(lambda: task.done() or len(shown) >= 3 + 47 * len(config.line))
        assert not task.done(), task
        await stop(task)
        source.close()

    run(main())
    assert sum(bool(record.exc_info) for record in caplog.records) == 3
