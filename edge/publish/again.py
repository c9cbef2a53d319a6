"""What one target is sent once more, beside the publisher that runs: history, what it refused; and a try of its store.

Public names: send_history, send_set_aside, check_store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice, takewhile
from typing import Final, TypeVar

from edge.config.lines import LineConfig
from edge.config.publish import EpcisConfig, InfluxConfig
from edge.journal.host_time import local, now_us
from edge.journal.source import JournalSource
from edge.publish.cursors import Refused, SetAside, TooOld, give_back, read_kept
from edge.publish.epcis import EpcisPublisher
from edge.publish.follow import Entry
from edge.publish.influx import InfluxPublisher

_PORTION: Final = 10_000
_One = TypeVar("_One")


def send_history(
    config: LineConfig, name: str, table: InfluxConfig | EpcisConfig, since_us: int, until_us: int
) -> Iterator[str]:
    """Sends one target every record from ``since_us`` until before ``until_us`` once more; its cursor stays.

    Yields what is done. Raises JournalError, TargetDown.
    """
    with (
        closing(JournalSource(config.journal, config.controller)) as source,
        closing(_opened(config, name, table)) as target,
    ):
        reader = source.open()
        node = source.node(reader)
        behind = max(0, reader.older(since_us) - target.lookback)
        sent, told = 0, list[Refused]()
        wanted = takewhile(lambda record: record.at_us < until_us, reader.every(behind))
        for records in _portions(wanted):
            for late in (False, True):
                part = [record for record in records if (record.at_us >= since_us) == late and target.wants(record)]
                deliver = target.prepare([Entry(record, record.value, f"{node}/{record.seq}") for record in part])
                if late and part:
                    told += deliver()
                    sent += len(part)
                    yield f"{name}: {sent} records, until {local(part[-1].at_us)}"
        yield f"{name}: {sent} records sent again{_of(told, 'points' if isinstance(table, InfluxConfig) else 'events')}"


def send_set_aside(config: LineConfig, name: str, table: InfluxConfig | EpcisConfig) -> Iterator[str]:
    """Sends one target what it refused once more; what it takes now is set aside no longer.

    Yields what is done. Raises CursorError, TargetDown.
    """
    sent, told = 0, list[Refused]()
    with closing(_opened(config, name, table)) as target:
        kept = read_kept(config.publish_state, name)
        for part in _portions(kept):
            refused = target.lines(one for _, one in part)()
            told += refused
            still = {(one.seq, one.what) for one in refused if isinstance(one, SetAside)}
            taken = [number for number, one in part if (one.seq, one.what) not in still]
            give_back(config.publish_state, name, taken, refused, now_us())
            sent += len(part)
    what = "points" if isinstance(table, InfluxConfig) else "events"
    yield f"{name}: {sent} {what} sent again{_of(told, what)}"


def check_store(config: LineConfig, name: str, table: InfluxConfig) -> Iterator[str]:
    """Writes one point twice and counts: whether twice is once there. Raises TargetDown."""
    with closing(InfluxPublisher(name, table, config)) as target:
        count = target.written_twice()
    match count:
        case None:
            yield f"{name}: it took a point twice, and cannot be asked here how often it has it: count it there"
        case 1:
            yield f"{name}: a point that was written twice is there once, as it must be"
        case _:
            yield (
                f"{name}: a point that was written twice is there {count} times: what is sent again counts again; "
                "let the store overwrite points of the same series and time (QuestDB: DEDUP UPSERT KEYS)"
            )


def _opened(config: LineConfig, name: str, table: InfluxConfig | EpcisConfig) -> InfluxPublisher | EpcisPublisher:
    kind = InfluxPublisher if isinstance(table, InfluxConfig) else EpcisPublisher
    return kind(name, table, config)  # type: ignore[arg-type]  # each its own table


def _portions(all_of_them: Iterable[_One]) -> Iterator[list[_One]]:
    rest = iter(all_of_them)
    while portion := list(islice(rest, _PORTION)):
        yield portion


def _of(told: Sequence[Refused], what: str) -> str:
    old = sum(one.points for one in told if isinstance(one, TooOld))
    refused = [one for one in told if isinstance(one, SetAside)]
    text = f", {old} points too old for it" if old else ""
    return f"{text}, {len(refused)} {what} refused: {refused[0].reason}" if refused else text
