"""EPCIS: what a journal proves, as documents that the standard's schema takes, with the same ids whenever it is asked.

Public names: none; run by pytest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from proven import GTIN, WAY, parcel

from edge.cli import main
from edge.config.load import load_line
from edge.journal.writer import Journal


@pytest.fixture(scope="module")
def line(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("epcis")
    file = folder / "LINE.toml"
    file.write_text((project / "examples/warehouse/LINE.toml").read_text(encoding="utf-8"), encoding="utf-8")
    journal = Journal(load_line(file).journal)
    journal.append(list(WAY))
    journal.flush()
    journal.close()
    return file


def asked(line: Path, *more: str) -> Any:
    target = line.with_name("epcis.json")
    assert main(["epcis", str(line), "--output", str(target), *more]) == 0
    return json.loads(target.read_text(encoding="utf-8"))


def events(document: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["epcisBody"]["eventList"]
    return found


def test_every_step_is_an_event_that_the_standards_schema_takes(line: Path, shared: Path) -> None:
    schema = json.loads((shared / "epcis/EPCIS-JSON-Schema.json").read_text(encoding="utf-8"))
    checker = Draft7Validator.FORMAT_CHECKER
    assert {"uri", "date-time"} <= checker.checkers.keys(), "formats are checked"
    document = asked(line, "--place", "sorter=https://id.gs1.org/414/4712345000016/254/S1")
    assert [error.message for error in Draft7Validator(schema, format_checker=checker).iter_errors(document)] == []

    said = [(one["type"], one["action"], one["bizStep"], one["disposition"]) for one in events(document)]
    observed, inside = ("ObjectEvent", "OBSERVE"), ("AggregationEvent", "OBSERVE")
    assert said == [
        (*inside, "inspecting", "mismatch_instance"),
        (*inside, "inspecting", "mismatch_quantity"),
        (*observed, "inspecting", "non_conformant"),
        (*inside, "inspecting", "completeness_verified"),
        ("AggregationEvent", "ADD", "packing", "in_progress"),
        ("AggregationEvent", "DELETE", "unpacking", "in_progress"),
        ("AggregationEvent", "ADD", "packing", "in_progress"),
        (*observed, "staging_outbound", "in_progress"),
        (*observed, "loading", "in_progress"),
        (*observed, "unloading", "in_progress"),
        (*observed, "departing", "in_transit"),
        (*observed, "stocking", "sellable_accessible"),
    ]
    packed, bound, sorted_one = (events(document)[at] for at in (4, 6, 7))
    assert bound["childEPCs"] == [f"https://id.gs1.org/01/{GTIN}/21/{n}" for n in range(3)], "what the station bound"
    assert bound["childQuantityList"] == [{"epcClass": f"https://id.gs1.org/01/{GTIN}", "quantity": 1}]
    assert packed["parentID"] == f"https://id.gs1.org/00/{parcel(1)[4:]}"
    assert packed["childEPCs"] == [f"https://id.gs1.org/01/{GTIN}/21/{n}" for n in range(2)]
    assert packed["childQuantityList"] == [{"epcClass": f"https://id.gs1.org/01/{GTIN}", "quantity": 2}]
    assert packed["bizTransactionList"] == [
        {"type": "po", "bizTransaction": "urn:lanewise:order:demo:TM%2F2611%20%E8%A8%82"}
    ]
    assert sorted_one["readPoint"] == {"id": "https://id.gs1.org/414/4712345000016/254/S1"}
    assert events(document)[8]["readPoint"] == {"id": "urn:lanewise:place:demo:dock1"}
    ids = [UUID(one["eventID"]) for one in events(document)]
    assert (
        len(set(ids)) == len(ids)
        and {one.version for one in ids} == {8}
        and {one.variant for one in ids} == {UUID("00000000-0000-8000-8000-000000000000").variant}
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(cut=st.integers(0, 16))
def test_asked_in_parts_it_is_what_it_is_asked_at_once(line: Path, cut: int) -> None:
    """Whatever was before the part: a parcel's packing is told once."""
    at = f"2026-09-21T14:13:{20 + cut:02d}Z"
    parts = events(asked(line, "--until", at)) + events(asked(line, "--since", at))
    assert parts == events(asked(line))


def test_what_is_asked_wrong_is_said(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["epcis", str(line), "--place", "nowhere=urn:x"]) == 2
    assert "with one of" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["epcis", str(line), "--since", "2026-11-28T06:00:00"])
    assert "a zone is missing" in capsys.readouterr().err
    assert main(["epcis", str(line)]) == 0
    assert json.loads(capsys.readouterr().out)["type"] == "EPCISDocument"
