"""From the first certain read of a wrong parcel to the reader's light: the controller on real sockets and real time.

Public names: main.

Parcels pass the simulated reader's antennas, several at a time. Measured from the moment at which the reader sends the
read that made the direction certain to the moment at which it sets its output; the limit is 200 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import uvloop

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from dock_line import EVERY_US, one_door, order_and_load, way_out  # noqa: E402  it lives beside the tests

from edge.controller.controller import Controller  # noqa: E402
from edge.core.events import DoorSeen  # noqa: E402
from edge.core.values.feed import FeedPortion  # noqa: E402
from edge.journal.host_time import now_us  # noqa: E402
from edge.journal.reader import JournalReader  # noqa: E402
from rfid.epc.identity import identify, sscc96  # noqa: E402
from rfid.llrp_device.simulator import SimulatedReader  # noqa: E402

LIMIT_MS = 200.0
APART_S = 0.35


async def measure(folder: Path, parcels: int) -> list[float]:
    """Milliseconds for each parcel."""
    writes: list[float] = []
    reader = SimulatedReader("dock1", 4, clock=now_us)
    reader._device.config.outputs = _Noticed(reader._device.config.outputs, lambda: writes.append(time.perf_counter()))
    await reader.start()
    config = one_door(folder, reader.port)
    epcs = [sscc96("9521141", f"{number:010d}") for number in range(parcels)]
    feed = order_and_load(epcs)
    controller = asyncio.create_task(
        Controller(config, lambda place, limit: FeedPortion(tuple(feed[place.seq : place.seq + limit]))).run()
    )
    for _ in range(500):
        if reader.ready:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    writes.clear()
    sent: dict[tuple[str, int], float] = {}

    async def carry(epc: str, at_s: float) -> None:
        await asyncio.sleep(at_s)
        begin_us = now_us()
        for read in way_out(epc, begin_us):
            await asyncio.sleep(max(0.0, (read.at_us - now_us()) / 1e6))
            sent[epc, read.at_us] = time.perf_counter()
            reader.report([read])

    await asyncio.gather(*(carry(epc, number * APART_S) for number, epc in enumerate(epcs)))
    await asyncio.sleep(0.5)
    controller.cancel()
    with suppress(asyncio.CancelledError):
        await controller
    await reader.stop()
    journal = JournalReader(config.journal)
    last = {
        value.parcel: max(side.last_us for side in value.evidence)
        for record in journal.of_kind(DoorSeen.__name__)
        if isinstance(value := record.value, DoorSeen)
    }
    journal.close()
    taken = []
    for epc in epcs:
        certain_us = last[identify(epc)]  # on the host's scale: the read that was sent nearest to it
        began = sent[epc, min((at for name, at in sent if name == epc), key=lambda at: abs(at - certain_us))]
        taken.append(1000 * (min(at for at in writes if at >= began) - began))
    return taken


class _Noticed(dict[int, bool]):
    """Outputs of a reader that tell when one is written."""

    def __init__(self, before: dict[int, bool], told: object) -> None:
        super().__init__(before)
        self._told = told

    def __setitem__(self, port: int, on: bool) -> None:
        super().__setitem__(port, on)
        if on and port == 1:
            self._told()  # type: ignore[operator]


def main() -> int:
    """Prints the numbers; 1 = the limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parcels", type=int, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taken = sorted(uvloop.run(measure(Path(folder), arguments.parcels)))
    late = sum(one > LIMIT_MS for one in taken)
    print(
        f"{len(taken)} wrong parcels, a read every {EVERY_US // 1000} ms each: certain read -> output written "
        f"{taken[len(taken) // 2]:.2f} ms median, {taken[-1]:.2f} ms at most; limit {LIMIT_MS:.0f} ms, {late} late, "
        f"{LIMIT_MS / taken[-1]:.0f} times quicker than the limit at worst"
    )
    return int(bool(late))


if __name__ == "__main__":
    sys.exit(main())
