"""The shop of examples/orders as three processes, and the people who bring one order from a file to its carrier's lane.

Public names: Shop, open_shop, dies_at, Step, WAY, passes, told_in_order, commands_of, ORDER, MUGS, PLATE,
BOWL, KETTLE, item, tote, parcel.

People look before they do something, and again when nobody answered: each step says by what one sees that it is done.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from ports import free_port
from shipped import begin
from waiting import HANGS_S, wait_until

from edge.core.events import ToteChecked
from edge.journal.reader import JournalReader
from edge.sim.control import tell
from rfid.epc.identity import grai96, sgtin96, sscc96

ORDER = "tmall-401234567890123000"
"""What the ids of the file's orders begin with; their number from 1 follows."""
FILES = ("tmall-orders.csv", "tmall-items.csv")
SPEED = 1500
"""Of the portal's belt, mm/s."""
_PREFIX = "9521141"
_REFERENCE = {"MUG-B": "000101", "PLA-W": "000102", "BOWL": "000103", "KET-S": "000104", "KET-L": "000105"}


def item(sku: str, serial: int) -> str:
    """The tag of an item, hexadecimal."""
    return sgtin96(_PREFIX, _REFERENCE[sku], serial)


def tote(number: int) -> str:
    """The tag of a tote."""
    return grai96(_PREFIX, "00010", number)


def parcel(number: int) -> str:
    """The tag of a parcel's label."""
    return sscc96(_PREFIX, f"{number:010d}")


def dies_at(write: int) -> None:
    """What an api process begins with: it is killed before this write of its, or before the commit that it would be."""
    left = iter(range(write))

    def written(*_: object) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def executed(_: object, __: object, statement: str, *___: object) -> None:
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            written()

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    sa.event.listen(sa.Engine, "commit", written)


class NobodyAnswersError(Exception):
    """The api process is away."""


