"""Barcode scanners: every code as it is, and parcels known by tag, by barcode or by both.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import threading
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import Run
from controllers import feed_of
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import assert_replays
from loops import LOOPS, Loop
from ports import free_port, on_free_ports
from pure_site import Outcome, PureSite, example
from reader_owner import ReaderOwner
from virtual_time import run_virtual

from edge.cli import main
from edge.config.lines import LineConfig
from edge.config.load import ConfigError, load_line
from edge.config.readers import BarcodeConfig
from edge.controller.controller import Controller
from edge.core.book import OrderBook
from edge.core.events import (
    Anomaly,
    AnomalyCode,
    BarcodesRead,
    Claim,
    DeviceChanged,
    FindingKind,
    Input,
    OrderChanged,
    PassageSeen,
    RouteDecided,
    RouteReason,
)
from edge.core.line.line import Result
from edge.core.line.sort import combine
from edge.core.line.verify import check
from edge.core.portal.scans import ROW, ScanWatch
from edge.core.values.layout import Job, LaneRole, LineLayout, Portal
from edge.core.values.order import Order
from edge.core.values.state import BookState, Passage, PortalState
from edge.journal.reader import JournalReader
from edge.journal.replay import replay
from edge.sim.devices import SimulatedFloor
from edge.sim.world import FloorFault
from edge.views.sentences import Teller
from edge.views.words.table import say
from rfid.barcode import BadScan, Framing, ScanFormat, ScanFrames, identify_code
from rfid.driver import CodesRead, ReaderFailure
from rfid.epc.identity import check_digit, grai96, identify, sscc96

SSCC = identify(sscc96("9521141", "0000000001"))
OTHER = identify(sscc96("9521141", "0000000002"))
TOTE, OTHER_TOTE = (identify(grai96("9521141", "12345", serial)) for serial in (1, 2))

# ---- frames ----------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="ascii", exclude_categories=("C",), exclude_characters=";"), min_size=1).filter(
    lambda text: text == text.strip() and identify_code(text) == text and text not in ("NOREAD", "ALIVE")
)


@given(
    st.sampled_from(Framing),
    st.sampled_from(["", ";"]),
    st.lists(st.lists(TEXTS, unique=True, max_size=4)),
    st.lists(st.integers(0, 400)),
    st.sampled_from([b"\r", b"\n", b"\r\n"]),
)
def test_any_split_of_a_stream_gives_the_same_codes(
    framing: Framing, separator: str, objects: list[list[str]], cuts: list[int], end: bytes
) -> None:
    if not separator:
        objects = [codes[:1] for codes in objects]
    texts = [separator.join(codes) or "NOREAD" for codes in objects]
    texts = [said for text in texts for said in (text, "ALIVE")]
    lines = framing is Framing.LINES
    stream = b"".join(text.encode() + end if lines else b"\x02" + text.encode() + b"\x03\r\n" for text in texts)
    ends = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    frames = ScanFrames(ScanFormat(framing, separator, heartbeat="ALIVE"))
    found = [one for begin, after in pairwise(ends) for one in frames.feed(stream[begin:after])]
    assert found == [CodesRead(tuple(codes)) for codes in objects]


@given(st.binary(max_size=60), st.sampled_from(Framing))
def test_after_garbage_the_next_frame_is_read(garbage: bytes, framing: Framing) -> None:
    frames = ScanFrames(ScanFormat(framing))
    frames.feed(garbage + b"\x03\r\n")
    assert frames.feed(b"A1\r" if framing is Framing.LINES else b"\x02A1\x03")[-1] == CodesRead(("A1",))


def heard(frame: bytes, framing: Framing = Framing.LINES, separator: str = ";", no_read: str = "NOREAD") -> Any:
    return ScanFrames(ScanFormat(framing, separator, no_read)).feed(frame)


def test_frames_of_the_field_name_what_is_on_the_label(shared: Path) -> None:
    rows = (shared / "field" / "usps_ups_frames.txt").read_text().splitlines()[1:]
    for what, octets, right in (row.split(" | ") for row in rows):
        frame, *given = octets.split(" with no_read = ")
        framing = Framing.STX_ETX if "ETX" in what else Framing.LINES
        no_read = json.loads(given[0].replace("\\x", "\\u00")) if given else "NOREAD"
        (found,) = heard(frame.encode().decode("unicode_escape").encode("latin-1"), framing, no_read=no_read)
        wanted = [] if right == "no code" else [re.split("[ ,]", right)[0]]
        assert found.codes[:1] == tuple(wanted) or wanted[0] in found.codes, what


UPS = "[)>\x1e01\x1d96841706672\x1d840\x1d001\x1d1Z12345675\x1dUPSN\x1e\x04"
MAIL = "9205590139515815555508"
GTIN = "0952114100001" + check_digit("0952114100001")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("LINE1\x02X1", ["X1"]),  # a header before STX
        ("\x02X1\x03", ["X1"]),
        ("\x01X1\t\0", ["X1"]),
        ("X1\tX2", ["X1", "X2"]),
        ("\x18", []),
        ("\x02\x18\x03", []),
        ("NOREAD\t", []),
        (f"]U1{UPS}X1", [UPS.replace("\x1e\x04", "").replace("\x1d", " ").replace("\x1e", " "), "X1"]),
        ("X1;A\x07B;X2", ["X1", "X2"]),
        (f"42090221{MAIL}", [MAIL, f"42090221{MAIL}"]),
        (f"420902211234{MAIL}", [MAIL, f"420902211234{MAIL}"]),
        (f"]C1420902211234\x1d{MAIL}", [MAIL, f"420902211234 {MAIL}"]),
        (f"(420)90221({MAIL[:2]}){MAIL[2:]}", [MAIL, f"(420)90221({MAIL[:2]}){MAIL[2:]}"]),
        (f"https://dock7/00/{SSCC[4:]}", [SSCC]),
        (f"HTTP://EXAMPLE.COM/P/8003/{TOTE[6:]}?X=Y", [TOTE]),
        (f"id.gs1.org/00/{SSCC[4:]}", [SSCC]),
        (f"8003{TOTE[6:]}", [TOTE]),
        (f"01{GTIN}172701012177", [f"(01){GTIN}(21)77"]),
        ("80030000000000001", ["80030000000000001"]),
    ],
)
def test_what_a_scanner_puts_around_a_code_is_not_the_code(text: str, codes: list[str]) -> None:
    found = heard(f"{text}\r\n".encode())
    assert found[0] == CodesRead(tuple(codes))
    assert [one.reason for one in found[1:]] == ["a code holds control characters"] * ("\x07" in text)


def test_what_is_no_frame_is_said() -> None:
    frames = ScanFrames(ScanFormat(Framing.STX_ETX))
    (cut,) = (one for one in frames.feed(b"\x02AB\x02CD\x03") if isinstance(one, BadScan))
    assert (cut.reason, cut.octets) == ("a frame began within a frame", b"AB")
    (long,) = frames.feed(b"\x02" + b"x" * 4_097)
    assert isinstance(long, BadScan) and long.reason == "no end of a frame within 4096 octets"
    (odd,) = frames.feed(b"\x02A\x07B\x03")
    assert isinstance(odd, BadScan) and odd.reason == "a code holds control characters"


@given(st.integers(0, 10**17 - 1), st.sampled_from(["]C1", "]d2", ""]), st.sampled_from(["", "\x1d"]))
def test_a_parcel_has_one_name_however_it_is_printed(number: int, aim: str, first: str) -> None:
    sscc = f"{number:017d}" + check_digit(f"{number:017d}")
    identity = f"(00){sscc}"
    spellings = [f"00{sscc}", f"(00){sscc}", f"https://id.gs1.org/00/{sscc}"]
    spellings += [f"{aim}{first}{element}" for element in (f"00{sscc}", f"400ORDER-1\x1d00{sscc}", f"00{sscc}403X\x1d")]
    for spelling in spellings if aim or first else [*spellings[:3], sscc]:
        assert identify_code(spelling) == identity, spelling
    wrong = f"{number:017d}" + str((int(sscc[-1]) + 1) % 10)
    assert identify_code(wrong) == wrong
    assert not identify_code(f"]C100{wrong}").startswith("(00)")


def test_other_codes_are_what_they_say() -> None:
    number = TOTE.removeprefix("(8003)")
    assert identify_code(f"]C18003{number}\x1d400X") == TOTE
    item = "]d2010952114100001821ABC\x1d17270101"
    gtin = "0952114100001" + check_digit("0952114100001")
    assert identify_code(f"]d201{gtin}17270101" + "21ABC") == f"(01){gtin}(21)ABC"
    assert identify_code(f"]d201{gtin}10LOT7\x1d21ABC") == f"(01){gtin}(21)ABC"
    assert identify_code(item) == "010952114100001821ABC 17270101"  # a wrong check digit names nothing
    assert identify_code("]A0PARCEL-7") == "PARCEL-7"
    assert identify_code("1Z999AA10123456784") == "1Z999AA10123456784"


# ---- the wire --------------------------------------------------------------------------------------------------------


@LOOPS
def test_a_scanner_that_is_a_server(run: Run, loop: Loop) -> None:
    async def main() -> None:
        scanners: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        server = await asyncio.start_server(lambda _, writer: scanners.put_nowait(writer), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        owner = ReaderOwner("top", driver="barcode", host="127.0.0.1", port=port, separator=",", silent_s=60)
        async with owner.kept():
            scanner = await scanners.get()
            await owner.until(lambda: owner.reached == 1)
            scanner.write(b"]C100" + SSCC.removeprefix("(00)").encode()[:7])
            await scanner.drain()
            scanner.write(SSCC.removeprefix("(00)").encode()[7:] + b",X1\r\nNOREAD\r\nb\x07ad\r\n")
            await owner.until(lambda: bool(owner.notices))
            assert [one for one in owner.events if isinstance(one, CodesRead)] == [
                CodesRead((SSCC, "X1")),
                CodesRead(()),
            ]
            scanner.close()
            second = await scanners.get()
            await owner.until(lambda: owner.reached == 2)
            assert owner.errors[0].failure is ReaderFailure.LOST
            assert f"top: 127.0.0.1:{port}: the scanner ended the connection" in str(owner.errors[0])
            second.write(b"X2\r\n")
            await owner.until(lambda: owner.events[-1] == CodesRead(("X2",)))
        second.close()
        server.close()
        await server.wait_closed()
        mute = ReaderOwner("top", driver="barcode", host="127.0.0.1", port=port)
        async with mute.kept():
            await mute.until(lambda: bool(mute.errors))
            assert "connection refused" in str(mute.errors[0])

    run(main(), loop=loop)


@LOOPS
def test_a_scanner_that_calls_us(run: Run, loop: Loop) -> None:
    port = free_port()
    keys: dict[str, Any] = {"driver": "barcode", "listen": f"127.0.0.1:{port}", "frame": "stx-etx"}

    async def call() -> asyncio.StreamWriter:
        async with asyncio.timeout(60):
            while True:
                try:
                    return (await asyncio.open_connection("127.0.0.1", port))[1]
                except OSError:
                    await asyncio.sleep(0.01)

    async def main() -> None:
        owner = ReaderOwner("side", host="127.0.0.1", **keys)
        async with owner.kept():
            first = await call()
            await owner.until(lambda: owner.reached == 1)
            first.write(b"\x02A1\x03")
            await owner.until(lambda: owner.events[-1] == CodesRead(("A1",)))
            second = await call()  # it restarted, and its old connection is still thought to be there
            await owner.until(lambda: owner.reached == 2)
            second.write(b"\x02A2\x03")
            await owner.until(lambda: owner.events[-1] == CodesRead(("A2",)))
            assert not owner.errors
            first.close()
            second.close()
        mute = ReaderOwner("side", host="127.0.0.1", silent_s=0.1, **keys)
        async with mute.kept():
            writer = await call()
            await mute.until(lambda: any("no word for 0.1 s" in str(error) for error in mute.errors))
            writer.close()
        stranger = ReaderOwner("side", host="127.0.0.9", **keys)
        async with stranger.kept():
            writer = await call()
            await stranger.until(lambda: bool(stranger.notices))
            assert stranger.notices == ["127.0.0.1 was not let in, only 127.0.0.9 may connect"]
            assert not stranger.ready
            writer.close()

    run(main(), loop=loop)


def test_what_contradicts_itself_in_a_portal_is_said(project: Path, tmp_path: Path) -> None:
    text = (project / "examples" / "barcode-sorter" / "LINE.toml").read_text(encoding="utf-8")

    def problems(old: str, new: str) -> list[str]:
        assert old in text
        (tmp_path / "LINE.toml").write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(ConfigError) as said:
            load_line(tmp_path / "LINE.toml")
        return said.value.problems

    here = "line.sorter.portal"
    assert problems(", scan_mm = -600", "") == [f"{here}.scan_mm: missing: a portal with scanners needs it"]
    assert problems('scanners = ["top"], ', "") == [f"{here}.scan_mm: only with scanners"]
    assert problems('readers = ["sorter"], scanners = ["top"]', 'readers = ["sorter", "top"], scanners = []') == [
        f"{here}.readers: 'top': its driver is 'barcode': name it in scanners",
        f"{here}.scan_mm: only with scanners",
    ]
    assert problems('scanners = ["top"]', 'scanners = ["sorter"]')[0] == (
        f"{here}.scanners: 'sorter': its driver is 'llrp': name it in readers"
    )
    assert problems("scan_mm = -600", "scan_mm = 1800") == [
        (
            f"{here}.scan_mm: 1800: codes are there -20 ms before the decision point, needs more than "
            "actuation_ms + margin_ms = 140 ms"
        )
    ]
    scanner = "reader.top"
    assert problems("port = 15084", "") == [f"{scanner}.port: missing: or listen, if it connects to us"]
    assert problems("port = 15084", 'listen = "0.0.0.0:70000"') == [
        f"{scanner}.listen: '0.0.0.0:70000': the port must be 1..65535"
    ]
    assert problems('separator = ";"', 'separator = "\\r"') == [
        f"{scanner}.separator: '\\r': CR, LF, STX and ETX mark frames and cannot stand within"
    ]


def test_a_scanner_can_be_watched(tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (project / "examples" / "barcode-sorter" / "LINE.toml").read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        (tmp_path / "LINE.toml").write_text(text.replace("15084", str(server.getsockname()[1])), encoding="utf-8")

        def scan() -> None:
            with server.accept()[0] as scanner:
                scanner.sendall(f"\x02]C100{SSCC[4:]};X1\x03\x02NOREAD\x03".encode())

        thread = threading.Thread(target=scan)
        thread.start()
        command = ["rfid", "watch", "top", "--config", str(tmp_path / "LINE.toml"), "--seconds", "60"]
        assert main(command) == 2
        thread.join()
    said = capsys.readouterr()
    assert f"top: {SSCC}, X1\ntop: no barcode was found\n" in said.out
    assert "the scanner ended the connection" in said.err


# ---- which scan is whose ---------------------------------------------------------------------------------------------


def watch(passages: list[Passage], scanners: tuple[str, ...] = ("top",)) -> ScanWatch:
    portal = Portal(
        name="p", readers=(), eye=11, eye_mm=0, antenna_mm=0, scanners=scanners, scan_mm=1_000, scan_late_us=100_000
    )
    layout = LineLayout(
        name="l",
        job=Job.SORT,
        plc="p",
        induction=1,
        speed_mm_s=1_000,
        decision_mm=5_000,
        actuation_us=0,
        margin_us=0,
        default_lane=1,
        recirculate_limit=1,
        portal=portal,
        lanes=(),
    )
    made = ScanWatch(layout, PortalState(passages=passages))
    for scanner in scanners:
        made.scanner_changed(scanner, "")
    return made


@given(
    st.lists(st.tuples(st.integers(150_000, 600_000), st.integers(120_000, 900_000)), min_size=1, max_size=12),
    st.data(),
)
def test_each_scan_is_of_the_parcel_that_was_there(lengths: list[tuple[int, int]], data: st.DataObject) -> None:
    """Whatever the lengths and gaps: a word within the parcel's time, or as late as allowed, is the parcel's."""
    passages, now = list[Passage](), 0
    for number, (length, gap) in enumerate(lengths, 1):
        passages.append(Passage(number, number, now, now + length))
        now += length + gap
    scans = watch(passages)
    told: dict[int, int] = {}
    for passage in passages:
        late = data.draw(st.integers(passage.start_us, passage.stop_us + 100_000)) + 1_000_000
        if data.draw(st.booleans()):
            scans.read(BarcodesRead(late, "top", (f"P{passage.number}",)))
            told[passage.number] = late
    for passage in passages:
        codes = [code for scan in scans.of(passage.number) for code in scan.codes]
        assert codes == ([f"P{passage.number}"] if passage.number in told else [])
        awaited = 0 if passage.number in told else passage.stop_us + 1_100_000
        assert scans.wait_until_us(passage.track_id) == awaited


def test_parcels_that_nearly_touch_are_told_in_turn() -> None:
    scans = watch([Passage(1, 1, 0, 400_000), Passage(2, 2, 430_000, 830_000)], ("top", "side"))
    for at_us, reader, code in ((1_440_000, "top", "A"), (1_441_000, "side", "B"), (1_870_000, "top", "C")):
        scans.read(BarcodesRead(at_us, reader, (code,)))
    assert [scan.codes for scan in scans.of(1)] == [("A",), ("B",)]
    assert [scan.codes for scan in scans.of(2)] == [("C",)]
    assert scans.wait_until_us(1) == 0
    assert scans.wait_until_us(2) == 830_000 + 1_100_000
    scans.scanner_changed("side", "unplugged")
    assert scans.wait_until_us(2) == 0
    assert scans.blind() == "scanner side: unplugged"


@settings(max_examples=int(os.environ.get("SCAN_EXAMPLES", "150")))
@given(
    gaps=st.lists(st.integers(120_000, 700_000), min_size=25, max_size=40),
    lengths=st.lists(st.integers(150_000, 400_000), min_size=40, max_size=40),
    moments=st.lists(st.integers(10_000, 60_000), min_size=40, max_size=40),
    disturbed=st.dictionaries(st.integers(0, 15), st.none() | st.integers(61_000, 900_000), max_size=4),
)
def test_no_word_that_came_late_is_sure_of_another_parcel(
    gaps: list[int], lengths: list[int], moments: list[int], disturbed: dict[int, int | None]
) -> None:
    """Words of a few parcels in a row come late or never. Nothing sure is ever wrong, and sureness comes back."""
    passages, now = list[Passage](), 0
    for number, (gap, length) in enumerate(zip(gaps, lengths, strict=False)):
        passages.append(Passage(number + 1, number + 1, now, now + length))
        now += length + gap
    happens: list[tuple[int, int, int | None]] = []  # when, which parcel, None = it is decided
    newest = 0
    for number, passage in enumerate(passages):
        over = passage.stop_us + 1_000_000
        happens.append((over + 100_001, number, None))
        moment = disturbed.get(number, moments[number])
        if moment is not None:
            newest = max(newest, over + moment)  # words do not overtake each other
            happens.append((newest, number, number))
    scans = watch(passages)
    sure: dict[int, set[str]] = {}
    for at_us, number, said in sorted(happens, key=lambda one: (one[0], one[2] is None)):
        if said is not None:
            scans.read(BarcodesRead(at_us, "top", (f"P{said}",)))
        else:
            sure[number] = {code for scan in scans.of(number + 1) if scan.sure for code in scan.codes}
    for number, codes in sure.items():
        assert codes <= {f"P{number}"}, disturbed
    for number in range(16 + ROW + 3, len(passages)):
        assert sure[number] == {f"P{number}"}


# ---- tag, barcode or both --------------------------------------------------------------------------------------------


def test_tag_and_barcode_agree_or_contradict() -> None:
    book = OrderBook(BookState())
    book.put(Order(id="A", carrier="DHL", service="", lines=(), parcel=SSCC, codes=("1Z7",)))
    book.put(Order(id="B", carrier="DHL", service="", lines=(), codes=("1Z8",)))
    for tags, codes, parcels in (
        ((SSCC,), (), (SSCC,)),
        ((), (SSCC,), (SSCC,)),
        ((), ("1Z7",), (SSCC,)),
        ((), ("1Z8", "what nobody knows"), ("1Z8",)),
        ((SSCC,), ("1Z7", SSCC), (SSCC,)),
        ((OTHER, SSCC), ("1Z7",), (SSCC,)),  # the barcode is on it, the other tag is a neighbour's
        ((SSCC,), ("what nobody knows",), (SSCC,)),
        ((), (SSCC, OTHER), (SSCC, OTHER)),
        ((), (), ()),
    ):
        named = combine(tags, codes, book)
        assert (named.parcels, named.contradiction) == (parcels, ""), (tags, codes)
    for tags, codes in (((OTHER,), (SSCC,)), ((OTHER,), ("1Z7",)), ((SSCC,), ("1Z8",))):
        assert combine(tags, codes, book).contradiction.startswith(f"its tag says {tags[0]}, its barcode ")


def test_a_tote_is_known_by_its_barcode_as_well() -> None:
    book = OrderBook(BookState())
    book.put(Order(id="A", carrier="DHL", service="", lines=(), tote=TOTE))
    claim = Claim(grai96("9521141", "12345", 1), 1.0, 0.0, 1.0)
    assert check([], book, (TOTE,)).order == "A"
    assert check([claim], book, (TOTE, "X1")).findings == ()
    (finding,) = check([claim], book, (OTHER_TOTE,)).findings
    assert (finding.kind, finding.subject) == (FindingKind.CONTRADICTION, OTHER_TOTE)


def scanned(project: Path, **faults: float) -> LineConfig:
    """The example's sorter with a barcode scanner behind its antennas."""
    config = example(project, rate=9_000)
    table = config.line["sorter"]
    portal = table.portal.model_copy(update={"scanners": ("top",), "scan_mm": -600})
    sim = config.sim.model_copy(update={"faults": config.sim.faults.model_copy(update=faults)})
    return config.model_copy(
        update={
            "sim": sim,
            "reader": config.reader | {"top": BarcodeConfig(driver="barcode", host="127.0.0.1", port=2_112)},
            "line": {"sorter": table.model_copy(update={"portal": portal})},
        }
    )


