"""The borders by name, each with the packages in which coverage is looked at, and inputs that are the same every time.

Public names: BORDERS, Border, Take, border, fixed_inputs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Protocol, TypeAlias, cast

Take: TypeAlias = Callable[[bytes], None]

BORDERS: dict[str, tuple[str, ...]] = {
    "llrp": ("rfid.llrp", "rfid.bad_messages"),
    "epc": ("rfid.epc",),
    "reader_json": ("rfid.vendor_json", "rfid.http_reader", "rfid.epc"),
    "scanner": ("rfid.barcode", "rfid.epc", "edge.intake.keys"),
    "cards": ("rfid.serial_frames",),
    "scale": ("edge.intake.scales",),
    "mailbox": ("plc",),
    "opcua": ("plc", "rfid.autoid", "rfid.autoid_codec"),
    "journal": ("edge.journal", "edge.core.names"),
    "journal_file": ("edge.journal",),
    "configuration": ("edge.config",),
    "tables": ("edge.config", "edge.commands", "edge.intake"),
    "channel_files": ("edge.intake", "edge.config.spreadsheet"),
    "orders": ("edge.intake",),
    "mqtt": ("edge.publish",),
    "hooks": ("edge.intake",),
    "carrier_files": ("edge.intake",),
    "texts": ("edge.intake", "edge.views.spoken", "edge.core.values.text", "rfid.epc"),
    "search": ("edge.site", "edge.views", "rfid.epc"),
    "http": ("api", "edge.site", "edge.intake", "edge.orders", "edge.views"),
}


class Border(Protocol):
    """What a module of this folder has."""

    def seeds(self) -> Iterable[bytes]:
        """Good inputs, and bad ones of a kind that chance does not find."""

    def opened(self, folder: Path) -> AbstractContextManager[Take]:
        """What takes inputs; ``folder``: an empty one for its files."""


def border(name: str) -> Border:
    """The border of that name."""
    return cast("Border", importlib.import_module(f"fuzz.{name}"))


def fixed_inputs(name: str, count: int) -> list[bytes]:
    """So many inputs of a border, the same every time: its seeds, and what chance makes of them."""
    seeds, random = list(border(name).seeds()), Random(name)
    found = seeds[: count // 2]
    while len(found) < count:
        octets = bytearray(random.choice(seeds))
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(octets) + 1)
            match random.randrange(3):
                case 0:
                    octets[at : at + 1] = random.randbytes(1)
                case 1:
                    del octets[at : at + random.randint(1, 8)]
                case _:
                    octets[at:at] = random.choice(seeds)[: random.randint(1, 40)]
        found.append(bytes(octets))
    return found
