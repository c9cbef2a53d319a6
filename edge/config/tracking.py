"""[carrier.NAME] and [tracking] of SITE.toml: what carriers tell of parcels, how it is read, and when somebody is told.

Public names: CarrierTable, WordColumns, HookTable, TrackingTable, tracking_problems, hook_secret, table_of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.config.channels import Columns, Encoding, Zone
from edge.config.secret import read_token
from edge.config.table import Beside, Frozen
from edge.config.webhooks import signing_key

Meaning = Literal[
    "accepted", "refused", "handed-over", "in-transit", "out-for-delivery", "failed-attempt", "delivered", "lost",
    "returning", "back", "delayed", "damaged", "held", "corrected", "nothing",
]  # fmt: skip
_OURS = ("label", "line", "dock")
_Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{0,80}$")]
_Signed = ("time", "id", "method", "path", "body")


class WordColumns(Frozen):
    """What says what: a column of a file, or a path in JSON as `shipment.status.0`. A list = the first that is not
    empty; `"A + B"` = both belong together. `$.` before a path: from the beginning of the message."""

    parcel: Columns = Field(default=("parcel",), description="the SSCC, or the carrier's own number")
    number: Columns = Field(default=(), description="the carrier's own number where `parcel` is the SSCC")
    code: Columns = Field(default=("code",), description="what happened; of two parts with a slash between")
    at: Columns = Field(default=("time",), description="when")
    place: Columns = Field(default=(), description="where, no closer than a town: customers see it")
    id: Columns = Field(default=(), description="the carrier's id of it; none = it is known by what it says")
    corrects: Columns = Field(default=(), description="the id of what a correction takes back")


class HookTable(Frozen):
    """Messages that a carrier posts to `/api/v1/hooks/NAME`, signed."""

    kind: Literal["standard-webhooks", "hmac"] = Field(
        default="standard-webhooks", description="as Standard Webhooks has it, or an HMAC in a header"
    )
    secret_file: Beside = Field(
        description="file with the secret in its first line; of standard-webhooks in base64, with `whsec_` or without"
    )
    header: _Header = Field(default="", description="hmac: the header with the signature")
    prefix: str = Field(default="", max_length=40, description="hmac: what stands before it, as `sha256=`")
    algorithm: Literal["sha256", "sha512", "sha1"] = Field(default="sha256", description="hmac: of what hash")
    encoding: Literal["hex", "base64"] = Field(default="hex", description="hmac: how it is written")
    signed: str = Field(
        default="{body}", max_length=80, description="hmac: what is signed, of {time} {id} {method} {path} {body}"
    )
    time_header: _Header = Field(default="", description="hmac: the header with the time in seconds since 1970")
    id_header: _Header = Field(default="", description="hmac: the header with the message's id")
    events: str = Field(
        default="", max_length=200, description="path of the list of events in a message; empty = it is one, or a list"
    )
    fields: WordColumns = Field(default=WordColumns(), description="where an event says what")


class CarrierTable(Frozen):
    """What a carrier tells."""

    carrier: str = Field(default="", max_length=40, description="the carrier, as lanes name it; empty = as this table")
    codes: dict[Annotated[str, StringConstraints(min_length=1, max_length=200)], Meaning] = Field(
        default={}, description='what its codes mean: `{ DL = "delivered", "IT/ARR" = "in-transit" }`'
    )
    time_zone: Zone = Field(default="UTC", description="in which its times are read that do not say theirs")
    time_format: str = Field(
        default="",
        max_length=60,
        description="how its times are written: empty = ISO 8601, `unix`, `unix-ms`, or as `%d.%m.%Y %H:%M`",
    )
    hook: HookTable | None = Field(default=None, description="messages that it posts; none = no such door")
    columns: WordColumns = Field(default=WordColumns(), description="columns of its CSV files")
    encoding: Encoding = Field(default="utf-8", description="of its CSV files")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="of its CSV files")
    manifests: Beside | None = Field(
        default=None, description="folder into which the manifest of each load that left is written, as CSV and JSON"
    )


class TrackingTable(Frozen):
    """Parcels that left."""

    public: bool = Field(default=False, description="whether /track/TOKEN is there for everybody, without a login")
    url: str = Field(
        default="", pattern=r"^(https?://[^\s?#]+[^/\s?#])?$", description="where customers reach it, for links"
    )
    days: int = Field(default=60, ge=1, le=400, description="so long the page of a parcel is there")
    views_per_minute: int = Field(default=60, ge=1, le=10_000, description="of one address; more are refused")
    raw_days: int = Field(default=90, ge=1, le=3_650, description="what carriers sent is kept so long as it came")
    every_minutes: int = Field(default=5, ge=1, le=1_440, description="parcels in trouble are looked for so often")
    no_scan_hours: int = Field(default=24, ge=0, le=1_000, description="left and not scanned by its carrier; 0 = never")
    no_movement_days: int = Field(default=3, ge=0, le=365, description="scanned, and nothing since; 0 = never")
    attempts: int = Field(default=2, ge=1, le=20, description="so many failed attempts are too many")


def table_of(carriers: Mapping[str, CarrierTable], carrier: str) -> tuple[str, CarrierTable] | None:
    """The table of a carrier as lanes name it, with its name."""
    for name, one in carriers.items():
        if carrier.casefold() == (one.carrier or name).casefold():
            return name, one
    return None


def tracking_problems(carriers: Mapping[str, CarrierTable], tracking: TrackingTable) -> Iterator[str]:
    """What the keys say against each other."""
    for name, one in carriers.items():
        if name in _OURS:
            yield f"carrier.{name}: is the site itself: give the carrier another name"
        hook, here = one.hook, f"carrier.{name}.hook"
        if hook is None:
            continue
        if hook.kind == "hmac":
            if not hook.header:
                yield f"{here}.header: missing: say in which header the signature stands"
            try:
                named = {part for _, part, _, _ in Formatter().parse(hook.signed) if part is not None}
            except ValueError:
                named = {"?"}
            if "body" not in named or not named <= set(_Signed):
                yield f"{here}.signed: {hook.signed!r}: allowed are {', '.join(f'{{{one}}}' for one in _Signed)}"
            for part in ("time", "id"):
                if part in named and not getattr(hook, f"{part}_header"):
                    yield f"{here}.{part}_header: missing: {{{part}}} is signed"
    if tracking.url and not tracking.public:
        yield f"tracking.url: {tracking.url}: links lead nowhere while public = false"


def hook_secret(kind: str, file: Path) -> bytes:
    """The secret of a `HookTable`'s kind, that a carrier signs with. Raises ConfigError."""
    return signing_key(file) if kind == "standard-webhooks" else read_token(file).encode()
