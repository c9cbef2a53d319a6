"""The page by which a line is commissioned, word for word from an empty folder; the simulated floor is the line.

What is tried at home: tests/test_commission_at_home.py.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from followed import WRITTEN, other_ports, processes, ran
from waiting import wait_until

from lanewise_client import ProblemError, Site

PORTS = ("8000", *(f"150{n}" for n in (21, 22, 23, 81, 82, 83, 84, 85)))
"""Of the example."""
PATIENT = r"\1\ntimeout_ms = 3000"
"""With PLCs on a machine that others use as well; less than a wire is pulled for."""
INLINE = re.compile(r"`((?:lanewise|rm) [^`…]+)`")
PULLED = "plc-down.sorter"
"""The alarm of the PLC whose wire the page pulls."""
IN_LANE = "Confirmed in lane"
"""As the page has it of `lanewise trace`."""


def lines(block: str) -> list[str]:
    """A block's commands, without what is said to each."""
    return [line.partition(" #")[0].rstrip() for line in block.splitlines()]


def commands(text: str) -> list[list[str]]:
    """Those of each block."""
    return [lines(block) for _, block in WRITTEN.findall(text)]


def test_a_line_is_commissioned_word_by_word(project: Path, tmp_path: Path) -> None:
    here = other_ports(*PORTS)
    pages = [project / "docs" / f"commission-a-line{language}.md" for language in ("", ".zh-Hant")]
    english, chinese = (page.read_text(encoding="utf-8") for page in pages)
    assert IN_LANE in english
    assert commands(chinese) == commands(english), "the commands of both languages are the same"
    shutil.copytree(project / "examples" / "warehouse", tmp_path / "examples" / "warehouse")
    for file in (tmp_path / "examples" / "warehouse").iterdir():
        its = here(file.read_text(encoding="utf-8"))
        file.write_text(re.sub(r"^(\[plc\.\w+\])$", PATIENT, its, flags=re.MULTILINE), encoding="utf-8")
    (
        (*made, line, site_file),
        (api, sim, run, fault),
        (discover, watch),
        _,
        (plc, conformance),
        _,
        _,
        _,
        (backup,),
        (copied, restored, replayed),
    ) = commands(here(english))
    said_between = {one.split()[1]: one for one in reversed(INLINE.findall(english))}
    folder, door = tmp_path / "site", Site(f"http://{here('127.0.0.1:8000')}")

    # 1. the line as a file
    ran(tmp_path, "\n".join(made))
    said = ran(folder, line) + ran(folder, site_file)
    assert "LINE.toml: good" in said and "SITE.toml: good" in said
    assert re.search(r"line\.sorter: .* a round trip to plc\.sorter takes at most \d+ ms", said)

    # 2. the same line simulated, and a wire that is pulled
    with processes(folder, [api]) as told:
        wait_until(lambda: "lanewise api: site demo" in told(), told)
        with processes(folder, [sim, run], "floor.log") as floor:
            wait_until(lambda: all_up(door) and confirmed(door) != "", floor)
            track = confirmed(door)
            ran(folder, fault)
            wait_until(lambda: bool(pulled(door)), floor)
            (alarm,) = pulled(door)
            assert alarm["plc"] == "sorter" and alarm["text"] and alarm["state"] == "unacknowledged"
            wait_until(lambda: pulled(door)[0]["state"] == "returned-unacknowledged", floor)
            door.ask("POST", f"/api/alarms/{alarm['alarm']}/acknowledge", body={"by": "Ann"})
            wait_until(lambda: not pulled(door), floor)
            assert counts(door)["missorted"] == 0
    assert IN_LANE in ran(folder, said_between["trace"].replace("ID", track))
    assert "all agree" in ran(folder, said_between["replay"])
    assert "sorter" in ran(folder, said_between["portal"])
    for command in backup.split(" && "):
        ran(folder, command)
    assert (folder / "backup/site.sqlite").stat().st_size > 0
    ran(folder, copied)
    ran(folder, restored)
    assert "all agree" in ran(tmp_path / "other", replayed)
    ran(folder, said_between["-rf"])
    assert not (folder / "var").exists() and not (folder / "in").exists()

    # 3. and 4. readers and PLC; the line that moves alone stands for the real one
    with processes(folder, ["lanewise sim LINE.toml --alone"]) as told:
        wait_until(lambda: " 1 in," in told(), told)
        reader = here("127.0.0.1/32 --port 15081")
        assert "free" in ran(folder, discover.replace("10.0.0.0/24", reader))
        for looks, shown in ((watch, r"^ +\d+ +-\d+\.0 .* [1-4] \(-\d+\), [1-4] \(-\d+\)"), (plc, r"type=INDUCTED")):
            with processes(folder, [looks], "looks.log") as seen:
                wait_until(lambda shown=shown, seen=seen: re.search(shown, seen(), re.MULTILINE) is not None, seen)
        ran(folder, conformance)
    report = (folder / "plc.txt").read_text(encoding="utf-8")
    assert "broken" in report and "signature" in report


def pulled(door: Site) -> list[dict[str, Any]]:
    """The alarm of the wire, while it is not normal."""
    return [one for one in door.ask("GET", "/api/alarms") if one["alarm"] == PULLED]


def all_up(door: Site) -> bool:
    devices = door.ask("GET", "/api/state")["devices"]
    return bool(devices) and all(one["up"] for one in devices)


def confirmed(door: Site) -> str:
    """The first track whose parcel is in its lane by the PLC's word; empty = there is none yet."""
    for track in (f"sorter#{number}" for number in range(1, 100)):
        try:
            story = door.ask("GET", f"/api/lookup/{quote(track)}")["entries"]
        except ProblemError:
            break
        if any(IN_LANE in one["text"] for one in story):
            return track
    return ""


def counts(door: Site) -> dict[str, Any]:
    found: dict[str, Any] = door.ask("GET", "/api/state")["lines"]["sorter"]["counts"]
    return found
