"""Parcels' numbers and labels: no number twice, the lines know what was printed, and foreign readers read it.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
import zxingcpp
from conftest import Run
from example_site import client_of, example_site
from hypothesis import given
from hypothesis import strategies as st
from journals import records
from PIL import Image, ImageDraw
from ports import free_port
from pypdf import PageObject, PdfReader
from sold import sold
from stocked import NOW_US, accept, planning, stocked
from waiting import HANGS_S, wait_until

from api.app import create_app
from api.server import listen, server
from edge.cli import main
from edge.config.label import LabelTable, label_problems, label_warnings
from edge.config.lines import SiteConfig
from edge.config.load import load_site
from edge.core.events import OrderChanged, OrderShipped
from edge.core.values.order import Order, OrderLine, OrderState
from edge.journal.record import Record
from edge.orders.parcel_label import Bars, LabelWords, Paper, ParcelLabel, ReturnLabel, Text, drawn
from edge.orders.sscc import REUSE_US, SsccRange
from edge.print.fonts import typeface
from edge.print.parcel_paper import LabelFontError, label_pdf, return_pdf, return_zpl, zpl
from edge.site import drafts, parcels, releasing, totes, wave_rows
from edge.site.parcels import ParcelError
from edge.site.store import OrderConflict, SiteStore
from rfid.epc.identity import grai96, identify, identity_of_hex

DAY_US = 86_400_000_000
RANGE = SsccRange("4712345")
LABEL = ParcelLabel(
    sscc=RANGE.number(12),
    prefix=RANGE.prefix,
    order="TM-2611-0042",
    carrier="Post",
    service="express",
    tag=RANGE.tag(RANGE.number(12)),
    piece=1,
    pieces=2,
    sender=("Lanewise Demo", "台北市倉儲路 1 號"),
    consignee=("王小明", "+886912345678 #12", "臺北市大安區", "和平東路二段^~_96巷3號", "106 TW"),
    cod="1,060.00 TWD",
)
ranges = st.builds(
    lambda prefix, extensions, first, more: SsccRange(prefix, "".join(extensions), first, first + more),
    st.integers(10**5, 10**12 - 1).map(str),
    st.lists(st.sampled_from("0123456789"), min_size=1, max_size=3, unique=True),
    st.integers(0, 500),
    st.integers(0, 40),
)


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[SiteStore]:
    made = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    yield made
    made.close()


def order(number: int, parcel: str | None = None) -> Order:
    line = OrderLine(gtin="04006381333931", quantity=1)
    return Order(id=f"o-{number}", carrier="Post", service="express", lines=(line,), parcel=parcel)


def given_to(store: SiteStore, name: str, its: SsccRange = RANGE, at_us: int = NOW_US, **more: str) -> parcels.Parcel:
    return parcels.give_label(store.connections, store.keys, its, name, "Ann", at_us, **more)


# ---- numbers ---------------------------------------------------------------------------------------------------------


@given(ranges, st.data())
def test_a_range_gives_each_number_once_a_round(its: SsccRange, data: st.DataObject) -> None:
    numbers = [its.number(at) for at in range(its.capacity)]
    assert len(set(numbers)) == its.capacity and its.number(its.capacity) == numbers[0]
    one = data.draw(st.sampled_from(numbers))
    assert its.has(one) and identify(f"(00){one}") == f"(00){one}", "its check digit is right"
    assert identity_of_hex(its.tag(one)) == f"(00){one}"
    assert not its.has(f"{one[0]}{int(one[1]) ^ 1}{one[2:]}")


def test_no_number_is_used_twice_within_a_year(store: SiteStore) -> None:
    few = SsccRange("471234512345", "0", 7, 9)  # three numbers
    store.put_orders([order(n) for n in range(5)], NOW_US)
    first = [given_to(store, f"o-{n}", few).sscc for n in range(2)]
    parcels.void(store.connections, first[0], "Ann", "torn", NOW_US + 30 * DAY_US)
    third = given_to(store, "o-2", few, NOW_US + 30 * DAY_US).sscc
    assert len({*first, third}) == 3
    with pytest.raises(ParcelError, match="of the next 3 of 3 numbers 0 are free"):
        given_to(store, "o-3", few, NOW_US + 364 * DAY_US)
    store.project("edge1@1", shipped("o-1", NOW_US + 100 * DAY_US))
    with pytest.raises(ParcelError, match="0 are free"):
        given_to(store, "o-3", few, NOW_US + 394 * DAY_US)
    assert given_to(store, "o-3", few, NOW_US + 30 * DAY_US + REUSE_US).sscc == first[0]
    with pytest.raises(ParcelError, match="0 are free"):  # o-2 is open still, o-1 left but 295 days ago
        given_to(store, "o-4", few, NOW_US + 30 * DAY_US + REUSE_US)
    assert given_to(store, "o-4", few, NOW_US + 100 * DAY_US + REUSE_US).sscc == first[1]


def shipped(name: str, at_us: int) -> list[Record]:
    return records([OrderShipped(at_us=at_us, line="sorter", order=name, parcel="(00)0", lane=1)])


def test_two_stations_never_draw_the_same_number(store_url: str, tmp_path: Path) -> None:
    stores = [SiteStore(store_url, secret_file=tmp_path / "site.secret")]
    if store_url.startswith("postgresql"):
        stores += [SiteStore(store_url, secret_file=tmp_path / "site.secret") for _ in range(3)]

    def draw(at: int) -> list[str]:
        return parcels.draw(stores[at % len(stores)].connections, RANGE, 100, f"pack{at}", "Ann", NOW_US)

    with ThreadPoolExecutor(8) as many:
        drawn_ones = [number for its in many.map(draw, range(16)) for number in its]
    for one in stores:
        one.close()
    assert len(set(drawn_ones)) == 1_600


# ---- who has which ---------------------------------------------------------------------------------------------------


def test_a_label_is_known_to_the_lines_before_anybody_can_print_it(store: SiteStore) -> None:
    store.put_orders([order(1), order(2)], NOW_US)
    parcel = given_to(store, "o-1")
    told = [one.order for one in store.feed(0) if isinstance(one, OrderChanged)]
    assert told[-1].id == "o-1" and told[-1].parcel == f"(00){parcel.sscc}"
    assert given_to(store, "o-1") == parcel, "asked again it is the same"
    with store.connections.reading() as db:
        label = parcels.label_of(db, RANGE, (), True, parcel.sscc)
    assert identity_of_hex(label.tag) == f"(00){parcel.sscc}"

    other = given_to(store, "o-1", again="torn")
    assert other.sscc != parcel.sscc
    with store.connections.reading() as db:
        with pytest.raises(ParcelError, match="void: torn"):
            parcels.label_of(db, RANGE, (), True, parcel.sscc)
        assert [one.sscc for one in parcels.parcels_where(db, "o-1")] == [other.sscc, parcel.sscc]
    mine = parcels.draw(store.connections, RANGE, 2, "pack1", "Bo", NOW_US)
    assert given_to(store, "o-2", sscc=mine[1]).sscc == mine[1]
    for name, more, said in (
        ("o-1", {"sscc": mine[1], "again": "x"}, "is of order o-2"),
        ("o-1", {"sscc": parcel.sscc, "again": "x"}, "is of order o-1"),
        ("o-2", {"sscc": mine[0]}, "say why it gets another one"),
        ("o-9", {}, "there is none"),
    ):
        with pytest.raises(ParcelError, match=said):
            given_to(store, name, **more)

    parcels.void(store.connections, other.sscc, "Ann", "box is broken", NOW_US)
    known = store.order("o-1")
    assert known is not None and known.parcel is None
    types = [one.told.type for one in store.outbox(0)]
    assert types == ["parcel.labelled.v1", "parcel.labelled.v1", "parcel.labelled.v1", "parcel.voided.v1"]


def test_an_order_that_is_sent_again_keeps_the_number_that_was_drawn_for_it(store: SiteStore) -> None:
    store.put_orders([order(1)], NOW_US)
    parcel = given_to(store, "o-1")
    assert store.put_orders([order(1)], NOW_US).same == 1
    assert store.put_orders([replace(order(1), carrier="UPS")], NOW_US).changed == 1
    known = store.order("o-1")
    assert known is not None and (known.parcel, known.carrier) == (f"(00){parcel.sscc}", "UPS")
    assert given_to(store, "o-1") == parcel, "and no second label is drawn"
    theirs = f"(00){RANGE.number(77)}"
    assert store.put_orders([order(1, theirs)], NOW_US).changed == 1, "who gives another number means it"
    assert store.put_orders([order(1)], NOW_US).changed == 1
    known = store.order("o-1")
    assert known is not None and known.parcel is None, "theirs is theirs to take away"

    tote = identify(grai96("9521234", "12345", 7))
    totes.bind_tote(store.connections, "o-1", tote, NOW_US)
    assert store.put_orders([order(1)], NOW_US).same == 1, "nor does it lose the tote that a station bound"
    assert store.put_orders([order(1, theirs)], NOW_US).changed == 1
    known = store.order("o-1")
    assert known is not None and known.tote is None, "a packed parcel is in no tote"
    assert store.put_orders([order(1)], NOW_US).changed == 1

    second = given_to(store, "o-1", again="theirs is gone")
    parcels.void(store.connections, second.sscc, "Ann", "box is broken", NOW_US)
    assert store.put_orders([order(1)], NOW_US).same == 1, "a void number does not come back"


def test_only_an_open_order_gets_a_label_and_none_that_another_system_gave(store: SiteStore) -> None:
    theirs = f"(00){RANGE.number(0)}"
    store.put_orders([order(1, theirs), order(2), replace(order(3), state=OrderState.CANCELLED)], NOW_US)
    assert given_to(store, "o-2").sscc == RANGE.number(1), "the first one is another system's"
    with pytest.raises(ParcelError, match=re.escape(f"its parcel is {theirs}")):
        given_to(store, "o-1")
    with pytest.raises(ParcelError, match="is cancelled"):
        given_to(store, "o-3")
    parcel = given_to(store, "o-1", again="ours")
    store.project("edge1@1", shipped("o-1", NOW_US + 1))
    with pytest.raises(ParcelError, match="is in its lane"):
        parcels.void(store.connections, parcel.sscc, "Ann", "late", NOW_US)
    with pytest.raises(ParcelError, match="is shipped"):
        given_to(store, "o-1", again="late")
    with pytest.raises(OrderConflict):
        store.put_orders([order(7, f"(00){given_to(store, 'o-2').sscc}")], NOW_US)


def test_a_label_says_who_gets_it_and_what_is_to_be_collected(store: SiteStore) -> None:
    stocked(store)
    (name,) = accept(store, [(1, {0: 2, 1: 1})])
    made = drafts.plan(store.connections, planning(), NOW_US)
    with store.connections.reading() as db:
        waves = [one.id for one in wave_rows.wave_rows(db, "", 10)]
    for wave in waves:
        releasing.release(store.connections, wave, planning().limits, "lead", NOW_US)
    assert not made.left
    with store.connections.reading() as db:
        (fulfilment,) = db.execute(sa.text("SELECT DISTINCT fulfilment_id FROM fulfilment")).scalars()
    parcel = given_to(store, fulfilment)
    with store.connections.reading() as db:
        label = parcels.label_of(db, RANGE, ("Lanewise",), False, parcel.sscc)
    assert label.consignee == ("王小明1", "+886900000001", "臺北市大安區", "和平東路二段1號3樓", "106 TW")
    assert (label.piece, label.pieces, label.tag) == (1, 1, "")
    told = str([one.told for one in store.outbox(0)]) + str(store.feed(0))
    assert "王小明" not in told and "+8869" not in told, "nothing personal leaves the store"
    store.forget([name], "Ann", "asked", NOW_US)
    assert sold(1).order.id == name


# ---- what is printed -------------------------------------------------------------------------------------------------


@pytest.fixture
def rendered(npm: Callable[[str], Path], tmp_path: Path) -> Callable[[str, int], Image.Image]:
    """A label as a foreign program draws it."""
    folder = npm("zpl")

    def draw(text: str, dots_mm: int) -> Image.Image:
        (tmp_path / "label.zpl").write_text(text, encoding="utf-8")
        code = (
            'import { readFileSync, writeFileSync } from "node:fs"; import { ready } from "zpl-renderer-js";'
            "const { api } = await ready; const [source, target, dots] = process.argv.slice(2);"
            'const png = await api.zplToBase64Async(readFileSync(source, "utf8"), 100, 150, Number(dots));'
            'writeFileSync(target, Buffer.from(png, "base64")); process.exit();'
        )
        script = folder / f"draw-{os.getpid()}.mjs"
        script.write_text(code, encoding="utf-8")
        subprocess.run(
            ["node", str(script), str(tmp_path / "label.zpl"), str(tmp_path / "label.png"), str(dots_mm)],
            check=True,
            timeout=4 * HANGS_S,
        )
        script.unlink()
        return Image.open(tmp_path / "label.png").convert("L")

    return draw


@pytest.fixture
def font() -> None:
    if not typeface().embedded:
        if os.environ.get("CI"):
            pytest.fail("fonts-wqy-microhei is not installed")
        pytest.skip("fonts-wqy-microhei is not installed")


@pytest.mark.usefixtures("font")
@pytest.mark.parametrize("dots_mm", [8, 12, 24])
def test_a_foreign_reader_reads_what_a_foreign_program_draws(
    rendered: Callable[[str, int], Image.Image], dots_mm: int
) -> None:
    """GS1-128, and the SSCC is the one of the tag."""
    image = rendered(zpl(LABEL, Paper(dots_mm=dots_mm), "zh-Hant"), dots_mm)
    assert image.size == (100 * dots_mm, 150 * dots_mm)
    (code,) = zxingcpp.read_barcodes(image)
    assert (code.symbology_identifier, code.bytes) == ("]C1", f"00{LABEL.sscc}".encode())
    assert identity_of_hex(LABEL.tag) == f"(00){LABEL.sscc}"
    name = image.crop((4 * dots_mm, 34 * dots_mm, 30 * dots_mm, 40 * dots_mm)).point(lambda one: one < 128 and 255)
    dark = name.histogram()[255] / (name.size[0] * name.size[1])
    assert 0.02 < dark < 0.4, "the name is drawn, and is no box"


@pytest.mark.usefixtures("font")
def test_a_pdf_label_has_every_name_as_text_and_the_same_code() -> None:
    pdf = label_pdf(LABEL, Paper(), "zh-Hant")
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    text = page.extract_text()
    for line in (*LABEL.consignee, *LABEL.sender, LABEL.order, LABEL.cod, "1/2", "Post / express"):
        assert line in text, line
    assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx((283.46, 425.2), abs=0.01)
    (code,) = zxingcpp.read_barcodes(drawn_by(page))
    assert (code.symbology_identifier, code.bytes) == ("]C1", f"00{LABEL.sscc}".encode())


RETURN = ReturnLabel("R00000012", "shop-1001", ("退貨中心", "1 Line Road"))


@pytest.mark.usefixtures("font")
def test_a_returns_label_has_its_number_for_every_scanner(rendered: Callable[[str, int], Image.Image]) -> None:
    """From a thermal printer and as PDF; where it goes is on it."""
    (code,) = zxingcpp.read_barcodes(rendered(return_zpl(RETURN, Paper(), "zh-Hant"), 8))
    assert (code.format, code.text) == (zxingcpp.BarcodeFormat.Code128, RETURN.number)
    (page,) = PdfReader(io.BytesIO(return_pdf(RETURN, Paper(), "en"))).pages
    text = page.extract_text()
    assert all(line in text for line in (*RETURN.house, "Return R00000012", "Order shop-1001"))
    (code,) = zxingcpp.read_barcodes(drawn_by(page))
    assert (code.format, code.text) == (zxingcpp.BarcodeFormat.Code128, RETURN.number)


def drawn_by(page: PageObject) -> Image.Image:
    """The rectangles of a label's page of 100 x 150 mm."""
    scale = 4
    image = Image.new("L", (round(283.46 * scale), round(425.2 * scale)), 255)
    draw = ImageDraw.Draw(image)
    dx = dy = 0.0
    for line in page.get_contents().get_data().decode("latin-1").splitlines():  # type: ignore[union-attr]
        if moved := re.match(r"1 0 0 1 ([\d.]+) ([\d.]+) cm", line):
            dx, dy = float(moved[1]), float(moved[2])
        if bar := re.match(r"(?:n )?([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re", line):
            x, y, wide, high = map(float, bar.groups())
            x, y = (x + dx) * scale, 425.2 * scale - (y + dy) * scale
            draw.rectangle((round(x), round(y - high * scale), round(x + wide * scale) - 1, round(y)), fill=0)
    return image


