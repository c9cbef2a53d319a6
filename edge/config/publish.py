"""The publishers of LINE.toml, and what is wrong with one beyond a single key.

Public names: RetentionConfig, MetricsConfig, InfluxConfig, EpcisConfig, PublisherConfig, SitePublisherConfig,
FilesConfig, publisher_problems.
Those of MQTT: edge/config/mqtt.py.

``kind`` tells a table's model; a new kind is a model here or in a file beside this one, added to PublisherConfig.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from edge.config.login import PlainTable, token_problems
from edge.config.mqtt import MqttConfig, SparkplugConfig, broker_problems
from edge.config.table import Beside, Frozen, Given, Url, is_loopback
from edge.config.tls import TlsTable, of_url, tls_problems


def _loopback(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    if not is_loopback(host):
        raise ValueError("not a loopback address: let an agent on this machine pass it on")
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(f"port {port!r} is not one of 1..65535")
    return listen


Loopback = Annotated[str, AfterValidator(_loopback)]


class RetentionConfig(Frozen):
    """How long records stay in the journal. What a publisher or the site store does not have yet stays in any case."""

    keep_days: float = Field(default=90.0, gt=0, le=36_500, description="records older than this are taken out")
    quota_mb: int = Field(
        default=20_000,
        ge=1,
        le=100_000_000,
        description="room in the journal's file; above it the oldest records go, whatever their age, and an alarm says "
        "who is behind",
    )
    drop_undelivered: bool = Field(
        default=False, description="above `quota_mb` also what is not delivered yet goes, oldest first"
    )


class DiskConfig(Frozen):
    """When the disks of our files have little room. Growth is that of the last five minutes, or of six hours."""

    low_hours: float = Field(default=24.0, ge=0, le=10_000, description="when one is full within so many hours")
    low_mb: int = Field(default=500, ge=0, le=100_000_000, description="when less is free, whatever grows")


class MetricsConfig(Frozen):
    """Where each process answers Prometheus at `/metrics`; the api process does at its own address."""

    run: Loopback | None = Field(default=None, description="`lanewise run`, as `127.0.0.1:9464`; none = nowhere")
    publish: Loopback | None = Field(default=None, description="`lanewise publish`, as `127.0.0.1:9465`")
    sim: Loopback | None = Field(default=None, description="`lanewise sim`, as `127.0.0.1:9466`")


class InfluxConfig(TlsTable, PlainTable):
    """InfluxDB 2.x or 3 Core, or whatever takes line protocol at `/api/v2/write`."""

    kind: Literal["influx"] = Field(description="kind of publisher")
    url: Url = Field(pattern=r"^https?://[^/?#]+(/[^?#]*)?$", description="`http://host:8086`, `https://...`")
    org: str = Field(default="", description="organisation; 3 Core has none")
    bucket: str = Field(min_length=1, description="bucket; with 3 Core the database")
    token_file: Given | None = Field(default=None, description="file with the API token in its first line")
    timeout_ms: int = Field(default=10_000, ge=100, le=120_000, description="an answer later than this is a failure")
    requests: int = Field(
        default=4, ge=1, le=16, description="requests under way at once; 3 Core answers each after about a second"
    )


class EpcisConfig(TlsTable, PlainTable):
    """A repository that takes documents of EPCIS 2.0 at `/capture` (docs/epcis.md)."""

    kind: Literal["epcis"] = Field(description="kind of publisher")
    url: Url = Field(
        pattern=r"^https?://[^/?#]+(/[^?#]*)?$", description="what stands before `/capture`: `https://host/epcis`"
    )
    token_file: Given | None = Field(default=None, description="file with the token in its first line")
    token_header: str = Field(
        default="Authorization",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        description="the header that it goes in: `Authorization` as a bearer's, another as it is",
    )
    places: dict[str, str] = Field(
        default_factory=dict,
        description="URIs of lines and doors by name, as `https://id.gs1.org/414/GLN/254/NAME`",
    )
    base: str = Field(default="urn:lanewise", min_length=1, description="what all other URIs of ours begin with")
    events: int = Field(default=500, ge=1, le=2_000, description="so many a document at most")
    timeout_ms: int = Field(default=10_000, ge=100, le=120_000, description="an answer later than this is a failure")
    job_s: float = Field(
        default=60.0, ge=0, le=3_600, description="so long a capture job may run until it is asked anew"
    )


class FilesConfig(Frozen):
    """Events of orders and parcels as files, a CloudEvent a line, a file for each day."""

    kind: Literal["files"] = Field(description="kind of publisher; in SITE.toml")
    folder: Beside = Field(description="where they are written: `events-2026-11-28.jsonl`, by days of UTC")
    days: int = Field(default=90, ge=1, le=3_660, description="older files are deleted")


PublisherConfig: TypeAlias = Annotated[
    InfluxConfig | EpcisConfig | MqttConfig | SparkplugConfig | FilesConfig, Field(discriminator="kind")
]
SitePublisherConfig: TypeAlias = Annotated[
    InfluxConfig | MqttConfig | EpcisConfig | FilesConfig, Field(discriminator="kind")
]


def publisher_problems(here: str, publisher: PublisherConfig, *, of_site: bool = False) -> Iterator[str]:
    """What the keys of one publisher say against each other; ``here`` is its path, ``of_site``: in SITE.toml."""
    if not of_site and isinstance(publisher, FilesConfig):
        yield f"{here}.kind: 'files' is for SITE.toml: a line's journal is a file already"
    if not of_site and isinstance(publisher, MqttConfig) and publisher.events:
        yield f"{here}.events: is for SITE.toml, whose outbox is told"
    if isinstance(publisher, InfluxConfig | EpcisConfig):
        yield from tls_problems(here, publisher, of_url(publisher.url))
        yield from token_problems(here, publisher, publisher.token_file, publisher.url)
    elif not isinstance(publisher, FilesConfig):
        yield from broker_problems(here, publisher)
