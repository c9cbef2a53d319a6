"""Each case of the tables by which a line is commissioned, tried on the simulated line as the page says it is tried."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from followed import WRITTEN, other_ports, processes, ran
from routed_once import assert_routed_once
from shipped import begin
from waiting import HANGS_S, wait_until

from edge.journal.reader import JournalReader
from lanewise_client import ProblemError, Site

PORTS = ("8000", *(f"150{n}" for n in (21, 22, 23, 81, 82, 83, 84, 85)))
"""Of the example."""
INLINE = re.compile(r"`(lanewise [^`]+)`")
NAMED = re.compile(r", order (SO\d+-\w+-\d+)|(\(00\)\d+), of no order")
WRONG = ("extra", "missing", "of another order")
"""What may be the matter with a tote, as its story has it."""
ASIDE = (9, 10)
"""Quality and reject of the example's sorter."""
DEFAULT = 10


def rows(page: str) -> dict[str, list[tuple[str, list[str]]]]:
    """By step, each row of its table: what is looked at, sent or done, and the commands by which it is at home."""
    found = {}
    for number, text in re.findall(r"^## (\d)\. [^\n]*\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL):
        cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
        found[number] = [(row[0].strip(), INLINE.findall(row[2])) for row in cells[2:] if len(row) == 3]
    return found


def home(project: Path, folder: Path) -> tuple[Callable[[str], str], str]:
    """The site of step 1, slow and short, since others use the machine; what gives ports of our own, and the page."""
    here = other_ports(*PORTS)
    english, chinese = (
        (project / "docs" / f"commission-a-line{language}.md").read_text(encoding="utf-8")
        for language in ("", ".zh-Hant")
    )
    told = [[[row[1] for row in table] for table in rows(page).values()] for page in (english, chinese)]
    assert told[0] == told[1], "the commands of both languages are the same"
    folder.mkdir()
    for name in ("LINE.toml", "SITE.toml"):
        text = here((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
        text = re.sub(r"^(\[plc\.\w+\])$", r"\1\ntimeout_ms = 3000", text, flags=re.MULTILINE)
        totes, sorter, rest = text.partition("[line.sorter]")
        rest = re.sub(r"divert_mm = (\d+)", lambda one: f"divert_mm = {3000 + (int(one[1]) - 3000) // 9}", rest)
        for far, near in (("decision_mm = 6000", "decision_mm = 3500"), ("= 6500", "= 4000"), ("= 8000", "= 4500")):
            totes = totes.replace(far, near)
        (folder / name).write_text(totes + sorter + rest.replace("speed_mm_s = 2500", "speed_mm_s = 800"), "utf-8")
    return here, here(english)


def test_readers_and_plcs_are_tried_without_a_controller(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    _, page = home(project, folder)
    (_, (watch,)), (_, (hold,)), (_, []), (_, (full,)) = rows(page)["3"]
    blocks = [block.splitlines() for _, block in WRITTEN.findall(page)]
    (sim, discover, *_), (one, many, conformance, restart) = blocks[3], blocks[5]
    with processes(folder, [written(sim)], "sim.log") as told:
        wait_until(lambda: " 0 in," in told(), told)
        assert "free" in ran(folder, written(discover)) and "4 antennas" in ran(folder, written(discover))
        with processes(folder, [watch], "watch.log") as seen:
            wait_until(lambda: "tote1: 0 tags" in seen(), seen)
            assert re.match(r"tote1: maker .* firmware .* 4 antennas", seen())
            tag = ran(folder, hold).split()[1]
            wait_until(lambda: re.search(rf"  2 \(-[34]\d\), .*{re.escape(tag)}", seen()) is not None, seen)
            ran(folder, full)
            wait_until(
                lambda: len(re.findall(r"^ +\d+ .* \(\d+\)", seen().rpartition("reads/s")[2], re.MULTILINE)) > 5, seen
            )
        with processes(folder, ["lanewise plc watch LINE.toml --plc sorter"], "plc.log") as seen:
            wait_until(lambda: "Execute" in seen(), seen)
            ran(folder, written(one))
            wait_until(lambda: all(f"type={kind}" in seen() for kind in ("INDUCTED", "DEFAULTED", "DIVERTED")), seen)
        ran(folder, written(many))
        with processes(folder, [written(conformance)], "conformance.log") as said:
            wait_until(lambda: "start the PLC anew" in said(), said)
            ran(folder, written(restart))
            wait_until(lambda: "signature" in said(), said)
            assert written(conformance, said=True) in said()


def written(line: str, *, said: bool = False) -> str:
    """A command as it stands on the page, or what is said to it."""
    command, _, comment = line.partition("#")
    return comment.strip() if said else command.strip()


class Line:
    """The line of steps 5 and 6: what is put on it, what came of it, and its processes, one by one."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.door = folder, Site(url)
        self.logs = {name: folder / f"{name}.log" for name in ("api", "sim", "run")}
        self._commands: dict[str, list[str]] = {}
        self._running: dict[str, Any] = {}

    def start(self, name: str, *command: str) -> None:
        if command:
            self._commands[name] = list(command)
        log = self.logs[name]
        self._running[name] = begin(self.folder, *self._commands[name], out=log, err=log)

    def end(self, name: str, kill: bool = False) -> None:
        one = self._running.pop(name)
        (one.kill if kill else one.terminate)()
        one.join(HANGS_S)

    def end_all(self) -> None:
        for name in list(self._running):
            self.end(name)

    def said(self) -> str:
        return self.logs["sim"].read_text(encoding="utf-8")

    def put(self, command: str) -> list[str]:
        """The names by which each load is found."""
        return [order or parcel for order, parcel in NAMED.findall(ran(self.folder, command))]

    def lands(self, name: str) -> tuple[str, int]:
        """Its track, and the lane in which it is at last."""
        found: list[tuple[str, str]] = []

        def there() -> bool:
            found[:] = re.findall(rf"^(\w+#\d+): .*{re.escape(name)} .*is in lane (\d+)", self.said(), re.MULTILINE)
            return bool(found)

        wait_until(there, lambda: (name, self.said(), self.logs["run"].read_text(encoding="utf-8")))
        return found[-1][0], int(found[-1][1])

    def tells(self, key: str, words: str) -> str:
        """The story of a track or an order, as soon as it says that."""
        story = ""

        def there() -> bool:
            nonlocal story
            try:
                story = "\n".join(one["text"] for one in self.door.ask("GET", f"/api/lookup/{quote(key)}")["entries"])
            except (ProblemError, OSError):
                return False
            return words in story

        wait_until(there, lambda: (key, words, story), pause_s=0.1)
        return story

    def story(self, key: str) -> str:
        return self.tells(key, "")

    def alarms(self, alarm: str) -> bool:
        return any(
            one["alarm"] == alarm and one["state"] == "unacknowledged" for one in self.door.ask("GET", "/api/alarms")
        )

    def waits_for(self, alarm: str) -> None:
        wait_until(lambda: self.alarms(alarm), lambda: self.door.ask("GET", "/api/alarms"), pause_s=0.1)

    def is_up(self) -> bool:
        try:
            devices = self.door.ask("GET", "/api/state")["devices"]
        except (ProblemError, OSError):
            return False
        return bool(devices) and all(one["up"] for one in devices)

    def dock(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.door.ask("GET", "/api/docks")["docks"] if one["name"] == name)
        return found


def lasting(command: str) -> str:
    """The same fault until it is mended."""
    return re.sub(r"\+\d+s", "", command)


def mended(command: str) -> str:
    return re.sub(r":[a-z-]+", ":mend", lasting(command))


def test_every_case_of_parcels_and_of_what_goes_wrong_comes_out_as_the_page_says(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    here, page = home(project, folder)
    url = f"http://{here('127.0.0.1:8000')}"
    line = Line(folder, url)
    blocks = [block.splitlines() for _, block in WRITTEN.findall(page)]
    try:
        for name, command in zip(("api", "sim", "run"), blocks[6], strict=False):
            line.start(name, *written(command).split()[1:])
        wait_until(line.is_up, lambda: [log.read_text(encoding="utf-8") for log in line.logs.values()], pause_s=0.2)
        first_parcels(line, [commands for _, commands in rows(page)["5"]])
        what_goes_wrong(line, [commands for _, commands in rows(page)["6"]])
    finally:
        line.end_all()
    with closing(JournalReader(folder / "var/journal.sqlite")) as journal:
        assert_routed_once(list(journal.every()))
    assert "all agree" in ran(folder, "lanewise replay var/journal.sqlite")


def first_parcels(line: Line, cases: list[list[str]]) -> None:
    (lane,), (box,), (unlabelled,), (unknown,), (off,), (extra,), (missing,), (foreign,), (close,), (wrong_door,) = (
        cases
    )
    totes = [(kind, ran(line.folder, command)) for kind, command in zip(WRONG, (extra, missing, foreign), strict=True)]
    wishes: list[dict[str, Any]] = [{"action": "begin"}, {"action": "divert", "lane": 5}]
    for wish in wishes:
        wish |= {"by": "Eve", "reason": "new lane"}
        assert line.door.ask("POST", "/api/v1/lines/sorter/trial", body=wish)["done"]
    track, at = line.lands(line.put(box)[0])
    assert at == 5
    line.tells(track, "test divert")

    line.door.ask("POST", "/api/lines/sorter/lanes/2", body={"enabled": False, "by": "Ann"})
    wait_until(lambda: bool(line.door.ask("GET", "/api/state")["lines"]["sorter"]["lanes"][1]["disabled"]))
    (one,), (bare,), (stranger,), (other,) = (line.put(command) for command in (lane, unlabelled, unknown, off))
    four, seven = line.put(close)
    track, at = line.lands(one)
    assert at == 3, line.story(track)
    line.tells(track, "Confirmed in lane 3")
    for name, why in ((bare, "no label was read"), (stranger, "no order has this parcel")):
        track, at = line.lands(name)
        assert at in ASIDE, line.story(track)
        line.tells(track, why)
    assert line.lands(other)[1] == 1
    first, second = (line.lands(name) for name in (four, seven))
    assert (first[1], second[1]) == (4, 7)
    ran(line.folder, wrong_door.replace("ORDER", one))
    wait_until(
        lambda: all(line.dock("door1")[what] for what in ("wrong", "light", "buzzer")),
        lambda: line.dock("door1"),
        pause_s=0.1,
    )
    line.waits_for("wrong-load.door1")
    assert not line.dock("door1")["load"] or not line.dock("door1")["load"]["aboard"]
    ran(line.folder, wrong_door.replace("ORDER", f"{one} --back"))
    wait_until(lambda: not line.dock("door1")["wrong"], lambda: line.dock("door1"), pause_s=0.1)

    for kind, said in totes:
        ((order, _), *_), article = NAMED.findall(said), re.findall(r"with(?:out)? (\(01\)\d+)", said)[0]
        assert line.lands(order)[1] == 2
        assert article in line.tells(order, f"refused finally: {kind}")


def what_goes_wrong(line: Line, cases: list[list[str]]) -> None:
    (silence, parcel, tote), (mute, _), (twenty,), _, _, (_, stop, watch) = cases

    ran(line.folder, lasting(silence))
    for name in ("sorter", "tote1"):
        line.waits_for(f"reader-down.{name}")
    (unheard,), (refused,) = line.put(parcel), line.put(tote)
    assert line.lands(unheard)[1] in ASIDE
    assert line.lands(refused)[1] == 2
    for one in mended(silence).partition("sim.sock ")[2].split():
        ran(line.folder, f"lanewise fault var/sim.sock {one}")
    wait_until(line.is_up, pause_s=0.1)

    ran(line.folder, lasting(mute))
    line.waits_for("plc-down.sorter")
    track, at = line.lands(line.put(parcel)[0])
    assert at == DEFAULT
    ran(line.folder, mended(mute))
    line.tells(track, "Is in lane 10")

    many = line.put(twenty)
    line.end("api")
    assert any(line.lands(name)[1] < min(ASIDE) for name in many)
    line.start("api")
    wait_until(line.is_up, pause_s=0.2)

    before = line.said().count(" is in lane ")
    many = line.put(twenty)
    line.tells(many[0], "Inducted on sorter")
    ran(line.folder, lasting(stop))
    line.waits_for("machine-stopped.sorter")
    assert line.said().count(" is in lane ") < before + 20
    ran(line.folder, mended(stop))
    line.lands(many[0])
    line.end("run", kill=True)
    assert line.lands(line.put(parcel)[0])[1] == DEFAULT
    ran(line.folder, lasting(stop))
    wait_until(lambda: "9 Aborted" in ran(line.folder, f"{watch} --once"), pause_s=0.1)
    ran(line.folder, mended(stop))
    wait_until(lambda: "6 Execute" in ran(line.folder, f"{watch} --once"), pause_s=0.1)
    line.start("run")
    wait_until(line.is_up, pause_s=0.2)
