"""The readers of LINE.toml, each kind of driver with its own keys, and what is wrong with one beyond a single key.

Public names: ReaderConfig, LlrpConfig, SerialConfig, MqttJsonConfig, HttpJsonConfig, PushJsonConfig, AutoIdConfig,
BarcodeConfig, SearchMode, reader_problems, reader_addresses, card_problems.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Any, Literal, TypeAlias, assert_never
from urllib.parse import urlsplit

from pydantic import Discriminator, Field, Tag

from edge.config.cards import read_cards
from edge.config.login import LoginTable, PlainTable, login_problems, shown_problems
from edge.config.mqtt import BrokerTable
from edge.config.opcua import UaClientConfig, ua_problems
from edge.config.table import (
    Frozen,
    Given,
    Host,
    Listen,
    SerialDevice,
    Tcp,
    Url,
    address_of,
    is_loopback,
    pair_problems,
    serial_server,
)
from edge.config.tls import TlsTable, of_transport, of_url, server_context, tls_problems
from rfid.barcode import Framing
from rfid.vendor_json import PushWay, Vendor

SearchMode = Literal[
    "reader-selected", "single-target", "dual-target", "tag-focus", "single-target-reset", "dual-target-b-to-a"
]

Antennas: TypeAlias = tuple[Annotated[int, Field(ge=1, le=64)], ...]
_ANTENNAS = "antenna ports that read, as the reader itself is set up"
_SILENT = "a reader that says nothing for so long is dead and connected anew; 0 = it may be silent"


class LlrpConfig(TlsTable):
    """A UHF reader that speaks LLRP."""

    driver: Literal["llrp"] = Field(default="llrp", description="how it is reached")
    host: Host = Field(min_length=1, description="name or address")
    port: Tcp | None = Field(default=None, description="TCP port; none = 5084, with `tls` 5085")
    transport: Literal["tcp", "tls"] = Field(default="tcp", description="LLRP as it is, or within TLS")
    antennas: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        default=(1,), min_length=1, description="antenna ports that read"
    )
    report_every: int = Field(default=1, ge=1, le=1000, description="tags a report; 1 has the least delay")
    keepalive_ms: int = Field(
        default=2000, ge=100, le=60_000, description="a reader silent for twice as long is dead and connected anew"
    )
    power_dbm: float | None = Field(
        default=None,
        ge=-10,
        le=40,
        description="transmit power, the reader's nearest not above it; none = the reader's own choice",
    )
    session: int = Field(default=1, ge=0, le=3, description="Gen2 inventory session")
    population: int = Field(default=32, ge=1, le=65_535, description="tags that are there at a time, about")
    mode: str | Annotated[int, Field(ge=0, le=65_535)] | None = Field(
        default=None, description="RF mode, by name or number as the reader has it; none = the reader's own choice"
    )
    start_gpi: int | None = Field(
        default=None, ge=1, le=255, description="input of the reader that starts it; none = it reads always"
    )
    start_level: Literal["high", "low"] = Field(default="high", description="`start_gpi`: the level that starts it")
    read_ms: int = Field(
        default=0, ge=0, le=3_600_000, description="`start_gpi`: it reads for so long; 0 = until the input goes back"
    )
    hold_reports: bool = Field(
        default=True, description="the reader keeps its reads while the controller is away, and then sends them"
    )
    search_mode: SearchMode | None = Field(
        default=None, description="Impinj only: how counted tags are made to answer again"
    )
    fine_power: bool = Field(
        default=False, description="Impinj only: powers in 1/100 dBm instead of whole ones; phase and Doppler shift too"
    )
    fast_id: bool = Field(default=False, description="Impinj only: each tag's TID with its reads (FastID)")

    @property
    def tcp_port(self) -> int:
        """The port, or the transport's own."""
        return self.port or (5085 if self.transport == "tls" else 5084)


