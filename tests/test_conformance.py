"""The conformance check: who passes, and which rule each broken PLC breaks.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from broken_plcs import BELT, BROKEN, BROKEN_CONVEYORS, LANES, Conveyor, GoodPlc
from libmodbus_peer import LibmodbusPlc
from programs import Programs
from virtual_time import run_virtual, stand_still

from edge.cli import main
from edge.journal.writer import Journal
from plc.conformance.check import ConformanceReport, RuleOutcome, check
from plc.driver import PlcError
from plc.mailbox import Host
from plc.mailbox_text import Seen, described, told
from plc.modbus import ModbusLink
from plc.simulator import SimulatedPlc
from plc.wires import Tcp
from plc.words import CommandRecord, Opcode

UNPROVABLE = {
    "wrap",
    "host-gone",
    "session",
    "default-lane",
    "past-decision",
    "route-replaced",
    "not-execute",
    "routed-event",
}
"""What no host can prove alone on an empty line."""


class Sluggish(ModbusLink):
    """A link whose host stands still after each look."""

    def __init__(self, name: str, wire: Tcp, still_s: float) -> None:
        super().__init__(name, wire)
        self._still_s = still_s

    async def read_up(self) -> Sequence[int]:
        words = await super().read_up()
        stand_still(self._still_s)
        return words


def judge(
    side: GoodPlc,
    lanes: tuple[int, ...] = LANES,
    *,
    wrap: bool = False,
    again: GoodPlc | None = None,
    still_s: float = 0,
) -> ConformanceReport:
    """The check against a simulated PLC, in virtual time.

    ``again``: the PLC after a start that is asked for. ``still_s``: after each look the host stands still for so long.
    """

    async def checked() -> ConformanceReport:
        loop = asyncio.get_running_loop()
        plc = SimulatedPlc("sorter1", side, lambda: 4_000_000_000 + int(loop.time() * 1000), scan_ms=10)
        await plc.start()
        try:
            return await check(
                Sluggish("sorter1", Tcp("127.0.0.1", plc.port), still_s),
                lanes,
                wrap=wrap,
                belts=[BELT],
                parcels_s=5 if isinstance(side, Conveyor) else 0,
                restart_s=5 if again else 0,
                say=lambda _: plc.restart(again or side),
                poll_s=0.01,
            )
        finally:
            await plc.stop()

    return run_virtual(checked())


def by_outcome(report: ConformanceReport, outcome: RuleOutcome) -> dict[str, str]:
    return {verdict.rule: verdict.detail for verdict in report.verdicts if verdict.outcome is outcome}


@pytest.mark.parametrize("version", [1, 2])
def test_a_good_plc_passes_and_what_cannot_be_told_is_said(version: int) -> None:
    report = judge(GoodPlc(version=version))
    assert by_outcome(report, RuleOutcome.FAIL) == {}
    assert by_outcome(report, RuleOutcome.UNPROVABLE).keys() == UNPROVABLE - (
        {"routed-event"} if version == 1 else set()
    )
    assert report.figures.commands > 50 and report.figures.events > 50 and not report.figures.foreign_events
    assert report.figures.epoch_before == 0 and report.figures.session == 7


def test_a_host_that_gets_no_time_blames_no_plc() -> None:
    assert by_outcome(judge(GoodPlc(), still_s=1.5), RuleOutcome.FAIL) == {}


@pytest.mark.parametrize("settings", [{"buffer": 5}, {"epoch": 65_535}, {"epoch": 0x8000, "first_event_seq": 30_000}])
def test_what_the_contract_leaves_open_is_no_fault(settings: dict[str, int]) -> None:
    assert by_outcome(judge(GoodPlc(**settings)), RuleOutcome.FAIL) == {}


def test_both_sequences_are_taken_over_their_wrap() -> None:
    report = judge(GoodPlc(first_event_seq=65_380, first_command_seq=65_300))
    assert "cmd_done and event_head wrapped" in by_outcome(report, RuleOutcome.PASS)["wrap"]


def test_the_wrap_is_reached_from_anywhere_when_asked_for() -> None:
    report = judge(GoodPlc(first_event_seq=62_000, first_command_seq=63_000), wrap=True)
    assert "cmd_done and event_head wrapped" in by_outcome(report, RuleOutcome.PASS)["wrap"]


def test_without_a_lane_to_name_the_rules_that_need_one_are_left_open() -> None:
    report = judge(GoodPlc(), ())
    assert by_outcome(report, RuleOutcome.FAIL) == {}
    assert by_outcome(report, RuleOutcome.UNPROVABLE).keys() == UNPROVABLE | {
        "command-accepted",
        "expiry",
        "expiry-serial",
    }


@pytest.mark.parametrize(("broken", "rule"), BROKEN.items(), ids=[broken.__name__ for broken in BROKEN])
def test_a_broken_plc_breaks_the_rule_it_breaks(broken: type[GoodPlc], rule: str) -> None:
    failed = by_outcome(judge(broken()), RuleOutcome.FAIL)
    assert rule in failed, failed
    assert next(iter(failed)) == rule, failed


def test_with_parcels_and_a_start_of_the_plc_every_rule_is_proven_but_one() -> None:
    report = judge(Conveyor(first_event_seq=65_380, first_command_seq=65_300), again=Conveyor(8))
    assert by_outcome(report, RuleOutcome.FAIL) == {}
    assert by_outcome(report, RuleOutcome.UNPROVABLE).keys() == {"not-execute"}
    assert by_outcome(report, RuleOutcome.PASS)["session"] == "session 7 before a start, 8 after it"


@pytest.mark.parametrize(
    ("broken", "rule"), BROKEN_CONVEYORS.items(), ids=[broken.__name__ for broken in BROKEN_CONVEYORS]
)
def test_what_goes_wrong_with_parcels_is_named(broken: type[Conveyor], rule: str) -> None:
    failed = by_outcome(judge(broken()), RuleOutcome.FAIL)
    assert next(iter(failed)) == rule, failed


@pytest.mark.parametrize(
    ("again", "fault"), [(GoodPlc(7), "counts anew"), (GoodPlc(8, first_command_seq=500), "sequences begin with 1")]
)
def test_a_start_that_is_not_told_is_named(again: GoodPlc, fault: str) -> None:
    assert fault in by_outcome(judge(GoodPlc(), again=again), RuleOutcome.FAIL)["session"]


def test_a_host_that_is_at_work_is_not_disturbed() -> None:
    async def checked() -> ConformanceReport:
        loop = asyncio.get_running_loop()
        side = GoodPlc(epoch=5, version=1)
        plc = SimulatedPlc("sorter1", side, lambda: int(loop.time() * 1000), scan_ms=10)
        await plc.start()

        async def other() -> None:
            link = ModbusLink("sorter1", Tcp("127.0.0.1", plc.port))
            await link.connect()
            for beat in range(200):
                await link.write_down([0x4C57, 1, beat, 6, *[0] * 70])
                await asyncio.sleep(0.05)

        task = asyncio.create_task(other())
        await asyncio.sleep(0.1)
        report = await check(ModbusLink("sorter1", Tcp("127.0.0.1", plc.port)), LANES)
        task.cancel()
        assert side.epoch == 6
        await plc.stop()
        return report

    report = run_virtual(checked())
    assert by_outcome(report, RuleOutcome.FAIL).keys() == {"alone"}
    assert "another host writes DOWN" in by_outcome(report, RuleOutcome.FAIL)["alone"]


def test_a_plc_that_goes_away_leaves_the_rest_unproven() -> None:
    async def checked() -> ConformanceReport:
        loop = asyncio.get_running_loop()
        plc = SimulatedPlc("sorter1", GoodPlc(), lambda: int(loop.time() * 1000), scan_ms=10)
        await plc.start()
        loop.call_later(2.0, lambda: plc.restart(GoodPlc(8)))
        report = await check(ModbusLink("sorter1", Tcp("127.0.0.1", plc.port)), LANES)
        await plc.stop()
        with pytest.raises(PlcError, match="connection refused"):
            await check(ModbusLink("sorter1", Tcp("127.0.0.1", plc.port or 9)), LANES)
        return report

    report = run_virtual(checked())
    assert by_outcome(report, RuleOutcome.FAIL) == {}
    lost = [detail for detail in by_outcome(report, RuleOutcome.UNPROVABLE).values() if "connection" in detail]
    assert len(lost) > 20 and by_outcome(report, RuleOutcome.PASS)


def test_the_libmodbus_plc_passes(libmodbus_plc: LibmodbusPlc, run: Any) -> None:
    libmodbus_plc.order("seq 65400 65400")
    report = run(check(ModbusLink("sorter1", Tcp("127.0.0.1", libmodbus_plc.port), timeout_ms=60_000), (1, 2)))
    assert by_outcome(report, RuleOutcome.FAIL) == {}
    assert by_outcome(report, RuleOutcome.UNPROVABLE).keys() == UNPROVABLE - {"wrap"}


# ---- command line ----------------------------------------------------------------------------------------------------


@pytest.fixture
def line_toml(project: Path, tmp_path: Path) -> Callable[[int], Path]:
    """A LINE.toml whose PLC ``sorter`` is on a port."""

    def write(port: int) -> Path:
        text = (project / "examples" / "warehouse" / "LINE.toml").read_text()
        path = tmp_path / "LINE.toml"
        path.write_text(text.replace("port = 15023", f"port = {port}\ntimeout_ms = 10000"))
        return path

    return write


@pytest.fixture
def libmodbus_plc(programs: Programs) -> Iterator[LibmodbusPlc]:
    with LibmodbusPlc(programs.built("libmodbus_plc.c")) as plc:
        yield plc


def test_the_report_is_paper_to_sign_and_json(
    libmodbus_plc: LibmodbusPlc,
    line_toml: Callable[[int], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, file = str(line_toml(libmodbus_plc.port)), tmp_path / "report.txt"
    libmodbus_plc.order("induct 1")
    assert main(["plc", "conformance", config, "--plc", "sorter", "--report", str(file)]) == 0
    text = capsys.readouterr().out
    assert text == file.read_text()
    assert "Name, date, signature" in text and "0 rule(s) broken" in text
    assert "INDUCTED track 1 station 1 value 0" in text
    libmodbus_plc.order("freeze 1")
    assert main(["plc", "conformance", config, "--plc", "sorter", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["broken"] == ["heartbeat", "plc-time", "epoch-new"]
    assert {rule["outcome"] for rule in answer["rules"]} == {"pass", "fail", "not provable"}


def test_a_mailbox_is_watched_without_being_touched(
    libmodbus_plc: LibmodbusPlc, line_toml: Callable[[int], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    libmodbus_plc.order("lanes 5 2")
    libmodbus_plc.order("induct 2")
    config = str(line_toml(libmodbus_plc.port))
    while (before := libmodbus_plc.status())["waiting"]:
        pass  # until its next scan
    assert main(["plc", "watch", config, "--plc", "sorter", "--once", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["up"]["lanes_full"] == [1, 3] and answer["up"]["plc_state"] == "6 Execute"
    assert [event["track_id"] for event in answer["up"]["unacknowledged"]] == [1, 2]
    assert answer["down"] == {"problem": "word 0: layout 0x0000 is not 0x4c57"}
    assert main(["plc", "watch", config, "--plc", "sorter", "--once"]) == 0
    assert "seq=2 type=INDUCTED track_id=2" in capsys.readouterr().out
    assert libmodbus_plc.status() == before


def test_what_cannot_be_asked_is_said(
    line_toml: Callable[[int], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(line_toml(9))
    assert main(["plc", "watch", config]) == 2
    assert "there are several PLCs: choose one with --plc, allowed: tote1, tote2, sorter" in capsys.readouterr().err
    assert main(["plc", "conformance", config, "--plc", "sorter"]) == 2
    assert "sorter: 127.0.0.1:9: connection refused" in capsys.readouterr().err
    alone = tmp_path / "alone.toml"
    alone.write_text('controller = "c"\nsite = "s"\njournal = "j"\n[plc.p]\nhost = "127.0.0.1"\nport = 9\n')
    assert main(["plc", "conformance", str(alone), "--lane", "3"]) == 2, "a PLC without a line will do"
    assert "p: 127.0.0.1:9: connection refused" in capsys.readouterr().err
    assert main(["plc", "conformance", str(alone), "--parcels", "5"]) == 2
    assert "--parcels: plc.p drives no line: add [line.NAME], with its lanes" in capsys.readouterr().err
    with closing(Journal(tmp_path / "j")):  # as `lanewise run` has it
        assert main(["plc", "conformance", str(alone)]) == 2
        assert "plc.p: `lanewise run` has it and writes " in capsys.readouterr().err
        assert main(["plc", "conformance", str(alone), "--beside-run"]) == 2
        assert "p: 127.0.0.1:9: connection refused" in capsys.readouterr().err


def test_commands_are_shown_as_waiting_or_handled() -> None:
    host = Host()
    side = GoodPlc()
    host.connect(side.up(0), [0] * 74, 0)
    down, _ = host.down(0)
    assert down is not None
    side.scan(down, 0)
    host.on_up(side.up(1), 1_000)
    for track in (1, 2):
        host.command(CommandRecord(Opcode.ROUTE, track, 3, 9_000))
    down, _ = host.down(2_000)
    assert down is not None
    waiting = described(Seen(side.up(2), down))["down"]["commands"]
    side.scan(down, 2)
    handled = described(Seen(side.up(3), down))["down"]["commands"]
    assert [(one["seq"], one["is"]) for one in waiting] == [(1, "waits"), (2, "waits")]  # type: ignore[union-attr, index]
    assert [(one["seq"], one["is"]) for one in handled] == [(1, "handled"), (2, "handled")]  # type: ignore[union-attr, index]
    lines = "\n".join(told(Seen(side.up(3), down)))
    assert "refusal         3 UNKNOWN_TRACK" in lines and "another controller" not in lines
    visit = Host()
    visit.connect(side.up(3), down, 4_000)
    other, _ = visit.down(4_000)
    assert other is not None
    assert told(Seen(side.up(3), other))[-1].startswith("  the PLC obeys epoch 1, and DOWN is written with 2: ")
