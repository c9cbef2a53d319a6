"""Night calls: what is wrong, where, and what to do, from the page alone and from the command line alone.

One site has all of it at once. A disk that is full, which ends the journal that alarms need: tests/test_full_disk.py.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser import Browser
from house import AT_US, House, make_house
from ports import free_port
from waiting import wait_until

from edge.config.load import load_line
from edge.core.alarms.words import ALARM_WORDS
from edge.core.events import DeviceChanged
from edge.journal.writer import Journal
from edge.publish.cursors import read_standings

MUTE = ("llrp", "mqtt", "http", "opcua", "top")
"""Readers and a scanner that take a connection and never say a word."""
CALLS = {
    "reader-down.llrp": r"127\.0\.0\.1:{llrp}: .*(no|nothing|silent|did not).*",
    "reader-down.mqtt": r"127\.0\.0\.1:{mqtt}.*(no |silent|did not|timed out).*",
    "reader-down.http": r"127\.0\.0\.1:{http}.*(no |silent|did not|nothing).*",
    "reader-down.opcua": r"127\.0\.0\.1:{opcua}.*(no |silent|did not|timed out).*",
    "reader-down.push": r"127\.0\.0\.1:{push}: the reader did not connect .*: is the reader set to this address\?",
    "reader-down.card": r"/dev/night: no such device: is the reader plugged in\?",
    "scanner-down.top": r"127\.0\.0\.1:{top}.*(silent|no |nothing).* 1 s.*",
    "scanner-refused.side": r"127\.0\.0\.1 was not let in, only 127\.0\.0\.9 may connect",
    "disk-low.edge1": r"{folder}: [\d,]+ MB",
    "target-down.dead": r"lanewise publish does not run, and never did",
    "target-down.away": r"127\.0\.0\.1:{away}.*refused.*",
    "commands-refused.sorter": r"the newest: lane 2[1-8]: no such lane or target",
    "fenced.tote2": r"epoch \d+ of another controller is obeyed since .*, ours is \d+",
}
"""By alarm: what its reason says, beside what the words of its kind say."""


@dataclass(frozen=True)
class Night:
    """The site. ``places``: what stands in the reasons."""

    house: House
    places: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.house.ports['site']}"

    def alarms(self) -> dict[str, dict[str, str]]:
        """Those that are not normal, by name; none while nobody answers."""
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/api/alarms") as answer:
            return {one["alarm"]: one for one in json.loads(answer.read())}
        return {}

    def missing(self) -> list[str]:
        known = self.alarms()
        return [name for name in CALLS if not self.matches(name, known.get(name, {}).get("text", ""))]

    def all_is_wrong(self) -> None:
        """Waits until every call is there; who is not let in knocks meanwhile, as that alarm lasts a minute only."""

        def knocked() -> bool:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", int(self.places["side"]))).close()
            return not self.missing()

        wait_until(knocked, lambda: (self.missing(), self.alarms()), 100)

    def matches(self, alarm: str, text: str) -> bool:
        pattern = CALLS[alarm]
        for name, value in self.places.items():
            pattern = pattern.replace(f"{{{name}}}", re.escape(value))
        return re.search(pattern, text) is not None


def _listen_and_say_nothing(stack: ExitStack) -> int:
    """A port where everybody gets a connection and never a word."""
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    held: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                held.append(server.accept()[0])

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()

    def end() -> None:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for one in held:
            one.close()

    stack.callback(end)
    port: int = server.getsockname()[1]
    return port


def _begin_a_journal(house: House) -> None:
    """An alarm says what was so when it came: the publisher is to have met its target before the controller begins."""
    journal = Journal(load_line(house.folder / "LINE.toml").journal)
    journal.append([DeviceChanged(AT_US, "plc.sorter", True, "")])
    journal.flush()
    journal.close()


def _configured(house: House, ports: dict[str, str]) -> None:
    """LINE.toml with all that is wrong, AWAY.toml of the one publisher that runs, LAPTOP.toml of the second host."""
    readers = f"""
[reader.llrp]
host = "127.0.0.1"
port = {ports["llrp"]}
[reader.mqtt]
driver = "mqtt-json"
vendor = "zebra"
host = "127.0.0.1"
port = {ports["mqtt"]}
topics = ["z/#"]
silent_s = 1
[reader.http]
driver = "http-json"
url = "http://127.0.0.1:{ports["http"]}/"
silent_s = 1
[reader.opcua]
driver = "autoid"
opcua = {{ url = "opc.tcp://127.0.0.1:{ports["opcua"]}", policy = "None" }}
[reader.push]
driver = "push-json"
vendor = "zebra"
listen = "127.0.0.1:{ports["push"]}"
[reader.card]
driver = "serial"
device = "/dev/night"
[reader.top]
driver = "barcode"
host = "127.0.0.1"
port = {ports["top"]}
silent_s = 1
[reader.side]
driver = "barcode"
host = "127.0.0.9"
listen = "127.0.0.1:{ports["side"]}"
"""
    influx = 'kind = "influx"\nurl = "http://127.0.0.1:{}"\nbucket = "b"\n'
    publish = f"[publish.away]\n{influx.format(ports['away'])}"
    dead = f"[publish.dead]\n{influx.format(free_port())}"
    rules = "[disk]\nlow_mb = 100000000\n[alarm.target-down]\non_delay_ms = 0\n"
    whole = (house.folder / "LINE.toml").read_text(encoding="utf-8")
    (house.folder / "FLOOR.toml").write_text(whole, encoding="utf-8")
    (house.folder / "AWAY.toml").write_text(f"{whole}\n{publish}", encoding="utf-8")
    names = '"tote1", "llrp", "mqtt", "http", "opcua", "push", "card"'
    changed = whole.replace('readers = ["tote1"]', f'readers = [{names}], scanners = ["top", "side"], scan_mm = 1000')
    changed = re.sub(r"number = ([1-8]), (.*carrier =)", r"number = 2\1, \2", changed)
    changed = re.sub(r"alternatives = \[(\d)\]", r"alternatives = [2\1]", changed)
    (house.folder / "LINE.toml").write_text(f"{changed}\n{readers}{publish}{dead}{rules}", encoding="utf-8")
    laptop = f"""
