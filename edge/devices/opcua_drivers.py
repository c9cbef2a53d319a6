"""From the configuration to the OPC UA drivers of PLCs and readers, whose library takes most of a second to load.

Public names: opcua_link, opcua_points, autoid_reader, packml_object, security_of, make_certificate.
"""

from __future__ import annotations

import socket
from datetime import datetime
from pathlib import Path

from edge.config.opcua import PackmlConfig, UaClientConfig, UaPolicy
from edge.config.plcs import PlcConfig
from edge.config.points import point
from edge.config.problem import ConfigError
from edge.config.readers import AutoIdConfig
from plc.driver import PlcError
from plc.opcua import Address, OpcUaLink
from plc.opcua_packml import PackmlObject
from plc.opcua_points import OpcUaPoints
from plc.opcua_session import Mode, Policy, Security, UaSession, User
from plc.opcua_trust import Own, TrustList, make_own
from rfid.autoid import AutoIdReader
from rfid.driver import ReaderError, ReaderFailure


def opcua_link(name: str, config: PlcConfig) -> OpcUaLink:
    """The driver. Raises PlcError where a file cannot be read."""
    given = config.opcua
    address = Address(given.url, given.up, given.down)
    try:
        return OpcUaLink(name, address, security_of(name, given), config.timeout_ms, given.publish_ms)
    except ValueError as error:
        raise PlcError(str(error)) from None


def opcua_points(name: str, config: PlcConfig) -> OpcUaPoints:
    """The driver of a PLC's points, on a session of their own. Raises PlcError where a file cannot be read."""
    points = [point(one, table) for one, table in config.point.items()]
    try:
        security = security_of(name, config.opcua)
        return OpcUaPoints(name, config.opcua.url, security, points, config.timeout_ms, config.points_ms)
    except ValueError as error:
        raise PlcError(str(error)) from None


def autoid_reader(name: str, config: AutoIdConfig) -> AutoIdReader:
    """The driver. Raises ReaderError where a file cannot be read."""
    try:
        security = security_of(name, config.opcua)
        url, idle_ms = config.opcua.url, config.keepalive_ms
        connection = UaSession(name, url, security, config.timeout_ms, idle_ms=idle_ms, fault=ReaderError)
    except (PlcError, ValueError) as error:
        raise ReaderError(str(error), ReaderFailure.SETUP) from None
    return AutoIdReader(
        name,
        connection,
        config.antennas,
        device=config.device,
        start=config.start,
        keepalive_ms=config.keepalive_ms,
    )


def packml_object(name: str, config: PackmlConfig) -> PackmlObject:
    """The reader of a machine's PackML object. Raises PlcError where a file cannot be read."""
    try:
        security = security_of(name, config)
        return PackmlObject(name, config.url, config.node, security, config.timeout_ms, config.every_ms)
    except ValueError as error:
        raise PlcError(str(error)) from None


def security_of(name: str, given: UaClientConfig) -> Security | None:
    """How we come in, None = without security. Raises PlcError where a file cannot be read."""
    if given.policy is UaPolicy.NONE:
        return None
    files = given.files()
    try:
        login = given.login()
    except ConfigError as error:
        raise PlcError(f"{name}: {error}") from None
    by_certificate = None
    if given.user_certificate is not None and given.user_key is not None:
        by_certificate = Own(given.user_certificate, given.user_key)
    return Security(
        Own(files.certificate, files.key),
        TrustList(files.trusted),
        User(login.user, login.password, by_certificate),
        Policy(given.policy.value),
        Mode(given.mode.value),
    )


def make_certificate(given: UaClientConfig, days: int) -> tuple[Path, datetime]:
    """Makes our key and certificate where the configuration names them; the certificate and when it ends.

    Raises FileExistsError where one of them is there, PlcError where the configuration names none.
    """
    try:
        files = given.files()
    except ValueError as error:
        raise PlcError(str(error)) from None
    files.trusted.mkdir(parents=True, exist_ok=True)
    made = make_own(Own(files.certificate, files.key), socket.gethostname(), days)
    return files.certificate, made.not_valid_after_utc
