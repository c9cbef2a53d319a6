"""[webhook.NAME] of SITE.toml: who is told what happens to orders and parcels, over HTTP.

Public names: WebhookTable, webhook_problems, signing_key.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.config.login import PlainTable, told_problems
from edge.config.problem import ConfigError
from edge.config.secret import read_token
from edge.config.table import Beside, Url
from edge.config.tls import TlsTable, of_url, tls_problems

_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64


class WebhookTable(TlsTable, PlainTable):
    """Events are posted there in order, signed as Standard Webhooks has it, until they are taken."""

    url: Url = Field(pattern=r"^https?://[^/?#]+(/[^#]*)?$", description="where events are posted, `https://host/path`")
    secret_file: Beside = Field(
        description="file with the signing secret in its first line: 24 to 64 bytes in base64, as by "
        "`openssl rand -base64 32`, with or without `whsec_` before them"
    )
    types: Annotated[tuple[Annotated[str, StringConstraints(max_length=80)], ...], Field(max_length=40)] = Field(
        default=(), description="how the types begin that it is told, as `order.`, `parcel.labelled`; empty = all"
    )
    timeout_ms: int = Field(default=10_000, ge=100, le=60_000, description="an answer later than this is none")


def webhook_problems(webhooks: Mapping[str, WebhookTable]) -> Iterator[str]:
    """What the keys say against each other."""
    for name, table in webhooks.items():
        here = f"webhook.{name}"
        yield from tls_problems(here, table, of_url(table.url))
        yield from told_problems(here, table, table.url)


def signing_key(file: Path) -> bytes:
    """The secret's bytes. Raises ConfigError."""
    text = read_token(file).removeprefix(_PREFIX)
    try:
        key = b64decode(text, validate=True)
    except binascii.Error:
        raise ConfigError(file, ["the first line is no base64: make one by `openssl rand -base64 32`"]) from None
    if not _LEAST <= len(key) <= _MOST:
        raise ConfigError(file, [f"{len(key)} bytes: allowed are {_LEAST} to {_MOST}: `openssl rand -base64 32`"])
    return key
