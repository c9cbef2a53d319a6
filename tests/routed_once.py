"""No parcel with two routes, whatever number of journals tells of them.

Public names: assert_routed_once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from edge.core.events import CommandSent, PlcEvent
from edge.journal.record import Record
from plc.words import EventType, Opcode


def _routed(*journals: Sequence[Record]) -> dict[tuple[str, int], list[Counter[int]]]:
    """By PLC and track the lanes of each round, from all journals in order of time."""
    rounds: dict[tuple[str, int], list[Counter[int]]] = {}
    told: set[tuple[str, int]] = set()
    for record in sorted((one for found in journals for one in found), key=lambda one: one.at_us):
        match record.value:
            case PlcEvent(plc=plc, type=EventType.INDUCTED, track_id=track, seq=seq):
                if (plc, seq) not in told:
                    rounds.setdefault((plc, track), []).append(Counter())
                told.add((plc, seq))
            case CommandSent(plc=plc, opcode=Opcode.ROUTE, value=track, target=lane, found=False):
                rounds.setdefault((plc, track), [Counter()])[-1][lane] += 1
            case _:
                pass
    return rounds


def assert_routed_once(*journals: Sequence[Record]) -> None:
    """No parcel was sent to two lanes, nor by both to one."""
    twice = {key: lanes for key, rounds in _routed(*journals).items() for lanes in rounds if lanes.total() > 1}
    assert twice == {}
