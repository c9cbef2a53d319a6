"""A reader built on llrpjs, as a process that is told what it reads and says what it is asked for.

Public names: ForeignReader, foreign_reader, llrpjs_command.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from waiting import HANGS_S

from rfid.driver import TagRead


class ForeignReader:
    """The node process and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self, key: str) -> Any:
        """The value of the next thing it says that has this key; ``AssertionError`` when it says an error, or ends."""
        assert self._process.stdout is not None
        while True:
            line = await asyncio.wait_for(self._process.stdout.readline(), HANGS_S)
            assert line, f"ended before it said {key}"
            said = json.loads(line)
            assert "error" not in said, said
            if key in said:
                return said[key]

    def tell(self, **what: Any) -> None:
        """An order, see llrpjs_reader.js."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    def reads(self, *reads: TagRead) -> None:
        """It has read these."""
        self.tell(reads=[read._asdict() for read in reads])


def llrpjs_command(npm: Callable[[str], Path], peer: Callable[[str], str]) -> list[str]:
    """What starts it; see the fixtures `npm` and `peer`."""
    script, folder = Path(__file__).with_name("llrpjs_reader.js"), npm("llrpjs") / "node_modules" / "llrpjs"
    return [peer("node"), str(script), str(folder)]


@asynccontextmanager
async def foreign_reader(command: list[str]) -> AsyncIterator[ForeignReader]:
    """The reader, for as long as the context lasts."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=1 << 20)
    try:
        yield ForeignReader(process)
    finally:
        process.kill()
        await process.communicate()
