"""The shop of examples/orders as three processes, and people who work in it: over HTTP, at its folder and its belts.

Public names: Shop, open_shop, Tags, ORDER.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from ports import free_port
from shipped import begin
from waiting import HANGS_S, wait_until

from edge.sim.control import tell
from rfid.epc.identity import grai96, sgtin96, sscc96

ORDER = "tmall-401234567890123000"
"""What the ids of the file's orders begin with; their number from 1 follows."""
_PREFIX = "9521141"
_REFERENCE = {"MUG-B": "000101", "PLA-W": "000102", "BOWL": "000103", "KET-S": "000104"}
_SPEED = 1500


class Tags:
    """The tags of the shop, hexadecimal."""

    @staticmethod
    def item(sku: str, serial: int) -> str:
        return sgtin96(_PREFIX, _REFERENCE[sku], serial)

    @staticmethod
    def tote(number: int) -> str:
        return grai96(_PREFIX, "00010", number)

    @staticmethod
    def parcel(number: int) -> str:
        return sscc96(_PREFIX[:6], f"{number:011d}")


class Shop:
    """A folder with the example on ports of its own. Whoever is away while it is asked is asked again."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self._url = folder, url
        self.site, self.control = folder / "SITE.toml", folder / "sim.sock"
        self.api: ForkServerProcess | None = None
        self._http = httpx.Client(timeout=HANGS_S, base_url=url)

    # ---- processes ---------------------------------------------------------------------------------------------------

    def start_api(self, before: Callable[[], None] | None = None) -> None:
        """Begins the api process, and waits until it answers or has ended."""
        process = self.api = begin(
            self.folder, "api", "SITE.toml", out=self.folder / "api.log", err=self.folder / "api.log", before=before
        )
        wait_until(lambda: not process.is_alive() or self._answers(), self._logs)

    def end(self) -> None:
        """Ends what this object holds."""
        self._http.close()
        if self.api is not None:
            self.api.terminate()
            self.api.join(HANGS_S)

    def _answers(self) -> bool:
        try:
            return self._http.get("/api/health").status_code == 200
        except httpx.HTTPError:
            return False

    def _logs(self) -> str:
        return "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-3000:]}" for path in self.folder.glob("*.log")
        )

    # ---- HTTP --------------------------------------------------------------------------------------------------------

    def get(self, path: str, **asked: str) -> Any:
        """What is there; an answer that is none fails."""
        answer = self._http.get(path, params=asked)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def post(self, path: str, body: object, version: str = "", status: int = 200) -> Any:
        """What is answered, with this status."""
        answer = self._http.post(path, json=body, headers={"if-match": version} if version else {})
        assert answer.status_code == status, (path, body, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def put(self, path: str, body: object) -> None:
        """It is so from now on."""
        answer = self._http.put(path, json=body)
        assert answer.status_code == 204, (path, body, answer.text)

    def upload(self, *files: Path) -> dict[str, Any]:
        """Files by the form; what came of them."""
        parts = [("file", (path.name, path.read_bytes(), "text/csv")) for path in files]
        answer = self._http.post("/api/v1/imports", data={"channel": "tmall", "by": "Ann"}, files=parts)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def send(self, path: str, body: bytes) -> Any:
        """A table as it is."""
        answer = self._http.post(path, content=body, headers={"content-type": "text/csv"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    # ---- looked at ---------------------------------------------------------------------------------------------------

    def order(self, number: int) -> dict[str, Any]:
        """A sales order with all that is known of it."""
        return dict(self.get(f"/api/v1/sales-orders/{ORDER}{number}"))

    def wish(self, number: int, what: str, **body: object) -> Any:
        """Something is wished of a sales order."""
        return self.post(f"/api/v1/sales-orders/{ORDER}{number}/{what}", body, "*")

    def story(self, number: int) -> list[dict[str, Any]]:
        """An order's timeline."""
        return list(self.get(f"/api/v1/sales-orders/{ORDER}{number}/timeline")["entries"])

    def await_story(self, number: int, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The timeline once something is so."""
        found: list[list[dict[str, Any]]] = [[]]

        def there() -> bool:
            found[0] = self.story(number)
            return holds(found[0])

        wait_until(there, lambda: "\n".join(f"{one['at']} {one['text']}" for one in found[0]) + self._logs())
        return found[0]

    # ---- the floor ---------------------------------------------------------------------------------------------------

    def belt(self, line: str, *tags: str) -> None:
        """Somebody puts a tote or parcel on a belt."""
        ((_, answer),) = tell(self.control, [f"put {line} {' '.join(tags)}"])
        assert answer == "ok", answer


@contextmanager
def open_shop(project: Path, folder: Path, store_url: str, replaced: Mapping[str, str] = {}) -> Iterator[Shop]:
    """The shop at work, its three processes; ``replaced``: in SITE.toml."""
    shutil.copytree(project / "examples" / "orders", folder, dirs_exist_ok=True)
    site, line = folder / "SITE.toml", folder / "LINE.toml"
    text = line.read_text(encoding="utf-8")
    text = re.sub(r"^port = \d+$", lambda _: f"port = {free_port()}", text, flags=re.MULTILINE)
    text = text.replace("speed_mm_s = 600", f"speed_mm_s = {_SPEED}")
    line.write_text(re.sub(r'^store = ".*"$', f'store = "{store_url}"', text, flags=re.MULTILINE), encoding="utf-8")
    port = free_port()
    text = site.read_text(encoding="utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    text = re.sub(r'^store = ".*"$', f'store = "{store_url}"', text, flags=re.MULTILINE)
    site.write_text(text + "\n[intake]\npoll_s = 0.1\n", encoding="utf-8")
    shop = Shop(folder, f"http://127.0.0.1:{port}")
    begun = []
    try:
        for command in (("sim", "LINE.toml", "--empty", "--control", "sim.sock", "--quiet"), ("run", "LINE.toml")):
            log = folder / f"{command[0]}.log"
            begun.append(begin(folder, *command, out=log, err=log))
        shop.start_api()
        yield shop
    finally:
        shop.end()
        for process in begun:
            process.terminate()
        for process in begun:
            process.join(HANGS_S)


def quoted(name: str) -> str:
    """As part of a path."""
    return quote(name, safe="")
