"""What decisions and replay cost in one tree of this project: `bench.decisions` has it run by each.

Public names: main. Run as a file, with the tree's root as PYTHONPATH; prints JSON. It knows the names that a tree may
have had since commit c3fd558.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from typing import Any

MINUTES, PARCELS, TOTES = 6, 3_600, 2_000
LINES, EACH = 12, 150
EVERY_US, POLL_US = 90_000, 20_000
START_US = 1_700_000_000_000_000
EYE, LEFT_US, INDUCTED_US, DIVERTED_US = 11, 20_000, 150_000, 1_350_000
HEAD = """
controller = "bench"
site = "bench"
journal = "journal.sqlite"
store = "sqlite:///site.sqlite"
"""
LINE = """
[plc.s{at}]
host = "127.0.0.1"
port = 15{at:03d}
[reader.s{at}]
host = "127.0.0.1"
port = 16{at:03d}
[line.s{at}]
job = "sort"
plc = "s{at}"
speed_mm_s = 2500
decision_mm = 2000
default_lane = 3
portal = {{ name = "portal", readers = ["s{at}"], eye = 11, eye_mm = -375, antenna_mm = -375 }}
lane = [
    {{ number = 1, name = "Carrier", role = "carrier", carrier = "DHL", divert_mm = 3000 }},
    {{ number = 2, name = "Quality", role = "quality", divert_mm = 3500 }},
    {{ number = 3, name = "Reject", role = "reject", divert_mm = 4000 }},
]
"""


def _module(*names: str) -> Any:
    """The first of them that the tree has."""
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    return importlib.import_module(names[-1])


sys.path.insert(0, "tests")
pure_site = _module("pure_site")
events = _module("edge.core.events", "edge.line.events")
core = _module("edge.core.core", "edge.line.core")
orders = _module("edge.core.values.order", "edge.orders.model")
reader = _module("edge.journal.reader", "edge.journal")
writer = _module("edge.journal.writer", "edge.journal")
replaying = _module("edge.journal.replay", "edge.replay")
load = _module("edge.config.load", "edge.config")
words = _module("plc.words")
identity = _module("rfid.epc.identity", "rfid.epc")
driver = _module("rfid.driver")
try:
    FLAGS: tuple[str, ...] = _module("edge.core.values.flags").FLAGS
except ModuleNotFoundError:
    FLAGS = ()
BEGUN = {"flags": FLAGS} if FLAGS else {}


class Recorded(pure_site.PureSite):  # type: ignore[name-defined, misc]  # of whichever tree
    """The example's lines, with every input that the decisions got."""

    def __init__(self) -> None:
        self.inputs: list[Any] = []
        loads = {"sorter": PARCELS, "tote1": TOTES // 2, "tote2": TOTES // 2}
        config = pure_site.example(Path.cwd(), rate=PARCELS, tote_rate=TOTES // 2, seed=1)
        super().__init__(
            config, 1, {line: round(count * MINUTES / 60) for line, count in loads.items()}, *BEGUN.values()
        )

    def give(self, given: Any) -> Any:
        self.inputs.append(given)
        return super().give(given)


def main() -> None:
    """Microseconds of processor time, and how many records an item had."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 2, 5_000)  # as `lanewise run` has it
    site = Recorded()
    journal = site.run(MINUTES * 60 + 120).journal
    items = round((PARCELS + TOTES) * MINUTES / 60)
    found = {"example, records an item": len(journal) / items}
    found["example, decisions, us an item"] = _decided_us(site.inputs) / items
    found["example, replay, us a record"] = _replayed_us(journal)
    inputs, journal = sorter_inputs()
    found["sorters, records a parcel"] = len(journal) / (LINES * EACH)
    found["sorters, decisions, us a parcel"] = _decided_us(inputs) / (LINES * EACH)
    found["sorters, replay, us a record"] = _replayed_us(journal)
    print(json.dumps(found))


def _decided_us(inputs: Sequence[Any]) -> float:
    """The inputs through a core that asks for its deadline behind each, as the controller does."""
    decides = core.Core(())
    step, deadline_us = decides.step, decides.deadline_us
    begun = time.process_time()
    for given in inputs:
        step(given)
        deadline_us()
    return (time.process_time() - begun) * 1e6


def _replayed_us(journal: Sequence[Any]) -> float:
    with tempfile.TemporaryDirectory(prefix="lanewise-bench-") as folder:
        path = Path(folder) / "journal.sqlite"
        with closing(writer.Journal(path)) as written:
            for at in range(0, len(journal), 1_000):
                written.append(journal[at : at + 1_000])
                written.flush()
        with closing(reader.JournalReader(path)) as read:
            begun = time.process_time()
            told = replaying.replay(read.every())
            used = time.process_time() - begun
    if told.difference is not None:
        sys.exit(f"replay differs: {told.difference}")
    return used * 1e6 / len(journal)


# ---- twelve sorters, as bench.plcs has them --------------------------------------------------------------------------


def sorter_inputs() -> tuple[list[Any], list[Any]]:
    """What a controller is given by sorters at 40,000 parcels an hour, and what it journals."""
    with tempfile.TemporaryDirectory(prefix="lanewise-bench-") as folder:
        path = Path(folder) / "LINE.toml"
        path.write_text(HEAD + "".join(LINE.format(at=at) for at in range(LINES)), encoding="utf-8")
        config = load.load_line(path)
    inputs: list[Any] = []
    journal: list[Any] = []
    decides = core.Core(())

    def give(given: Any) -> None:
        inputs.append(given)
        results = decides.step(given)
        if not isinstance(given, events.TagsRead | events.Tick):
            journal.append(given)
        for result in results:
            if isinstance(result, events.Route):
                give_all(_carried_out(result, given.at_us))
            elif not isinstance(result, events.SetLane):
                journal.append(result)

    def give_all(some: Sequence[Any]) -> None:
        for one in some:
            give(one)

    layouts, alarms = config.layouts(), config.alarms()
    give(events.Started(at_us=START_US, controller="bench", version="0", layouts=layouts, alarms=alarms, **BEGUN))
    for at in range(LINES):
        give(events.DeviceChanged(START_US, f"reader.s{at}", True, "reads"))
        give(events.DeviceChanged(START_US, f"plc.s{at}", True, "connected"))
        give(_connected(f"s{at}"))
    for at in range(LINES):
        for track in range(1, EACH + 1):
            give(events.OrderChanged(START_US, 0, _order(at, track)))
    told = sorted((one for at in range(LINES) for one in _told(at)), key=attrgetter("at_us"))
    for one in told:
        while (due_us := decides.deadline_us()) is not None and due_us < one.at_us:
            give(events.Tick(due_us))
        give(one)
    return inputs, journal


def _order(at: int, track: int) -> Any:
    line = (orders.OrderLine("09521234000105", 1),)
    label = identity.identify(_label(at, track))
    return orders.Order(id=f"B-{at}-{track}", carrier="DHL", service="", lines=line, parcel=label)


def _label(at: int, track: int) -> str:
    return str(identity.sscc96("9521234", f"0{at:03d}{track:06d}"))


def _told(at: int) -> Iterator[Any]:
    seq = 0
    for track in range(1, EACH + 1):
        at_us = START_US + 1_000_000 + track * EVERY_US + at * EVERY_US // LINES
        read = driver.TagRead(_label(at, track), 1, -50.0, at_us + LEFT_US // 2, 1)
        yield events.TagsRead(at_us + LEFT_US // 2 + 1_000, f"s{at}", [read])
        for type_, station, after_us in (
            (words.EventType.ENTERED, EYE, 0),
            (words.EventType.LEFT, EYE, LEFT_US),
            (words.EventType.INDUCTED, 1, INDUCTED_US),
            (words.EventType.DIVERTED, 1, DIVERTED_US),
        ):
            seq += 1
            yield _event(at, seq, type_, track, station, at_us + after_us)


def _event(at: int, seq: int, type_: int, track: int, station: int, device_us: int) -> Any:
    return events.PlcEvent(
        at_us=device_us + POLL_US - device_us % POLL_US,
        device_us=device_us,
        plc=f"s{at}",
        session=1,
        seq=seq,
        type=int(type_),
        track_id=track,
        station=station,
        cause=0,
        value=0,
        plc_ms=device_us // 1000 % 2**32,
    )


def _carried_out(route: Any, at_us: int) -> list[Any]:
    sent = {
        "at_us": at_us,
        "plc": route.plc,
        "seq": route.track_id,
        "opcode": int(words.Opcode.ROUTE),
        "value": route.track_id,
        "target": route.lane,
    }
    return [
        events.CommandSent(**sent, session=1, expiry_ms=route.expiry_ms, found=False),
        events.CommandHandled(**sent, refusal=0),
    ]


def _connected(plc: str) -> Any:
    return events.PlcConnected(
        at_us=START_US,
        plc=plc,
        session=1,
        epoch=1,
        fresh=True,
        resumed=False,
        event_acked=0,
        events_lost=0,
        command_head=0,
        found=(),
        lanes_full=0,
        lanes_disabled=0,
    )


if __name__ == "__main__":
    main()