def reasons(outcome: Outcome) -> Counter[RouteReason]:
    return Counter(value.reason for value in outcome.journal if isinstance(value, RouteDecided))


def test_the_whole_core_sorts_by_tag_and_barcode(project: Path) -> None:
    config = scanned(
        project, parcel_dead_tag=0.1, parcel_wrong_barcode=0.1, barcode_unreadable=0.1, parcel_unknown=0.02
    )
    outcome = PureSite(config, 21, {"sorter": 160}).run(3600)
    assert len(outcome.landed) >= 160
    for landed in outcome.landed:
        if landed.load.fault is FloorFault.PARCEL_WRONG_BARCODE:
            assert landed.lane.role is LaneRole.QUALITY
        elif landed.lane.role is LaneRole.CARRIER:
            assert landed.load.order is not None and landed.lane.carrier == landed.load.order.carrier
        assert not landed.defaulted
    dead = [landed for landed in outcome.landed if not landed.load.tags]
    known = [landed for landed in dead if landed.load.barcode]
    assert known and all(landed.lane.role is not LaneRole.QUALITY for landed in known)
    wrong = sum(landed.load.fault is FloorFault.PARCEL_WRONG_BARCODE for landed in outcome.landed)
    assert wrong >= 10
    assert reasons(outcome)[RouteReason.CONTRADICTION] == wrong
    said = [
        value for value in outcome.journal if isinstance(value, Anomaly) and value.code is AnomalyCode.CONTRADICTION
    ]
    assert len(said) == wrong
    assert all("its tag says (00)" in value.text and "its barcode (00)" in value.text for value in said)
    assert reasons(outcome)[RouteReason.NO_READ] == sum(not landed.load.barcode for landed in dead)
    scans = [value for value in outcome.journal if isinstance(value, BarcodesRead)]
    assert len(scans) == len(outcome.landed)
    assert any(not scan.codes for scan in scans)
    told = [say(Teller(config.layouts()).tell(value)) for value in outcome.journal if isinstance(value, PassageSeen)]
    assert any("barcodes (00)" in text for text in told)
    assert any("no barcode was found" in text for text in told)
    assert_replays(outcome.journal)