class Shop:
    """A folder with the example on ports of its own. ``lives``: makes what each life of the api process begins with;
    ``token``: what is shown with each request, empty = nobody asks for one.
    """

    def __init__(self, folder: Path, url: str, lives: Callable[[], Callable[[], None] | None], token: str = "") -> None:
        self.folder = folder
        self.api: ForkServerProcess | None = None
        self.ended = 0
        self._lives = lives
        self.address = url.removeprefix("http://")
        shown = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(timeout=HANGS_S, base_url=url, headers=shown)

    # ---- processes ---------------------------------------------------------------------------------------------------

    def start_api(self) -> None:
        """Begins the api process, and waits until it answers or has ended."""
        log = self.folder / "api.log"
        process = self.api = begin(self.folder, "api", "SITE.toml", out=log, err=log, before=self._lives())
        wait_until(lambda: not process.is_alive() or self._healthy(), self.logs)

    def end(self) -> None:
        """Ends what this object holds."""
        self._http.close()
        if self.api is not None:
            self.api.terminate()
            self.api.join(HANGS_S)

    def logs(self) -> str:
        """The ends of what the processes said."""
        return "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-3000:]}" for path in self.folder.glob("*.log")
        )

    def revived(self) -> None:
        """The api process is there again where it was killed."""
        while self.api is not None and not self.api.is_alive():
            self.api.join()
            assert self.api.exitcode == -9, (self.api.exitcode, self.logs())
            self.ended += 1
            self.start_api()

    def _healthy(self) -> bool:
        try:
            return self._http.get("/api/health").status_code == 200
        except httpx.TransportError:
            return False

    # ---- HTTP --------------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, status: int = 200, **how: Any) -> Any:
        """What is answered, with this status. Raises NobodyAnswersError."""
        try:
            answer = self._http.request(method, path, **how)
        except httpx.TransportError:
            raise NobodyAnswersError from None
        assert answer.status_code == status, (method, path, how, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def get(self, path: str, **asked: str) -> Any:
        """What is there."""
        return self.ask("GET", path, params=asked)

    def post(self, path: str, body: object, version: str = "") -> Any:
        """What is answered."""
        return self.ask("POST", path, json=body, headers={"if-match": version} if version else {})

    def order(self, number: int) -> dict[str, Any]:
        """A sales order with all that is known of it."""
        return dict(self.get(f"/api/v1/sales-orders/{ORDER}{number}"))

    def wish(self, number: int, what: str, **body: object) -> None:
        """Something is wished of a sales order."""
        self.post(f"/api/v1/sales-orders/{ORDER}{number}/{what}", body, "*")

    def story(self, number: int) -> list[dict[str, Any]]:
        """An order's timeline."""
        return list(self.get(f"/api/v1/sales-orders/{ORDER}{number}/timeline")["entries"])

    def page(self, number: int, language: str) -> str:
        """An order's page."""
        return self._http.get(f"/orders/o/{ORDER}{number}", headers={"accept-language": language}).text

    def rounds(self) -> list[dict[str, Any]]:
        """The rounds of pickers."""
        return list(self.get("/api/v1/pick-tasks"))

    def until(self, holds: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
        """Waits until it is so, whoever is killed meanwhile."""

        def there() -> bool:
            self.revived()
            try:
                return holds()
            except NobodyAnswersError:
                return False

        wait_until(there, lambda: f"{what()}\n{self.logs()}", pause_s=0.1)

    def do(self, step: Step) -> None:
        """A step of the way, until one sees that it is done."""

        def done() -> bool:
            if step.done(self):
                return True
            step.work(self)
            return step.done(self)

        self.until(done, lambda: (step.name, self.story(2)))

    # ---- the floor ---------------------------------------------------------------------------------------------------

    def belt(self, line: str, *tags: str) -> None:
        """Somebody puts a tote or parcel on a belt."""
        ((_, answer),) = tell(self.folder / "sim.sock", [f"put {line} {' '.join(tags)}"])
        assert answer.startswith("ok\t"), answer

    def verdicts(self) -> list[tuple[str, str]]:
        """What the portal said at last of each passage of the tote: code, and what of."""
        return [(one["code"], one["text"]) for one in self.story(2) if " finally: " in one["text"]]

    def unread(self) -> int:
        """How many totes passed whose own tag was not read: no order's story tells of them."""
        reader = JournalReader(self.folder / "var" / "journal.sqlite")
        try:
            checked = [record.value for record in reader.after(0, 100_000) if record.kind == ToteChecked.__name__]
        finally:
            reader.close()
        return sum(isinstance(one, ToteChecked) and one.final and not one.order for one in checked)


@contextmanager
def open_shop(
    project: Path,
    folder: Path,
    store_url: str,
    lives: Callable[[], Callable[[], None] | None] = lambda: None,
    replaced: Mapping[str, str] = {},
    sorter_mm_s: int = 1_500,
    token: str = "",
) -> Iterator[Shop]:
    """The shop at work, its three processes; ``replaced``: in SITE.toml; ``sorter_mm_s``: the speed of its sorter;
    ``token``: of machines.
    """
    shutil.copytree(project / "examples" / "orders", folder, dirs_exist_ok=True)
    site, line = folder / "SITE.toml", folder / "LINE.toml"
    text = line.read_text(encoding="utf-8")
    text = re.sub(r"^port = \d+$", lambda _: f"port = {free_port()}", text, flags=re.MULTILINE)
    text = text.replace("speed_mm_s = 1500", f"speed_mm_s = {sorter_mm_s}")
    text = text.replace("speed_mm_s = 600", f"speed_mm_s = {SPEED}")
    text = text.replace("[plc.tote1]\n", "[plc.tote1]\ntimeout_ms = 10000\n")
    text = text.replace("[plc.sorter]\n", "[plc.sorter]\ntimeout_ms = 10000\n")
    line.write_text(re.sub(r'^store = ".*"$', f'store = "{store_url}"', text, flags=re.MULTILINE), encoding="utf-8")
    port = free_port()
    text = site.read_text(encoding="utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    named = f'store = "{store_url}"\nsecret_file = "site.secret"'
    if token:
        named += '\ntoken_file = "token"'
        (folder / "token").write_text(token)
        (folder / "token").chmod(0o600)
    text = re.sub(r'^store = ".*"$', named, text, flags=re.MULTILINE)
    site.write_text(text + "\n[intake]\npoll_s = 0.1\n", encoding="utf-8")
    shop = Shop(folder, f"http://127.0.0.1:{port}", lives, token)
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


# ---- the way ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """``done``: what one sees when it is; ``work``: what one does, again where it is not."""

    name: str
    done: Callable[[Shop], bool]
    work: Callable[[Shop], object]


def _files_brought(shop: Shop) -> None:
    inbox = shop.folder / "in" / "tmall"
    if not any((inbox / part / FILES[0]).exists() for part in (".", "taken", "done")):
        inbox.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copy(shop.folder / name, inbox)
    shop.until(lambda: (inbox / "done" / FILES[0]).exists() and (inbox / "done" / FILES[1]).exists())


def _files_again(shop: Shop) -> None:
    parts = [("file", (name, (shop.folder / name).read_bytes(), "text/csv")) for name in FILES]
    run = shop.ask("POST", "/api/v1/imports", 201, data={"channel": "tmall", "by": "Ann"}, files=parts)
    assert run["taken"] == {"same": 5}, run


def _stock_taken(shop: Shop) -> None:
    body = (shop.folder / "stock.csv").read_bytes()
    shop.ask("POST", "/api/v1/stock/imports", content=body, headers={"content-type": "text/csv"})


def _released(shop: Shop) -> None:
    for wave in shop.get("/api/v1/waves"):
        shop.post(f"/api/v1/waves/{wave['id']}/release", {"by": "Lee"})


def _picked(sku: str, number: int, place: str, units: int, reason: str = "") -> Step:
    """A line of the round: so many of an article for an order out of a bin, or fewer for a reason."""

    def lines(shop: Shop) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [
            (task, line)
            for task in shop.rounds()
            for line in task["lines"]
            if (line["at"]["sku"], line["fulfilment"], line["at"]["bin"]) == (sku, f"{ORDER}{number}", place)
        ]

    def done(shop: Shop) -> bool:
        found = lines(shop)
        return bool(found) and all(line["picked"] == line["quantity"] or line["reason"] for _, line in found)

    def work(shop: Shop) -> None:
        task, line = next((task, line) for task, line in lines(shop) if not (line["picked"] or line["reason"]))
        body = {"picker": "Bob", "units": units, "bin": place, "tote": tote(number)}
        path = f"/api/v1/pick-tasks/{task['id']}/lines/{line['n']}"
        shop.post(path, body | ({"reason": reason} if reason else {}), f'"{task["version"]}"')

    return Step(f"{units} of {sku} from {place}", done, work)


def _cancelled(shop: Shop) -> None:
    (line,) = [one for one in shop.order(3)["order"]["lines"] if one["sku"] == "PLA-W"]
    shop.wish(3, "amend", by="Ann", reason="the customer rang", wanted={line["number"]: 0})


def _put_back(shop: Shop) -> None:
    for row in shop.get("/api/v1/put-backs"):
        shop.post(f"/api/v1/put-backs/{row['seq']}/done", {"by": "Eve"})


PASSES = (("tote-refused", "extra"), ("tote-refused", "was cancelled"), ("tote-verified", "3 items"))
"""What the portal says of the tote each time that it passes, and where it goes: to packing or to quality."""


def passed(shop: Shop, number: int) -> bool:
    """Whether the tote has passed for the so-manieth time, and lies where it should."""
    verdict, of = PASSES[number - 1]
    found = shop.verdicts()
    if len(found) < number or (found[-1][0], of in found[-1][1]) != (verdict, True):
        return False
    landed = [one["place"] for one in shop.story(2) if one["code"] == "sorted-confirmed"]
    return bool(landed) and landed[-1] == f"tote1, lane {1 if verdict == 'tote-verified' else 2}"


def passes(shop: Shop, number: int, put: Callable[[], object]) -> None:
    """Somebody puts the tote on the belt, again where a machine that stood still had it go to quality unseen."""

    def there() -> bool:
        if passed(shop, number):
            return True
        before, unread = len(shop.verdicts()), shop.unread()
        put()
        shop.until(lambda: len(shop.verdicts()) > before or shop.unread() > unread, lambda: shop.story(2))
        return passed(shop, number)

    shop.until(there, lambda: shop.story(2))


def _pass(number: int, *tags: str) -> Step:
    return Step(
        f"portal {number}",
        lambda shop: passed(shop, number),
        lambda shop: passes(shop, number, lambda: shop.belt("tote1", tote(2), *tags)),
    )


def shipped(shop: Shop, number: int) -> bool:
    """Whether an order's parcel lies in its carrier's lane."""
    return bool(shop.get(f"/api/orders/{ORDER}{number}")["state"] == "shipped")


def is_sorted(shop: Shop, number: int) -> None:
    """Somebody puts the order's parcel on the belt, again where a machine that stood still had it set aside."""

    def aside() -> int:
        ends = [one for one in shop.story(number) if one["code"].startswith("sorted-")]
        return sum(one["place"].startswith("sorter") and one["code"] != "sorted-confirmed" for one in ends)

    def there() -> bool:
        before = aside()
        shop.belt("sorter", parcel(1))
        shop.until(lambda: shipped(shop, number) or aside() > before, lambda: shop.story(number))
        return shipped(shop, number)

    shop.until(there, lambda: shop.story(number))


MUGS = (item("MUG-B", 11), item("MUG-B", 12))
PLATE, BOWL, KETTLE = item("PLA-W", 21), item("BOWL", 31), item("KET-S", 41)
WAY = (
    Step("stock", lambda shop: len(shop.get("/api/v1/stock")) == 5, _stock_taken),
    Step(
        "files",
        lambda shop: (
            (shop.folder / "in/tmall/done" / FILES[1]).exists() and len(shop.get("/api/v1/sales-orders")["orders"]) == 5
        ),
        _files_brought,
    ),
    Step(
        "the same files",
        lambda shop: any(run["by"] == "Ann" and run["ended_us"] for run in shop.get("/api/v1/imports")),
        _files_again,
    ),
    Step(
        "waived",
        lambda shop: bool(shop.order(1)["order"]["stage"] == "accepted"),
        lambda shop: shop.wish(1, "release", by="Ann", reason="reached through the channel", codes=["phone-masked"]),
    ),
    Step(
        "merged",
        lambda shop: bool(shop.order(3)["order"]["stage"] == "merged"),
        lambda shop: shop.wish(2, "merge", by="Ann", reason="one consignee", other=f"{ORDER}3"),
    ),
    Step(
        "planned",
        lambda shop: bool(shop.get("/api/v1/waves")),
        lambda shop: shop.post("/api/v1/waves/plan", {"by": "Lee"}),
    ),
    Step("wave", lambda shop: all(one["state"] == "released" for one in shop.get("/api/v1/waves")), _released),
    Step(
        "round",
        lambda shop: any(one["picker"] == "Bob" for one in shop.rounds()),
        lambda shop: shop.post("/api/v1/pick-tasks/claim", {"picker": "Bob"}),
    ),
    _picked("MUG-B", 1, "A-1", 1),
    _picked("MUG-B", 2, "A-1", 0, "could-not-locate"),
    _picked("PLA-W", 2, "A-2", 1),
    _picked("BOWL", 2, "A-3", 1),
    _picked("KET-S", 4, "B-2", 1),
    _picked("MUG-B", 2, "B-1", 1),
    Step(
        "counted",
        lambda shop: not any(one["suspect_us"] for row in shop.get("/api/v1/stock") for one in row["bins"]),
        lambda shop: shop.post(
            "/api/v1/stock/counts",
            {"by": "Eve", "cause": {"kind": "count", "id": "A-1"}, "bin": "A-1", "sku": "MUG-B", "seen": 0},
        ),
    ),
    _pass(1, *MUGS, PLATE, KETTLE),
    Step(
        "cancelled",
        lambda shop: any(line["cancelled"] for line in shop.order(3)["order"]["lines"]),
        _cancelled,
    ),
    _pass(2, *MUGS, PLATE, BOWL),
    Step("put back", lambda shop: not shop.get("/api/v1/put-backs"), _put_back),
    _pass(3, *MUGS, BOWL),
    Step(
        "label",
        lambda shop: bool(shop.get(f"/api/orders/{ORDER}2")["parcel"]),
        lambda shop: shop.post("/api/v1/parcels", {"order": f"{ORDER}2", "by": "Eve"}),
    ),
    Step(
        "tote",
        lambda shop: not shop.get(f"/api/orders/{ORDER}2")["tote"],
        lambda shop: shop.post(f"/api/v1/totes/{tote(2)}/emptied", {"by": "Eve"}),
    ),
    Step("sorted", lambda shop: shipped(shop, 2), lambda shop: is_sorted(shop, 2)),
)


# ---- what is told of it, and by what page ----------------------------------------------------------------------------


def told_in_order(story: list[dict[str, Any]], wanted: list[tuple[str, str, str]]) -> bool:
    """Whether a timeline has these entries in this order; fails with what it has."""
    entries = iter(story)
    for what in wanted:
        patterns = [re.compile(re.escape(text).replace(r"\*", ".+")) for text in what]
        for entry in entries:
            if all(one.fullmatch(entry[key]) for one, key in zip(patterns, ("code", "place", "cause"), strict=True)):
                break
        else:
            raise AssertionError((what, [(one["code"], one["place"], one["cause"]) for one in story]))
    assert all(entry["at"] and entry["text"] and entry["place"] for entry in story), story
    return True


def commands_of(project: Path, page: str, until: str = "") -> list[str]:
    """The commands of a page, without those of its first block, up to a heading."""
    text = (project / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {until}\n" if until else "\0")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks[1:] for line in block.splitlines()]
