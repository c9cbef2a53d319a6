"""What the code gives in English is told in every language, and in English it stays as it is to the letter."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from given import filled, texts
from hypothesis import given
from hypothesis import strategies as st

from api.answers import json_answer
from edge.core.alarms.facts import REFUSAL_TEXT
from edge.core.events import AlarmChanged, Anomaly, DoorSeen, ParcelGated, PassageSeen, RouteDecided, Sorted
from edge.journal.record import decode
from edge.views.given_texts import GIVEN, reason_told, text_told
from edge.views.picture import alarm_view, anomaly_view
from edge.views.words.phrase import Phrase, Word
from edge.views.words.table import LANGUAGES, say
from plc.io_layout import CAUSES
from plc.modbus_connection import MEANINGS
from rfid.llrp.phase import Phase

# What is told on pages comes from these files, and by these calls.
TOLD = (
    "edge/core/**/*.py",
    "edge/controller/*.py",
    "edge/devices/*.py",
    "edge/config/certificates.py",
    "edge/journal/disk.py",
    "edge/journal/damage.py",
    "edge/journal/follower.py",
    "edge/journal/writer.py",
    "edge/publish/cursors.py",
    "edge/publish/epcis.py",
    "edge/publish/event_files.py",
    "edge/publish/follow.py",
    "edge/publish/influx.py",
    "edge/publish/mqtt.py",
    "edge/publish/mqtt_broker.py",
    "edge/publish/mqtt_connection.py",
    "edge/publish/sparkplug.py",
    "api/follow.py",
    "edge/orders/picking.py",
    "edge/orders/stock.py",
    "edge/orders/cases.py",
    "edge/site/parcels.py",
    "edge/site/quality.py",
    "edge/site/rounds.py",
    "plc/*.py",
    "rfid/*.py",
    "rfid/llrp/*.py",
)
ELSEWHERE = (
    "edge/core/alarms/words.py",  # words themselves
    "edge/core/totes.py",  # what is wrong with a pattern of LINE.toml
    "plc/io_layout.py",  # how a line of remote I/O may be drawn; what its tracker says is CAUSES
    "plc/io_simulator.py",
    "plc/mailbox_text.py",  # a command's
    "plc/opcua_simulator.py",
    "plc/simulated_faults.py",
    "plc/simulator.py",
    "rfid/llrp/as_json.py",  # a command's
    "rfid/llrp/probe.py",  # a command's
    "rfid/llrp/schema.py",  # the standard's tables
)
"""Whose texts are shown on no page."""
NOT_SHOWN = {
    "*** in database main ***": "SQLite's",
    "; closing until it is empty: §": "the log",
    "journal §: it is that of controller §": "ends the process",
    "another dict was put in its place": "a fault of ours",
    "the journal's own thread is writing": "a fault of ours",
    "written by a newer version: needs decision flag §": "ends the process",
    "it is so": "no text: a course",
    "it is so because of another alarm": "no text: a course",
    "it is over": "no text: a course",
    "it is over, latched": "no text: a course",
    "§: §: make one with `lanewise plc cert` or `lanewise opcua`, and have it trusted": "the log",
    "§: §: start the version that wrote it, or give `publish_state` another path": "a command's",
    "§: another `lanewise publish` writes it; stop that one": "a command's",
    "§: another program's SQLite file; give `publish_state` a path of its own": "a command's",
    "i=, s=, g= or b= and the identifier, after ns=0..65535; or nsu=URI; where it is not namespace 0": "LINE.toml's",
    "§ is no node id: i= has a number of 0..§": "LINE.toml's",
    "first register of UP": "LINE.toml's",
    "first register of DOWN": "LINE.toml's",
    "device id": "LINE.toml's",
    "timeout in ms": "LINE.toml's",
    "wait after a connect in ms": "LINE.toml's",
    "event § is not in the ring, whose newest is §": "a simulator's",
    "a number that is not 0, and a finite offset": "LINE.toml's",
    "a number, where there is a scale, offset, deadband or limit": "LINE.toml's",
    "0 or more": "LINE.toml's",
    "at most high, §": "LINE.toml's",
    "true, where there are limits": "LINE.toml's",
    "text of a STRING, here bcd of §": "LINE.toml's",
    "bcd, or none, for a number": "LINE.toml's",
    "with STRING[1..§] only": "LINE.toml's",
    "0..15 for a BOOL in a register, none for all others": "LINE.toml's",
    "false: § are read only": "LINE.toml's",
    "none: an OPC UA node is whole": "LINE.toml's",
    "§ is no type: allowed are §[1..§]": "LINE.toml's",
    "§ is no type: only STRING has a length, 1..§, as in STRING[20]": "LINE.toml's",
    "§ words, DOWN has §": "a command's",
    "dock: § is missing: load § is open at this door: close it first": "LINE.toml's",
    "§ went out at this door wrongly and must come back first": "LINE.toml's",
    "0 = the journal cannot be written, since journal_stands_since_seconds (1970 UTC)": "Prometheus's",
    "how long the oldest record waits to be stored": "Prometheus's",
    "1 = this controller commands the lines, 0 = it stands by": "Prometheus's",
    "reads left out since the start, as the reader floods": "Prometheus's",
    "§ is no node id: allowed is §": "LINE.toml's",
    "Basic §": "a header's",
    "Token §": "a header's",
    "select count() from lanewise_check where probe = '§'": "SQL",
    "parameter §": "the standard's",
    "result §": "the standard's",
}
"""Texts of those files that no page shows, and whose they are; all of it must be there."""
ANSWERS = ("HTTPException", "_Refusal", "problem_answer", "problems_answer", "field_problems_answer")
WIRE = {"retry-after", "www-authenticate"}
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")
PLACE = re.compile(r"\{\w+(?::[^}]*)?\}")
PARTS = "\n".join(PLACE.sub("§", english) for english in GIVEN.values())


def leaves(word: Word) -> Iterator[str]:
    """What is told as it stands."""
    match word:
        case Phrase(values=values):
            for one in values.values():
                yield from leaves(one)
        case tuple():
            for one in word:
                yield from leaves(one)
        case _:
            yield str(word)


def is_told(text: str) -> bool:
    """Whether nothing of it stays English, and the English one is it."""
    word = text_told(text)
    known = isinstance(word, Phrase) and not any(ENGLISH.search(leaf) for leaf in leaves(word))
    assert not known or say(word) == text
    return known


def pattern(node: ast.expr) -> str:
    """A text with a mark for each place."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "§" for one in node.values)