@pytest.mark.parametrize("away", ["sorter", "top"])
def test_what_is_away_is_made_up_for_by_the_other(project: Path, away: str) -> None:
    """Without its reader the line sorts by barcode alone, without its scanner by tag alone."""
    config = scanned(project, parcel_dead_tag=0, parcel_wrong_barcode=0, barcode_unreadable=0, parcel_unknown=0)
    site = PureSite(config, 22, {"sorter": 60})
    site.give(DeviceChanged(site.outcome.journal[-1].at_us, f"reader.{away}", False, f"{away}: unplugged"))
    silence(site, away)
    outcome = site.run(3600)
    assert {landed.lane.role for landed in outcome.landed} <= {LaneRole.CARRIER, LaneRole.REJECT, LaneRole.RECIRCULATE}
    assert not any(landed.defaulted for landed in outcome.landed)
    assert_replays(outcome.journal)


def test_scans_that_come_late_missort_nothing(project: Path) -> None:
    """One in eight words of the scanner is held up for up to 0.9 s, and a third of the tags is dead."""
    config = scanned(project, parcel_dead_tag=0.33, parcel_wrong_barcode=0, barcode_unreadable=0.05, parcel_unknown=0)
    site = PureSite(config, 23, {"sorter": 160})
    hold_up(site, Random(23))
    outcome = site.run(3600)
    for landed in outcome.landed:
        if landed.lane.role is LaneRole.CARRIER:
            assert landed.load.order is not None and landed.lane.carrier == landed.load.order.carrier
    doubtful = [value for value in outcome.journal if isinstance(value, PassageSeen) and value.doubtful]
    assert len(doubtful) > 10
    told = [say(Teller(config.layouts()).tell(value)) for value in doubtful]
    assert all("may be a neighbour's" in text for text in told)
    by_code = [one for one in outcome.landed if not one.load.tags and one.lane.role is LaneRole.CARRIER]
    assert len(by_code) > 10, "most are known by their barcode all the same"
    assert_replays(outcome.journal)


