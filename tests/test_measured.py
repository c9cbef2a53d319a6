"""What was measured takes the place of what was configured, the more of it the more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stocked import NOW_US, accept, planning, stocked

from edge.config.shipping import PlanTable
from edge.intake.planning import planning_of
from edge.orders.measured import PAUSE_US, Measure, MeasuredPace, Samples, measured
from edge.site import drafts, measuring, picking, releasing, rounds, waiting
from edge.site.picking import Picked
from edge.site.store import SiteStore

SECOND_US = 1_000_000
CONFIGURED = {Measure.PICK_LINE: 20 * SECOND_US, Measure.TOTE: 6 * SECOND_US, Measure.LEAD: 5_400 * SECOND_US}


def by(found: Sequence[MeasuredPace]) -> dict[Measure, MeasuredPace]:
    return {one.what: one for one in found}


@given(st.lists(st.integers(1, PAUSE_US), max_size=60), st.lists(st.integers(0, 10**10), max_size=60))
def test_what_is_used_lies_between_what_is_configured_and_what_was_measured(gaps: list[int], leads: list[int]) -> None:
    times = tuple(reversed([*accumulate(gaps, initial=7)]))
    found = by(measured(Samples(picked_us=times, sorted_us=times, leads_us=tuple(leads)), CONFIGURED))
    for what in (Measure.PICK_LINE, Measure.TOTE):
        one = found[what]
        assert (one.count, one.measured_us is None) == (len(gaps), not gaps)
        mean = CONFIGURED[what] if one.measured_us is None else one.measured_us
        assert min(mean, CONFIGURED[what]) <= one.used_us <= max(mean + 1, CONFIGURED[what])
    lead = found[Measure.LEAD]
    assert lead.used_us == (lead.measured_us if len(leads) >= 20 else CONFIGURED[Measure.LEAD])
    assert sum(one <= lead.used_us for one in leads) >= len(leads) * 9 / 10 or len(leads) < 20


def test_many_measurements_take_the_place_of_the_number_and_a_pause_is_none() -> None:
    shift = [*range(0, 1_000 * SECOND_US, 4 * SECOND_US)]
    again = [at + 4 * PAUSE_US for at in shift]
    found = by(measured(Samples(picked_us=(*shift, *again)), CONFIGURED))[Measure.PICK_LINE]
    assert (found.measured_us, found.count) == (4 * SECOND_US, 2 * len(shift) - 2)
    assert found.used_us < 5 * SECOND_US


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[SiteStore]:
    with closing(SiteStore(store_url, secret_file=tmp_path / "site.secret")) as made:
        yield made


def test_the_newest_waves_are_measured(store: SiteStore) -> None:
    """Two lines picked 8 s one after the other, in a wave that was released 30 s before."""
    stocked(store)
    accept(store, [(1, {0: 1, 1: 1})])
    waiting.reserve_waiting(store.connections, NOW_US)
    (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
    releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US)
    task = rounds.claim(store.connections, "Bob", NOW_US)
    assert task is not None
    for n, at_us in ((1, NOW_US + 30 * SECOND_US), (2, NOW_US + 38 * SECOND_US)):
        said = Picked(task=task.id, n=n, units=1, picker="Bob", version=task.version)
        task = picking.pick(store.connections, said, at_us)
    with store.connections.writing() as db:
        rounds.end_members(db, {"shop-1": "shipped"}, NOW_US + 90 * SECOND_US)
    with store.connections.reading() as db:
        samples = measuring.samples_of(db)
    assert sorted(samples.picked_us) == [NOW_US + 30 * SECOND_US, NOW_US + 38 * SECOND_US]
    assert (samples.sorted_us, samples.leads_us) == ((NOW_US + 90 * SECOND_US,), (90 * SECOND_US,))
    plan = PlanTable(pick_line_s=20)
    now = measuring.planning_now(store.connections, {}, plan, NOW_US)
    assert by(now.measured)[Measure.PICK_LINE].measured_us == 8 * SECOND_US
    assert now.rates.pick_line_us == (30 * 20 + 8) * SECOND_US // 31
    fixed = measuring.planning_now(store.connections, {}, plan.model_copy(update={"measured": False}), NOW_US)
    assert fixed.rates == planning_of({}, plan, NOW_US).rates and fixed.rates.pick_line_us == 20 * SECOND_US