controller = "laptop"
site = "demo"
journal = "laptop.sqlite"
[plc.tote2]
host = "127.0.0.1"
port = {house.ports["plc.tote2"]}
timeout_ms = 10000
[reader.tote2]
host = "127.0.0.1"
port = {ports["llrp"]}
"""
    line = whole[whole.index("[line.tote2]") : whole.index("[line.sorter]")]
    (house.folder / "LAPTOP.toml").write_text(f"{laptop}{line}", encoding="utf-8")


@pytest.fixture(scope="module")
def night(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    house = make_house(project, tmp_path_factory.mktemp("night"))
    with ExitStack() as stack:
        ports = {name: str(_listen_and_say_nothing(stack)) for name in MUTE}
        ports |= {name: str(free_port()) for name in ("side", "away", "push")}
        _configured(house, ports)
        start = stack.enter_context(house.starts())
        made = Night(house, {**ports, "folder": str(house.folder / "var")})
        log = house.folder / "log"
        _begin_a_journal(house)
        start("publish", "AWAY.toml", err=log)
        state = load_line(house.folder / "AWAY.toml").publish_state
        wait_until(lambda: any("refused" in one.trouble for one in read_standings(state)), log.read_text)
        start("api", "SITE.toml", err=log)
        start("sim", "FLOOR.toml", "--orders", made.url, "--rate", "20000", "--quiet", err=log)
        start("run", "LINE.toml", err=log)
        wait_until(lambda: "commands-refused.sorter" in made.alarms(), log.read_text, 100)
        start("run", "LAPTOP.toml", err=log)
        yield made


def test_the_command_line_says_what_where_and_what_to_do(night: Night) -> None:
    night.all_is_wrong()
    said = night.house.run("alarms", "SITE.toml").out.replace("\n    ", "    ").splitlines()
    for alarm in CALLS:
        kind, place = alarm.split(".")
        (line,) = (one for one in said if f"  {alarm}: " in one)
        assert ALARM_WORDS[f"alarm.{kind}"][0] in line and place in line
        assert night.matches(alarm, line) and ALARM_WORDS[f"alarm.{kind}.action"][0] in line


def test_the_page_says_it_in_both_languages_and_takes_a_plc_back(night: Night, peer: Callable[[str], str]) -> None:
    with Browser(peer("chromium")) as page:
        page.open(night.url)
        night.all_is_wrong()
        rows = "[...document.querySelectorAll('#attention .alarm')].map((row) => row.textContent)"
        for column, language in enumerate(("en", "zh-Hant")):
            page.until("document.querySelectorAll('[data-language]').length")
            page.ask(f"document.querySelector('[data-language={language}]').click()")
            title = ALARM_WORDS["alarm.fenced"][column]
            page.until(rows, lambda shown, title=title: any(row.startswith(f"▲{title}: tote2") for row in shown))
            shown = page.ask(rows)
            for alarm in CALLS:
                kind, place = alarm.split(".")
                row = next(one for one in shown if f"{ALARM_WORDS[f'alarm.{kind}'][column]}: {place}" in one)
                assert ALARM_WORDS[f"alarm.{kind}.action"][column] in row
                assert night.matches(alarm, row) or language != "en"  # the others: tests/test_given_texts.py

        # The second host: its alarm has a button that takes the PLC back, which is then ours again.
        page.ask("document.querySelector('[data-language=en]').click()")
        row = "[...document.querySelectorAll('#attention .alarm button')].find((one) => one.textContent.includes('{}'))"
        row = row.format("PLC obeys another controller: tote2")
        page.until(f"{row} !== undefined")
        page.ask(f"{row}.click()")
        page.until(
            "document.querySelector('#alarm[open] [value=take-over]')?.textContent",
            lambda text: text == "Take the PLC back",
        )
        page.ask(
            "document.querySelector('#alarm #by').value = 'Ann';"
            "document.querySelector('#alarm [value=take-over]').click()"
        )
        wait_until(
            lambda: night.alarms().get("fenced.tote2", {}).get("state") == "returned-unacknowledged", night.alarms
        )
        assert page.errors == []


def test_the_command_line_takes_a_plc_back(night: Night) -> None:
    """In two steps: the list names the alarm, and how it is asked for."""
    another = night.house.changed("LAPTOP.toml", ("laptop", "tablet"), into="TABLET.toml")
    with night.house.starts() as start:
        start("run", another, err=night.house.folder / "log")
        fenced = "fenced.tote2"
        wait_until(lambda: night.alarms().get(fenced, {}).get("state") == "unacknowledged", night.alarms, 100)
        assert f"  {fenced}: " in night.house.run("alarms", "SITE.toml").out
        asked = night.house.run("alarms", "SITE.toml", "--take-over", fenced, "--by", "Ann")
        assert asked.status == 0, asked
        wait_until(lambda: night.alarms().get(fenced, {}).get("state") == "returned-unacknowledged", night.alarms)
