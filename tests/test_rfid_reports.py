"""Smoothing, EPC patterns and event cycles: laws over any reads, and the command on recorded ones."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from epc_tags import tags
from hypothesis import given
from hypothesis import strategies as st

from edge.cli import main
from rfid.epc.identity import EpcTag, Scheme, encode, grai96, sgtin96
from rfid.epc.patterns import EpcPattern, PatternError, fields_of, pattern
from rfid.event_cycles import CycleSpec, EventCycles, ReportSpec, TagSet
from rfid.smoothing import Smoother, TagState, Thresholds

# ---- smoothing -------------------------------------------------------------------------------------------------------

READS = st.lists(st.tuples(st.integers(0, 900), st.sampled_from("ABCD")), max_size=60).map(
    lambda gaps: [(sum(gap for gap, _ in gaps[: place + 1]), epc) for place, (_, epc) in enumerate(gaps)]
)
LIMITS = st.builds(Thresholds, st.integers(1, 4), st.integers(0, 1_500), st.integers(1, 2_000))


@given(READS, LIMITS)
def test_a_tag_is_glimpsed_then_perhaps_observed_then_lost(reads: list[tuple[int, str]], limits: Thresholds) -> None:
    smoother, changes = Smoother(limits), []
    for at_us, epc in reads:
        changes += smoother.pass_time(at_us)
        changes += smoother.read(epc, at_us)
        assert (smoother.deadline_us() or at_us) >= at_us
    changes += smoother.pass_time(10**9)
    assert not smoother.observed and smoother.deadline_us() is None
    assert [change.at_us for change in changes] == sorted(change.at_us for change in changes)
    for epc in "ABCD":
        times = [at_us for at_us, one in reads if one == epc]
        states = [change.state for change in changes if change.epc == epc]
        stays = 1 + sum(later - earlier >= limits.lost_us for earlier, later in pairwise(times)) if times else 0
        assert states.count(TagState.GLIMPSED) == states.count(TagState.LOST) == stays
        assert "".join(state[0] for state in states).replace("gol", "").replace("gl", "") == ""
        for change in changes:
            inside = [at_us for at_us in times if change.first_us <= at_us <= change.last_us]
            if change.epc == epc and change.state is TagState.OBSERVED:
                assert len(inside) >= limits.observed_reads and change.at_us - change.first_us >= limits.observed_us


# ---- patterns --------------------------------------------------------------------------------------------------------


@given(st.sampled_from(Scheme).flatmap(tags), st.data())
def test_patterns_say_what_they_say_of_every_scheme(tag: EpcTag, data: st.DataObject) -> None:
    known = fields_of(encode(tag))
    assert bool(known) == (tag.tag_uri is not None or tag.uri is not None)
    for form, scheme, text in known:
        values = text.split(".")
        chosen = data.draw(st.lists(st.sampled_from("v*"), min_size=len(values), max_size=len(values)))
        wanted = tuple(value if how == "v" else "*" for how, value in zip(chosen, values, strict=True))
        assert EpcPattern(form, scheme, wanted).matches(known)
        numbers = [place for place, value in enumerate(values) if value.isascii() and value.isdigit()]
        if numbers:
            place = data.draw(st.sampled_from(numbers))
            number = int(values[place])
            for low, high, right in ((0, number, True), (number, number + 5, True), (number + 1, number + 9, False)):
                ranged = (*wanted[:place], (low, high), *wanted[place + 1 :])
                assert EpcPattern(form, scheme, ranged).matches(known) is right
        other = (*wanted[:-1], values[-1] + "1")
        assert not EpcPattern(form, scheme, other).matches(known)
        assert not EpcPattern(form, "gid-96" if scheme != "gid-96" else "sscc-96", wanted).matches(known)


def test_groups_are_named_by_their_values() -> None:
    tag = fields_of(sgtin96("0614141", "812345", 6789, 3))
    assert pattern("urn:epc:pat:sgtin-96:X.*.[0-900000].X", grouping=True).group(tag) == (
        "urn:epc:pat:sgtin-96:3.*.[0-900000].6789"
    )
    assert pattern("urn:epc:idpat:sgtin:X.X.*", grouping=True).group(tag) == "urn:epc:idpat:sgtin:0614141.812345.*"
    assert pattern("urn:epc:pat:sgtin-96:1.*.*.*").group(tag) is None
    assert fields_of("E28011052000") == ()
    text = "urn:epc:pat:sgtin-96:3.0614141.[100-299].*"
    assert str(pattern(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("urn:epc:tag:sgtin-96:3.*.*.*", "is no EPC pattern: write urn:epc:pat:SCHEME:FIELDS"),
        ("urn:epc:pat:sgtin-96:3.*.[9-1].*", r"field 3: \[9-1\]: 9 is above 1"),
        ("urn:epc:pat:sgtin-96:X.*.*.*", "field 1: X is for groups"),
        ("urn:epc:pat:sgtin-96:3..*.*", "field 2: '' is no value"),
        ("urn:epc:pat:sgtin-96:3.[1-.*.*", r"field 2: '\[1-' is no value"),
    ],
)
def test_what_is_no_pattern_is_refused(text: str, said: str) -> None:
    with pytest.raises(PatternError, match=said):
        pattern(text)


# ---- event cycles ----------------------------------------------------------------------------------------------------

ALL = tuple(ReportSpec(kind, kind, if_empty=True) for kind in TagSet)


@given(READS, st.integers(100, 3_000), st.integers(0, 800), st.none() | LIMITS)
def test_every_cycle_is_the_one_before_plus_what_came_less_what_went(
    reads: list[tuple[int, str]], duration_us: int, stable_us: int, smoothing: Thresholds | None
) -> None:
    cycles, reports = EventCycles(CycleSpec(duration_us, ALL, stable_us, smoothing)), []
    for at_us, epc in reads:
        reports += cycles.read(epc, at_us)
    reports += cycles.end(reads[-1][0] + 1 if reads else 1)
    before: set[str] = set()
    end_us = reads[0][0] if reads else 0
    for place in range(0, len(reports), 3):
        current, additions, deletions = (
            {epc for group in one.groups for epc in group.epcs} for one in reports[place : place + 3]
        )
        one = reports[place]
        assert one.cycle == place // 3 + 1
        assert one.start_us == end_us < one.end_us <= one.start_us + duration_us
        assert current == (before | additions) - deletions
        assert not additions & before and not deletions - before
        if smoothing is None:
            assert current == {epc for at_us, epc in reads if one.start_us <= at_us < one.end_us}
        before, end_us = current, one.end_us


def test_reports_filter_group_and_hold_their_tongue() -> None:
    items = [sgtin96("9521141", f"0{article:05d}", serial) for article in (1, 2, 50_000) for serial in (1, 2)]
    tote = grai96("9521141", "12345", 1)
    spec = ReportSpec(
        "stock",
        TagSet.CURRENT,
        include=(pattern("urn:epc:pat:sgtin-96:*.*.*.*"),),
        exclude=(pattern("urn:epc:pat:sgtin-96:*.*.[40000-60000].*"),),
        groups=(pattern("urn:epc:pat:sgtin-96:*.X.X.*", grouping=True),),
        only_changes=True,
    )
    cycles = EventCycles(CycleSpec(1_000, (spec, replace(spec, name="rest", include=(), groups=()))))
    reports = []
    for cycle in range(3):
        for place, epc in enumerate([*items, tote, "1234"]):
            reports += cycles.read(epc, cycle * 1_000 + place)
    reports += cycles.end(3_000)
    assert Counter(one.name for one in reports) == {"stock": 1, "rest": 1}
    stock, rest = reports
    assert [(group.name, len(group.epcs)) for group in stock.groups] == [
        ("urn:epc:pat:sgtin-96:*.9521141.000001.*", 2),
        ("urn:epc:pat:sgtin-96:*.9521141.000002.*", 2),
    ]
    assert set(rest.groups[0].epcs) == {*items[:4], tote, "1234"} and rest.groups[0].name == ""


def test_the_example_reports_on_recorded_reads(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One item stays, one comes after six seconds and leaves at eleven, one only passes."""
    stays, comes, passes = (sgtin96("9521141", "050000", serial) for serial in (1, 2, 3))
    rows = [(at_ms, stays) for at_ms in range(0, 22_000, 300)]
    rows += [(at_ms, comes) for at_ms in range(6_000, 11_000, 300)] + [(8_000, passes)]
    reads = tmp_path / "reads.csv"
    lines = [f"{at_ms * 1000},{epc},{1 + at_ms % 2},-60" for at_ms, epc in rows]
    reads.write_text("\n".join(["time_us,epc,antenna,rssi_dbm", *lines]))
    spec = project / "examples" / "reports" / "REPORTS.toml"
    assert main(["rfid", "report", str(spec), "--reads", str(reads)]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    said = [(one["report"], one["cycle"], [epc for group in one["groups"] for epc in group["epcs"]]) for one in told]
    assert [one for one in said if one[0] != "stock"] == [
        ("arrived", 1, [stays]),
        ("arrived", 2, [comes]),
        ("left", 3, [comes]),
    ]
    assert [(one[1], len(one[2])) for one in said if one[0] == "stock"][:2] == [(1, 1), (2, 2)]
    bad = tmp_path / "REPORTS.toml"
    bad.write_text('[[report]]\nname = "a"\ninclude = ["x"]\n[[report]]\nname = "a"\ntags = "SOME"\n')
    assert main(["rfid", "report", str(bad), "--reads", str(reads)]) == 2
    assert "CURRENT" in capsys.readouterr().err
    bad.write_text('[[report]]\nname = "a"\ninclude = ["x"]\n[[report]]\nname = "a"\n')
    assert main(["rfid", "report", str(bad), "--reads", str(reads)]) == 2
    said_of_it = capsys.readouterr().err
    assert "report.0.include: 'x' is no EPC pattern" in said_of_it and "report.1.name" in said_of_it
