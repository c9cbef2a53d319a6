"""Passwords and tokens, each in a file of its own: the one rule of how it stands there.

Public names: read_secret, read_token, read_api_token, bearer, open_to_all.

A secret is the first line of its file, without the line's end, in UTF-8. What stands below is not looked at.
"""

from __future__ import annotations

import stat
import unicodedata
from pathlib import Path

from edge.config.problem import ConfigError

_API_TOKEN = 24
_UNSEEN = ("Cc", "Cf")
"""Unicode categories: controls, and formats as a byte order mark."""


def read_secret(file: Path) -> str:
    """The secret in a file, a character or more. Raises ConfigError, which says what to do."""
    try:
        with file.open("rb") as lines:
            line = lines.readline().decode()
    except OSError as error:
        raise ConfigError(file, [f"{error.strerror}: the secret belongs there, for us to read"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(file, [f"byte {error.start}: not UTF-8: save the secret as UTF-8"]) from None
    found = line.removesuffix("\n").removesuffix("\r")
    if not found:
        raise ConfigError(file, ["the first line is empty: the secret belongs there"])
    for place, character in enumerate(found, 1):
        if unicodedata.category(character) in _UNSEEN:
            wrong = f"character {place} is U+{ord(character):04X}, a control character"
            raise ConfigError(file, [f"{wrong}: the first line holds the secret and nothing else"])
    return found


def read_token(file: Path) -> str:
    """A secret that goes into a header of HTTP, and therefore is ASCII without spaces. Raises ConfigError."""
    found = read_secret(file)
    if not found.isascii() or " " in found:
        raise ConfigError(file, ["the first line is no token: allowed is ASCII without spaces"])
    return found


def read_api_token(file: Path) -> str:
    """The token of an api of ours, long enough that nobody finds it by trying. Raises ConfigError."""
    found = read_token(file)
    if len(found) < _API_TOKEN:
        raise ConfigError(file, [f"{len(found)} characters: allowed are {_API_TOKEN} or more"])
    return found


def bearer(file: Path | None) -> dict[str, str]:
    """The header that shows a token to an api; none without a file. Raises ConfigError."""
    return {} if file is None else {"Authorization": f"Bearer {read_token(file)}"}


def open_to_all(file: Path) -> bool:
    """Whether every user of this machine may read a file, where it lies as well."""
    try:
        return all(
            path.stat().st_mode & bit for path, bit in ((file, stat.S_IROTH), (file.resolve().parent, stat.S_IXOTH))
        )
    except OSError:
        return False
