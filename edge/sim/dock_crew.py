"""Opens loads at the simulated dock doors over the site's API, and closes them when their trailers leave.

Public names: DockCrew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from edge.config.lines import LineConfig
from edge.core.iso_time import iso
from edge.journal.host_time import now_us

EVERY_S = 2.0
NEXT_S = 0.3
"""Until the next trailer backs up, where one was told to leave."""
TIMEOUT_S = 10
STAYS_S = 60
"""A trailer takes what is sorted until so long after it came, and leaves when that is aboard,"""
LATEST_S = 100
"""or then, whatever is missing."""
BY = "simulated crew"


class DockCrew:
    """``url``: the site's address. ``trouble``: why nothing gets through at the moment, or empty."""

    def __init__(self, config: LineConfig, url: str, token: str | None = None) -> None:
        self.trouble = ""
        self._url = url.rstrip("/")
        self._token = token
        self._carriers = dict(config.sim.docks)
        self._trailers = 0
        self._left: set[str] = set()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            leaves = False
            try:
                leaves = await loop.run_in_executor(None, self._look)
                self.trouble = ""
            except (OSError, HTTPException, ValueError, KeyError) as error:
                self.trouble = f"{self._url}: {getattr(error, 'reason', error)}"
            await asyncio.sleep(NEXT_S if leaves else EVERY_S)

    def _look(self) -> bool:
        """Whether a trailer leaves."""
        at_us, leaves = now_us(), False
        for dock in self._ask("/api/docks")["docks"]:
            carrier, its = self._carriers.get(dock["name"]), dock["load"]
            if carrier is None:
                continue
            if its is None:
                self._trailers += 1
                self._ask(
                    "/api/loads",
                    {
                        "by": BY,
                        "dock": dock["name"],
                        "carrier": carrier,
                        "trailer": f"SIM-{self._trailers:03d}",
                        "cutoff": iso(at_us + STAYS_S * 1_000_000, 6),
                        "departure": iso(at_us + LATEST_S * 1_000_000, 6),
                    },
                )
                continue
            load = its["load"]
            complete = not (its["missing"] or its["wrong"] or its["undetermined"])
            if load["id"] in self._left:
                leaves = True
            elif 0 < load["cutoff_us"] < at_us and (complete or load["departure_us"] < at_us):
                wish = {"by": BY, "forced": not complete, "reason": "" if complete else "the trailer leaves"}
                self._ask(f"/api/loads/{load['id']}/close", wish)
                self._left.add(load["id"])
                leaves = True
        return leaves

    def _ask(self, path: str, wish: Mapping[str, object] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        body = None if wish is None else json.dumps(wish).encode()
        try:
            with urlopen(Request(f"{self._url}{path}", body, headers), timeout=TIMEOUT_S) as answer:  # noqa: S310  ours
                return json.load(answer)
        except HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")[:500]
            raise ValueError(f"{path}: {error.code}: {text}") from None