class SerialConfig(Frozen):
    """A 125 kHz card reader on a serial line or USB: `serial` = with our own parser, `pyrfid` = by that library."""

    driver: Literal["serial", "pyrfid"] = Field(description="how it is reached")
    device: SerialDevice = Field(
        min_length=1,
        description="the serial line, as `/dev/ttyUSB0` or a name in `/dev/serial/by-id`; with `serial` also "
        "`socket://host:port` of a serial device server",
    )
    baud: int = Field(default=9_600, ge=1_200, le=4_000_000, description="bits per second")
    debounce_ms: int = Field(
        default=1_000, ge=0, le=600_000, description="a card is told once, until it was away for so long"
    )
    silent_s: float = Field(default=0, ge=0, le=86_400, description=_SILENT)
    cards: Given | None = Field(
        default=None,
        description="CSV file `card,epc` of what each card is; none, and what is not in it = the card's own digits",
    )

    @property
    def antennas(self) -> tuple[int, ...]:
        """A card reader has one."""
        return (1,)

    @property
    def server(self) -> tuple[str, int] | None:
        """Host and port of the serial device server; None for a line of this machine."""
        return serial_server(self.device)


class MqttJsonConfig(BrokerTable):
    """A UHF reader that publishes its maker's JSON: Impinj's IoT Device Interface or Zebra's IoT Connector.

    A login needs `tls`, a broker on loopback, or `plain`.
    """

    driver: Literal["mqtt-json"] = Field(description="how it is reached")
    vendor: Vendor = Field(description="whose JSON it is")
    topics: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1, description="topics of this reader's messages, and of no other's; `+` and `#` may stand in them"
    )
    qos: Literal[0, 1, 2] = Field(default=1, description="quality of service asked of the broker")
    keepalive_s: int = Field(default=10, ge=1, le=3_600, description="a broker silent for longer is dead")
    silent_s: float = Field(default=0, ge=0, le=86_400, description=_SILENT)
    antennas: Antennas = Field(default=(1,), min_length=1, description=_ANTENNAS)


class HttpJsonConfig(TlsTable, LoginTable):
    """A UHF reader that streams its maker's JSON over HTTP, as Impinj's `/api/v1/data/stream`.

    A login is basic authentication, and needs an https url, a reader on loopback, or `plain`.
    """

    driver: Literal["http-json"] = Field(description="how it is reached")
    vendor: Vendor = Field(default=Vendor.IMPINJ, description="whose JSON it is")
    url: Url = Field(
        pattern=r"^https?://[^/?#@\s]+(/[^#\s]*)?$", description="`https://READER/api/v1/data/stream`, or `http://`"
    )
    silent_s: float = Field(default=0, ge=0, le=86_400, description=_SILENT)
    antennas: Antennas = Field(default=(1,), min_length=1, description=_ANTENNAS)


class PushJsonConfig(PlainTable):
    """A UHF reader that sends its maker's JSON to us: by HTTP POST, over a WebSocket, or a line each over TCP.

    Beyond this machine it needs `token_file`, or `host`, or both; a token also needs a certificate of ours, or `plain`.
    """

    driver: Literal["push-json"] = Field(description="how it is reached")
    vendor: Vendor = Field(description="whose JSON it is")
    way: PushWay = Field(default=PushWay.HTTP, description="how it sends")
    listen: Listen = Field(pattern=r"^.+:\d{1,5}$", description="our address and port, to which the reader connects")
    path: str = Field(
        default="", pattern=r"^$|^/[^?#\s]*$", description="the path that it asks for; empty = any; not with `tcp`"
    )
    host: Host = Field(default="", description="the reader's address in numbers: nobody else is let in; empty = all")
    token_file: Given | None = Field(
        default=None,
        description="file with a token of 24 characters or more, for `Authorization: Bearer`, or any user's password",
    )
    certificate: Given | None = Field(default=None, description="PEM file of our certificate; none = in the clear")
    key: Given | None = Field(default=None, description="PEM file of its key, without password")
    silent_s: float = Field(default=60, ge=0, le=86_400, description=_SILENT)
    antennas: Antennas = Field(default=(1,), min_length=1, description=_ANTENNAS)

    def context(self) -> ssl.SSLContext | None:
        """What shows our certificate, its files read now; None = in the clear. Raises ConfigError."""
        return None if self.certificate is None else server_context(self.certificate, self.key)


