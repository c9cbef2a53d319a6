"""Recorded reads through the portal logic: a conveyor as the sim's radio makes it, and files that are none."""

from __future__ import annotations

import csv
import json
from itertools import count, cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_site import example

from edge.cli import main
from edge.commands.portal_replay import RecordingError, judge, read_recording
from edge.core.values.layout import Job
from edge.sim.floor import Floor, InventoryRound, Signal
from edge.sim.world import FloorLoad, World
from plc.words import EventType
from rfid.epc.hexadecimal import plain_hex

CARTONS = 24
SHELF = "30FFFFFFFFFFFFFFFFFFFFFF"


class Cartons:
    """So many loads, one at every slot."""

    def __init__(self, world: World) -> None:
        self.loads = [world.tote("tote1", index) for index in range(CARTONS)]
        self._left = iter(self.loads)

    def next(self, at_us: int) -> FloorLoad | None:
        return next(self._left, None)


def record(project: Path, folder: Path) -> list[str]:
    """A recording: cartons 6 s apart, 1.9 s in the photo-eye, antennas 0.9 s behind it, a tag on a shelf beside it."""
    config = example(project, tote_rate=600, seed=8)
    table = config.line["tote1"]
    portal = table.portal.model_copy(update={"eye_mm": 1500, "antenna_mm": 1790})
    config = config.model_copy(
        update={"line": {"tote1": table.model_copy(update={"speed_mm_s": 320, "portal": portal})}}
    )
    layout = config.layouts()[0]
    assert layout.job is Job.VERIFY
    cartons = Cartons(World(config, 8))
    floor = Floor(layout, config.sim, 8, cartons, count(1), {"tote1": (1, 2, 3, 4)})
    reads: list[tuple[object, ...]] = []
    passages: dict[int, list[int]] = {}
    for happening in floor.advance(CARTONS * 6_500_000 + 30_000_000):
        match happening:
            case InventoryRound():
                reads += [(read.at_us, read.epc, read.antenna, read.rssi_dbm, "r1") for read in happening.reads]
                last = happening.at_us
                reads.append((last, SHELF, 4, -58.0, "r1"))
            case Signal(type=EventType.ENTERED | EventType.LEFT, at_us=at_us, track_id=track):
                passages.setdefault(track, []).append(at_us)
            case _:
                pass
    for name, header, rows in (
        ("reads", ("time_us", "epc", "antenna", "rssi_dbm", "reader"), reads),
        ("passages", ("passage", "start_us", "stop_us"), [(f"c{track}", *times) for track, times in passages.items()]),
        (
            "expected",
            ("passage", "epc"),
            [(f"c{number}", tag.epc) for number, load in enumerate(cartons.loads, 1) for tag in load.tags],
        ),
    ):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return [str(folder / f"{name}.csv") for name in ("reads", "passages", "expected")]


def test_a_recorded_conveyor_comes_out_exact(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reads, passages, expected = record(project, tmp_path)
    assert main(["portal", "replay", reads, passages, "--expected", expected]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["passage"] for line in lines[:-1]] == [f"c{number}" for number in range(1, CARTONS + 1)]
    assert lines[-1] == {"passages": CARTONS, "exact_passages": CARTONS, "missed": 0, "stray": 0}
    assert main(["portal", "tune", reads, passages, "--pictures", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    offset_ms = int(told.split("offset from photo-eye to antenna: ")[1].split(" ms")[0])
    assert 800 < offset_ms < 1000 and (tmp_path / "reads.svg").read_text().startswith("<svg ")
    assert f"reads: {CARTONS} passages" in told and f"masked: {SHELF}" in told
    # One antenna alone sees less, and says so in the totals.
    assert main(["portal", "replay", reads, passages, "--expected", expected, "--facing", "2"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["passages"] == CARTONS


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("reads", "time_us,epc\n1,A\n", "line 1: no column antenna, rssi_dbm"),
        ("reads", "time_us,epc,antenna,rssi_dbm\n1,A,one,-60\n", "line 2: antenna: 'one' is not a number"),
        ("reads", "time_us,epc,antenna,rssi_dbm\n1,A,1,\n", "line 2: rssi_dbm is empty"),
        ("passages", "passage,start_us,stop_us\nc1,5,5\n", "line 2: stop_us 5 is not after start_us 5"),
    ],
)
def test_a_file_that_is_no_recording_is_named(tmp_path: Path, file: str, text: str, said: str) -> None:
    files = {"reads": "time_us,epc,antenna,rssi_dbm\n1,A,1,-60\n", "passages": "passage,start_us,stop_us\nc1,1,5\n"}
    for name, good in files.items():
        (tmp_path / f"{name}.csv").write_text(text if name == file else good)
    with pytest.raises(RecordingError, match=f"{file}.csv: {said}".replace("(", r"\(")):
        read_recording(tmp_path / "reads.csv", tmp_path / "passages.csv")


@pytest.mark.parametrize(
    ("passages", "owned"),
    [
        ("", []),
        ("p1,500000,2000000", [["A", "B"]]),
        ("p1,500000,2000000\np2,1500000,4000000", [["A"], ["B"]]),  # one begins before the other has ended
        (
            "p1,500000,2000000\np2,500000,2000000\np3,900000,1000000",
            [[], [], []],
        ),  # as much of one as of another: nobody's
    ],
)
def test_few_passages_and_those_that_overlap_come_out(tmp_path: Path, passages: str, owned: list[list[str]]) -> None:
    (tmp_path / "reads").write_text("time_us,epc,antenna,rssi_dbm\n1000000,A,1,-50\n3000000,B,1,-50\n")
    (tmp_path / "passages").write_text(f"passage,start_us,stop_us\n{passages}\n")
    judged, _ = judge(read_recording(tmp_path / "reads", tmp_path / "passages"))
    assert [list(one.epcs) for one in judged] == owned


def test_a_tag_is_one_however_its_epc_is_written(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (passages := tmp_path / "passages.csv").write_text("passage,start_us,stop_us\np1,900000,1300000\n")
    (expected := tmp_path / "expected.csv").write_text("passage,epc\np1,0x3034257b-F7194E40-00001A85\n")
    reads = shared / "field" / "reads_spaced_epc.csv"
    assert main(["portal", "replay", str(reads), str(passages), "--expected", str(expected)]) == 0
    carton, total = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (carton["epcs"], total["exact_passages"]) == (["3034257BF7194E4000001A85"], 1)


@given(
    st.binary(min_size=1, max_size=62),
    st.lists(st.sampled_from(["", " ", "\t", "-", ":", "_", " 0x", "\u00a0"]), min_size=1),
)
def test_hexadecimal_has_one_plain_form(octets: bytes, between: list[str]) -> None:
    separators = cycle(between)
    for lead in ("", "0x", " 0X ", "16#", "urn:epc:raw:96.x", "URN:EPC:RAW:96.X"):
        text = lead + "".join(f"{octet:02{'xX'[octet % 2]}}{next(separators)}" for octet in octets)
        assert plain_hex(text) == octets.hex().upper(), text
    assert plain_hex(f"{text}F") is plain_hex("") is plain_hex("0x") is plain_hex("30G4") is None
