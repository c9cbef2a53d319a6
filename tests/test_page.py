"""The page in a real browser against a real server: it shows the lines, moves, and speaks both languages."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import msgspec
import pytest
from browser import Browser
from example_site import asked
from made_up_floor import MadeUpFloor, order
from waiting import HANGS_S

from api.app import create_app
from api.server import listen, server
from edge.config.lines import SiteConfig
from edge.config.load import load_line, load_site
from edge.core.alarms.alarms import unraised
from edge.core.events import (
    AlarmChanged,
    AlarmRequested,
    Anomaly,
    AnomalyCode,
    DeviceChanged,
    LaneChanged,
    LaneRequested,
    Measured,
    PointChanged,
    Started,
)
from edge.core.values.alarm import AlarmAction, AlarmState
from edge.journal.writer import Journal
from edge.site.store import SiteStore
from edge.views.sentences import Teller
from edge.views.words.table import LANGUAGES, say
from plc.points import Quality


@dataclass
class Floor:
    """A served site with a floor that goes on by itself. ``stop`` ends the server."""

    url: str
    config: SiteConfig
    journal: Journal
    stop: Callable[[], None]


@pytest.fixture
def floor(project: Path, tmp_path: Path) -> Iterator[Floor]:
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    config = load_site(tmp_path / "SITE.toml")
    line = load_line(tmp_path / "LINE.toml")
    now_us = time.time_ns() // 1000
    store = SiteStore(config.store)
    store.put_orders([order(number, in_tote=True) for number in range(40)], now_us - 90_000_000)
    store.close()
    journal = Journal(line.journal)
    made_up = MadeUpFloor(line.layouts(), now_us - 60_000_000)
    journal.append(list(made_up.until(now_us)))
    journal.start()
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(0.02):
            journal.append(list(made_up.until(time.time_ns() // 1000)))

    listener = listen("127.0.0.1", 0)
    serving = server(create_app(config))
    threads = [
        threading.Thread(target=go_on),
        threading.Thread(target=serving.run, kwargs={"sockets": [listener]}),
    ]
    for thread in threads:
        thread.start()

    def stop() -> None:
        serving.should_exit = True
        threads[1].join(HANGS_S)
        assert not threads[1].is_alive(), "the server must end although a page is open"

    yield Floor(f"http://127.0.0.1:{listener.getsockname()[1]}", config, journal, stop)
    ended.set()
    threads[0].join()
    stop()
    listener.close()
    journal.close()


def is_as(pattern: str) -> Callable[[str | None], bool]:
    """Whether a text is wholly like the pattern."""
    return lambda text: re.fullmatch(pattern, text or "") is not None


def alarm_of(name: str, floor: Floor, at_us: int) -> AlarmChanged:
    """An alarm of the floor's controller as it came."""
    line = load_line(floor.config.controller[0].config)
    started = Started(
        at_us=at_us, controller=line.controller, version="0", layouts=line.layouts(), alarms=line.alarms()
    )
    alarm = next(alarm for alarm in unraised(started) if alarm.alarm == name)
    came = {"state": AlarmState.UNACKNOWLEDGED, "active": True, "since_us": at_us, "at_us": at_us}
    return replace(alarm, **came)


DRAWN = "document.querySelector('.line.sort .moving').drawn()"
"""What is drawn on the sorter's belt: of each its key, kind, place, how much of it is seen, and its middle."""


