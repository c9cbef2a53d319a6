"""Bytes of a workbook (XLSX, XLS, ODS) -> the rows of its sheets.

Public names: read_sheets, is_workbook.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import TypeAlias

import python_calamine

from edge.intake.rows import Cell, FileError, Row

_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_BOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_FAILED = re.compile(rb'<c\b([^>]*\bt="e"[^>]*)>(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)?<v>([^<]*)</v>')
_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_NO_ZIP = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    NotImplementedError, RuntimeError, EOFError, OSError, ValueError,
)  # fmt: skip
"""What the library raises for a file whose parts contradict each other."""
_Fault: TypeAlias = tuple[int, int, str]
"""Row and column from 0, and what is shown there."""


def is_workbook(body: bytes) -> bool:
    """Whether a file begins as workbooks do."""
    return body.startswith(_STARTS)


def read_sheets(body: bytes, unpacked: int) -> Iterator[tuple[str, list[Row]]]:
    """The name of each sheet that is shown, and its rows as they are numbered there, with empty ones.

    ``unpacked``: so many bytes may be in it. Raises FileError.
    """
    faults: Mapping[str, Sequence[_Fault]] = {}
    if body.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as packed:
                size = sum(part.file_size for part in packed.infolist())
                if size > unpacked:
                    raise FileError(f"{size:,} bytes when unpacked: too many, see limit_mb")
                faults = _faults(packed)
        except _NO_ZIP as error:
            raise FileError(f"not a workbook: {error}") from None
    shown = python_calamine.SheetVisibleEnum.Visible
    try:
        with python_calamine.load_workbook(io.BytesIO(body)) as book:
            for one in book.sheets_metadata:
                if one.visible == shown:
                    yield one.name, _cells(book.get_sheet_by_name(one.name), faults.get(one.name, ()))
    except python_calamine.PasswordError:
        raise FileError("a workbook with a password: save it without") from None
    except python_calamine.CalamineError as error:
        raise FileError(f"not a workbook: {error}") from None


def _cells(sheet: python_calamine.CalamineSheet, faults: Sequence[_Fault]) -> list[Row]:
    """Rows as they are numbered on the sheet. A cell that was merged with those below it stands in each of them."""
    made: list[list[Cell]] = [[*row] for row in sheet.to_python(skip_empty_area=False)]
    for number, column, said in faults:
        if number < len(made) and column < len(made[number]):
            made[number][column] = said
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        for row in range(top + 1, min(bottom + 1, len(made))):
            if left < len(made[row]) and made[row][left] == "":
                made[row][left] = made[top][left]
    return [Row(number, cells) for number, cells in enumerate(made, 1)]


def _faults(packed: zipfile.ZipFile) -> Mapping[str, Sequence[_Fault]]:
    """Cells of each sheet of an XLSX whose formula failed, as #N/A: calamine has them empty, as if nothing was meant.

    Source: ECMA-376, part 1, 18.3.1.4 c and 18.18.11 ST_CellType.
    """
    names = set(packed.namelist())
    if not {_BOOK, _RELATIONS} <= names:
        return {}
    targets = {
        one["Id"]: one.get("Target", "") for one in _tags(packed.read(_RELATIONS), "Relationship") if "Id" in one
    }
    made: dict[str, Sequence[_Fault]] = {}
    for one in _tags(packed.read(_BOOK), "sheet"):
        target = targets.get(one.get("r:id", ""), "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if path in names and b't="e"' in (sheet := packed.read(path)):
            cells = ((_PLACE.search(cell[1]), cell[2]) for cell in _FAILED.finditer(sheet))
            made[unescape(one.get("name", ""))] = [
                (int(place[2]) - 1, _column(place[1].decode()), said.decode("utf-8", "replace"))
                for place, said in cells
                if place is not None
            ]
    return made


def _tags(document: bytes, tag: str) -> Iterator[dict[str, str]]:
    """The attributes of each tag of that name."""
    for found in re.finditer(rf"<(?:\w+:)?{tag}\s([^>]*)>", document.decode("utf-8", "replace")):
        yield dict(_ATTRIBUTE.findall(found[1]))


def _column(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1
