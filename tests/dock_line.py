"""A controller with one dock door and nothing else, and one parcel that is carried out past its antennas.

Public names: LINE, one_door, order_and_load, way_out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.core.events import LoadRequested, OrderChanged
from edge.core.values.load import Load, LoadAction
from edge.core.values.order import Order, OrderLine, OrderState
from rfid.driver import TagRead
from rfid.epc.identity import identify

LINE = """
controller = "dock1"
site = "demo"
journal = "var/journal.sqlite"

[reader.dock1]
host = "127.0.0.1"
port = {port}
antennas = [1, 2, 3, 4]

[[dock]]
name = "door1"
reader = "dock1"
inside = [1, 2]
outside = [3, 4]
light = {{ reader = "dock1", port = 1 }}
buzzer = {{ reader = "dock1", port = 2 }}
"""
EVERY_US = 20_000


def one_door(folder: Path, port: int) -> LineConfig:
    """The configuration, its reader at a port of this machine."""
    (folder / "LINE.toml").write_text(LINE.format(port=port), encoding="utf-8")
    return load_line(folder / "LINE.toml")


def order_and_load(epcs: Sequence[str], carrier: str = "UPS") -> list[OrderChanged | LoadRequested]:
    """A feed: parcels that are sorted for a carrier, and a load for DHL at the door."""
    orders = [
        Order(
            id=f"A-{number}",
            carrier=carrier,
            service="standard",
            lines=(OrderLine("09521141000006", 1),),
            parcel=identify(epc),
        )
        for number, epc in enumerate(epcs)
    ]
    feed: list[OrderChanged | LoadRequested] = [
        OrderChanged(0, number, Order(**{name: getattr(order, name) for name in order.__slots__} | {"state": state}))
        for number, (order, state) in enumerate(((order, OrderState.SHIPPED) for order in orders), 1)
    ]
    load = Load(id="L1", dock="door1", carrier="DHL")
    feed.append(
        LoadRequested(at_us=0, feed_seq=len(feed) + 1, action=LoadAction.OPEN, load_id="L1", by="Ann", load=load)
    )
    return feed


def way_out(epc: str, at_us: int) -> Iterator[TagRead]:
    """Reads of a parcel that takes 3.2 s through the door, strongest in the doorway."""
    for step in range(160):
        power = -56.0 + 8 * (1 - abs(step - 80) / 80)
        antenna = (1 if step % 2 else 2) if step < 80 else (3 if step % 2 else 4)
        yield TagRead(epc, antenna, power, at_us + step * EVERY_US, 1)
