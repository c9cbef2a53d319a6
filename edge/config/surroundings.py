"""What `lanewise check` looks at beyond the files: secrets that can be read, and folders that can be written.

Public names: check_line, check_site.

Who only reads a configuration does not ask for these: a secret may come later, and a folder be another machine's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

from edge.config.lines import LineConfig, SiteConfig
from edge.config.load import load_controllers, load_line, load_site, refused
from edge.config.login import LoginTable
from edge.config.mqtt import MqttConfig
from edge.config.opcua import UaClientConfig
from edge.config.problem import ConfigError
from edge.config.publish import InfluxConfig
from edge.config.secret import read_api_token, read_secret, read_token


def check_line(path: Path) -> LineConfig:
    """Reads LINE.toml and looks around; raises ConfigError."""
    config = load_line(path)
    _refuse(path, list(_of_line(config)))
    return config


def check_site(path: Path) -> SiteConfig:
    """Reads SITE.toml and the LINE.toml of its controllers and looks around; raises ConfigError."""
    config = load_site(path)
    load_controllers(config)
    problems = [*_secret("token_file", config.token_file, read_api_token)]
    problems += _written("store", config.store_file)
    _refuse(path, problems)
    for line in config.controller:
        check_line(line.config)
    return config


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        raise refused(path, problems)


def _of_line(config: LineConfig) -> Iterator[str]:
    yield from _written("journal", config.journal)
    if config.publish:
        yield from _written("publish_state", config.publish_state)
    for kind, tables in (("reader", config.reader), ("publish", config.publish)):
        for name, table in tables.items():
            here = f"{kind}.{name}"
            if isinstance(table, MqttConfig):
                yield from _secret(f"{here}.token_file", table.token_file, read_api_token)
            if isinstance(table, InfluxConfig):
                yield from _secret(f"{here}.token_file", table.token_file, read_token)
            if isinstance(table, LoginTable) and not isinstance(table, UaClientConfig):
                yield from _secret(f"{here}.password_file", table.password_file, read_secret)


def _secret(here: str, file: Path | None, read: Callable[[Path], str]) -> Iterator[str]:
    if file is None:
        return
    try:
        read(file)
    except ConfigError as error:
        yield from (f"{here}: {str(file)!r}: {problem}" for problem in error.problems)


def _written(here: str, file: Path) -> Iterator[str]:
    """Why a file of SQLite, whose folder is made where there is none, cannot be written."""
    folder = file
    try:
        if file.is_dir():
            yield f"{here}: {str(file)!r}: is a folder, give a file in it"
            return
        if file.exists() and not os.access(file, os.W_OK):
            yield f"{here}: {str(file)!r}: we may not write it"
            return
        folder = next(folder for folder in file.absolute().parents if folder.exists())
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield f"{here}: {str(file)!r}: {str(folder)!r} cannot be written: {(error.strerror or '').lower()}"