def is_part(text: str) -> bool:
    """Whether it is put together with others to texts whose words have all of it."""
    return all(part.strip(" ,;:.()") in PARTS for part in text.split("§"))


def test_every_english_text_of_the_floor_is_told(project: Path) -> None:
    files = sorted({path for name in TOLD for path in project.glob(name)} - {project / name for name in ELSEWHERE})
    assert len(files) > 100
    missing, met = [], set()
    for path in files:
        for node in texts(path):
            text = pattern(node)
            if text in NOT_SHOWN:
                met.add(text)
            elif not (any(is_told(one) for one in filled(node)) or is_part(text)):
                missing.append(f"{path.relative_to(project)}:{node.lineno}: {text}")
    assert not missing, "\n".join(missing)
    assert met == set(NOT_SHOWN), "a text that is listed is not there any more"


def test_every_refusal_of_the_api_is_told(project: Path) -> None:
    missing = [
        f"{path.name}:{node.lineno}: {pattern(node)}"
        for path in sorted((project / "api").glob("*.py"))
        for node in texts(path, ANSWERS)
        if not any(is_told(one) for one in filled(node)) and not is_part(pattern(node))
    ]
    assert not missing, "\n".join(missing)


def test_whatever_tables_of_words_are_given_from_is_told() -> None:
    for text in (*REFUSAL_TEXT.values(), *CAUSES.values(), *(one.value for one in Phase)):
        assert is_told(text), text
    for meaning in MEANINGS.values():
        assert is_told(f"sorter1: 10.0.0.7:502: coils 1-8: exception code 2 ({meaning.format(unit=3)})")


KINDS = {one.__name__: one for one in (AlarmChanged, Anomaly, DoorSeen, ParcelGated, PassageSeen, RouteDecided, Sorted)}


