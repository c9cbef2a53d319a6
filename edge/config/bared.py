"""A configuration without what is secret or personal in it, for those who help; and where its secrets are.

Public names: bared, secret_files, other_files, HIDDEN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel

from edge.config.table import SQLITE

HIDDEN = "***"
_SECRET = re.compile(r"(token|password|secret)_file$|(^|_)key$")
"""Keys whose file holds a secret."""
_PERSONAL = frozenset({"user", "lead", "sender"})
"""Keys that name a person, or how somebody logs in."""
_LOGINS = "user"
"""A table of names, each with the file of its password."""


def bared(value: object, key: str = "") -> object:
    """What was set, as JSON has it: names of files stay, logins and people do not, of a URL scheme, host and port."""
    match value:
        case BaseModel():
            return {name: bared(getattr(value, name), name) for name in sorted(value.model_fields_set)}
        case Mapping():
            if key == _LOGINS:
                return {f"{HIDDEN}{at}": bared(one) for at, one in enumerate(value.values(), 1)}
            return {str(name): bared(one, str(name)) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [bared(one, key) for one in value]
        case None | bool() | int() | float():
            return value
        case str() if key in _PERSONAL or ("@" in value and "://" not in value):
            return HIDDEN if value else value
        case str() if "://" in value and not value.startswith(SQLITE):
            return _place(value)
        case _:
            return str(value)


def secret_files(config: BaseModel) -> Iterator[Path]:
    """Every file that a configuration names for a secret, whether it is there or not."""
    return (path for key, path in _paths(config, "") if _SECRET.search(key))


def other_files(config: BaseModel) -> Iterator[Path]:
    """Every other path that it names."""
    return (path for key, path in _paths(config, "") if not _SECRET.search(key))


def _paths(value: object, key: str) -> Iterator[tuple[str, Path]]:
    match value:
        case BaseModel():
            for name in type(value).model_fields:
                yield from _paths(getattr(value, name), name)
        case Mapping():
            for name, one in value.items():
                yield from _paths(one, "password_file" if key == _LOGINS else str(name))
        case list() | tuple():
            for one in value:
                yield from _paths(one, key)
        case Path():
            yield key, value
        case _:
            return


def _place(url: str) -> str:
    """A path may be the secret itself, as of a webhook that a chat gives."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return (
        f"{parts.scheme}://{parts.hostname or ''}{port}{f'/{HIDDEN}' if parts.path.strip('/') or parts.query else ''}"
    )
