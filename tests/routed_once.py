"""No parcel with two lanes, as the PLC itself tells it, whatever number of journals tells of it.

Public names: assert_routed_once.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.core.events import PlcEvent
from edge.journal.record import Record
from plc.words import EventType


def assert_routed_once(*journals: Sequence[Record]) -> None:
    """A PLC of version 2 took no two lanes for a parcel in one round. Each event counts once.

    The same lane may come again: who takes over does not know of the last command whether it arrived.
    """
    events: dict[tuple[str, int], PlcEvent] = {}
    for record in (one for found in journals for one in found):
        if isinstance(event := record.value, PlcEvent):
            assert events.setdefault((event.plc, event.seq), event).track_id == event.track_id
    rounds: dict[tuple[str, int], list[list[int]]] = {}
    for _, event in sorted(events.items()):
        of_track = rounds.setdefault((event.plc, event.track_id), [[]])
        if event.type == EventType.INDUCTED:
            of_track.append([])
        elif event.type == EventType.ROUTED:
            of_track[-1].append(event.station)
    assert any(lanes for of_track in rounds.values() for lanes in of_track)
    twice = [(key, lanes) for key, of_track in rounds.items() for lanes in of_track if len({*lanes}) > 1]
    assert not twice, twice[:5]
