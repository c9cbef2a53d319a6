"""The example's site in a folder of its own: its journal as a floor would fill it, and a client of its api.

Public names: TOKEN, START_US, example_site, journal_of, write_journal, asked, client_of.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx
from fastapi import FastAPI
from made_up_floor import MadeUpFloor
from waiting import wait_until

from edge.config.lines import SiteConfig
from edge.config.load import load_line, load_site
from edge.journal.writer import Journal
from edge.site.store import SiteStore

TOKEN = "a-token-of-twenty-four-characters"
START_US = 1_790_000_000_000_000

T = TypeVar("T")


def example_site(project: Path, folder: Path) -> SiteConfig:
    """The site, whose controller's LINE.toml is beside it."""
    for name in ("LINE.toml", "SITE.toml"):
        (folder / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    return load_site(folder / "SITE.toml")


def journal_of(site: SiteConfig) -> Path:
    """Where its controller's journal is."""
    return load_line(site.controller[0].config).journal


def write_journal(site: SiteConfig, seconds: int = 60, start_us: int = START_US) -> int:
    """Writes what a floor does; the number of records."""
    journal = Journal(journal_of(site))
    floor = MadeUpFloor(load_line(site.controller[0].config).layouts(), start_us)
    count = journal.append(list(floor.until(start_us + seconds * 1_000_000)))
    journal.flush()
    journal.close()
    return count


def asked(store: str, kind: type[T]) -> T:
    """The newest request of a kind in the feed of the site whose store has this URL, as soon as there is one."""
    found: list[T] = []

    def there() -> bool:
        opened = SiteStore(store, readonly=True)
        found.extend(value for value in opened.feed(0, 100_000) if isinstance(value, kind))
        opened.close()
        return bool(found)

    wait_until(there)
    return found[-1]


@asynccontextmanager
async def client_of(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running application, without sockets."""
    async with app.state.site.running():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers) as client:
            yield client
