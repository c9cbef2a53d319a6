"""The driver of each reader, as its table in LINE.toml says.

Public names: make_reader.

Most sites have readers of one kind, LLRP as a rule: what the others need is loaded when there is one. A controller that
begins anew is there a tenth sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, assert_never
from urllib.parse import urlsplit

from edge.config.cards import read_cards
from edge.config.late import loaded
from edge.config.problem import ConfigError
from edge.config.readers import (
    AutoIdConfig,
    BarcodeConfig,
    HttpJsonConfig,
    LlrpConfig,
    MqttJsonConfig,
    PushJsonConfig,
    ReaderConfig,
    SerialConfig,
)
from edge.config.secret import read_secret
from rfid.driver import Reader, ReaderError, ReaderFailure
from rfid.llrp.client import LlrpReader
from rfid.llrp.impinj import ImpinjOptions
from rfid.llrp.settings import GpiStart, LlrpSettings

_Read = TypeVar("_Read")


def make_reader(name: str, config: ReaderConfig) -> Reader:
    """A driver for connections to a reader. Raises ``ReaderError`` when it cannot be made from the configuration."""
    match config:
        case LlrpConfig():
            return _llrp(name, config)
        case SerialConfig():
            from rfid.pyrfid_reader import PyrfidReader
            from rfid.serial_line import SerialReader

            epcs = _epcs(name, config.cards)
            if config.driver == "pyrfid":
                return PyrfidReader(name, config.device, config.baud, config.debounce_ms, epcs, config.silent_s)
            return SerialReader(
                name, config.device, config.baud, config.debounce_ms, epcs, config.server, config.silent_s
            )
        case MqttJsonConfig():
            from rfid.mqtt_reader import MqttJsonReader, MqttSettings

            login = _from_files(name, config.login)
            return MqttJsonReader(
                MqttSettings(
                    name=name,
                    vendor=config.vendor,
                    host=config.host,
                    port=config.tcp_port,
                    topics=config.topics,
                    qos=config.qos,
                    keepalive_s=config.keepalive_s,
                    silent_s=config.silent_s,
                    user=login.user,
                    password=login.password,
                    tls=_from_files(name, config.context) if config.transport == "tls" else None,
                )
            )
        case HttpJsonConfig():
            from rfid.http_reader import HttpJsonReader, HttpSettings

            login = _from_files(name, config.login)
            url = urlsplit(config.url)
            secure = url.scheme == "https"
            return HttpJsonReader(
                HttpSettings(
                    name=name,
                    vendor=config.vendor,
                    host=url.hostname or "",
                    port=url.port or (443 if secure else 80),
                    target=(url.path or "/") + (f"?{url.query}" if url.query else ""),
                    silent_s=config.silent_s,
                    user=login.user,
                    password=login.password,
                    tls=_from_files(name, config.context) if secure else None,
                )
            )
        case PushJsonConfig():
            from rfid.push_reader import PushJsonReader, PushSettings

            host, _, port = config.listen.rpartition(":")
            token = config.token_file
            return PushJsonReader(
                PushSettings(
                    name=name,
                    vendor=config.vendor,
                    way=config.way,
                    host=host.strip("[]"),
                    port=int(port),
                    only=config.host,
                    token="" if token is None else _from_files(name, lambda: read_secret(token)),
                    path=config.path,
                    silent_s=config.silent_s,
                    tls=_from_files(name, config.context),
                )
            )
        case AutoIdConfig():  # its library takes most of a second to load
            made: Reader = loaded("edge.devices.opcua_drivers").autoid_reader(name, config)
            return made
        case BarcodeConfig():
            from rfid.barcode import ScanFormat
            from rfid.barcode_scanner import BarcodeScanner, ScannerSettings

            listen_host, _, listen_port = config.listen.rpartition(":")
            return BarcodeScanner(
                ScannerSettings(
                    name=name,
                    host=config.host,
                    port=config.port or int(listen_port),
                    form=ScanFormat(config.frame, config.separator, config.no_read, config.heartbeat),
                    listen_host=listen_host.strip("[]"),
                    silent_s=config.silent_s,
                )
            )
        case _:
            assert_never(config)


def _llrp(name: str, config: LlrpConfig) -> LlrpReader:
    start = None
    if config.start_gpi is not None:
        start = GpiStart(config.start_gpi, config.start_level == "high", config.read_ms)
    settings = LlrpSettings(
        name=name,
        antennas=config.antennas,
        report_every=config.report_every,
        keepalive_ms=config.keepalive_ms,
        power_dbm=config.power_dbm,
        tag_session=config.session,
        population=config.population,
        mode=config.mode,
        start=start,
        hold=config.hold_reports,
        impinj=ImpinjOptions(config.search_mode, config.fine_power, config.fast_id),
    )
    tls = _from_files(name, config.context) if config.transport == "tls" else None
    return LlrpReader(settings, config.host, config.tcp_port, tls)


def _from_files(name: str, read: Callable[[], _Read]) -> _Read:
    """What files say that the table of a reader names."""
    try:
        return read()
    except ConfigError as error:
        raise ReaderError(f"{name}: {error}", ReaderFailure.SETUP) from None


def _epcs(name: str, path: Path | None) -> dict[str, str]:
    """What each card is, read for each connection, so that it may grow while we run."""
    if path is None:
        return {}
    cards = read_cards(path)
    if cards.problems:
        raise ReaderError(f"{name}: cards: {cards.problems[0]}", ReaderFailure.SETUP)
    return cards.epcs
