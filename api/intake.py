"""Orders that come by folders, taken by the api process: each channel's is looked at again and again.

Public names: folder_looks.

What cannot be done now, as while the store is away, is tried again with the next look; the files stay where they are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from pathlib import Path

from edge.config.channels import ChannelTable
from edge.config.lines import SiteConfig
from edge.intake.channels import FilesTaken
from edge.intake.folder import ChannelFolder, Done
from edge.journal.host_time import now_us
from edge.site.desk import SalesDesk
from edge.site.store import StoreError
from edge.views.csv_table import csv_table

log = logging.getLogger(__name__)
BY = "folder"


def folder_looks(
    config: SiteConfig, desk: Callable[[], SalesDesk], pool: Executor
) -> Iterator[tuple[str, Callable[[], Coroutine[None, None, None]]]]:
    """By channel with a folder, what takes once what is whole in it; the calls come one after the other in ``pool``."""
    for name, channel in config.channels.items():
        if channel.folder is not None and config.intake.folders:
            yield name, _look(name, _folder(name, channel, channel.folder, desk), pool)


def _look(name: str, folder: ChannelFolder, pool: Executor) -> Callable[[], Coroutine[None, None, None]]:
    said = ""

    async def look() -> None:
        nonlocal said
        try:
            for done in await asyncio.get_running_loop().run_in_executor(pool, folder.step, now_us()):
                _tell(name, done)
            trouble = ""
        except (StoreError, OSError) as error:
            trouble = str(error)
        if trouble and said != trouble:
            log.warning("channel %s: files stay where they are for now: %s", name, trouble)
        said = trouble

    return look


def _folder(name: str, channel: ChannelTable, path: Path, desk: Callable[[], SalesDesk]) -> ChannelFolder:
    def hand(taken: FilesTaken) -> None:
        desk().take_files(name, BY, [one.file for one in taken.files], taken, now_us)

    return ChannelFolder(name, channel, path, hand, csv_table)


def _tell(channel: str, done: Done) -> None:
    names = ", ".join(path.name for path in done.places)
    log.info(
        "channel %s: %s: %d orders, %d set aside", channel, names, len(done.taken.drafts), len(done.taken.set_aside)
    )
