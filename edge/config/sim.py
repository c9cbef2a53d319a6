"""[sim] of LINE.toml: the simulated floor, what is wrong there on purpose, and the shop before it.

Public names: SimConfig, SimFaults, RoomKind, ShopConfig.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from edge.config.table import Beside, Frozen, Name


class SimFaults(Frozen):
    """Shares (0..1) of what is put in wrong on purpose."""

    missing: float = Field(default=0.02, ge=0, le=1, description="totes that lack an item")
    extra: float = Field(default=0.01, ge=0, le=1, description="totes with an item that nobody ordered")
    foreign: float = Field(default=0.02, ge=0, le=1, description="totes with another order's item")
    duplicate: float = Field(default=0.01, ge=0, le=1, description="totes with an item that was shipped before")
    dead_tag: float = Field(default=0.01, ge=0, le=1, description="totes with an item whose tag is dead")
    unprogrammed: float = Field(default=0.005, ge=0, le=1, description="totes with an item whose tag has no EPC")
    parcel_dead_tag: float = Field(default=0.005, ge=0, le=1, description="parcels whose label's tag is dead")
    parcel_unknown: float = Field(default=0.005, ge=0, le=1, description="parcels that no order knows")
    parcel_wrong_barcode: float = Field(
        default=0.005, ge=0, le=1, description="where scanners are: parcels with another one's barcode"
    )
    parcel_relabelled: float = Field(
        default=0.005, ge=0, le=1, description="where a second portal is: parcels with another one's label by then"
    )
    barcode_unreadable: float = Field(
        default=0.02, ge=0, le=1, description="where scanners are: barcodes that cannot be read"
    )
    wrong_door: float = Field(default=0.02, ge=0, le=1, description="parcels carried through a wrong dock door first")


class RoomKind(StrEnum):
    """Where the simulated portals stand."""

    OPEN = "open"  # nothing around that echoes
    HARD = "hard"  # metal around: tags lie worse, waves cancel, echoes from away from the portal


class ShopConfig(Frozen):
    """A shop before the simulated floor, from its customers to its returns. Its totes come between the others."""

    rate: int = Field(default=1_500, ge=1, le=20_000, description="orders an hour")
    pickers: int = Field(default=5, ge=1, le=50, description="people who pick")
    pick_s: float = Field(default=1.5, gt=0, le=600, description="seconds at a shelf; the way there comes on top")
    troubles: float = Field(default=0.5, ge=0, le=1, description="share of orders with something special about them")
    mistakes: float = Field(default=0.06, ge=0, le=1, description="share of lines at which a picker errs")
    secret_file: Beside | None = Field(
        default=None,
        description="file with the secret of Standard Webhooks with which every carrier signs what it posts to "
        "`/api/v1/hooks/NAME`, NAME = the carrier in small letters; none, or not there = they say nothing",
    )
    folders: dict[Name, Beside] = Field(
        default={},
        description="by channel (`taobao`, `pinduoduo`, `shopify`), the folder that the site watches; the others' "
        "orders come by HTTP",
    )


class SimConfig(Frozen):
    """The simulated floor of ``lanewise sim``; a real line has no such table."""

    mailbox: Literal[1, 2] = Field(default=2, description="version of the mailbox that its PLCs keep")
    seed: int = Field(default=1, ge=0, description="the same seed brings the same orders, items and tags")
    rate: int = Field(default=9_000, ge=1, le=60_000, description="parcels an hour at each sorting line")
    tote_rate: int = Field(default=1_100, ge=1, le=2_400, description="totes an hour at each verifying line")
    items_min: int = Field(default=5, ge=1, le=200, description="items in a tote, at least")
    items_max: int = Field(default=20, ge=1, le=200, description="items in a tote, at most")
    lane_capacity: int = Field(default=40, ge=1, le=10_000, description="parcels that a lane holds")
    lane_drain_s: float = Field(default=1.2, gt=0, le=3600, description="one is taken away every so often")
    room: RoomKind = Field(
        default=RoomKind.OPEN, description="where the portals stand; `hard` = among metal, with echoes and weak tags"
    )
    scan_ms: int = Field(default=5, ge=1, le=100, description="scan time of the simulated PLCs")
    docks: dict[Name, str] = Field(
        default={}, description="by dock door, the carrier whose parcels are carried out through it"
    )
    lost_answers: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of answers of the site that the people around the shop never get, after all was done; they "
        "ask again",
    )
    faults: SimFaults = Field(default=SimFaults(), description="what is wrong on purpose")
    shop: ShopConfig | None = Field(
        default=None, description="who orders and picks, where orders are brought; none = nobody"
    )
