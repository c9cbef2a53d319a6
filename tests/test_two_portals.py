"""Two portals on one line: what they name together, what is kept until both have told, and what check refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import assert_replays
from pure_site import PureSite

from edge.config.load import ConfigError, load_line
from edge.core.core import Core
from edge.core.events import (
    Claim,
    DeviceChanged,
    FindingKind,
    OrderChanged,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Stage,
    Started,
    ToteChecked,
)
from edge.core.line.line import Result
from edge.core.values.flags import FLAGS
from edge.core.values.layout import Job, Lane, LaneRole, LineLayout
from edge.core.values.order import Order, OrderLine
from edge.sim.world import FloorFault
from edge.views.sentences import Teller
from edge.views.words.table import say
from plc.words import EventType
from rfid.epc.identity import grai96, gtin_of, identify, sgtin96, sscc96

LABELS = [sscc96("9521141", f"{number:010}") for number in range(1, 4)]
TOTES = [grai96("9521141", "12345", number) for number in (1, 2)]
ITEMS = [sgtin96("9521141", "000001", number) for number in range(4)]
NAMED = st.lists(st.sampled_from(range(3)), max_size=2, unique=True)


@pytest.fixture
def layout(project: Path) -> LineLayout:
    (found,) = load_line(project / "examples" / "two-portals" / "LINE.toml").layouts()
    return found


def core_of(layout: LineLayout, *orders: Order, flags: tuple[str, ...] = FLAGS) -> Core:
    core = Core((), live=False)
    core.step(Started(at_us=1, controller="c", version="", layouts=(layout,), flags=flags))
    core.step(connected(layout))
    for number, order in enumerate(orders, 1):
        core.step(OrderChanged(3, number, order))
    inducted = PlcEvent(
        at_us=4,
        device_us=4,
        plc=layout.plc,
        session=1,
        seq=1,
        type=EventType.INDUCTED,
        track_id=1,
        station=layout.induction,
        cause=0,
        value=0,
        plc_ms=0,
    )
    core.step(inducted)
    return core


def connected(layout: LineLayout, session: int = 1) -> PlcConnected:
    return PlcConnected(
        at_us=2,
        plc=layout.plc,
        session=session,
        epoch=1,
        fresh=True,
        resumed=False,
        event_acked=0,
        events_lost=0,
        command_head=0,
        found=(),
        lanes_full=0,
        lanes_disabled=0,
    )


def seen(portal: str, stage: Stage, epcs: list[str], cause: str = "", passage: int = 1) -> PassageSeen:
    return PassageSeen(
        at_us=5,
        line="sorter",
        passage=passage + (1_000_000_000 if portal and passage else 0),
        track_id=1,
        stage=stage,
        start_us=1,
        stop_us=2,
        offset_us=0,
        claims=tuple(Claim(epc, 1.0, 0.0, 1.0) for epc in epcs),
        tags=(),
        settled=True,
        cause=cause,
        portal=portal,
    )


def parcels() -> list[Order]:
    line = OrderLine("09521141000014", 1)
    return [
        Order(id=f"o{at}", carrier="DHL", service="", lines=(line,), parcel=identify(label))
        for at, label in enumerate(LABELS)
    ]


def told(core: Core, *values: PassageSeen) -> list[Result]:
    return [result for value in values for result in core.step(value)]


def verifying(layout: LineLayout) -> LineLayout:
    lanes = (
        Lane(number=1, name="Packing", role=LaneRole.VERIFIED, divert_mm=7000),
        Lane(number=3, name="Quality", role=LaneRole.QUALITY, divert_mm=9000),
    )
    return replace(layout, job=Job.VERIFY, lanes=lanes, default_lane=3)


def tote_order(*items: int) -> Order:
    epcs = tuple(identify(ITEMS[item]) for item in items)
    gtin = gtin_of(identify(ITEMS[0])) or ""
    return Order(
        id="t", carrier="DHL", service="", lines=(OrderLine(gtin, len(epcs), epcs=epcs),), tote=identify(TOTES[0])
    )


@given(first=NAMED, second=NAMED, blind=st.sampled_from(["", "portal", "check"]))
def test_either_alone_is_enough_and_both_must_agree(
    project: Path, first: list[int], second: list[int], blind: str
) -> None:
    (layout,) = load_line(project / "examples" / "two-portals" / "LINE.toml").layouts()
    core = core_of(layout, *parcels())
    cause = "a reader is away"
    one = seen("", Stage.DUE, [LABELS[at] for at in first], cause if blind == "portal" else "")
    two = seen("check", Stage.DUE, [LABELS[at] for at in second], cause if blind == "check" else "")
    assert not told(core, one), "it waits for the other portal"
    (route,) = (result for result in told(core, two) if isinstance(result, RouteDecided))
    named = [set(at) for at, name in ((first, "portal"), (second, "check")) if at and blind != name]
    if not named:
        assert route.reason is RouteReason.NO_READ
    elif not set.intersection(*named):
        assert (route.reason, route.lane) == (RouteReason.CONTRADICTION, 4)
        assert "identify says" in route.text and "check says" in route.text
    elif len(both := set.intersection(*named)) > 1:
        assert route.reason is RouteReason.AMBIGUOUS
    else:
        assert (route.reason, route.order, route.lane) == (RouteReason.ASSIGNED, f"o{both.pop()}", 1)


@pytest.mark.parametrize(
    ("first", "second", "findings"),
    [
        ([TOTES[0], ITEMS[0], ITEMS[1]], [TOTES[0], ITEMS[0], ITEMS[1]], []),
        ([TOTES[0], ITEMS[0]], [ITEMS[1]], []),  # what one missed, the other has
        ([TOTES[0], ITEMS[0], ITEMS[1]], [], []),
        ([TOTES[0], ITEMS[0], ITEMS[1]], [TOTES[0], ITEMS[2]], [FindingKind.EXTRA]),
        ([TOTES[0], ITEMS[0]], [TOTES[0], ITEMS[0]], [FindingKind.MISSING]),
        ([TOTES[0], ITEMS[0], ITEMS[1]], [TOTES[1]], [FindingKind.EXTRA, FindingKind.CONTRADICTION]),
    ],
)
def test_a_tote_is_what_both_saw_of_it(
    layout: LineLayout, first: list[str], second: list[str], findings: list[FindingKind]
) -> None:
    core = core_of(verifying(layout), tote_order(0, 1))
    out = told(core, seen("", Stage.DUE, first), seen("check", Stage.DUE, second))
    (verdict,) = (result for result in out if isinstance(result, ToteChecked))
    assert ([one.kind for one in verdict.findings], verdict.final) == (findings, False)
    out = told(core, seen("", Stage.FINAL, first), seen("check", Stage.FINAL, second))
    (verdict,) = (result for result in out if isinstance(result, ToteChecked))
    assert ([one.kind for one in verdict.findings], verdict.final, verdict.passage) == (findings, True, 1)
    assert not core.state.lines["sorter"].sightings


@pytest.mark.parametrize(
    ("causes", "verified"), [(("", ""), True), (("away", ""), True), (("", "away"), True), (("away", "away"), False)]
)
def test_a_tote_is_refused_where_no_portal_read_all(
    layout: LineLayout, causes: tuple[str, str], verified: bool
) -> None:
    core = core_of(verifying(layout), tote_order(0))
    content = [TOTES[0], ITEMS[0]]
    out = told(core, *(seen(at, Stage.DUE, content, why) for at, why in zip(("", "check"), causes, strict=True)))
    (verdict,) = (result for result in out if isinstance(result, ToteChecked))
    assert verdict.verified is verified


@pytest.mark.parametrize("order", ["first-final-first", "missed-second", "missed-first"])
def test_a_final_verdict_comes_once_whoever_missed_it(layout: LineLayout, order: str) -> None:
    core, content = core_of(verifying(layout), tote_order(0)), [TOTES[0], ITEMS[0]]
    one, two = seen("", Stage.FINAL, content), seen("check", Stage.FINAL, content)
    missed = [seen(at, Stage.DUE, [], "no passage at photo-eye", passage=0) for at in ("", "check")]
    early = [seen(at, Stage.DUE, content) for at in ("", "check")]
    match order:
        case "first-final-first":  # a final one is not forgotten for one that is due
            values = [one, early[0], early[1], two]
        case "missed-second":
            values = [early[0], missed[1], one]
        case _:
            values = [missed[0], early[1], two]
    verdicts = [result for result in told(core, *values) if isinstance(result, ToteChecked)]
    assert [verdict.final for verdict in verdicts] == [False, True]
    assert all(verdict.verified for verdict in verdicts)


def test_a_plc_that_begins_anew_leaves_nothing_of_its_tracks_behind(layout: LineLayout) -> None:
    core = core_of(layout, *parcels())
    told(core, seen("", Stage.DUE, [LABELS[0]]))
    assert core.state.lines["sorter"].sightings
    again = core_of(layout, *parcels())
    assert not again.state.lines["sorter"].sightings
    core.step(connected(layout, session=2))
    assert not core.state.lines["sorter"].sightings


def test_a_portal_that_is_added_while_the_line_runs_is_not_blind(layout: LineLayout) -> None:
    core = core_of(replace(layout, check=None), *parcels())
    given = Started(at_us=9, controller="c", version="", layouts=(layout,), flags=FLAGS, running=True)
    core.step(given)
    line = core._lines["sorter"]
    assert [sight.name for sight in line.sights] == ["", "check"]
    assert line.sights[1].portal.blind() == ""
    core.step(replace(given, layouts=(replace(layout, check=None),)))
    assert [sight.name for sight in line.sights] == [""]
    (route, *_) = (one for one in told(core, seen("", Stage.DUE, [LABELS[0]])) if isinstance(one, RouteDecided))
    assert route.order == "o0"


def test_before_the_flag_a_line_is_decided_by_its_first_portal(layout: LineLayout) -> None:
    core = core_of(layout, *parcels(), flags=tuple(flag for flag in FLAGS if flag != "checked-again"))
    (route, _) = told(core, seen("", Stage.DUE, [LABELS[0]]), seen("check", Stage.DUE, [LABELS[1]]))
    assert isinstance(route, RouteDecided) and route.order == "o0"


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('name = "check"', 'name = "identify"', "line.sorter.check.name: 'identify': the first portal is called so"),
        ("eye = 12\n", "eye = 11\n", "line.sorter.check.eye: 11: is the first portal's"),
        ("eye_mm = 3000", "eye_mm = -950", "line.sorter.check.eye_mm: -950: the second portal is behind the first"),
        ("eye = 12\neye_mm = 3000\n", "", "line.sorter.check.eye: missing"),
        ('readers = ["check"]', 'readers = ["identify"]', "line.sorter.check.readers: 'identify': already reads for"),
        ('scanners = ["top"]', 'scanners = ["check"]', "line.sorter.check.scanners: 'check': its driver is 'llrp'"),
        ("decision_mm = 6000", "decision_mm = 3100", "line.sorter.decision_mm: 3100: reached"),
    ],
)
def test_a_second_portal_that_cannot_be_is_refused(
    project: Path, tmp_path: Path, was: str, now: str, said: str
) -> None:
    text = (project / "examples" / "two-portals" / "LINE.toml").read_text(encoding="utf-8")
    assert text.count(was) == 1
    path = tmp_path / "LINE.toml"
    path.write_text(text.replace(was, now), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_line(path)
    assert said in str(error.value)


FAULTS = {"parcel_dead_tag": 0.1, "parcel_unknown": 0.02, "parcel_wrong_barcode": 0.0, "barcode_unreadable": 0.1}


@pytest.mark.parametrize("away", ["", "identify", "check", "top"])
def test_the_whole_core_identifies_and_checks(project: Path, away: str) -> None:
    """Labels change between the portals, tags are dead, and one device may be away."""
    config = load_line(project / "examples" / "two-portals" / "LINE.toml")
    faults = config.sim.faults.model_copy(update=FAULTS | {"parcel_relabelled": 0.1})
    config = config.model_copy(update={"sim": config.sim.model_copy(update={"faults": faults, "rate": 2_400})})
    site = PureSite(config, 31, {"sorter": 120}, FLAGS)
    if away:
        site.give(DeviceChanged(site.outcome.journal[-1].at_us, f"reader.{away}", False, f"{away}: unplugged"))
        give = site.give
        site.give = lambda given: [] if getattr(given, "reader", "") == away else give(given)  # type: ignore[method-assign]
    outcome = site.run(3600)
    assert len(outcome.landed) >= 120
    assert not any(landed.defaulted for landed in outcome.landed)
    relabelled = [landed for landed in outcome.landed if landed.load.fault is FloorFault.PARCEL_RELABELLED]
    assert len(relabelled) >= 5
    for landed in outcome.landed:
        if landed.lane.role is LaneRole.CARRIER and landed.load.fault is not FloorFault.PARCEL_RELABELLED:
            assert landed.load.order is not None and landed.lane.carrier == landed.load.order.carrier
    # Without the first nobody knows what it was before; without the second's reader its barcode may be unreadable.
    told_apart = [one for one in relabelled if away != "identify" and (away != "check" or one.load.barcode)]
    assert {landed.lane.role for landed in told_apart} <= {LaneRole.REJECT}
    routes = [value for value in outcome.journal if isinstance(value, RouteDecided)]
    assert sum(one.reason is RouteReason.CONTRADICTION for one in routes) == len(told_apart)
    finals = [value for value in outcome.journal if isinstance(value, PassageSeen) and value.stage is Stage.FINAL]
    assert {value.portal for value in finals} == {"", "check"}
    told = [say(Teller(config.layouts()).tell(value)) for value in finals if value.portal]
    assert all("at the second portal check" in text for text in told)
    assert_replays(outcome.journal)


def test_only_what_is_decided_at_its_induction_has_a_reaction_time(project: Path, layout: LineLayout) -> None:
    """With a portal behind it that would be the belt's way."""
    assert not layout.known_at_induction
    assert replace(layout, check=None).known_at_induction
    for example in ("barcode-sorter", "own-devices", "warehouse"):
        for one in load_line(project / "examples" / example / "LINE.toml").layouts():
            assert one.known_at_induction == (one.job is Job.SORT), one.name
            if one.portal.scanners:
                assert not replace(one, portal=replace(one.portal, scan_mm=1)).known_at_induction