def hold_up(site: PureSite, random: Random) -> None:
    """Some scans reach the core late; none overtakes another."""
    give = site.give
    held: list[tuple[int, BarcodesRead]] = []

    def given(value: Input) -> list[Result]:
        while held and held[0][0] <= value.at_us:
            due_us, scan = held.pop(0)
            give(replace(scan, at_us=max(due_us, scan.at_us)))
        if not isinstance(value, BarcodesRead):
            return give(value)
        late_us = random.randrange(900_000) if random.random() < 1 / 8 else 0
        held.append((max([value.at_us + late_us, *(due_us for due_us, _ in held)]), value))
        return []

    site.give = given  # type: ignore[method-assign]


def silence(site: PureSite, reader: str) -> None:
    """Nothing of a reader reaches the core any more."""
    give = site.give
    site.give = lambda given: [] if getattr(given, "reader", "") == reader else give(given)  # type: ignore[method-assign]


def test_the_example_sorts_on_real_sockets(project: Path, tmp_path: Path) -> None:
    """A simulated floor with an LLRP reader and a scanner, each on its socket, and the whole controller."""
    config = on_free_ports(load_line(project / "examples" / "barcode-sorter" / "LINE.toml"), tmp_path, 8)

    async def main() -> SimulatedFloor:
        floor = SimulatedFloor(config, seconds=8, keep_decisions=True)
        orders = [order for stream in floor.streams.values() for load in stream.prepare(60) for order in load.orders]
        feed = [OrderChanged(0, seq, order) for seq, order in enumerate(orders, 1)]
        await floor.start()
        assert "a client on scanner top" in floor.waits_for()
        controller = asyncio.create_task(Controller(config, feed_of(feed), threaded=False).run())
        await floor.wait()
        controller.cancel()
        await asyncio.wait((controller,))
        await floor.stop()
        return floor

    floor = run_virtual(main())
    report = floor.report()
    assert report["parcels_inducted"] >= 15
    assert report["missorted"] == report["defaulted"] == report["good_parcels_to_quality"] == 0
    journal = JournalReader(config.journal)
    scans = [record.value for record in journal.of_kind(BarcodesRead.__name__)]
    again = replay(journal.every())
    journal.close()
    assert len(scans) >= report["parcels_inducted"]
    assert again.difference is None
