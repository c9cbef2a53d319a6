"""A disk that stands still: parcels without a route in time beside it, mailbox version 1 and 2 in turns, and kill -9.

Public names: Disk, Stood, stalled, killed, main. Run: ``python -m bench.stalled [--kills 50]``.

One PLC on libmodbus with 40,000 parcels an hour and `lanewise run`, in whose process alone every fsync is held up by
a small library that is preloaded (bench/held_fsync.c). A parcel whose ROUTE is not handled at the decision point,
0.72 s behind its INDUCTED, counts as defaulted. Rows: the disk stands for 2 s in every 5, under a PLC of version 1
and of version 2; then for 10 s once. ``said``: the alarm disk-slow was raised; ``caught up``: from the end of the
last stand until the PLC keeps nothing unacknowledged. With ``--kills`` the controller is killed so often at random
moments while the disk stands for 2 s in every 5, and begun again; then the journal must have every event of the PLC
once and in order, replay agree, and the PLC have accepted no two lanes for a parcel.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench._controller import Controller
from bench.plcs import DECISION_US, EVERY_US, NEVER_US, PLC_NICE, SCAN_US, _collect
from edge.core.events import AlarmChanged, PlcEvent
from edge.core.values.alarm import AlarmKind
from edge.journal.reader import JournalReader
from edge.journal.replay import replay

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from libmodbus_peer import LibmodbusPlc, build_libmodbus_plc  # noqa: E402  it lives beside the tests

STANDS_S, EVERY_S = 2.0, 5.0
BEFORE_S, LONG_S = 2.0, 10.0
CATCH_UP_S = 5.0
KILL_S = 30.0
"""No kill and start takes longer."""


class Disk:
    """Stands still while ``file`` is there."""

    def __init__(self, folder: Path, cc: str) -> None:
        self.file = folder / "stands"
        self.file.unlink(missing_ok=True)
        self._library = folder / "held_fsync.so"
        source = Path(__file__).with_name("held_fsync.c")
        flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run([cc, *flags, str(source), "-o", str(self._library)], check=True)
        self.moved = time.monotonic()

    @property
    def env(self) -> dict[str, str]:
        """For the process whose disk it is."""
        return {"LD_PRELOAD": str(self._library), "HELD_UP": str(self.file)}

    def stand(self, seconds: float, ends: threading.Event) -> None:
        """Stands for so long, or until ``ends``."""
        self.file.touch()
        ends.wait(seconds)
        self.file.unlink()
        self.moved = time.monotonic()

    @contextmanager
    def now_and_then(self) -> Iterator[None]:
        """Stands for STANDS_S in every EVERY_S."""
        ends = threading.Event()

        def stand() -> None:
            while not ends.wait(EVERY_S - STANDS_S):
                self.stand(STANDS_S, ends)

        thread = threading.Thread(target=stand)
        thread.start()
        try:
            yield
        finally:
            ends.set()
            thread.join()

    @contextmanager
    def once(self) -> Iterator[None]:
        """Stands for LONG_S, BEFORE_S from now."""
        ends = threading.Event()

        def stand() -> None:
            if not ends.wait(BEFORE_S):
                self.stand(LONG_S, ends)

        thread = threading.Thread(target=stand)
        thread.start()
        try:
            yield
        finally:
            thread.join()


@dataclass(frozen=True, slots=True)
class Stood:
    """What came of one run. ``caught_up_s``: None = not within a minute."""

    parcels: int
    defaulted: int
    slowest_ms: float
    said: bool
    caught_up_s: float | None


def stalled(program: Path, disk: Disk, version: int, seconds: float, *, once: bool = False) -> Stood:
    """Parcels for so long, at a PLC of a version, while the disk stands now and then, or once for LONG_S."""
    parcels = round(seconds * 1_000_000 / EVERY_US)
    with ExitStack() as opened:
        plc = opened.enter_context(LibmodbusPlc(program, SCAN_US))
        plc.order(f"version {version}")
        plc.order("restart")
        ours = opened.enter_context(Controller([plc.port], parcels, env=disk.env))
        ours.start(lambda: plc.status()["epoch"] > 0)
        with disk.once() if once else disk.now_and_then():
            reactions = _collect([plc], parcels, ours)
        caught_up_s = _caught_up(plc, disk)
        ours.stop()
        said = any(
            isinstance(record.value, AlarmChanged) and record.value.kind is AlarmKind.DISK_SLOW and record.value.active
            for record in ours.records("AlarmChanged")
        )
    late = sum(sample > DECISION_US for sample in reactions)
    slowest = max((sample for sample in reactions if sample < NEVER_US), default=0)
    return Stood(len(reactions), late, slowest / 1000, said, caught_up_s)


def _caught_up(plc: LibmodbusPlc, disk: Disk) -> float | None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        status = plc.status()
        if status["newest"] == status["acked"] and not status["waiting"]:
            return time.monotonic() - disk.moved
        time.sleep(0.01)
    return None


def killed(program: Path, disk: Disk, kills: int, seed: int) -> list[str]:
    """Kills the controller so often while the disk stands now and then; what is wrong afterwards, none = nothing."""
    moments = random.Random(seed)
    parcels = round(kills * KILL_S * 1_000_000 / EVERY_US)
    standing = 0
    with ExitStack() as opened:
        plc = opened.enter_context(LibmodbusPlc(program, SCAN_US))
        ours = opened.enter_context(Controller([plc.port], parcels, env=disk.env))
        ours.start(lambda: plc.status()["epoch"] > 0)
        plc.bench(parcels, EVERY_US, 150_000, 20_000)
        over = threading.Event()

        def report() -> None:
            with suppress(EOFError):
                plc.bench_result_us(ours.entered)
                over.set()

        reporter = threading.Thread(target=report, daemon=True)
        reporter.start()
        with disk.now_and_then():
            for number in range(kills):
                time.sleep(moments.uniform(0.0, 4.0))
                standing += disk.file.exists()
                ours.kill()
                ours.begin()
                print(f"\r  {number + 1} of {kills} kills, {standing} while the disk stood", end="", flush=True)
        print()
        plc.cut_bench()
        if not over.wait(60):
            return ["the PLC does not end its bench"]
        caught_up_s = _caught_up(plc, disk)
        status = plc.status()
        ours.stop()
        reader = JournalReader(ours.journal)
        try:
            events = [record.value for record in reader.of_kind("PlcEvent", 10_000_000)]
            seqs = [event.seq for event in events if isinstance(event, PlcEvent)]
            told = replay(reader.every())
        finally:
            reader.close()
    wanted = [(at + 1) % 65536 for at in range(len(seqs))]
    troubles = {
        "the PLC is not caught up with": caught_up_s is None,
        f"journal: {len(seqs)} events, the first that is not the next one is {_first(seqs, wanted)}": seqs != wanted,
        f"journal: the last event is {seqs[-1:]}, the PLC's {status['newest']}": seqs[-1:] != [status["newest"]],
        f"the PLC dropped {status['lost']} events": status["lost"] > 0,
        f"{status['rerouted']} parcels got a second lane": status["rerouted"] > 0,
        f"replay differs: {told.difference}": told.difference is not None,
    }
    print(f"  {len(seqs):,} events once and in order, {told.decisions:,} decisions derived again, none routed twice")
    return [trouble for trouble, is_so in troubles.items() if is_so]


def _first(seqs: list[int], wanted: list[int]) -> int | None:
    return next((seq for seq, other in zip(seqs, wanted, strict=True) if seq != other), None)


def main(arguments: list[str] | None = None) -> int:
    """Prints the table, and what the kills did; 1 where a goal is not met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=24.0, help="how long parcels come in each run (default 24)")
    parser.add_argument("--rounds", type=int, default=1, help="repeats of the table")
    parser.add_argument("--kills", type=int, default=0, help="kill the controller so often (default: not at all)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments at which it is killed")
    given = parser.parse_args(arguments)
    cc, pkg_config = (shutil.which(tool) for tool in ("cc", "pkg-config"))
    if cc is None or pkg_config is None:
        raise FileNotFoundError("cc and pkg-config build the PLC: `make peers` installs them")
    program = build_libmodbus_plc(ROOT / ".bench", cc, pkg_config)
    disk = Disk(ROOT / ".bench", cc)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PLC_NICE)
    met = True
    print("parcels without a route at the decision point beside a disk that stands still; 40,000 parcels/h")
    print(f"{'':34}{'parcels':>8}{'defaulted':>11}{'slowest ms':>12}{'said':>6}{'caught up s':>13}")
    for _ in range(given.rounds):
        for version, once in ((1, False), (2, False), (2, True)):
            seconds = LONG_S + BEFORE_S if once else given.seconds  # so that the last parcel comes as it ends
            run = stalled(program, disk, version, seconds, once=once)
            name = f"version {version}, {f'{LONG_S:.0f} s once' if once else f'{STANDS_S:.0f} s in {EVERY_S:.0f}'}"
            caught = "-" if run.caught_up_s is None else f"{run.caught_up_s:.2f}"
            said = "yes" if run.said else "no"
            print(f"{name:34}{run.parcels:8}{run.defaulted:11}{run.slowest_ms:12.1f}{said:>6}{caught:>13}", flush=True)
            if version == 2:
                met = met and run.defaulted == 0 and run.caught_up_s is not None
                met = met and (not once or (run.said and (run.caught_up_s or 99.0) < CATCH_UP_S))
    goal = f"  goal: version 2 defaults none; 10 s once is said, and caught up within {CATCH_UP_S:.0f} s:"
    if given.rounds:
        print(goal, "met" if met else "NOT MET")
    if given.kills:
        troubles = killed(program, disk, given.kills, given.seed)
        print("\n".join(f"  {trouble}" for trouble in troubles) or "  nothing lost, doubled or routed twice")
        met = met and not troubles
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
