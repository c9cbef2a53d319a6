"""The driver of each reader, as its table in LINE.toml says.

Public names: make_reader.
"""

from __future__ import annotations

from pathlib import Path
from ssl import SSLContext
from typing import assert_never

from edge.config_readers import LlrpConfig, ReaderConfig, SerialConfig
from rfid.driver import Reader, ReaderError, ReaderFailure
from rfid.llrp import LlrpReader, tls_context
from rfid.llrp_impinj import ImpinjOptions
from rfid.llrp_settings import GpiStart, LlrpSettings
from rfid.pyrfid_reader import PyrfidReader
from rfid.serial_line import SerialReader


def make_reader(name: str, config: ReaderConfig) -> Reader:
    """A driver for connections to a reader. Raises ``ReaderError`` when it cannot be made from the configuration."""
    match config:
        case LlrpConfig():
            return _llrp(name, config)
        case SerialConfig(driver="pyrfid"):
            return PyrfidReader(name, config.device, config.baud, config.debounce_ms)
        case SerialConfig():
            return SerialReader(name, config.device, config.baud, config.debounce_ms)
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
        impinj=ImpinjOptions(config.search_mode, details=config.fine_power),
    )
    tls = _tls(name, config.ca, config.certificate, config.key) if config.transport == "tls" else None
    return LlrpReader(settings, config.host, config.tcp_port, tls)


def _tls(name: str, ca: Path | None, certificate: Path | None, key: Path | None) -> SSLContext:
    try:
        return tls_context(ca, certificate, key)
    except OSError as error:
        raise ReaderError(f"{name}: TLS: {error}", ReaderFailure.SETUP) from error
