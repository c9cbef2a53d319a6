"""From a PLC's configuration to its OPC UA driver, whose library takes most of a second to load.

Public names: opcua_link, make_certificate, expiry_warning, WARN_DAYS.
"""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

from edge.config_devices import OpcUaConfig, PlcConfig
from plc.driver import PlcError
from plc.opcua import Address, Mode, OpcUaLink, Policy, Security, User
from plc.opcua_trust import Own, TrustList, expires, make_own

WARN_DAYS = 30
"""So long before our certificate ends it is said."""


def opcua_link(name: str, config: PlcConfig) -> OpcUaLink:
    """The driver. Raises PlcError where a file cannot be read."""
    given = config.opcua
    policy = Policy(given.policy.value)
    secure = policy is not Policy.NONE
    security = Security(
        policy,
        Mode(given.mode.value),
        _own(given) if secure else None,
        TrustList(given.trusted) if given.trusted is not None else None,
        User(given.user, _password(name, given.password_file), given.user_certificate, given.user_key),
    )
    try:
        return OpcUaLink(name, Address(given.url, given.up, given.down), security, config.timeout_ms, given.publish_ms)
    except ValueError as error:
        raise PlcError(str(error)) from None


def make_certificate(config: PlcConfig, days: int) -> tuple[Path, datetime]:
    """Makes our key and certificate where the configuration names them; the certificate and when it ends.

    Raises FileExistsError where one of them is there, PlcError where the configuration names none.
    """
    own = _own(config.opcua)
    if config.opcua.trusted is not None:
        config.opcua.trusted.mkdir(parents=True, exist_ok=True)
    return own.certificate, make_own(own, socket.gethostname(), days).not_valid_after_utc


def expiry_warning(name: str, config: PlcConfig, at: datetime | None = None) -> str:
    """What to say of our certificate's end: nothing while it is far away."""
    if config.driver != "opcua" or config.opcua.certificate is None:
        return ""
    try:
        ends = expires(config.opcua.certificate)
    except PlcError as error:
        return f"{name}: {error}: make one with `lanewise plc cert`"
    days = (ends - (at or datetime.now(UTC))).days
    if days >= WARN_DAYS:
        return ""
    when = f"ends in {days} days" if days >= 0 else "has ended"
    return (
        f"{name}: our certificate {config.opcua.certificate} {when} ({ends:%Y-%m-%d}): make a new one, have it trusted"
    )


def _own(given: OpcUaConfig) -> Own:
    if given.certificate is None or given.key is None:
        raise PlcError("opcua.certificate and opcua.key name no files")
    return Own(given.certificate, given.key)


def _password(name: str, file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        raise PlcError(f"{name}: password file {file}: cannot be read, or is empty") from None