def test_the_page_lives(floor: Floor, peer: Callable[[str], str]) -> None:
    with Browser(peer("chromium")) as page:
        page.open(floor.url)
        page.until(f"{DRAWN}.some((one) => one.kind === 'sent')")
        assert page.ask("document.querySelectorAll('.line.sort .lane').length") == 11
        assert page.ask("document.querySelectorAll('.line.verify .lane').length") == 4
        assert page.ask("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off"

        # Parcels move along the belt.
        place = f"{DRAWN}.find((one) => one.kind === 'sent' && one.place === 'belt')?.x"
        first = page.until(place)
        page.until(place, lambda now: now is not None and now != first)
        page.until("document.querySelectorAll('#verdicts li.verified').length")
        assert page.ask("document.querySelectorAll('#machines [data-machine]').length") == 3
        page.until("document.querySelector('[data-figure=verified] .value').textContent", is_as(r"\d+ %|\d+\.\d %"))
        # Lanes run full on this floor now and then.
        calm = ("Running normally", "1 thing needs attention")
        page.until("document.getElementById('status').textContent", lambda text: text in calm)

        # The figures have a past, drawn from the journal alone; a dialog tells it by line and lane.
        page.until("document.querySelector('[data-figure=parcels] .spark path')?.getAttribute('d').includes('L')")
        page.until("document.querySelector('[data-figure=reaction] .spark path')?.getAttribute('d').includes('L')")
        # The made-up floor's routes expire after 300 ms.
        page.until("document.querySelector('[data-figure=margin] .value')?.textContent", is_as(r"[12]\d\d ms"))
        page.ask("document.querySelector('#spans [data-history]').click()")
        at_us = time.time_ns() // 1000
        floor.journal.append(
            [Measured(at_us, "plc.sorter", (("round_trip_us", 1_234.0), ("heartbeat_age_us", 7_000.0)))]
        )
        page.until("document.querySelector('[data-figure=plc]')?.textContent", lambda text: text and "1.2 ms" in text)
        assert "heartbeat 7 ms ago" in page.ask("document.querySelector('[data-figure=plc]').textContent")
        page.until("document.querySelectorAll('#history [data-plcs] tr').length", lambda rows: rows == 6)
        rows = "document.querySelectorAll('#history[open] [data-line=sorter] tr').length"
        assert page.until(rows) == 8 + 11
        page.ask("document.querySelector('#history [data-minutes=\"60\"]').click()")
        page.until("document.querySelector('[data-figure=alarms] .note').textContent", lambda text: "60 min" in text)
        assert page.ask("document.querySelector('#history [aria-pressed=true]').dataset.minutes") == "60"
        page.ask("document.getElementById('history').close()")

        # Points of a PLC: value, quality, and what may be written.
        assert page.ask("document.querySelectorAll('#points .unknown').length") == 4
        floor.journal.append(
            [
                PointChanged(
                    at_us=at_us,
                    plc="tote1",
                    point="drive/speed",
                    value=0.6000000238,
                    unit="m/s",
                    quality=Quality.GOOD,
                    reason="",
                    read_us=at_us,
                ),
                PointChanged(
                    at_us=at_us,
                    plc="tote1",
                    point="cabinet/lamp",
                    value=True,
                    unit="",
                    quality=Quality.STALE,
                    reason="not read for 2100 ms",
                    read_us=at_us,
                ),
                PointChanged(
                    at_us=at_us,
                    plc="tote1",
                    point="drive/temperature",
                    value=None,
                    unit="°C",
                    quality=Quality.BAD,
                    reason="exception code 2",
                    read_us=at_us,
                ),
            ]
        )
        page.until("document.querySelector('#points .good')?.textContent", lambda text: text and "0.6 m/s" in text)
        assert "old value: not read for 2100 ms" in page.ask("document.querySelector('#points .stale').textContent")
        assert "no value: exception code 2" in page.ask("document.querySelector('#points .bad').textContent")
        page.ask("document.querySelector('#points .unknown button').click()")
        shown = page.until("document.querySelector('#point[open]')?.textContent")
        assert "tote1/drive/setpoint" in shown and "0.2 to 2.5 m/s" in shown and "holding registers 1002" in shown
        assert page.ask("document.getElementById('point-value').max") == "2.5"
        assert page.ask("document.querySelectorAll('#point button[type=submit]').length") == 1
        page.ask("document.getElementById('point').close()")

        # What needs people is said in words.
        at_us = time.time_ns() // 1000
        floor.journal.append([LaneChanged(at_us, "sorter", 9, False, True)])
        floor.journal.append([DeviceChanged(at_us, "reader.tote1", False, "127.0.0.1:15081: connection refused")])
        page.until("document.getElementById('attention').textContent", lambda text: "Reader tote1 is down" in text)
        assert "Parcel sorter: lane 9 Quality is off" in page.ask("document.getElementById('attention').textContent")
        page.until("document.querySelector('.lane.disabled')?.dataset.lane", lambda lane: lane == "9")

        # An alarm is said once, with what to do; people act on it there.
        floor.journal.append([alarm_of("reader-down.tote1", floor, at_us)])
        row = page.until("document.querySelector('#attention .alarm')?.textContent")
        assert "Reader does not answer: tote1" in row and "Look at the reader and its cable." in row
        assert "Reader tote1 is down" not in page.ask("document.getElementById('attention').textContent")
        page.ask("document.querySelector('#attention .alarm button').click()")
        page.until("document.querySelector('#alarm[open] dl')?.textContent", lambda text: "Totes are refused" in text)
        page.ask(
            "document.querySelector('#alarm #by').value = 'Ann';document.querySelector('#alarm [value=shelve]').click()"
        )
        assert asked(floor.config.store, AlarmRequested) == AlarmRequested(
            at_us=ANY,
            feed_seq=ANY,
            alarm="reader-down.tote1",
            action=AlarmAction.SHELVE,
            by="Ann",
            for_us=1_800_000_000,
        )
        page.until("document.querySelector('#alarm[open]') === null")
        page.until("document.querySelector('#attention .alarm .quick') !== null")  # the name is known now
        page.ask("document.querySelector('#attention .alarm .quick').click()")
        page.until("document.querySelector('#attention .alarm .quick').disabled")
        page.ask("document.querySelector('[data-language=zh-Hant]').click()")
        page.until("document.querySelector('#attention .alarm').textContent", lambda text: "檢查讀取器與線路" in text)
        page.ask("document.querySelector('[data-language=en]').click()")

        # The look-up tells the story of an order in the language that was chosen.
        page.ask("document.querySelector('[data-language=zh-Hant]').click()")
        page.ask("document.getElementById('key').value = 'A-1003'; document.querySelector('#search button').click()")
        story = page.until("document.querySelector('#story[open] .timeline')?.textContent")
        assert "收到訂單 A-1003" in story and "物流箱核對" in story
        page.ask("document.querySelector('[data-language=en]').click()")
        page.until("document.querySelector('#story .timeline').textContent", lambda text: "Order A-1003 came" in text)
        page.ask("document.querySelector('#story header button').click()")

        # An operator asks for a lane by keyboard; the request is in the feed.
        page.ask(
            "document.querySelector('.line.sort [data-lane=\"3\"]')"
            ".dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}))"
        )
        page.until("document.querySelector('#lane[open] #by') !== null")
        page.ask("document.getElementById('by').value = 'Ann'; document.querySelector('#lane [type=submit]').click()")
        assert asked(floor.config.store, LaneRequested) == LaneRequested(
            at_us=ANY, feed_seq=ANY, line="sorter", lane=3, enabled=False, by="Ann"
        )

        # A phone shows the same.
        page.resize(390, 844)
        page.until(
            "(({clientHeight, clientWidth}) => clientHeight > clientWidth)(document.querySelector('.line.sort svg'))"
        )
        page.until("document.documentElement.scrollWidth", lambda width: width == 390)
        assert page.errors == []
        assert all(url.startswith((floor.url, "about:")) for url in page.requests), "no request leaves the site"

        # A server that is gone is said, and the old picture looks old.
        floor.stop()
        page.until("document.getElementById('status').textContent", lambda text: text.startswith("Old picture"))
        assert page.ask("document.body.classList.contains('stale')")


PRESSED = """new Promise((done) => {
  const canvas = document.querySelector('.line.sort .moving');
  const far = (one) => (other) => one === other || Math.hypot(one.x - other.x, one.y - other.y) > 50;
  const look = () => {
    const all = canvas.drawn();
    const one = all.find((its) => WHICH && its.x > 0 && its.y > 0 && its.y < innerHeight && all.every(far(its)));
    if (!one) return requestAnimationFrame(look);
    const act = (kind, more) => document.elementFromPoint(one.x, one.y).dispatchEvent(
      new PointerEvent(kind, {clientX: one.x, clientY: one.y, bubbles: true, cancelable: true, ...more}));
    if (POINTER === 'mouse') act('pointermove', {pointerType: POINTER});
    const over = [canvas.title, getComputedStyle(document.elementFromPoint(one.x, one.y)).cursor];
    act('click', {pointerType: POINTER, detail: 1});
    done({key: one.key, over, lane: document.getElementById('lane').open});
  };
  look();
})"""
"""Presses the first thing for which WHICH holds and that lies by itself, when it is drawn so: its key, what its title
and the cursor over it are, whether a lane was opened by that."""


COLOUR = f"""new Promise((done) => {{
  const canvas = document.querySelector('.line.sort .moving');
  let frames = 0;
  const look = () => {{
    const box = canvas.getBoundingClientRect();
    // Behind the portal, whose roof lies above.
    const one = {DRAWN}.find((its) => its.kind === 'unsent' && its.seen === 1 && its.x > box.left + 100);
    if (++frames < 4 || !one) return requestAnimationFrame(look);
    const context = new OffscreenCanvas(1, 1).getContext('2d', {{willReadFrequently: true}});
    context.drawImage(canvas, Math.round(box.left - one.x), Math.round(box.top - one.y - 5));
    done([...context.getImageData(0, 0, 1, 1).data]);
  }};
  look();
}})"""
"""What is drawn of a parcel that is not decided yet, beside its tape: red, green, blue, opacity."""


def test_what_moves_is_pressed_on_the_canvas(floor: Floor, peer: Callable[[str], str]) -> None:
    with Browser(peer("chromium"), 1366, 768) as page:

        def pressed(which: str, pointer: str) -> dict[str, Any]:
            page.until(f"{DRAWN}.length")
            answer: dict[str, Any] = page.ask(PRESSED.replace("WHICH", which).replace("POINTER", f"'{pointer}'"))
            return answer

        def tells(key: str) -> None:
            page.until("document.getElementById('story').open")
            assert page.ask("new URLSearchParams(location.search).get('story')") == key
            page.until("document.querySelectorAll('#story .timeline li').length")
            page.ask("document.getElementById('story').close()")

        page.open(f"{floor.url}/?lang=en")
        for width, height, pointer in ((1366, 768, "mouse"), (390, 844, "touch")):
            page.resize(width, height)
            page.until("document.querySelector('.line.sort svg').clientHeight > 300 === innerWidth < 760")
            page.ask("document.querySelector('.line.sort').scrollIntoView()")
            one = pressed("its.seen === 1 && its.place === 'belt'", pointer)
            assert not one["lane"]
            tells(one["key"])
            if pointer == "mouse":
                assert one["over"][0] and one["over"][1] == "pointer", "it says what it is, and that it can be pressed"
            # What fades is there no more: the lane beneath it is meant.
            one = pressed("its.seen < 1 && its.place === 'lane'", pointer)
            assert one["lane"] and one["over"][0] == ""
            assert not page.ask("document.getElementById('story').open")
            page.ask("document.getElementById('lane').close()")
        page.resize(1366, 768)

        # It has the colours of the theme, also of one that has just changed.
        for theme, unsent in (("dark", [195, 204, 212, 255]), ("light", [243, 245, 247, 255])):
            page.scheme(theme)
            page.until(f"matchMedia('(prefers-color-scheme: {theme})').matches")
            assert page.ask(COLOUR) == unsent
        # A story that was not written when it was asked for is shown when it is.
        page.open(f"{floor.url}/?lang=en&story=Z-1")
        page.until("document.getElementById('story').textContent.includes('Nothing is known under')")
        late = Anomaly(
            at_us=time.time_ns() // 1000, line="", code=AnomalyCode.COMMAND_REFUSED, text="late", subject="Z-1"
        )
        floor.journal.append([late])
        page.until("document.querySelectorAll('#story .timeline li').length")
        assert [error for error in page.errors if "404" not in error or "/api/lookup/" not in error] == []


WORST = (
    "reader-down.tote1", "plc-down.tote2", "missorts.sorter", "commands-refused.sorter", "lane-full.sorter.3",
    "no-reads.sorter", "totes-refused.tote1", "defaults.sorter",
)  # fmt: skip
WHOLE = """(() => {
  const rows = [...document.querySelectorAll('#worst li')];
  const cut = [...document.querySelectorAll('#worst li, #worst li *')].filter((one) => {
    const its = one.getBoundingClientRect();
    const wider = one.clientWidth && one.scrollWidth > one.clientWidth + 1;
    return wider || its.bottom > innerHeight || its.right > innerWidth;
  });
  const out = [...document.querySelectorAll('.figure > *')].filter((one) => {
    const [its, tile] = [one, one.parentElement].map((node) => node.getBoundingClientRect());
    return its.right > tile.right + 1 || its.bottom > tile.bottom + 1 || one.scrollWidth > one.clientWidth + 1;
  });
  const names = [...document.querySelectorAll('.line.sort .lane-name')].map((one) => one.getBoundingClientRect());
  names.sort((a, b) => a.left - b.left);
  const meet = names.filter((one, at) => at && names[at - 1].right > one.left && names[at - 1].bottom > one.top);
  return [rows.length, cut.length, out.length, meet.length, document.documentElement.scrollWidth > innerWidth];
})()"""
SERIOUS = """axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations
  .filter((one) => ['serious', 'critical'].includes(one.impact))
  .map((one) => [one.id, ...one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200))]))"""


def test_attention_is_whole_on_every_screen(
    floor: Floor, peer: Callable[[str], str], npm: Callable[[str], Path]
) -> None:
    axe = (npm("axe") / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    at_us = time.time_ns() // 1000
    wish = LaneRequested(at_us=at_us, feed_seq=1, line="sorter", lane=9, enabled=False, by="Ann")
    floor.journal.append([wish, LaneChanged(at_us + 1, "sorter", 9, False, True)])
    floor.journal.append([replace(alarm_of(name, floor, at_us), text="3 of the last 50") for name in WORST])
    with Browser(peer("chromium"), 1366, 768) as page:

        def look(path: str, then: str) -> None:
            page.open(f"{floor.url}{path}")
            page.until(then)
            page.ask(f"{axe};0")
            assert page.until(SERIOUS, lambda found: isinstance(found, list)) == [], path

        page.open(floor.url)
        page.ask("localStorage.setItem('lanewise.name', 'Ann')")
        for theme, language, sizes in (
            ("light", "en", ((1366, 768), (1024, 768))),
            ("dark", "zh-Hant", ((1920, 1080), (1366, 768), (820, 1180))),
        ):
            page.scheme(theme)
            page.resize(*sizes[0])
            look(f"/?lang={language}", "document.querySelectorAll('#worst li').length === 3")
            for size in sizes:
                page.resize(*size)
                page.until(WHOLE, lambda seen: seen == [3, 0, 0, 0, False])
            page.until("document.querySelector('.line.sort .lane.disabled')?.textContent.includes('Ann')")
            for path in ("/alarms", "/alarms/history", "/alarms/figures", "/alarms/a/missorts.sorter", "/log"):
                look(f"{path}?lang={language}", "document.querySelector('main').textContent.length > 200")
        said = page.ask("document.querySelector('table.log').textContent")
        assert "Ann 要求停用 sorter 的 9 號道（Quality）" in said

        # Which is worked on from the page: an acknowledgement by the name that this browser keeps, and a shelving.
        page.open(f"{floor.url}/alarms?lang=en")
        page.until("document.querySelectorAll('#list tr[data-alarm]').length === 8")
        first = "document.querySelector('#list tr[data-alarm]')"
        assert page.ask(f"{first}.classList.contains('high')") and page.ask("document.forms.work.by.value") == "Ann"
        page.ask(f"{first}.querySelector('button').click()")
        page.until("document.querySelector('.done')?.textContent", lambda text: text and "asked" in text)
        assert asked(floor.config.store, AlarmRequested).action is AlarmAction.ACKNOWLEDGE
        came = alarm_of(WORST[4], floor, at_us)
        floor.journal.append([replace(came, state=AlarmState.ACKNOWLEDGED, before=AlarmState.UNACKNOWLEDGED, by="Ann")])
        page.until("document.querySelector('#list tr.acknowledged')?.dataset.alarm", lambda name: name == WORST[4])

        page.open(f"{floor.url}/?screen=1&lang=en")
        page.until("document.querySelectorAll('#worst li').length === 3")
        assert page.ask(
            "[...document.querySelectorAll('button, input, summary')].filter((one) => one.checkVisibility() &&"
            " !one.closest('[inert]')).length === 0"
        )
        # A story that cannot be asked for says why in words, and is asked again.
        page.open(f"{floor.url}/?lang=en")
        page.until("document.querySelectorAll('#worst li').length === 3")
        assert page.errors == []
        assert all(url.startswith((floor.url, "about:")) for url in page.requests), "no request leaves the site"
        floor.stop()
        page.ask("document.getElementById('key').value = 'A-1003'; document.querySelector('#search button').click()")
        said = page.until("document.querySelector('#story[open] .empty')?.textContent")
        assert "the server cannot be reached" in said and page.ask("document.querySelector('#story .again') !== null")


def test_the_page_says_what_python_says(floor: Floor, peer: Callable[[str], str]) -> None:
    line = load_line(floor.config.controller[0].config)
    teller, at_us = Teller(line.layouts()), time.time_ns() // 1000
    values = MadeUpFloor(line.layouts(), at_us).until(at_us + 60_000_000)
    phrases = list({phrase.code: phrase for phrase in map(teller.tell, values)}.values())
    assert len(phrases) > 15
    with Browser(peer("chromium")) as page:
        page.open(floor.url)
        page.until("document.readyState", lambda state: state == "complete")
        said = page.ask(
            "import('/words.js').then(({t}) =>"
            f" {msgspec.json.encode(phrases).decode()}.map(({{code, values}}) =>"
            f" {json.dumps(LANGUAGES)}.map((language) => t(code, values, language))))"
        )
        assert said == [[say(phrase, language) for language in LANGUAGES] for phrase in phrases]
        assert page.errors == []
