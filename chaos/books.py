"""What must hold whatever went wrong: the floor's truth, the journal, the store and those who are told say the same.

Public names: Ledger, balanced, both, floor_troubles, read_journal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from chaos.site import GoneWrongError, Site, wait_for
from edge.config.lines import LineConfig
from edge.core.events import CommandSent, DeviceChanged, EventsMissed, OrderShipped, PlcConnected, PlcEvent, Started
from edge.core.values.order import OrderState
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, encode
from edge.journal.replay import replay
from edge.journal.source import JournalSource
from edge.publish.cursors import CursorError, read_cursors
from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import Measures
from edge.publish.namespace import Namespace
from edge.site.store import SiteStore
from plc.words import EventType, Opcode

_BAD = {
    "missorted": "parcels in a lane of another carrier",
    "false_accepts": "wrong totes in packing",
}
_LEFT = {"left_on_belt": "parcels or totes left on the belts", "unacknowledged": "PLC events not acknowledged"}


@dataclass
class Ledger:
    """A journal as it is read on: each event of a PLC's session once and in order, and one lane a parcel and round.

    ``up``: the devices of which the newest controller has spoken, and whether they are there.
    ``troubles``: what must not be. ``shared``: another journal has what is missing here, see ``both``.
    """

    shared: bool = False
    seq: int = 0
    up: dict[str, bool] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    shipped: dict[str, int] = field(default_factory=dict)
    events: int = 0
    told: dict[tuple[str, int, int], PlcEvent] = field(default_factory=dict)
    missed: Counter[str] = field(default_factory=Counter)
    _newest: dict[tuple[str, int], int] = field(default_factory=dict)
    _lanes: dict[tuple[str, int], set[int]] = field(default_factory=dict)

    def read_on(self, reader: JournalReader) -> None:
        """What was written since."""
        for record in reader.every(self.seq):
            if record.seq != self.seq + 1:
                self.troubles.append(f"journal: behind record {self.seq} stands {record.seq}")
            self.seq = record.seq
            match record.value:
                case PlcEvent() as event:
                    self._told(event)
                case CommandSent(plc=plc, opcode=Opcode.ROUTE, value=track, target=lane):
                    self._routed(plc, track, lane)
                case PlcConnected(found=found):
                    for sent in found:
                        if sent.opcode == Opcode.ROUTE:
                            self._routed(sent.plc, sent.value, sent.target)
                case Started():
                    self.up.clear()
                case EventsMissed(plc=plc, count=count):
                    self.missed[plc] += count
                case DeviceChanged(device=device, up=up):
                    self.up[device] = up
                case OrderShipped(order=order):
                    self.shipped[order] = self.shipped.get(order, 0) + 1
                case _:
                    pass

    def _told(self, event: PlcEvent) -> None:
        self.events += 1
        where = (event.plc, event.session)
        if self.shared:
            self.told[*where, event.seq] = event
            return
        wanted = (self._newest.get(where, 0) + 1) % 65_536
        if event.seq != wanted:
            self.troubles.append(f"journal: PLC {event.plc}, session {event.session}: event {event.seq}, not {wanted}")
        self._newest[where] = event.seq
        if event.type == EventType.INDUCTED:
            self._lanes[event.plc, event.track_id] = set()

    def _routed(self, plc: str, track: int, lane: int) -> None:
        if self.shared:
            return
        lanes = self._lanes.setdefault((plc, track), set())
        lanes.add(lane)
        if len(lanes) > 1:
            self.troubles.append(f"journal: PLC {plc}, track {track} was routed to lanes {sorted(lanes)}")


def both(ledgers: Sequence[Ledger]) -> list[str]:
    """What two journals of one floor must not say together: an event told in two ways, two lanes for a parcel in one
    round, more events in neither than the controllers said they missed.
    """
    told: dict[tuple[str, int, int], PlcEvent] = {}
    troubles: list[str] = []
    for ledger in ledgers:
        for where, event in ledger.told.items():
            same = told.setdefault(where, event)
            if (same.type, same.track_id, same.station) != (event.type, event.track_id, event.station):
                troubles.append(f"PLC {where[0]}, event {where[2]} is told in two ways")
    lanes: dict[tuple[str, int], set[int]] = {}
    newest: dict[tuple[str, int], int] = {}
    lacks: Counter[str] = Counter()
    for (plc, session, seq), event in sorted(told.items()):
        lacks[plc] += seq - newest.get((plc, session), 0) - 1
        newest[plc, session] = seq
        of_track = lanes.setdefault((plc, event.track_id), set())
        match event.type:
            case EventType.INDUCTED:
                of_track.clear()
            case EventType.ROUTED:
                of_track.add(event.station)
                if len(of_track) > 1:
                    troubles.append(f"PLC {plc}, track {event.track_id} was routed to lanes {sorted(of_track)}")
            case _:
                pass
    missed = sum((ledger.missed for ledger in ledgers), Counter[str]())
    return troubles + [
        f"PLC {plc}: {count} events in neither journal, and {missed[plc]} said to be missed"
        for plc, count in lacks.items()
        if count > missed[plc]
    ]


def floor_troubles(site: Site) -> list[str]:
    """What the floor has seen until now that must not be."""
    seen = site.numbers("sim")
    return [f"{seen[f'sim_{name}']:.0f} {what}" for name, what in _BAD.items() if seen.get(f"sim_{name}")]


def balanced(site: Site, ledgers: Mapping[str, Ledger]) -> dict[str, int]:
    """When the floor is empty: waits until everybody knows everything, and compares; how much of what was compared.

    ``ledgers``: by the controller's process. Raises GoneWrongError.
    """
    truth = json.loads(site.report.read_text(encoding="utf-8"))
    troubles = [f"{truth[name]} {what}" for name, what in (_BAD | _LEFT).items() if truth[name]]
    troubles += [f"PLC {name} dropped {one['lost']} events" for name, one in truth["plc_events"].items() if one["lost"]]
    derived = 0
    for run, ledger in ledgers.items():
        config = site.configs[run]
        with closing(JournalReader(config.journal)) as reader:
            ledger.read_on(reader)
            if run == "run":
                _caught_up(site, reader)
            _followed(site, config, reader)
            told = replay(reader.every())
            derived += told.decisions
            if told.difference is not None:
                troubles.append(f"replay of {run} differs: {told.difference}")
            ledger.read_on(reader)
            if run == "run":
                troubles += _published(site, reader)
        troubles += ledger.troubles
        troubles += [f"order {order} shipped {count} times" for order, count in ledger.shipped.items() if count > 1]
        troubles += _stored(site, ledger)
    troubles += both(list(ledgers.values()))
    if audit := _audit(site):
        troubles.append(f"stock: {audit}")
    if troubles:
        raise GoneWrongError("\n".join(dict.fromkeys(troubles)))
    return {
        "parcels": truth["parcels_inducted"],
        "totes": truth["totes_inducted"],
        "PLC events": sum(ledger.events for ledger in ledgers.values()),
        "records": sum(ledger.seq for ledger in ledgers.values()),
        "decisions derived again": derived,
        "orders shipped": len({order for ledger in ledgers.values() for order in ledger.shipped}),
        "points": len(set(site.influx.taken)),
        "messages": len(site.heard.messages()),
    }


def _audit(site: Site) -> Any:
    """Where the two books of stock differ, once the api answers."""
    said: list[Any] = []

    def answered() -> bool:
        with suppress(OSError, HTTPException, ValueError):
            said.append(site.ask("/api/v1/stock/audit"))
        return bool(said)

    wait_for(answered, lambda: "the api does not say whether the books of stock agree")
    return said[0]


def _caught_up(site: Site, reader: JournalReader) -> None:
    """Publishers have all that the journal had when this began."""
    newest = reader.last()
    config = site.config

    def published() -> bool:
        try:
            known = {cursor.publisher: cursor for cursor in read_cursors(config.publish_state)}
        except CursorError:
            return False
        return all(name in known and known[name].seq >= newest for name in config.publish)

    wait_for(
        published, lambda: f"publishers do not catch up with record {newest}: {read_cursors(config.publish_state)}"
    )
    for cursor in read_cursors(config.publish_state):
        if cursor.set_aside:
            raise GoneWrongError(f"publisher {cursor.publisher} set {cursor.set_aside} aside")


def _followed(site: Site, config: LineConfig, reader: JournalReader) -> None:
    """The store has all that a journal had when this began."""
    newest = reader.last()
    with closing(JournalSource(config.journal, config.controller)) as source:
        node = source.node(reader)

    def followed() -> bool:
        try:
            with closing(SiteStore(config.store, readonly=True)) as store:
                return store.cursor(node) >= newest
        except OSError:
            return False

    wait_for(followed, lambda: f"the store does not catch up with record {newest} of {config.journal}")


def _published(site: Site, reader: JournalReader) -> list[str]:
    """What of the newest journal the broker's listener or InfluxDB was not told, up to where both have it."""
    config = site.config
    layouts = config.layouts()
    measures, encoder = Measures(layouts), LineEncoder((config.site, config.controller))
    namespace = Namespace(config.site, config.controller, layouts)
    cursors = {cursor.publisher: cursor.seq for cursor in read_cursors(config.publish_state)}
    lines: set[bytes] = set()
    wanted: set[str] = set()
    for record in reader.every():
        if record.seq <= cursors["influx"]:
            lines.update(encoder.lines(measures.points(record.seq, record.value)))
        if record.seq <= cursors["broker"]:
            told = namespace.messages(record.seq, f"1/{record.seq}", record.value, encode(record.value))
            wanted.update(str(one.payload, "utf-8") for one in told if "/event/" in one.topic)
    ids = {json.loads(text)["id"].rpartition("/")[2] for text in wanted}

    def heard() -> set[str]:
        events = (payload for topic, _, payload in site.heard.messages() if "/event/" in topic)
        return {json.loads(payload)["id"].rpartition("/")[2] for payload in events}

    troubles = []
    if missing := lines - set(site.influx.taken):
        troubles.append(f"InfluxDB lacks {len(missing)} of {len(lines)} points: {sorted(missing)[:3]}")
    try:
        wait_for(lambda: ids <= heard(), lambda: "")
    except GoneWrongError:
        lacks = sorted(ids - heard(), key=int)
        troubles.append(f"who listens to the broker lacks {len(lacks)} of {len(ids)} events: records {lacks[:5]}")
    return troubles


def _stored(site: Site, ledger: Ledger) -> list[str]:
    with closing(SiteStore(site.config.store, readonly=True)) as store:
        states = {name: order.state if (order := store.order(name)) else None for name in ledger.shipped}
    return [
        f"order {name}: shipped, and yet {state}" for name, state in states.items() if state is not OrderState.SHIPPED
    ]


def read_journal(config: LineConfig, ledger: Ledger) -> bool:
    """Reads on; False while there is no journal to be read."""
    try:
        with closing(JournalReader(config.journal)) as reader:
            ledger.read_on(reader)
    except JournalError:
        return False
    return True