def test_what_the_decisions_say_in_the_scenarios_is_told(project: Path) -> None:
    """Whole, as the code puts it together; what a device said before it is the scenario's own."""
    seen: set[str] = set()
    for folder in sorted((project / "tests/scenarios").iterdir()):
        given_before = (folder / "inputs.jsonl").read_text(encoding="utf-8")
        for line in (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines():
            for kind, body in json.loads(line).items():
                text = str(body.get("text") or body.get("cause") or "") if kind in KINDS else ""
                if text and json.dumps(text.rpartition(": ")[2])[1:-1] not in given_before:
                    seen.add(text)
    untold = [text for text in seen if not all(map(is_told, text.split("; ")))]
    assert len(seen) > 25 and not untold, untold


COMPOSED = (
    "order A-1 was cancelled: put it aside",
    "order A-1 was refused by quality: take it off and put it aside",
    "load L1: 3 missing: (00)1, (00)2 and 1 more",
    "load L1: 1 may be aboard, undetermined: (00)1",
    "tote T1 was verified in time, and is not so in the end",
    "sorter1: events 3 to 5 never came, 3 lost",
    "sorter1: buffer ran over, 3 lost",
    "sorter1: opcode 1 for 7, target 3: expired in the queue at PLC time 5 ms, now 9 ms",
    "sorter1 had accepted lane 3 for track 7, decided again for lane 4: it keeps lane 3",
    "sorter1 never said that track 7 came to lane 3",
    "lanes 1, 2 for DHL express are full or disabled, after 2 rounds",
    "sort: Ann asked for commissioning mode to begin: a parcel of order A-1 is on the line",
    "sort: the next parcel without an order goes to lane 3: repaired",
    "r1 floods: more than 300 tags at once, or 200 a second, that no order expects: they are left out",
    "r1 floods: 17 reads of tags that no order expects or of articles in open orders that no order names were left out",
    "journal /j: 990 of 1,000 MB, full, and kept beyond its quota for those who are behind: influx has 1,200 to go",
    (
        "journal /j: no space left, the disk is full: 1.2 MB are free in /var, 10 MB are needed at least: make room "
        "there; nothing is acknowledged until it can be written"
    ),
    (
        "journal /j: the disk is too slow: 90 records wait to be stored, the oldest for 3.2 s; "
        "sorter1 keeps 256 events and has no room for more"
    ),
    "publisher influx: lanewise publish does not run, since 2026-11-30 06:00:00; its cursor stands at record 7",
    "publisher influx: http://10.0.0.9:8086: HTTP 401: no; give `token_file` a token that may write the bucket",
    "publisher influx: http://10.0.0.9:8086: HTTP 503: busy; it asks us to wait 7 s",
    (
        "publisher mqtt: broker 10.0.0.9:1883: connection lost: no answer to CONNECT of MQTT 5: "
        "perhaps it is a broker of MQTT 3.1.1; a broker of version 5 is needed"
    ),
    "publisher sparkplug: primary host scada is not online by spBv1.0/STATE/scada: what happens waits for it",
    (
        "r1: MQTT broker 10.0.0.9:1883: the broker is gone: connection refused, without an answer to CONNECT: "
        "perhaps it speaks MQTT 3.1.1 alone, which is tried next"
    ),
    "r1: 10.0.0.8:5084: the reader did not connect within 10 s: is the reader set to this address?",
    "r1: 10.0.0.8:5084: the scanner ended the connection",
    "r1: 10.0.0.8:80: HTTP status 401 where 200 is needed: it wants a login: give user and password_file",
    "r1: bad message number 4: epcHex '12' must be 1 to 31 words of four hexadecimal digits: '{}'",
    "r1: Impinj model 2001002, firmware 8.1, 4 antennas, 30 dBm",
    (
        "sorter1: 10.0.0.7:502: input registers 1-2: no answer within 300 ms by unit 1: an answer to request 4 came in "
        "place of one to 9"
    ),
    "sorter1: opc.tcp://10.0.0.7:4840: Up: no answer within 1000 ms",
)
"""Texts that the code puts together of several, whole."""


@pytest.mark.parametrize("text", COMPOSED)
def test_a_text_that_is_put_together_is_told_whole(text: str) -> None:
    assert is_told(text), text_told(text)


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        (
            "sorter1: 10.0.0.7:502: holding registers 100-203: no answer within 300 ms by unit 1",
            "sorter1：10.0.0.7:502：保持暫存器 100-203：站號 1 在 300 毫秒內沒有回應",
        ),
        ("tote1: 10.0.0.8:5084: connection refused", "tote1：10.0.0.8:5084：連線被拒"),
        ("tote1: 10.0.0.8:5084: no such thing in it", "tote1: 10.0.0.8:5084: no such thing in it"),
        (
            "sorter: configuring the reader: M_ParameterError: bad field",
            "sorter：設定讀取器：M_ParameterError: bad field",
        ),
        ("photo-eye 3 of sorter1", "sorter1 的光電感測器 3"),
        (
            "4 of the last 50, the newest: lane 3: past the decision point",
            "最近 50 件中有 4 件，最近一件：3 號道：已過決定點",
        ),
        (
            "sorter1: epoch 8 of another controller is obeyed since 2026-11-30T06:00:00Z, ours is 7",
            "sorter1：自 2026-11-30T06:00:00Z 起聽從另一控制器的代次 8，本控制器為 7",
        ),
        (
            "reader r1: r1: 10.0.0.8:5084: no keepalive for 2000 ms; reader r2: not heard yet",
            "讀取器 r1：r1：10.0.0.8:5084：已 2000 毫秒沒有 keepalive；讀取器 r2：尚無訊息",
        ),
        (
            "journal /var/j: database is locked; nothing is acknowledged until it can be written",
            "日誌 /var/j：database is locked；可寫入前不作任何確認",
        ),
        (
            "sort: Ann Lee asked for a test divert to lane 3: it is full or disabled",
            "sort：Ann Lee 要求試分流至 3 號道：已滿或停用",
        ),
        ("sort: commissioning mode, by Ann Lee: after the repair", "sort：試車模式，由 Ann Lee: after the repair"),
        (
            "line: a parcel of order A-1 is on sort: wait until it is in its lane",
            "產線：訂單 A-1 的包裹在 sort 上：請等它進入道口",
        ),
        ("/nothing: there is nothing for GET here", "/nothing：這裡沒有可供 GET 的內容"),
        (
            "alarm jam.s.3: reset: it is normal, allowed are shelve, out-of-service: Ann was first",
            "警報 jam.s.3：重設：目前為「正常」，可用的有 擱置、停用警報；Ann 已先處理",
        ),
    ],
)
def test_a_text_in_chinese(text: str, chinese: str) -> None:
    word = text_told(text)
    assert (say(word), say(word, "zh-Hant")) == (text, chinese)


