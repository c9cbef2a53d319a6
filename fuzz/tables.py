"""Tables that people keep in spreadsheets: points, stock, recorded reads."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import xlsxwriter

from edge.commands.portal_replay import RecordingError, read_reads, read_recording
from edge.config.points import read_points
from edge.intake.stock_rows import STOCK_COLUMNS, read_stock
from fuzz.borders import Take

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_AT_US = 1_790_000_000_000_000


def seeds() -> Iterable[bytes]:
    """A table of each kind; the first octet is the kind."""
    yield b"\0name,type,address,scale,unit\nm/speed,REAL,100,0.1,m/s\nm/on,BOOL,3,,\nm/text,STRING[8],200,,\n"
    yield b"\0sep=;\nname;type;address;scale\nm/speed;INT;7;0,5\n"
    stock = (_EXAMPLES / "orders" / "stock.csv").read_bytes()
    yield b"\1" + stock
    yield b"\1" + stock.replace(b",", b"\t")
    yield b"\1" + _workbook([*STOCK_COLUMNS], ["SKU-1", "Cup", "B-1", 3])
    yield b"\2reader,epc,antenna,rssi_dbm,at_us\nr,3034257BF7194E4000001A85,1,-50,1790000000000000\n"
    yield b"\3passage,start_us,stop_us,expected\n1,1790000000000000,1790000000100000,3034257BF7194E4000001A85\n"


@contextmanager
def opened(folder: Path) -> Iterator[Take]:
    """With files of recorded reads."""
    path, reads = folder / "table.csv", folder / "reads.csv"
    reads.write_bytes(b"reader,epc,antenna,rssi_dbm,at_us\nr,3034257BF7194E4000001A85,1,-50,1790000000000000\n")

    def take(octets: bytes) -> None:
        kind, body = octets[0] % 4 if octets else 0, octets[1:]
        match kind:
            case 0:
                read_points(body.decode("utf-8", "replace"))
            case 1:
                read_stock(body, "Asia/Taipei", _AT_US)
            case _:
                path.write_bytes(body)
                with suppress(RecordingError):
                    if kind == 2:
                        read_reads(path)
                    else:
                        read_recording(reads, path)

    yield take


def _workbook(*rows: list[object]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return out.getvalue()
