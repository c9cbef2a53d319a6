"""Two controllers of the example warehouse as processes, with one lease in PostgreSQL, at a simulated floor.

Public names: Pair.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from journals import journal
from shipped import begin
from waiting import until

from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.core.values.lease import LeaseAsk, LeaseDeed, LeaseRow, node_of
from edge.journal.record import Record
from edge.site.leases import Leases


class Pair:
    """``example``: its folder; ``config``: with the ports of the floor and the orders' store. ``url``: of the lease."""

    NODES = ("a", "b")

    def __init__(self, example: Path, config: LineConfig, folder: Path, url: str) -> None:
        self._folder = folder
        self._lease = Leases(url, "lines", own=True)
        self._running: dict[str, ForkServerProcess] = {}
        self.files: dict[str, Path] = {}
        self.configs: dict[str, LineConfig] = {}
        text = (example / "LINE.toml").read_text(encoding="utf-8")
        for table, old in (("plc", 15021), ("reader", 15081)):
            for number, device in enumerate(getattr(config, table).values()):
                poll = f"\npoll_ms = {device.poll_ms}" if table == "plc" else ""
                text = text.replace(f"port = {old + number}", f"port = {device.port}{poll}")
        for node in self.NODES:
            file = folder / f"{node}.toml"
            own = text.replace('journal = "var/journal.sqlite"', f'journal = "{node}/journal.sqlite"')
            file.write_text(f'{own}\n[standby]\nnode = "{node}"\nstore = "{url}"\n', encoding="utf-8")
            self.files[node] = file
            self.configs[node] = load_line(file)

    async def start(self, node: str) -> None:
        """Starts a node, and waits until it leads or stands by."""
        waits = self.row().waits_beat
        err = self._folder / f"{node}.log"
        self._running[node] = await asyncio.to_thread(begin, self._folder, "run", self.files[node], err=err)

        def is_there() -> bool:
            row = self.row()
            return node_of(row.holder) == node or (node_of(row.waits) == node and row.waits_beat > waits)

        await until(is_there)

    def row(self) -> LeaseRow:
        """How the lease stands."""
        return self._lease(LeaseAsk(deed=LeaseDeed.LOOK, me=""))

    async def leads(self, node: str) -> int:
        """Waits until a node has the lease; its epoch."""
        await until(lambda: node_of(self.row().holder) == node)
        return self.row().epoch

    def hand_over(self) -> None:
        """Asks for it."""
        self._lease.ask_hand_over()

    def tell(self, node: str, number: signal.Signals) -> None:
        """Sends a signal."""
        pid = self._running[node].pid
        assert pid is not None
        os.kill(pid, number)

    def kill(self, node: str) -> None:
        """Ends a node as a loss of power would."""
        process = self._running.pop(node)
        process.kill()
        process.join()

    def journal(self, node: str) -> list[Record]:
        """All of a node's journal."""
        return journal(self.configs[node])

    async def end(self) -> None:
        """Ends what still runs."""
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid or 0, signal.SIGCONT)
            process.terminate()
        for process in self._running.values():
            await asyncio.to_thread(process.join, 30)
            if process.is_alive():
                process.kill()
        self._lease.close()