def test_a_label_whose_font_lacks_a_character_says_which() -> None:
    with pytest.raises(LabelFontError, match=r"U\+1F4E6|no font"):
        zpl(replace(LABEL, consignee=("\U0001f4e6",)), Paper(), "en")


texts = st.text(st.characters(exclude_categories=("C", "Zl", "Zp", "M")), min_size=1, max_size=120)


@given(
    st.lists(texts, max_size=8).map(tuple),
    st.builds(Paper, st.integers(90, 210), st.integers(100, 300), st.sampled_from((8, 12))),
)
def test_nothing_stands_upon_anything_else(lines: tuple[str, ...], paper: Paper) -> None:
    label = replace(LABEL, consignee=lines, sender=lines[:3])
    parts = list(drawn(label, paper, LabelWords(f"Order {label.order}", f"Collect {label.cod}")))
    ys = [one.y for one in parts if isinstance(one, Text)]
    (bars,) = (one for one in parts if isinstance(one, Bars))
    assert all(0 <= one.x < paper.width_mm and 0 <= one.y < paper.height_mm for one in parts)
    spans = sorted((one.y, one.y + one.size) for one in parts if isinstance(one, Text) and one.x < 10)
    assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(spans))
    assert all(y + 2 <= bars.y or y >= bars.y + bars.height for y in ys)
    assert bars.x >= 5, "ten modules are quiet"


