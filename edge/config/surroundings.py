"""What `lanewise check` looks at beyond the files: secrets that can be read, and folders that can be written.

Public names: check_line, check_site, exposed.

Who only reads a configuration does not ask for these: a secret may come later, and a folder be another machine's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

from edge.config.goods import load_packing
from edge.config.lines import LineConfig, SiteConfig
from edge.config.load import (
    carrier_problems,
    load_controllers,
    load_line,
    load_site,
    otherwise_spelled,
    refused,
)
from edge.config.login import LoginTable
from edge.config.mqtt import MqttConfig
from edge.config.opcua import UaClientConfig, UaOwnTable, UaPolicy
from edge.config.problem import ConfigError
from edge.config.publish import EpcisConfig, InfluxConfig
from edge.config.readers import PushJsonConfig
from edge.config.secret import open_to_all, read_api_token, read_secret, read_token
from edge.config.table import Frozen
from edge.config.tls import TlsTable
from edge.config.tracking import hook_secret
from edge.config.webhooks import signing_key
from plc.opcua_trust import Own, pair_trouble


def check_line(path: Path) -> LineConfig:
    """Reads LINE.toml and looks around; raises ConfigError."""
    config = load_line(path)
    _refuse(path, list(_of_line(config)))
    return config


def check_site(path: Path) -> SiteConfig:
    """Reads SITE.toml and the LINE.toml of its controllers and looks around; raises ConfigError."""
    config = load_site(path)
    spelled: dict[str, str] = {}
    for named, its in zip(config.controller, load_controllers(config), strict=True):
        _refuse(named.config, list(carrier_problems(its, spelled)))
    problems = [*_secret("token_file", config.token_file, read_api_token)]
    if config.tls is not None:
        try:
            config.tls.context()
            config.tls.asking()
        except ConfigError as error:
            key = "ca" if error.file == config.tls.ca else "certificate"
            problems += (f"tls.{key}: {str(error.file)!r}: {problem}" for problem in error.problems)
    if config.accounts is not None and config.accounts.oidc is not None:
        secret = config.accounts.oidc.client_secret_file
        problems += _secret("accounts.oidc.client_secret_file", secret, read_secret)
    for name, machine in config.accounts.machine.items() if config.accounts is not None else ():
        problems += _secret(f"accounts.machine.{name}.token_file", machine.token_file, read_api_token)
    for name, hook in config.webhook.items():
        problems += _secret(f"webhook.{name}.secret_file", hook.secret_file, signing_key)
    for name, carrier in config.carrier.items():
        if (door := carrier.hook) is not None:
            read = partial(hook_secret, door.kind)
            problems += _secret(f"carrier.{name}.hook.secret_file", door.secret_file, read)
        if carrier.manifests is not None:
            problems += _written(f"carrier.{name}.manifests", carrier.manifests / "load.csv")
    for name, service in config.service.items():
        known = spelled.get(service.carrier.casefold(), service.carrier)
        problems += otherwise_spelled(f"service.{name}.carrier", service.carrier, known)
    load_packing(config)
    if config.store_file is not None:
        problems += _written("store", config.store_file)
    for name, channel in config.channels.items():
        if channel.folder is not None:
            problems += _written(f"channels.{name}.folder", channel.folder / "taken" / "orders.csv")
    _refuse(path, problems)
    for line in config.controller:
        check_line(line.config)
    return config


def exposed(config: LineConfig | SiteConfig) -> Iterator[str]:
    """What should be said of secrets that every user of this machine may read."""
    if isinstance(config, SiteConfig):
        files = [("token_file", config.token_file), ("tls.key", config.tls.key if config.tls else None)]
        if config.accounts is not None and config.accounts.oidc is not None:
            files.append(("accounts.oidc.client_secret_file", config.accounts.oidc.client_secret_file))
        for name, machine in config.accounts.machine.items() if config.accounts is not None else ():
            files.append((f"accounts.machine.{name}.token_file", machine.token_file))
        files += [(f"webhook.{name}.secret_file", hook.secret_file) for name, hook in config.webhook.items()]
        doors = [(name, one.hook) for name, one in config.carrier.items() if one.hook is not None]
        files += [(f"carrier.{name}.hook.secret_file", hook.secret_file) for name, hook in doors]
    else:
        files = list(_secret_files(config))
    for here, file in files:
        if file is not None and open_to_all(file):
            yield f"{here}: {str(file)!r}: every user of this machine may read it: chmod o= {file}"


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        raise refused(path, problems)


def _of_line(config: LineConfig) -> Iterator[str]:
    yield from _written("journal", config.journal)
    if config.publish:
        yield from _written("publish_state", config.publish_state)
    for here, table in _tables(config):
        if isinstance(table, MqttConfig):
            yield from _secret(f"{here}.token_file", table.token_file, read_api_token)
        if isinstance(table, InfluxConfig | EpcisConfig):
            yield from _secret(f"{here}.token_file", table.token_file, read_token)
        if isinstance(table, LoginTable):
            yield from _secret(f"{here}.password_file", table.password_file, read_secret)
        if isinstance(table, PushJsonConfig):
            yield from _secret(f"{here}.token_file", table.token_file, read_api_token)
        if isinstance(table, TlsTable | PushJsonConfig):
            yield from _of_tls(here, table)
        if isinstance(table, UaOwnTable):
            yield from _of_opcua(here, table)
    if config.opcua_server is not None:
        for name, file in config.opcua_server.user.items():
            yield from _secret(f"opcua_server.user.{name}", file, read_secret)


def _tables(config: LineConfig) -> Iterator[tuple[str, Frozen]]:
    """Every table that may name secrets, with its path."""
    for kind, tables in (("plc", config.plc), ("reader", config.reader), ("publish", config.publish)):
        for name, table in tables.items():
            yield f"{kind}.{name}", table
            for key in ("opcua", "packml"):
                inner = getattr(table, key, None)
                if inner is not None:
                    yield f"{kind}.{name}.{key}", inner
    if config.opcua_server is not None:
        yield "opcua_server", config.opcua_server


def _secret_files(config: LineConfig) -> Iterator[tuple[str, Path | None]]:
    for here, table in _tables(config):
        for key in ("token_file", "password_file", "key", "user_key"):
            file = getattr(table, key, None)
            if isinstance(file, Path):
                yield f"{here}.{key}", file
    if config.opcua_server is not None:
        yield from ((f"opcua_server.user.{name}", file) for name, file in config.opcua_server.user.items())


def _secret(here: str, file: Path | None, read: Callable[[Path], object]) -> Iterator[str]:
    if file is None:
        return
    try:
        read(file)
    except ConfigError as error:
        yield from (f"{here}: {str(file)!r}: {problem}" for problem in error.problems)


def _of_tls(here: str, table: TlsTable | PushJsonConfig) -> Iterator[str]:
    """What is wrong with the files of a table with TLS."""
    ca = table.ca if isinstance(table, TlsTable) else None
    if ca is None and table.certificate is None:
        return
    try:
        table.context()
    except ConfigError as error:
        key = "ca" if error.file == ca else "certificate"
        yield from (f"{here}.{key}: {str(error.file)!r}: {problem}" for problem in error.problems)


def _of_opcua(here: str, table: UaOwnTable) -> Iterator[str]:
    """What is wrong with the files of an OPC UA application, where it has any."""
    pairs = [("", table.certificate, table.key)]
    if isinstance(table, UaClientConfig):
        if table.policy is UaPolicy.NONE:
            return
        pairs.append(("user_", table.user_certificate, table.user_key))
    for prefix, certificate, key in pairs:
        if certificate is not None and key is not None and (trouble := pair_trouble(Own(certificate, key))):
            yield f"{here}.{prefix}certificate: {trouble}: `lanewise plc cert` or `lanewise opcua` makes such a pair"
    if table.trusted is not None and not table.trusted.is_dir():
        yield f"{here}.trusted: {str(table.trusted)!r}: no such folder"


def _written(here: str, file: Path) -> Iterator[str]:
    """Why a file of SQLite, whose folder is made where there is none, cannot be written."""
    folder = file
    try:
        if file.is_dir():
            yield f"{here}: {str(file)!r}: is a folder, give a file in it"
            return
        if file.exists() and not file.is_file():
            yield f"{here}: {str(file)!r}: is a device or pipe, which keeps nothing: give a file in a folder on a disk"
            return
        if file.exists() and not os.access(file, os.W_OK):
            yield f"{here}: {str(file)!r}: we may not write it"
            return
        folder = next(folder for folder in file.absolute().parents if folder.exists())
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield f"{here}: {str(file)!r}: {str(folder)!r} cannot be written: {(error.strerror or '').lower()}"
