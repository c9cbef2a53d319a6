"""Borders under fuzzing: each takes what is always the same, and what a campaign found stays found.

Public names: none; run by pytest.
"""

from __future__ import annotations

import io
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
import xlsxwriter

from edge.core.events import KINDS, DeviceChanged
from edge.core.values.state import CoreState
from edge.intake.rows import FileError
from edge.intake.workbooks import read_sheets
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, decode_all, readable
from edge.journal.writer import Journal
from fuzz.borders import BORDERS, Take, border, fixed_inputs

INPUTS = 50


@pytest.fixture
def quiet() -> Iterator[None]:
    """Refusals are logged, which is no news here."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Take]:
    """The whole api, which is not quickly there."""
    with border("http").opened(tmp_path_factory.mktemp("http")) as take:
        yield take


@pytest.mark.parametrize("name", sorted(BORDERS.keys() - {"http"}))
@pytest.mark.usefixtures("quiet")
def test_a_border_takes_whatever_comes(name: str, tmp_path: Path) -> None:
    with border(name).opened(tmp_path) as take:
        for octets in fixed_inputs(name, INPUTS):
            take(octets)


@pytest.mark.usefixtures("quiet")
def test_the_api_takes_whatever_comes(http: Take) -> None:
    for octets in fixed_inputs("http", INPUTS):
        http(octets)


def test_every_border_has_its_file(project: Path) -> None:
    others = {"__init__", "__main__", "borders", "worker"}
    assert {path.stem for path in (project / "fuzz").glob("*.py")} - others == set(BORDERS)


# ---- what it found ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_record_with_octets_that_are_no_text_is_refused(kind: str) -> None:
    for body in (b'{"at_us":1,"\xff":1}', b'"\xff"', b'{"at_us":1,"unknown":"\xc9"}'):
        with pytest.raises(JournalError, match=kind):
            decode_all(kind, body)


def test_a_journal_with_spoilt_octets_is_read_without_them(tmp_path: Path) -> None:
    """A checkpoint and a record of octets, as a disk leaves them, are as if they were not there."""
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.append([DeviceChanged(at_us=at, device="plc.a", up=True, reason="x") for at in (1, 2)])
    journal.checkpoint(2, CoreState(at_us=2))
    journal.flush()
    journal.close()
    for state in (b'{"at_us":2,"lines":{"\xff":{}}}', b'{"at_us":2,"unknown":"\xff"}', b'{"inducted":\xff}', b"\xff"):
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("UPDATE checkpoint SET state = ?", (state,))
            db.execute("UPDATE record SET body = ? WHERE seq = 1", (b'{"at_us":1,"device":"\xff"}',))
        with closing(JournalReader(path)) as reader:
            assert reader.checkpoint(CoreState) is None, state
            good, trouble = readable(reader.every())
            assert [record.seq for record in good] == [2] and trouble.startswith("record 1: ")


def test_a_workbook_with_a_wrong_octet_is_read_or_refused() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("Orders").write_row(0, 0, ["order", "sku", 3])
    good = out.getvalue()
    directory = good.index(b"PK\x01\x02")
    for place in range(directory, len(good)):
        for octet in (0x00, 0x80, 0xFF):
            spoilt = bytearray(good)
            spoilt[place] = octet
            with suppress(FileError):
                list(read_sheets(bytes(spoilt), 1_000_000))


@pytest.mark.usefixtures("quiet")
def test_a_form_with_a_character_that_no_line_has_is_refused(http: Take) -> None:
    body = urlencode(dict.fromkeys(("by", "scan", "scanned", "said", "order", "other", "note", "contract"), "A\x14"))
    for number in range(300):  # more than there are routes
        http(bytes((number & 0xFF, number >> 8, 3, 0)) + f"1\n\n{body}".encode())
