"""Hours of the simulated floor with a real controller, in virtual time, as journals: one with faults, one of nothing.

Public names: record, FAULTS, BEGIN_US, MINUTES.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "tests")]

from controllers import Feed, stop  # noqa: E402
from ports import on_free_ports  # noqa: E402
from virtual_time import run_virtual  # noqa: E402

from edge.config.load import load_line  # noqa: E402
from edge.config.publish import DiskConfig  # noqa: E402
from edge.controller.controller import Controller  # noqa: E402
from edge.core.events import LoadRequested, OrderChanged  # noqa: E402
from edge.core.values.load import Load, LoadAction  # noqa: E402
from edge.sim.devices import SimulatedFloor  # noqa: E402
from edge.sim.faults import FaultOrder  # noqa: E402

BEGIN_US = 1_764_230_400_000_000
"""When each hour begins: 2025-11-27 08:00 UTC."""
MINUTES = 60
RATE = 1_500
"""Parcels an hour."""
SCAN_MS, POLL_MS = 50, 100
"""Slower than a real line's: virtual time pays for each look in real time."""
AHEAD, TOP_UP_S = 60, 10
"""So many loads of each line have orders before they come, looked at every so many seconds."""
FAULTS = (
    "plc.tote1:mute@480s+150s",
    "reader.tote2:refusal@960s+240s",
    "plc.sorter:lane-full=3@1380s+420s",
    "plc.sorter:jam=4@2100s+95s",
    "plc.sorter:jam=7@3120s",
)
"""A mute PLC, a reader that refuses us, a full lane, a jam that is cleared, and one that lasts to the end."""
CLOSED_S = 2_700
"""When the load of the second door is closed."""


def record(folder: Path, *, faults: bool, minutes: int = MINUTES) -> Path:
    """The journal of the example warehouse's hour, in ``folder``: with FAULTS, or with belts that never move."""
    folder.mkdir(parents=True, exist_ok=True)
    config = on_free_ports(load_line(ROOT / "examples" / "warehouse" / "LINE.toml"), folder, POLL_MS)
    sim = config.sim.model_copy(update={"rate": RATE, "scan_ms": SCAN_MS})
    # The disk of whoever draws fills in real time, and is no line's.
    config = config.model_copy(update={"sim": sim, "disk": DiskConfig(low_hours=0, low_mb=0)})

    async def main() -> None:
        orders = tuple(map(FaultOrder.parse, FAULTS)) if faults else ()
        floor = SimulatedFloor(config, released=faults, faults=orders)
        feed = Feed(floor, AHEAD)
        for dock, carrier in config.sim.docks.items() if faults else ():
            feed.items.append(_load(len(feed.items) + 1, LoadAction.OPEN, dock, carrier))
        await floor.start()
        task = asyncio.create_task(Controller(config, feed, threaded=False, zero_us=BEGIN_US).run())
        for turn in range(minutes * 60 // TOP_UP_S):
            await asyncio.sleep(TOP_UP_S)
            if faults and turn * TOP_UP_S == CLOSED_S:
                feed.items.append(_load(len(feed.items) + 1, LoadAction.CLOSE, "door2", "UPS"))
            fresh = [load for stream in floor.streams.values() for load in stream.prepare(AHEAD)]
            for order in [order for load in fresh for order in load.orders]:
                feed.items.append(OrderChanged(0, len(feed.items) + 1, order))
        await stop(task)
        await floor.stop()

    run_virtual(main())
    return config.journal


def _load(seq: int, action: LoadAction, dock: str, carrier: str) -> LoadRequested:
    times = {"cutoff_us": BEGIN_US + CLOSED_S * 1_000_000, "departure_us": BEGIN_US + MINUTES * 60_000_000}
    load = Load(id=f"L-{carrier}", dock=dock, carrier=carrier, **times)
    opened = load if action is LoadAction.OPEN else None
    return LoadRequested(
        at_us=0, feed_seq=seq, action=action, load_id=load.id, by="kim", load=opened, forced=opened is None,
        reason="the truck leaves",
    )  # fmt: skip
