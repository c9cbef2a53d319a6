"""Orders that come by folders, taken by the api process: each channel's is looked at again and again.

Public names: watch_folders.

What cannot be done now, as while the store is away, is tried again with the next look; the files stay where they are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
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


async def watch_folders(config: SiteConfig, desk: Callable[[], SalesDesk], pool: Executor) -> None:
    """Takes what comes into the folders, one after the other in ``pool``; until it is cancelled."""
    folders = {
        name: _folder(name, channel, channel.folder, desk)
        for name, channel in config.channels.items()
        if channel.folder is not None and config.intake.folders
    }
    troubled: dict[str, str] = {}
    loop = asyncio.get_running_loop()
    while folders:
        for name, folder in folders.items():
            try:
                for done in await loop.run_in_executor(pool, folder.step, now_us()):
                    _tell(name, done)
                trouble = ""
            except (StoreError, OSError) as error:
                trouble = str(error)
            if trouble and troubled.get(name) != trouble:
                log.warning("channel %s: files stay where they are for now: %s", name, trouble)
            troubled[name] = trouble
        await asyncio.sleep(config.intake.poll_s)


def _folder(name: str, channel: ChannelTable, path: Path, desk: Callable[[], SalesDesk]) -> ChannelFolder:
    def hand(taken: FilesTaken) -> None:
        desk().take_files(name, BY, [one.file for one in taken.files], taken, now_us)

    return ChannelFolder(name, channel, path, hand, csv_table)


def _tell(channel: str, done: Done) -> None:
    names = ", ".join(path.name for path in done.places)
    log.info(
        "channel %s: %s: %d orders, %d set aside", channel, names, len(done.taken.drafts), len(done.taken.set_aside)
    )
