"""Lines as PackML machines, and our certificates: from the journal to the picture and to the alarm.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from opcua_peer import secure_table, write_line
from waiting import until

from edge.cli import main
from edge.config.certificates import own_certificates, warnings
from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.controller.controller import Controller
from edge.core.events import (
    AlarmChanged,
    CertificateChecked,
    DeviceChanged,
    MachineReported,
    Outcome,
    PlcConnected,
    PlcEvent,
    Sorted,
)
from edge.core.values.alarm import AlarmState
from edge.journal.host_time import now_us
from edge.journal.reader import JournalReader
from edge.journal.record import Value
from edge.views.live import LiveView
from edge.views.picture import Machine
from plc.opcua_trust import Own, make_own
from plc.packml import ACTING, PackmlState, mode_name, state_name
from plc.words import EventType


def test_states_have_the_standards_names_and_numbers() -> None:
    assert [state_name(number) for number in (0, 2, 6, 9, 11, 17, 18)] == [
        "Undefined", "Stopped", "Execute", "Aborted", "Held", "Completed", "state 18",
    ]  # fmt: skip
    assert set(PackmlState) - ACTING == {0, 2, 4, 5, 6, 9, 11, 17}
    assert [mode_name(mode) for mode in (1, 3, 7)] == ["Production", "Manual", "mode 7"]


@pytest.fixture(scope="module")
def line(project: Path) -> LineConfig:
    return load_line(project / "examples" / "warehouse" / "LINE.toml")


def event(at_us: int, kind: EventType, station: int, value: int) -> PlcEvent:
    return PlcEvent(
        at_us=at_us,
        device_us=at_us,
        plc="sorter",
        session=1,
        seq=1,
        type=int(kind),
        track_id=0,
        station=station,
        cause=0,
        value=value,
        plc_ms=0,
    )


def ended(outcome: Outcome, lane: int) -> Sorted:
    return Sorted(at_us=9, line="sorter", track_id=1, subject="", order="", outcome=outcome, lane=lane, wanted=3)


@pytest.mark.parametrize(
    ("values", "machine"),
    [
        ([], Machine("sorter", "sorter", PackmlState.EXECUTE)),
        ([event(5, EventType.STATE, 0, 11)], Machine("sorter", "sorter", PackmlState.HELD, 5)),
        ([event(5, EventType.JAM, 3, 1)], Machine("sorter", "sorter", PackmlState.HELD, 5, jams=(3,))),
        (
            [event(5, EventType.JAM, 3, 1), event(6, EventType.STATE, 0, 9), event(7, EventType.JAM, 3, 0)],
            Machine("sorter", "sorter", PackmlState.ABORTED, 6),
        ),
        (
            [
                event(5, EventType.JAM, 3, 1),
                PlcConnected(
                    at_us=6,
                    plc="sorter",
                    session=2,
                    epoch=1,
                    fresh=True,
                    resumed=False,
                    event_acked=0,
                    events_lost=0,
                    command_head=0,
                    found=(),
                    lanes_full=0,
                    lanes_disabled=0,
                ),
            ],
            Machine("sorter", "sorter", PackmlState.EXECUTE, 6),
        ),
        (
            [
                event(5, EventType.STATE, 0, 11),
                DeviceChanged(6, "plc.sorter", False, ""),
                DeviceChanged(7, "plc.sorter", True, ""),
                MachineReported(at_us=8, plc="sorter", state=11),
            ],
            Machine("sorter", "sorter", PackmlState.HELD, 5),  # not since it answers again
        ),
        ([DeviceChanged(5, "plc.sorter", False, "")], Machine("sorter", "sorter", PackmlState.UNDEFINED, 5)),
        (
            [
                MachineReported(at_us=5, plc="sorter", state=6, mode=1, processed=700, defective=3, speed=60.0),
                MachineReported(at_us=6, plc="sorter", state=6),
            ],
            Machine("sorter", "sorter", 6, 0, 1, 0, 0, 700, 3, 60.0),
        ),
        (
            [ended(Outcome.CONFIRMED, 3), ended(Outcome.MISSORTED, 4), ended(Outcome.LOST, 0)],
            Machine("sorter", "sorter", 6, processed=2, defective=2),
        ),
    ],
)
def test_a_line_stands_as_its_machine_does(line: LineConfig, values: Sequence[Value], machine: Machine) -> None:
    live = LiveView(line.layouts())
    live.begin_with({}, (), (), {"sorter": 6})
    for value in values:
        live.apply(value)
    shown = {one.line: one for one in live.snapshot(0).machines}
    assert shown["sorter"] == machine and shown["tote1"].state == 0
    changes = live.changes(0)
    assert changes.machines == ((machine,) if values else ()) and not live.changes(0).machines


def test_the_end_of_a_certificate_is_alarmed_before(
    run: Any, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text("a password\n")
    (tmp_path / "pki").mkdir()
    path = write_line(project, tmp_path, secure_table("opc.tcp://127.0.0.1:1", tmp_path / "pki"))
    config = load_line(path).model_copy(update={"journal": tmp_path / "journal.sqlite"})
    own = Own(tmp_path / "pki" / "own.der", tmp_path / "pki" / "own.pem")
    assert own_certificates(config) == {"plc.sorter": (own.certificate,)}
    assert [text.split(":")[0] for text in warnings(config, now_us())] == ["plc.sorter"]  # there is none

    def states() -> list[tuple[AlarmState, str]]:
        reader = JournalReader(config.journal)
        found = [record.value for record in reader.every()]
        reader.close()
        told = [value.text for value in found if isinstance(value, CertificateChecked)]
        alarms = [value for value in found if isinstance(value, AlarmChanged)]
        assert len(told) == starts
        return [(alarm.state, alarm.text) for alarm in alarms if alarm.alarm == "certificate-ends.plc.sorter"]

    async def start() -> None:
        task = asyncio.create_task(Controller(config, threaded=False).run())
        await until(lambda: config.journal.exists() and len(states_or_none()) >= starts)
        task.cancel()
        await asyncio.wait([task])

    def states_or_none() -> list[Any]:
        reader = JournalReader(config.journal)
        try:
            return [record for record in reader.every() if record.kind == "CertificateChecked"]
        finally:
            reader.close()

    starts = 1
    make_own(own, "127.0.0.1", 20)
    run(start())
    ((state, text),) = states()
    assert state is AlarmState.UNACKNOWLEDGED and text.startswith(f"our certificate {own.certificate} ends on 20")
    for file in (own.certificate, own.key):
        file.unlink()
    make_own(own, "127.0.0.1", 400)
    starts = 2
    run(start())
    assert [state for state, _ in states()] == [AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED]
    assert list(warnings(config, now_us())) == []
    assert main(["replay", str(config.journal)]) == 0
    assert "all agree" in capsys.readouterr().out