def test_reasons_are_told_one_by_one() -> None:
    word = reason_told("no parcel label was read; reader r1: not heard yet; the scale says so")
    assert isinstance(word, tuple) and [isinstance(one, Phrase) for one in word] == [True, True, False]


@given(st.text() | st.lists(st.sampled_from([*GIVEN.values(), "; ", ": ", ", ", "7", "x"]), max_size=5).map("".join))
def test_english_stays_to_the_letter(text: str) -> None:
    assert say(text_told(text)) == text and bool(say(text_told(text), LANGUAGES[1])) == bool(text)


@pytest.mark.parametrize("part", ["a: ", "x; ", "lane 3: ", "7 of ", "said, ", "journal a: ", "; its last trouble: "])
def test_nobodys_text_keeps_us_busy(part: str) -> None:
    """One that could be taken in a great many ways is told as far as it is known, and a long one not at all."""
    for text in (part * (1_900 // len(part)), f"{part * (1_900 // len(part))}not connected"):
        assert say(text_told(text)) == text
    long = f"{part * 1_000}not connected"
    assert text_told(long) == long


@given(st.from_type(AlarmChanged), st.from_type(Anomaly))
def test_a_view_has_what_it_shows_and_its_words(alarm: AlarmChanged, anomaly: Anomaly) -> None:
    for shown, value in ((alarm_view(alarm), alarm), (anomaly_view(anomaly), anomaly)):
        assert say(shown.said) == shown.text == value.text
        assert decode(type(value).__name__, bytes(json_answer(shown).body)) == value, (
            "old readers leave out what is new"
        )
