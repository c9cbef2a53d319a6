"""The dock gate on the simulated dock: parcels in and out through two doors 3 m apart, told against true.

Public names: main.

Pure virtual time: the core as it is shipped, the radio model of `edge.sim.dock_radio`, the traffic of
`edge.sim.dock_traffic`. Beside it, in the same run and from the same reads, what a plain rule would tell: the door with
the strongest read, out when the strongest read of the outside antennas came after that of the inside ones.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from pure_dock import PureDock, made_up_docks

from edge.core.events import GateVerdict, TagsRead
from edge.core.values.dock import Direction, DockLayout, Side
from rfid.epc.identity import identify

VISIT_US = 3_000_000
"""For the plain rule a parcel that was not read for so long has gone."""


class PlainRule:
    """Strongest read decides. ``told``: time, parcel, door and direction."""

    def __init__(self, docks: tuple[DockLayout, ...]) -> None:
        self._places = {(dock.reader, antenna): (dock.name, side) for dock in docks for antenna, side in dock.antennas}
        self._visits: dict[str, dict[tuple[str, Side], tuple[float, int]]] = {}
        self._last: dict[str, int] = {}
        self.told: list[tuple[int, str, str, Direction]] = []

    def read(self, given: TagsRead) -> None:
        """Takes the same reads as the core."""
        for read in given.reads:
            if read.at_us - self._last.get(read.epc, read.at_us) > VISIT_US:
                self._over(read.epc)
            visit = self._visits.setdefault(read.epc, {})
            place = self._places[given.reader, read.antenna]
            visit[place] = max(visit.get(place, (-999.0, 0)), (read.rssi_dbm, read.at_us))
            self._last[read.epc] = read.at_us

    def end(self) -> None:
        """Nothing more comes."""
        for epc in list(self._visits):
            self._over(epc)

    def _over(self, epc: str) -> None:
        visit = self._visits.pop(epc)
        door = max(visit, key=lambda place: visit[place])[0]
        inside, outside = visit.get((door, Side.INSIDE)), visit.get((door, Side.OUTSIDE))
        if inside and outside:
            way = Direction.OUT if outside[1] > inside[1] else Direction.IN
            self.told.append((max(inside[1], outside[1]), identify(epc), door, way))


def main() -> int:
    """Prints the numbers; 1 = something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parcels", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--eyes", action="store_true", help="doors with photo-eyes")
    arguments = parser.parse_args()
    docks = made_up_docks(eyes=arguments.eyes)
    dock = PureDock(docks, arguments.seed, arguments.parcels)
    plain = PlainRule(docks)
    taken_s = 0.0
    give = dock.give

    def timed(given):  # type: ignore[no-untyped-def]
        nonlocal taken_s
        if isinstance(given, TagsRead):
            plain.read(given)
        began = time.perf_counter()
        results = give(given)
        taken_s += time.perf_counter() - began
        return results

    dock.give = timed  # type: ignore[method-assign]
    dock.run()
    plain.end()
    score = dock.score()
    hours = (dock.traffic.end_us - 1_700_000_000_000_000) / 3.6e9
    print(
        f"{arguments.parcels} parcels, {score.crossings} ways through two doors 3 m apart, {hours:.2f} h of floor time"
    )
    ways = Counter(one.way for one in dock.traffic.parcels)
    print("  " + ", ".join(f"{count} {way}" for way, count in ways.most_common()))
    print(f"  {dock.reads} reads, {taken_s * 1e6 / dock.reads:.1f} us each through the core on one core")
    print(f"direction  {score.right} right, {score.guessed} wrong, {score.undetermined} said to be undetermined, "
          f"{score.silent} not noticed")  # fmt: skip
    delays = sorted(score.delays_us)
    print(f"certain    {delays[len(delays) // 2] / 1000:.0f} ms after the wall (median), "
          f"{delays[len(delays) * 99 // 100] / 1000:.0f} ms (99 %)")  # fmt: skip
    print(f"wrong      {score.wrong_out} wrong or unknown parcels went out, {score.wrong_named} named, "
          f"{len(dock.gated(GateVerdict.ALREADY_LOADED))} told to be aboard already")  # fmt: skip
    lit = [command for _, command in dock.commands if command.on and command.port == 1]
    print(f"light      turned on {len(lit)} times, each in the step that made its way certain")
    bad = score.guessed + score.silent + score.wrong_out - score.wrong_named
    for door in dock.traffic.carriers:
        check = dock.check(door)
        there, doubts = dock.aboard(door)
        told = {one.parcel for one in check.aboard}
        strange = (told ^ there) - doubts
        bad += len(strange)
        print(f"load       {door}: {len(there)} parcels in the trailer, {len(told)} told, "
              f"{len(check.missing)} missing, {len(check.undetermined)} undetermined, {len(check.wrong)} wrong; "
              f"{len(strange)} differ that were not said to be in doubt")  # fmt: skip
    if not arguments.eyes:
        _compare(dock, plain, score.guessed)
    for text in score.details[:10]:
        print("  ", text)
    return int(bool(bad))


def _compare(dock: PureDock, plain: PlainRule, ours: int) -> None:
    truth = defaultdict(list)
    for crossing in dock.truth:
        truth[identify(crossing.epc)].append(crossing)
    right = wrong = 0
    for at_us, parcel, door, way in plain.told:
        near = [
            one
            for one in truth[parcel]
            if abs(at_us - one.at_us) < 8_000_000 and (one.door, one.direction) == (door, way)
        ]
        right, wrong = right + bool(near), wrong + (not near)
    print(f"plain rule {right} right, {wrong} wrong, from the same reads; ours {ours} wrong")


if __name__ == "__main__":
    sys.exit(main())