class AutoIdConfig(Frozen):
    """A UHF reader that is an AutoID device on an OPC UA server."""

    driver: Literal["autoid"] = Field(description="how it is reached")
    device: str = Field(
        default="", description="browse name or node id of the reader; empty = the only one that the server has"
    )
    start: bool = Field(
        default=True, description="call ScanStart where the reader has it; false = something else starts it"
    )
    keepalive_ms: int = Field(default=2_000, ge=100, le=60_000, description="how often it is asked how it is")
    timeout_ms: int = Field(
        default=1_000, ge=10, le=60_000, description="an answer later than this ends the connection"
    )
    opcua: UaClientConfig = Field(default=UaClientConfig(), description="its server and how we come in")
    antennas: Antennas = Field(default=(1,), min_length=1, description=_ANTENNAS + "; others' sightings do not count")


class BarcodeConfig(Frozen):
    """A fixed barcode scanner over TCP; it belongs into `scanners` of a portal."""

    driver: Literal["barcode"] = Field(description="how it is reached")
    host: Host = Field(min_length=1, description="the scanner's name or address; with `listen` its address in numbers")
    port: Tcp | None = Field(default=None, description="TCP port of the scanner, to which we connect")
    listen: Listen = Field(
        default="",
        pattern=r"^$|^.+:\d{1,5}$",
        description="instead of `port`: our address and port, to which the scanner connects; only `host` is let in",
    )
    frame: Framing = Field(
        default=Framing.LINES, description="`lines` end with CR, LF or both; `stx-etx` stand between these two"
    )
    separator: str = Field(
        default="", max_length=8, description="what stands between codes of one frame; empty = one code a frame"
    )
    no_read: str = Field(default="NOREAD", min_length=1, max_length=40, description="its text for: no code was found")
    heartbeat: str = Field(default="", max_length=40, description="its text as a sign of life; empty = it sends none")
    silent_s: float = Field(default=0, ge=0, le=86_400, description=_SILENT)

    @property
    def antennas(self) -> tuple[int, ...]:
        """A scanner has none."""
        return ()


_DRIVERS = {
    "llrp": "llrp",
    "serial": "serial",
    "pyrfid": "serial",
    "mqtt-json": "mqtt-json",
    "http-json": "http-json",
    "push-json": "push-json",
    "autoid": "autoid",
    "barcode": "barcode",
}
"""The model behind each driver's name."""


def _model_of(table: Any) -> str | None:
    driver = table.get("driver", "llrp") if isinstance(table, dict) else getattr(table, "driver", None)
    return _DRIVERS.get(driver) if isinstance(driver, str) else None


ReaderConfig: TypeAlias = Annotated[
    Annotated[LlrpConfig, Tag("llrp")]
    | Annotated[SerialConfig, Tag("serial")]
    | Annotated[MqttJsonConfig, Tag("mqtt-json")]
    | Annotated[HttpJsonConfig, Tag("http-json")]
    | Annotated[PushJsonConfig, Tag("push-json")]
    | Annotated[AutoIdConfig, Tag("autoid")]
    | Annotated[BarcodeConfig, Tag("barcode")],
    Discriminator(
        _model_of,
        custom_error_type="reader_driver",
        custom_error_message=f"no such driver, allowed: {', '.join(_DRIVERS)}",
    ),
]
"""One reader; the key `driver` says of which kind, without it LLRP."""


def reader_problems(here: str, reader: ReaderConfig) -> Iterator[str]:
    """What the keys of one reader say against each other; ``here`` is its path."""
    match reader:
        case LlrpConfig():
            yield from _llrp_problems(here, reader)
        case SerialConfig():
            if reader.driver == "pyrfid" and reader.server is not None:
                yield f"{here}.device: {reader.device!r}: only with driver 'serial'"
        case MqttJsonConfig():
            needed = of_transport(reader.transport)
            yield from tls_problems(here, reader, needed)
            yield from login_problems(here, reader, reader.host, needed)
        case HttpJsonConfig(url=url):
            yield from tls_problems(here, reader, of_url(url))
            yield from login_problems(here, reader, urlsplit(url).hostname or "", of_url(url))
        case PushJsonConfig():
            yield from _push_problems(here, reader)
        case AutoIdConfig(opcua=opcua):
            yield from ua_problems(f"{here}.opcua", opcua)
        case BarcodeConfig():
            yield from _scanner_problems(here, reader)
        case _:
            assert_never(reader)


