"""The simulator moves lines of others: devices of every kind that say what real ones say, and copies on one machine.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from controllers import UTC_US, stop, work
from hypothesis import example, given
from hypothesis import strategies as st
from journals import journal
from ports import free_port
from programs import Programs
from reader_owner import ReaderOwner
from virtual_time import run_virtual
from waiting import HANGS_S
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

from edge.cli import main
from edge.config.cards import read_cards
from edge.config.load import load_line
from edge.config.readers import MqttJsonConfig
from edge.controller.controller import Controller
from edge.core.book import OrderBook
from edge.core.events import Claim, DeviceChanged, PassageSeen
from edge.core.line.sort import identify_parcel
from edge.core.line.verify import check
from edge.core.values.layout import Job, LineLayout
from edge.core.values.order import Order, OrderLine, OrderState
from edge.core.values.state import BookState
from edge.journal.replay import replay
from edge.sim.at_home import _written, at_home
from edge.sim.can import unsimulated
from edge.sim.device_words import alive_of, card_of, read_of, scan_of, text_frame
from edge.sim.devices import SimulatedFloor
from edge.sim.floor import Landed
from edge.sim.json_reader import PublishingReader
from edge.sim.own_orders import OwnOrders
from edge.sim.store_orders import StoreOrders
from edge.sim.tally import FloorReport
from edge.site.store import SiteStore
from rfid.barcode import Framing, ScanFormat, ScanFrames
from rfid.driver import CodesRead, ReaderClock, Reads, TagRead
from rfid.epc.identity import check_digit, identify, sscc96
from rfid.serial_frames import CardFrames
from rfid.vendor_json import Vendor, decode

SSCC = "(00)095211410000000175"
READS = st.builds(
    TagRead,
    st.integers(1, 31)
    .flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words))
    .map(lambda octets: octets.hex().upper()),
    st.integers(1, 64),
    st.integers(-90, -20).map(float),
    st.integers(1_600_000_000_000_000, 4_000_000_000_000_000),
    st.just(1),
)
SSCCS = st.integers(0, 99_999_999).map(lambda serial: identify(sscc96("9521141", f"{serial:010}")))


# ---- what devices say ------------------------------------------------------------------------------------------------


@given(st.sampled_from(Vendor), READS)
def test_a_read_is_heard_as_it_was_told(vendor: Vendor, read: TagRead) -> None:
    assert list(decode(vendor, read_of(vendor, "r1", read))) == [Reads((read,), ReaderClock.UTC)]
    assert not list(decode(vendor, alive_of(vendor, "r1", read.at_us))), "a sign of life says nothing"


@given(st.binary(min_size=5, max_size=5).map(lambda octets: octets.hex().upper()))
def test_a_card_is_heard_as_it_was_told(card: str) -> None:
    assert CardFrames().feed(card_of(card), 0) == [card]


@given(st.lists(SSCCS, max_size=3, unique=True), st.sampled_from(Framing), st.sampled_from(["", ";", "|"]))
def test_codes_are_heard_as_they_were_told(codes: list[str], framing: Framing, separator: str) -> None:
    heard = ScanFrames(ScanFormat(framing, separator)).feed(scan_of(codes, framing, separator, "NOREAD"))
    assert heard == [CodesRead(tuple(codes if separator else codes[:1]))]


@given(st.text(max_size=300), st.binary(min_size=4, max_size=4))
@example("x" * 70_000, b"mask")
def test_a_frame_of_a_websocket_is_what_others_take_it_for(text: str, mask: bytes) -> None:
    server, client = WSConnection(ConnectionType.SERVER), WSConnection(ConnectionType.CLIENT)
    server.receive_data(client.send(Request(host="h", target="/")))
    assert list(server.events()) and server.send(AcceptConnection())
    server.receive_data(text_frame(text.encode(), mask))
    told = list(server.events())
    assert "".join(part.data for part in told if isinstance(part, TextMessage)) == text
    assert isinstance(told[-1], TextMessage) and told[-1].message_finished


def test_a_reader_publishes_through_a_broker(run: Run, programs: Programs) -> None:
    keys: dict[str, Any] = {"driver": "mqtt-json", "vendor": "impinj", "host": "127.0.0.1", "port": programs.broker}
    keys["topics"] = ("lanewise/+/reads", "lanewise/events/#")
    reads = [TagRead("3034257BF400B78000001234", 2, -51.0, 1_770_000_000_000_000, 1)]

    async def listen() -> None:
        device = PublishingReader("r1", MqttJsonConfig(**keys), lambda: reads[0].at_us)
        async with ReaderOwner("r1", **keys).kept() as owner:
            await owner.until(lambda: owner.reached > 0)
            await device.start()
            await owner.until(lambda: owner.ready > 0)  # by its sign of life
            assert device.ready and device.report(reads)
            await owner.until(lambda: owner.reads == reads)
        await device.stop()

    run(listen())


# ---- a copy on one machine -------------------------------------------------------------------------------------------

_LEAF = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e6, 1e6) | st.text(max_size=8)
_TABLES = st.recursive(
    _LEAF | st.lists(_LEAF, max_size=3),
    lambda inner: st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1, max_size=6), _TABLES, max_size=4))
def test_what_is_written_is_what_is_read(table: dict[str, Any]) -> None:
    assert tomllib.loads("".join(_written(table))) == table


def test_a_line_with_a_reader_of_each_kind_moves(project: Path, tmp_path: Path) -> None:
    """examples/readers as it stands, but for a PLC behind a serial device server, in a copy with virtual time."""
    folder = project / "examples" / "readers"
    assert "reader.discs.device" in "\n".join(unsimulated(load_line(folder / "LINE.toml")))
    text = (folder / "LINE.toml").read_text(encoding="utf-8").replace('"cards.csv"', f'"{folder / "cards.csv"}"')
    serial = 'transport = "rtu"\ndevice = "/dev/ttyS7"\nbaud = 57600'
    text = (
        text.replace('host = "192.168.20.104"', serial)
        + '\n[sim]\nrate = 3000\nscan_ms = 10\n[publish.all]\nkind = "files"\nfolder = "f"\n'
    )
    (tmp_path / "LINE.toml").write_text(text, encoding="utf-8")
    cards = folder / "cards.csv"
    made = at_home(tmp_path / "LINE.toml", iter(free_port, 0), 8000)
    assert "publish: left out" in made.changed and len(made.changed) == 1 + 4 + 9
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "LINE.toml").write_text(made.line, encoding="utf-8")
    config = load_line(tmp_path / "home" / "LINE.toml")
    assert unsimulated(config) == [] and config.plc["parcels"].serial_server
    slow = {name: plc.model_copy(update={"poll_ms": 40}) for name, plc in config.plc.items()}
    truth = work(config.model_copy(update={"plc": slow}), 10, 40)
    assert truth["parcels_inducted"] > 10 and truth["totes_to_packing"] > 1
    assert truth["missorted"] == truth["defaulted"] == truth["false_accepts"] == truth["left_on_belt"] == 0
    assert truth["good_parcels_to_quality"] == truth["false_refusals"] == 0
    told = [record.value for record in journal(config)]
    up = {value.device for value in told if isinstance(value, DeviceChanged) and value.up}
    assert up >= {f"reader.{name}" for name in config.reader}
    seen = [value for value in told if isinstance(value, PassageSeen)]
    assert {tag.epc for value in seen for tag in value.tags if tag.reader == "discs"} == set(
        read_cards(cards).epcs.values()
    )
    assert replay(journal(config)).difference is None


def test_what_cannot_be_stood_in_for_is_said_at_once(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "examples" / "readers" / "LINE.toml"
    assert main(["sim", str(file)]) == 2
    said = capsys.readouterr().err
    assert "reader.discs.device" in said and "reader.discs-returns.driver: 'pyrfid'" in said and "--copy" in said
    assert main(["sim", str(file), "--copy", str(tmp_path / "home")]) == 0
    assert "reader.inbound: to us by TCP" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "home" / "LINE.toml")]) == 0
    capsys.readouterr()
    assert main(["sim", str(file), "--copy", str(tmp_path / "home")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["sim", str(file), "--from-store"]) == 2
    assert "LINE.toml has no store" in capsys.readouterr().err


def test_a_demo_of_a_line_of_ones_own(project: Path, tmp_path: Path) -> None:
    """Every process of it, on real time: orders through the api, by the copied line, into their lanes."""
    file, report = project / "examples" / "own-devices" / "LINE.toml", tmp_path / "report.json"
    command = [sys.executable, "-m", "edge.cli", "demo", str(file), "--headless", "--seconds", "3"]
    command += ["--rate", "3000", "--dir", str(tmp_path / "run"), "--report", str(report)]
    ended = subprocess.run(command, timeout=3 * HANGS_S, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["parcels_inducted"] > 0 and told["totes_inducted"] > 0 and told["missorted"] == 0, ended.stdout


# ---- the site's own orders -------------------------------------------------------------------------------------------

GTINS = st.integers(1, 999_999).map(lambda item: (number := f"0952114{item:06}") + check_digit(number))
SERIALS = st.integers(1, 10**9).map(str) | st.text("ABCXYZ-019", min_size=1, max_size=12)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """An order as a WMS may have it: lines of articles, of which some name their very items."""
    lines = []
    for gtin in draw(st.lists(GTINS, min_size=1, max_size=4, unique=True)):
        serials = draw(st.lists(SERIALS, max_size=3, unique=True))
        epcs = tuple(f"(01){gtin}(21){serial}" for serial in serials)
        lines.append(OrderLine(gtin, len(epcs) + draw(st.integers(0 if epcs else 1, 3)), epcs=epcs))
    return Order(
        id="A-1",
        carrier="DHL",
        service=draw(st.sampled_from(["standard", "express"])),
        lines=tuple(lines),
        tote=draw(st.none() | SERIALS.map(lambda serial: f"(8003)09521141123454{serial}")),
        parcel=draw(st.none() | SSCCS),
        codes=draw(st.sampled_from([(), ("1Z999AA10123456784",)])),
    )


@given(orders())
def test_what_comes_of_an_order_is_right_by_that_order(layouts: tuple[LineLayout, ...], order: Order) -> None:
    """The judges are the rules of the lines themselves; and nothing comes twice."""
    own, book = OwnOrders(layouts, 1, {}), OrderBook(BookState())
    book.put(order)
    coming = own.took(order)
    assert not own.took(order) and not own.trouble
    jobs = {layout.name: layout for layout in layouts}
    if order.tote:
        (tote,) = (one.load for one in coming)
        claims = [Claim(tag.epc, 1.0, 0.0, 1.0) for tag in tote.tags]
        told = check(claims, book)
        assert (told.tote, told.order, told.findings) == (order.tote, order.id, ())
        wrong = Landed(1, 1, tote, jobs[tote.line].lanes[1], 0, False)
        assert not own.landed(jobs[tote.line], wrong), "nothing is packed of a tote that was refused"
        coming = own.landed(jobs[tote.line], replace(wrong, lane=jobs[tote.line].lanes[0]))
        assert all(one.after_us > 0 for one in coming)
    assert len(coming) == bool(order.labels)
    for one in coming:
        tags = identify_parcel([Claim(tag.epc, 1.0, 0.0, 1.0) for tag in one.load.tags])
        assert tags == ((order.parcel,) if order.parcel else ())
        assert jobs[one.load.line].job is Job.SORT and one.load.order is order
    assert not own.took(replace(order, state=OrderState.CANCELLED)) and not own.took(replace(order, refused=True))


def test_a_wms_sees_its_own_orders_come_back(project: Path, tmp_path: Path) -> None:
    """The example with devices of other kinds: a tote, its parcel, another parcel, and one that no lane takes."""
    folder = project / "examples" / "own-devices"
    ports: dict[str, str] = {}
    text = (folder / "LINE.toml").read_text(encoding="utf-8")
    text = re.sub(r"\b1504\d\b", lambda found: ports.setdefault(found[0], str(free_port())), text)
    (tmp_path / "LINE.toml").write_text(text.replace("[sim]", "[sim]\nscan_ms = 10"), encoding="utf-8")
    config = load_line(tmp_path / "LINE.toml")
    slow = {name: plc.model_copy(update={"poll_ms": 40}) for name, plc in config.plc.items()}
    config = config.model_copy(update={"plc": slow})
    lines = (OrderLine("09521141001011", 2),)
    wanted = [
        Order(id="A-1", carrier="DHL", service="", lines=lines, tote="(8003)09521141123454102", parcel=SSCC),
        Order(id="A-2", carrier="POST", service="", lines=lines, parcel="(00)195211410000000172"),
        Order(id="A-3", carrier="UPS", service="", lines=lines, parcel="(00)295211410000000179"),
    ]
    (tmp_path / "var").mkdir()
    store = SiteStore(config.store)
    store.put_orders(wanted, UTC_US)

    async def move() -> tuple[FloorReport, str]:
        floor = SimulatedFloor(config, seconds=24, empty=True, released=False)
        own = StoreOrders(floor, store.follow, threaded=False)
        await floor.start()
        bringing = asyncio.create_task(own.run())
        controller = asyncio.create_task(Controller(config, store.follow, threaded=False, zero_us=UTC_US).run())
        await floor.wait()
        for task in (bringing, controller):
            await stop(task)
        await floor.stop()
        return floor.report(), own.trouble

    truth, trouble = run_virtual(move())
    assert trouble == "order A-3: no line takes UPS"
    assert truth["totes_to_packing"] == 1 and truth["parcels_in_assigned_lane"] == 2, truth
    store.project(config.controller, journal(config))
    assert [one.state for order in wanted if (one := store.order(order.id))] == ["shipped", "shipped", "open"]
    store.close()
