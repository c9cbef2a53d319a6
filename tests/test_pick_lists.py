"""Pick lists on paper: every row and name as text, in order of the way; every barcode read back by a foreign reader."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
import zxingcpp
from conftest import Run
from example_site import client_of, example_site
from made_up_floor import tote
from PIL import Image, ImageDraw
from pypdf import PdfReader
from reportlab.graphics.shapes import Drawing
from stocked import CUTOFF_US, NOW_US, accept, planning, stocked

from api.app import create_app
from edge.config.lines import SiteConfig
from edge.config.shipping import PlanTable
from edge.orders.articles import Article, Goods
from edge.orders.cartons import Carton, Supplies
from edge.orders.goods_rules import GoodsRules
from edge.orders.packing import Packer
from edge.orders.pick_list import ListRow, Material, PickList, cartons_of
from edge.orders.waves import PickMode
from edge.print.codes import bars, code_drawing, code_svg, qr_drawing
from edge.print.fonts import Typeface, typeface
from edge.print.pick_sheet import pick_sheet
from edge.site import catalogue, drafts, releasing
from edge.site.pick_lists import materials_of

ROWS = tuple(
    ListRow(
        bin=f"A-{n:02}-1",
        code=f"A-{n:02}-1",
        sku=f"SKU-{n}",
        name=f"玻璃杯 王小明 Glas {n}",
        lot="L9" if n == 3 else "",
        quantity=n + 1,
        totes=((f"tote-{n % 3}", n + 1),),
        marks=("fragile", "limited-quantity") if n == 3 else (),
    )
    for n in range(40)
)
LISTED = PickList(
    code="post-2026-11-29T1600-1-1",
    wave="post-2026-11-29T1600-1",
    mode=PickMode.CLUSTER,
    urgent=True,
    totes=("tote-0", "tote-1", "tote-2"),
    rows=ROWS,
    units=820,
    materials=(Material("BOX-S", 3),),
)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.fixture
def face() -> Typeface:
    found = typeface()
    if not found.embedded:
        pytest.skip("fonts-wqy-microhei is not installed")
    return found


def test_all_of_a_pick_list_is_text_on_paper(face: Typeface) -> None:
    pdf = pick_sheet(LISTED, "zh-Hant", face)
    text = text_of(pdf)
    places = [text.index(row.bin) for row in ROWS]
    assert places == sorted(places)
    for row in ROWS:
        assert row.name in text and row.sku in text
    for said in ("揀貨單", "急件", "易碎", "限量危險品", "批號 L9", "BOX-S", "一車多箱", "tote-2", LISTED.code):
        assert said in text
    assert "not installed" not in text
    english = text_of(pick_sheet(LISTED, "en", face))
    assert "Pick list" in english and "URGENT" in english and "fragile goods" in english and "玻璃杯 王小明" in english
    assert len(PdfReader(io.BytesIO(pdf)).pages) > 1


def test_what_the_font_lacks_is_named() -> None:
    face = typeface()
    assert face.shown("𠮷野家") == "[U+20BB7]野家"
    rare = PickList(code="𠮷-1", wave="w", mode=PickMode.ORDER, urgent=False, totes=("𠮷",), rows=ROWS[:1], units=1)
    assert "[U+20BB7]-1" in text_of(pick_sheet(rare, "en", face))


def test_without_its_font_the_paper_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "no.ttc"
    broken.write_bytes(b"no font")
    face = typeface((broken, tmp_path / "missing.ttc"))
    assert not face.embedded
    pdf = pick_sheet(LISTED, "zh-Hant", face)
    text = text_of(pdf)
    assert "fonts-wqy-microhei" in text and "your reader draws it with its own" in text
    assert b"FontFile" not in pdf and b"MSung-Light" in pdf


def read(drawing: Drawing) -> list[tuple[str, str]]:
    """What a foreign reader sees of it at 600 dots an inch, on white paper."""
    dots = 600 / 72
    image = Image.new("L", (int(drawing.width * dots) + 80, int(drawing.height * dots) + 80), 255)
    draw = ImageDraw.Draw(image)
    for x, y, wide, high in bars(drawing, dots, dots):
        draw.rectangle((x + 40, y + 40, x + wide + 39, y + high + 39), fill=0)
    upright = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return [(one.text, one.format.name) for one in zxingcpp.read_barcodes(upright)]


@pytest.mark.parametrize("code", ["W", "post-2026-11-29T1600-1-1", "x" * 34, "A b&<>\"'~"])
def test_short_names_are_code_128(code: str) -> None:
    assert read(code_drawing(code)) == [(code, "Code128")]
    assert code_svg(code).startswith("<svg") and "<script" not in code_svg(code)


@pytest.mark.parametrize("code", ["x" * 35, "波次-7", "(8003)04006381333931A-17", "s" * 200])
def test_others_are_qr(code: str) -> None:
    assert read(qr_drawing(code, 40)) == [(code, "QRCode")]


def test_cartons_by_volume() -> None:
    cartons = {"S": 10, "M": 20, "L": 100}
    assert [cartons_of(n, cartons) for n in (0, 10, 11, 21, 100, 205)] == [
        [("S", 1)],
        [("S", 1)],
        [("M", 1)],
        [("L", 1)],
        [("L", 1)],
        [("L", 2), ("S", 1)],
    ]
    assert cartons_of(5, {}) == []


def test_a_round_comes_as_paper_over_http(project: Path, tmp_path: Path, run: Run) -> None:
    site: SiteConfig = example_site(project, tmp_path).model_copy(
        update={"plan": PlanTable(cartons={"BOX": 1_000_000}), "carton": {}}
    )

    async def talk() -> None:
        app = create_app(site)
        async with client_of(app) as client:

            def prepare() -> tuple[str, str]:
                store = app.state.site.store()
                stocked(store)
                accept(store, [(1, {1: 2}), (2, {1: 1, 0: 3})])
                (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
                released = releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US)
                assert released is not None and released.tasks == 1 and CUTOFF_US > NOW_US
                with store.connections.writing() as db:
                    fragile = Article(
                        sku="SKU-1", goods=Goods.FRAGILE, volume_mm3=900_000, mass_g=200, edges_mm=(90, 100, 100)
                    )
                    catalogue.put_skus(
                        db, [catalogue.Sku(fragile, "玻璃杯"), catalogue.Sku(Article(sku="BOX", material=True), "box")]
                    )
                return wave, f"{wave}-1"

            wave, task = await asyncio.to_thread(prepare)
            await client.put(f"/api/v1/totes/{tote(1)}", json={"fulfilment": "shop-1"})
            answer = await client.get(f"/api/v1/pick-tasks/{task}/list.pdf?language=zh-Hant")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
            text = text_of(answer.content)
            assert "B0-0" in text and "B1-0" in text and "shop-2" in text
            if typeface().embedded:
                assert "玻璃杯" in text and "易碎" in text
            assert (await client.get("/api/v1/pick-tasks/none/list.pdf")).status_code == 404
            assert (await client.get(f"/api/v1/pick-tasks/{task}/list.pdf?language=de")).status_code == 422
            needed = (await client.get(f"/api/v1/waves/{wave}/materials")).json()
            assert needed == [{"sku": "BOX", "quantity": 3, "short": 3}]
            box = Carton(
                name="box", inner_mm=(200, 100, 100), outer_mm=(206, 106, 106), tare_g=50, max_load_g=900, sku="BOX"
            )
            with app.state.site.store().connections.reading() as db:
                by_plan = materials_of(db, wave, {}, Packer([box], Supplies(), GoodsRules()))
            assert by_plan == (Material("BOX", 2, 2),), "what has no size is in no parcel"
            assert (await client.get("/api/v1/waves/none/materials")).status_code == 404

    run(talk())