def reader_addresses(reader: ReaderConfig) -> Iterator[tuple[str, str]]:
    """What only one reader can have of it: the key that says so, and where that is."""
    match reader:
        case LlrpConfig():
            yield "host", address_of(reader.host, reader.tcp_port)
        case SerialConfig():
            yield "device", reader.device if reader.server is None else address_of(*reader.server)
        case MqttJsonConfig():
            for topic in reader.topics:
                yield "topics", f"{topic} of broker {address_of(reader.host, reader.tcp_port)}"
        case HttpJsonConfig():
            parts = urlsplit(reader.url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            yield "url", f"{address_of(parts.hostname or '', port)}{parts.path}?{parts.query}".removesuffix("?")
        case PushJsonConfig():
            yield "listen", reader.listen
        case AutoIdConfig():
            yield "opcua.url", f"{reader.opcua.url.lower().rstrip('/')} {reader.device}".rstrip()
        case BarcodeConfig():
            yield ("listen", reader.listen) if reader.listen else ("host", address_of(reader.host, reader.port or 0))
        case _:
            assert_never(reader)


def card_problems(here: str, reader: ReaderConfig) -> Iterator[str]:
    """What is wrong with the file of a card reader's cards, where it is there."""
    if isinstance(reader, SerialConfig) and reader.cards is not None and reader.cards.is_file():
        yield from (f"{here}.cards: {problem}" for problem in read_cards(reader.cards).problems)


def _listen_problems(here: str, listen: str, host: str) -> Iterator[str]:
    if not 1 <= int(listen.rpartition(":")[2]) <= 65_535:
        yield f"{here}.listen: {listen!r}: the port must be 1..65535"
    try:
        ip_address(host)
    except ValueError:
        yield f"{here}.host: {host!r}: with listen it must be an address in numbers: nobody else is let in"


def _push_problems(here: str, reader: PushJsonConfig) -> Iterator[str]:
    host = reader.listen.rpartition(":")[0].strip("[]")
    yield from _listen_problems(here, reader.listen, reader.host or "0.0.0.0")  # noqa: S104  anybody, as a number
    yield from pair_problems(here, reader, "certificate", "key")
    if reader.way is PushWay.TCP:
        for key in ("token_file", "path"):
            if getattr(reader, key):
                yield f"{here}.{key}: not with way 'tcp', where there is no place for it; host says who is let in"
    needed = "" if reader.certificate else "certificate and key"
    yield from shown_problems(here, reader, reader.token_file, host, needed)
    if not is_loopback(host) and reader.token_file is None and not reader.host:
        yield f"{here}.token_file: missing: or host: everybody in the network could send reads"
    if reader.way is PushWay.HTTP and not reader.silent_s:
        yield f"{here}.silent_s: 0: with way 'http' nothing else tells that the reader is gone"


def _scanner_problems(here: str, reader: BarcodeConfig) -> Iterator[str]:
    if bool(reader.listen) == (reader.port is not None):
        yield f"{here}.port: {'only without listen' if reader.listen else 'missing: or listen, if it connects to us'}"
    if reader.listen:
        yield from _listen_problems(here, reader.listen, reader.host)
    for key in ("separator", "no_read", "heartbeat"):
        if any(char in "\r\n\x02\x03" for char in getattr(reader, key)):
            yield f"{here}.{key}: {getattr(reader, key)!r}: CR, LF, STX and ETX mark frames and cannot stand within"


def _llrp_problems(here: str, reader: LlrpConfig) -> Iterator[str]:
    yield from tls_problems(here, reader, of_transport(reader.transport))
    for key in sorted(reader.model_fields_set & {"start_level", "read_ms"}):
        if reader.start_gpi is None:
            yield f"{here}.{key}: only with start_gpi, the input that starts the reader"
