"""What a journal weighs and costs: long texts packed, as files begun today have them, beside plain ones, in one run.

Public names: main, floor_values. Run: ``python -m bench.journal [--minutes 30]``.

The records are those of the example's lines at 3,600 parcels and 2,000 totes an hour, decided without a wire in floor
time. Written in commits of fifty, read, and derived again, in turns. All times are processor time, the best of the
turns: a machine that is shared makes some of them longer, and none shorter. The files lose nothing: what is read from
both is compared.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from edge.core.events import Event, Journaled
from edge.core.values.flags import FLAGS
from edge.journal.reader import FORM, JournalReader
from edge.journal.replay import replay
from edge.journal.writer import Journal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from pure_site import PureSite, example  # noqa: E402  they live beside the tests

PARCELS, TOTES = 3_600, 2_000
COMMIT = 50
TURNS = 5


@dataclass(frozen=True, slots=True)
class Weighed:
    """A file: its octets in use, and what writing, reading and deriving it again took, in seconds."""

    octets: int
    write_s: float
    read_s: float
    replay_s: float
    records: int
    texts: list[str]


def main(argv: list[str] | None = None) -> int:
    """Prints a table; status 1 where the two are not the same, or replay differs."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--minutes", type=float, default=30.0)
    minutes = options.parse_args(argv).minutes
    values = floor_values(minutes)
    with tempfile.TemporaryDirectory(prefix="lanewise-bench-") as folder:
        turns = [
            [_weighed(Path(folder) / f"{form}-{turn}.sqlite", form, values) for form in (0, FORM)]
            for turn in range(TURNS)
        ]
    plain, packed = (_best(its) for its in zip(*turns, strict=True))
    per = 1e6 / packed.records
    print(f"{packed.records:,} records of {minutes:g} minutes, {PARCELS:,} parcels and {TOTES:,} totes an hour")
    print(f"{'':34}{'plain':>10}{'packed':>10}{'ratio':>8}")
    for name, one, other in (
        ("MB an hour", plain.octets / minutes * 60e-6, packed.octets / minutes * 60e-6),
        ("octets a record", plain.octets / plain.records, packed.octets / packed.records),
        ("to write a million records, s", plain.write_s * per, packed.write_s * per),
        ("to read them, s", plain.read_s * per, packed.read_s * per),
        ("to derive every decision again, s", plain.replay_s * per, packed.replay_s * per),
    ):
        print(f"{name:34}{one:10.1f}{other:10.1f}{other / one:8.2f}")
    return 0 if plain.texts == packed.texts else 1


def _best(turns: Sequence[Weighed]) -> Weighed:
    return replace(
        turns[0],
        write_s=min(one.write_s for one in turns),
        read_s=min(one.read_s for one in turns),
        replay_s=min(one.replay_s for one in turns),
    )


def floor_values(minutes: float) -> Sequence[Journaled | Event]:
    """What the example's lines journal in some minutes of floor time."""
    loads = {"sorter": PARCELS, "tote1": TOTES // 2, "tote2": TOTES // 2}
    config = example(ROOT, rate=PARCELS, tote_rate=TOTES // 2, seed=1)
    site = PureSite(config, 1, {line: round(count * minutes / 60) for line, count in loads.items()}, FLAGS)
    return site.run(minutes * 60 + 120).journal


def _weighed(path: Path, form: int, values: Sequence[Journaled | Event]) -> Weighed:
    Journal(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version={form}")
    journal = Journal(path)
    begun = time.process_time()
    for at in range(0, len(values), COMMIT):
        journal.append(values[at : at + COMMIT])
        journal.flush()
    write_s = time.process_time() - begun
    journal.close()
    with closing(JournalReader(path)) as reader:
        octets = reader.used_bytes()
        begun = time.process_time()
        for record in reader.every():
            _ = record.value
        read_s = time.process_time() - begun
        begun = time.process_time()
        told = replay(reader.every())
        replay_s = time.process_time() - begun
        if told.difference is not None:
            sys.exit(f"replay differs: {told.difference}")
        texts = [record.body for record in reader.every()]
    return Weighed(octets, write_s, read_s, replay_s, len(values), texts)


if __name__ == "__main__":
    sys.exit(main())
