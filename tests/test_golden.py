"""One journal of each release is kept: what it says was decided, this version decides as well."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from edge.cli import main

JOURNALS = sorted(Path(__file__).with_name("golden").glob("*.sqlite.xz"))


def test_there_is_a_journal_of_every_release(project: Path) -> None:
    headings = [line for line in (project / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if "## [" in line]
    releases = {line.split("[")[1].split("]")[0] for line in headings} - {"Unreleased"}
    assert {path.name.removesuffix(".sqlite.xz") for path in JOURNALS} == releases


@pytest.mark.parametrize("packed", JOURNALS, ids=lambda path: path.name)
def test_a_journal_of_an_earlier_release_replays(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal.sqlite"
    journal.write_bytes(lzma.decompress(packed.read_bytes()))
    assert main(["replay", str(journal)]) == 0, capsys.readouterr()
