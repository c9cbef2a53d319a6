"""Our own certificates: which the devices need, and when they end.

Public names: own_certificates, checked, warning, warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.config.late import loaded
from edge.config.lines import LineConfig
from edge.core.alarms.facts import CERTIFICATE_WARN_US
from edge.core.events import CertificateChecked
from plc.driver import PlcError

_FILES = ("certificate", "user_certificate")


def own_certificates(config: LineConfig) -> dict[str, tuple[Path, ...]]:
    """The files by device, ``plc.<name>`` or ``reader.<name>``; devices without are left out."""
    found: dict[str, tuple[Path, ...]] = {}
    for kind, devices in (("plc", config.plc), ("reader", config.reader)):
        for name, device in devices.items():
            tables = (device, getattr(device, "opcua", None), getattr(device, "packml", None))
            files = tuple(file for table in tables for key in _FILES if (file := getattr(table, key, None)) is not None)
            if files:
                found[f"{kind}.{name}"] = files
    return found


def checked(device: str, files: tuple[Path, ...], at_us: int) -> CertificateChecked:
    """What is to be said of a device's certificates: of the one that ends first, or cannot be read."""
    expires = loaded("plc.opcua_trust").expires  # with all of cryptography, and most controllers have no certificate

    soonest: tuple[int, str] | None = None
    for file in files:
        try:
            ends = expires(file)
        except PlcError as error:
            return CertificateChecked(at_us, device, 0, f"our certificate {error}")
        found = int(ends.timestamp()) * 1_000_000, f"our certificate {file} ends on {ends:%Y-%m-%d}"
        soonest = found if soonest is None else min(soonest, found)
    if soonest is None:
        return CertificateChecked(at_us, device, 0, "no certificate is configured")
    return CertificateChecked(at_us, device, *soonest)


def warning(device: str, files: tuple[Path, ...], at_us: int) -> str:
    """What to say of a device's certificates at that time; empty = they are good for long."""
    told = checked(device, files, at_us)
    if told.ends_us - told.at_us >= CERTIFICATE_WARN_US:
        return ""
    return f"{device}: {told.text}: make one with `lanewise plc cert` or `lanewise opcua`, and have it trusted"


def warnings(config: LineConfig, at_us: int) -> Iterator[str]:
    """What should be said of a configuration beforehand, the certificate of `lanewise opcua` included."""
    served = config.opcua_server
    files = {} if served is None or served.certificate is None else {"opcua_server": (served.certificate,)}
    for device, its in (own_certificates(config) | files).items():
        if text := warning(device, its, at_us):
            yield text
