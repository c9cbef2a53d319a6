"""What somebody puts on the simulated floor by hand: how it is said, what is brought with it, and what cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st

from edge.config.load import load_line
from edge.core.values.order import Order
from edge.sim.devices import SimulatedFloor
from edge.sim.faults import FaultError
from edge.sim.hand import Hand
from edge.sim.put_order import PutOrder

LINE = "examples/warehouse/LINE.toml"
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.builds(
        PutOrder,
        where=st.from_regex(r"[a-z][a-z0-9.]{0,9}", fullmatch=True),
        tags=st.tuples(WORDS, WORDS) | st.just(()),
        back=st.booleans(),
        lanes=st.tuples(st.integers(1, 64), st.integers(1, 64)) | st.just(()),
        wrong=st.sampled_from(("", "missing", "parcel-unknown")),
        count=st.none() | st.integers(1, 1000),
        close=st.booleans(),
        order=st.just("") | WORDS,
        antenna=st.none() | st.integers(1, 64),
        seconds=st.none() | st.floats(0.001, 3600),
    )
)
def test_what_is_written_is_read(wish: PutOrder) -> None:
    assert PutOrder.parse(str(wish)) == wish


class Site:
    """Knows the first orders already."""

    def __init__(self, known: int) -> None:
        self.known, self.orders = known, list[Order]()

    async def __call__(self, orders: Sequence[Order]) -> int:
        if self.known:
            self.known -= 1
            return 0
        self.orders += orders
        return len(orders)


def test_a_load_comes_with_an_order_that_the_site_did_not_know(project: Path, run: Run) -> None:
    site = Site(known=2)
    floor = SimulatedFloor(load_line(project / LINE), empty=True)
    hand = Hand(floor, site)

    async def put() -> list[str]:
        said = await hand.put(PutOrder(where="sorter", lanes=(3, 7), count=4, close=True))
        return said + await hand.put(PutOrder(where="tote1", wrong="foreign"))

    *parcels, tote = run(put())
    assert [one.rpartition(" ")[2] for one in parcels] == ["3", "7", "3", "7"]
    assert [order.carrier for order in site.orders[:4]] == ["UPS", "POST"] * 2
    assert [order.id for order in site.orders[:2]] == ["SO1-sorter-900002", "SO1-sorter-900003"]
    came = [floor.streams["sorter"].next(10_000_000) for _ in range(5)]
    assert [load.followed for load in came if load is not None] == [True, True, True, False]
    other, its = site.orders[4:]
    assert f"of order {other.id}, order {its.id}" in tote and other.id == f"{its.id}-other"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            "put nowhere",
            "no line, door or reader 'nowhere', there are tote1, tote2, sorter, door1, door2, reader.tote1,",
        ),
        ("put sorter lanes=9", "sorter: --lane 9: is no carrier's lane: allowed: 1 (DHL Express), 2 (DHL), 3 (UPS), "),
        ("put tote1 lanes=1", "tote1: --lane: is for parcels: a tote goes where its content says"),
        ("put tote1 wrong=parcel-unknown", "tote1: --wrong parcel-unknown: allowed: missing, extra, foreign, "),
        ("put sorter wrong=missing", "sorter: --wrong missing: allowed: parcel-dead-tag, parcel-unknown"),
        ("put sorter count=0", "--count 0: allowed: 1..1000"),
        ("put sorter order=X", "sorter: nothing of order 'X' was put there by hand, but of: none yet"),
        ("put sorter count=2 30AA", "sorter: tags name one load: leave --count out"),
        ("put sorter ABC", "sorter: 'ABC' is no tag: allowed are hexadecimal digits, by fours, or a name as '(00)…'"),
        ("put sorter antenna=1", "sorter: is a belt: --antenna cannot be there"),
        ("back sorter", "sorter: is a belt: --back cannot be there"),
        ("put door1", "door1: say what is carried: a TAG, or --order ORDER"),
        ("put door1 lanes=3", "door1: is a door: --lane cannot be there"),
        (
            "put reader.tote1",
            "reader.tote1: nobody listens to it: `lanewise rfid watch tote1` does, or the controller, ",
        ),
        ("put sorter colour=red", "colour=red: unknown, allowed: lanes, wrong, count, "),
        ("put sorter antenna=x", "antenna=x: is not allowed there"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(project: Path, run: Run, said: str, why: str) -> None:
    async def put() -> list[str]:
        return await Hand(SimulatedFloor(load_line(project / LINE), empty=True), None).put(PutOrder.parse(said))

    with pytest.raises(FaultError) as refused:
        run(put())
    assert str(refused.value).startswith(why)