# ---- over HTTP, by commands and on the page --------------------------------------------------------------------------


@pytest.fixture
def site(project: Path, tmp_path: Path) -> SiteConfig:
    made = example_site(project, tmp_path)
    return made.model_copy(update={"label": LabelTable(prefix="4712345", sender=("Lanewise",))})


def test_labels_over_http_and_on_the_page(site: SiteConfig, run: Run) -> None:
    class Printer(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            got.extend(data)

    got = bytearray()

    async def talk() -> None:
        printer = await asyncio.get_running_loop().create_server(Printer, "127.0.0.1", 0)
        port = printer.sockets[0].getsockname()[1]
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            off = nobody.getsockname()[1]
            label = site.label.model_copy(update={"printer": {"p1": f"127.0.0.1:{port}", "off": f"127.0.0.1:{off}"}})
            app = create_app(site.model_copy(update={"label": label}))
            async with printer, client_of(app) as client:
                await _over_http(client)
                await _on_the_page(client)

    async def _over_http(client: httpx.AsyncClient) -> None:
        body = {
            "id": "o-1",
            "carrier": "Post",
            "service": "express",
            "lines": [{"gtin": "04006381333931", "quantity": 1}],
        }
        assert (await client.post("/api/orders", json=[body, body | {"id": "o-2"}])).status_code == 200
        parcel = (await client.post("/api/v1/parcels", json={"order": "o-1", "by": "Ann"})).json()
        here = f"/api/v1/parcels/{parcel['sscc']}"
        assert parcel["fulfilment"] == "o-1" and identity_of_hex(parcel["tag"]) == f"(00){parcel['sscc']}"
        assert (await client.get(f"/api/v1/parcels/(00){parcel['sscc']}")).json() == parcel
        drawn_one = await client.get(f"{here}/label.zpl")
        assert f"(00){parcel['sscc']}" in drawn_one.text
        assert (await client.get(f"{here}/label.pdf")).content.startswith(b"%PDF")
        told = await client.post(f"{here}/print", json={"printer": "p1"})
        assert told.status_code == 200 and told.json()["prints"] == 1, told.text
        for _ in range(1_000):
            if bytes(got).endswith(b"^XZ\n"):
                break
            await asyncio.sleep(0.01)
        assert got.decode() == drawn_one.text
        for path, wish, status, said in (
            (f"{here}/print", {"printer": "off"}, 503, "printer off at 127.0.0.1"),
            (f"{here}/print", {"printer": "p9"}, 409, "p1, off"),
            (f"{here}/void", {"by": "Ann"}, 422, "reason"),
            ("/api/v1/parcels", {"order": "o-9", "by": "Ann"}, 409, "there is none"),
            ("/api/v1/parcels", {"order": "o-2", "by": "Ann", "sscc": "123"}, 422, "sscc"),
            ("/api/v1/parcels/047123450000000128/void", {"by": "Ann", "reason": "x"}, 422, "check digit"),
            ("/api/v1/parcels/blocks", {"station": "", "by": "Ann"}, 422, "station"),
        ):
            answer = await client.post(path, json=wish)
            assert answer.status_code == status and said in answer.text, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/api/v1/parcels/047123450000000121")).status_code == 404
        block = (await client.post("/api/v1/parcels/blocks", json={"station": "p", "count": 3, "by": "Bo"})).json()
        assert len(block) == 3
        assert (await client.post(f"{here}/void", json={"by": "Ann", "reason": "torn"})).json()["reason"] == "torn"
        assert (await client.get(f"{here}/label.zpl")).status_code == 409

    async def _on_the_page(client: httpx.AsyncClient) -> None:
        page = await client.get("/parcels", params={"lang": "zh-Hant"})
        assert "標籤" in page.text and "作廢" in page.text and "torn" in page.text
        told = await client.post("/parcels/label", data={"scan": "o-2", "by": "Ann"})
        assert told.status_code == 303
        sscc = told.headers["location"].removeprefix("/parcels?sscc=")
        assert (await client.get(f"/parcels/{sscc}/label.pdf")).content.startswith(b"%PDF")
        assert (await client.post("/parcels/print", data={"sscc": sscc, "printer": "p1"})).status_code == 303
        for path, form, status, said in (
            ("label", {"scan": "o-2"}, 422, "姓名"),
            ("label", {"scan": "nothing", "by": "Ann"}, 409, "不是訂單也不是物流箱"),
            ("void", {"sscc": sscc, "by": "Ann"}, 422, "作廢原因"),
            ("void", {"sscc": "1", "by": "Ann", "reason": "x"}, 422, "1"),
            ("print", {"sscc": sscc, "printer": "off"}, 503, "未列印"),
        ):
            answer = await client.post(f"/parcels/{path}", data=form)
            assert answer.status_code == status and said in answer.text, answer.text
        assert (await client.post("/parcels/void", data={"sscc": sscc, "by": "B", "reason": "r"})).status_code == 303

    run(talk())


def test_labels_by_commands(site: SiteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "SITE.toml"
    port = free_port()
    text = file.read_text(encoding="utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    text = text.replace('prefix = "9529000"', 'prefix = "952912345678"\nper_day = 100')
    file.write_text(text, encoding="utf-8")
    assert main(["check", str(file)]) == 0
    assert "warning: label: 10000 numbers are given out in 100 days" in capsys.readouterr().out
    app = create_app(load_site(file))
    with listen("127.0.0.1", port) as listener:
        running = server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: running.started)
            app.state.site.store().put_orders([order(1)], NOW_US)

            def asks(name: str, *words: str, status: int = 0) -> str:
                assert main(["parcels", name, "--site", str(file), *words]) == status
                told = capsys.readouterr()
                return told.err if status else told.out

            paper, thermal = tmp_path / "label.pdf", tmp_path / "label.zpl"
            sscc = asks("label", "o-1", "--by", "Ann", "--zpl", str(thermal), "--pdf", str(paper)).partition(":")[0]
            assert f"(00){sscc}" in thermal.read_text(encoding="utf-8") and paper.read_bytes().startswith(b"%PDF")
            assert sscc in asks("list") and sscc in asks("list", "--order", "o-1", "--json")
            assert "none yet" in asks("print", sscc, "p1", status=2)
            assert "void since" in asks("void", sscc, "--reason", "torn", "--by", "Ann")
            assert len(asks("block", "pack1", "--count", "4", "--by", "Ann").split()) == 4
        finally:
            running.should_exit = True
            thread.join(HANGS_S)


def test_what_a_label_table_says_wrong() -> None:
    for its, said in (
        ({"prefix": "4712345", "extensions": "00"}, "stands twice"),
        ({"printer": {"p": "h:9100"}}, "printers are named"),
        ({"prefix": "4712345", "last": 10**9}, "allowed is up to 999999999"),
        ({"prefix": "4712345", "first": 5, "last": 4}, "is behind last"),
        ({"prefix": "4712345", "printer": {"p": "h:99999"}}, "port"),
    ):
        (problem,) = label_problems(LabelTable.model_validate(its))
        assert said in problem
    assert not list(label_warnings(LabelTable(prefix="4712345", per_day=1_000_000)))[1:]
