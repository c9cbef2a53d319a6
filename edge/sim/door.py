"""The site's doors, as people, shops and carriers use them: HTTP, and the folders that are watched.

Public names: SiteDoor, DoorAnswer, ShutError.
"""

from __future__ import annotations

import asyncio
import json
from asyncio import Future
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from random import Random
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

TIMEOUT_S = 10
AGAIN_S = 1.0
TICK_S = 0.05


class ShutError(Exception):
    """Nobody answers; asking again may help."""


@dataclass(frozen=True, slots=True)
class DoorAnswer:
    """``body``: as JSON has it, None = there is none, or a page; ``version``: for If-Match, empty = it has none."""

    status: int
    body: Any
    version: str

    @property
    def done(self) -> bool:
        """Whether it was not refused."""
        return self.status < 400


class SiteDoor:
    """``trouble``: why nothing gets through at the moment, or empty. ``lost``: answers that nobody got, each after all
    was done; ``losing``: the share of them, of what was asked to be done.
    """

    def __init__(self, url: str, token: str | None = None, losing: float = 0.0, seed: int = 0) -> None:
        self.trouble = ""
        self.lost = 0
        self._losing, self._rng = losing, Random(f"{seed}/door")
        self._name, self._asked = uuid4().hex, 0
        self._asking = 0
        self._open = asyncio.Event()
        self._open.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._url = url.rstrip("/")
        self._token = token

    async def ask(self, path: str, *names: str, body: object = None, version: str = "", text: str = "") -> DoorAnswer:
        """GETs, or POSTs ``body`` as JSON or ``text`` as CSV; each ``{}`` of the path is a name.

        Waits while nobody answers.
        """
        data = json.dumps(body).encode() if body is not None else text.encode() or None
        headers = {"Content-Type": "application/json" if body is not None else "text/csv"}
        if version:
            headers["If-Match"] = version
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return await self.send(path.format(*(quote(name, safe="") for name in names)), data, headers)

    async def fill_in(self, path: str, fields: Mapping[str, str]) -> DoorAnswer:
        """Sends a form as a browser does."""
        return await self.send(path, urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"})

    async def send(self, path: str, data: bytes | None, headers: Mapping[str, str]) -> DoorAnswer:
        """GETs, or POSTs octets as they are. Waits while nobody answers."""
        loop = asyncio.get_running_loop()
        if data is not None:
            self._asked += 1
            headers = {"Idempotency-Key": f"{self._name}-{self._asked}", **headers}
        await self._open.wait()
        self._asking += 1
        self._idle.clear()
        try:
            return await self._answered(loop, self._url + path, data, headers)
        finally:
            self._asking -= 1
            if not self._asking:
                self._idle.set()

    async def closing(self, within_s: float) -> None:
        """Nobody else is let in, and who is inside gets an answer within a limit; `reopen` lets people in again."""
        self._open.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        await asyncio.sleep(TICK_S)  # whoever was answered does what follows at once

    def reopen(self) -> None:
        """After `closing`."""
        self._open.set()

    async def _answered(
        self, loop: asyncio.AbstractEventLoop, url: str, data: bytes | None, headers: Mapping[str, str]
    ) -> DoorAnswer:
        while True:
            try:
                if data is not None and self._rng.random() < self._losing:
                    await self._lose(loop, url, data, headers)
                answer = await loop.run_in_executor(None, _asked, url, data, headers)
                self.trouble = ""
                return answer
            except ShutError as why:
                self.trouble = str(why)
                await asyncio.sleep(AGAIN_S)

    async def _lose(self, loop: asyncio.AbstractEventLoop, url: str, data: bytes, headers: Mapping[str, str]) -> None:
        """Asks, and does not hear the answer; every other time whoever asks has not the patience to wait for it."""
        self.lost += 1
        first = loop.run_in_executor(None, _asked, url, data, headers)
        if self.lost % 2:
            await first
        else:
            first.add_done_callback(Future.exception)

    def drop(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """Files as a folder's watcher takes them: each is whole when it has its name."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            part = folder / f"{name}.part"
            part.write_bytes(body)
            part.rename(folder / name)


def _asked(url: str, data: bytes | None, headers: Mapping[str, str]) -> DoorAnswer:
    """Raises ShutError."""
    try:
        with urlopen(Request(url, data, dict(headers)), timeout=TIMEOUT_S) as answer:  # noqa: S310  the site's own
            kind, tag = answer.headers.get("Content-Type", ""), answer.headers.get("ETag", "")
            return _read(answer.status, answer.read(), kind, tag)
    except HTTPError as error:
        with error:
            if error.code >= 500:
                raise ShutError(f"{url}: {error.code}") from None
            return _read(error.code, error.read(), error.headers.get("Content-Type", ""), "")
    except (OSError, HTTPException) as error:
        raise ShutError(f"{url}: {getattr(error, 'reason', error)}") from None


def _read(status: int, body: bytes, kind: str, version: str) -> DoorAnswer:
    return DoorAnswer(status, json.loads(body) if body and "json" in kind else None, version)
