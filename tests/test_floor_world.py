"""The simulated floor's contents and radio: every fault is real against its order, every good tag is read."""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path

import pytest
from pure_site import example

from edge.config.lines import LineConfig
from edge.config.sim import SimFaults
from edge.core.values.layout import Job, LaneRole
from edge.core.values.order import Order, OrderState
from edge.sim.floor import Floor, InventoryRound
from edge.sim.inflow import Stream
from edge.sim.tally import own_lanes
from edge.sim.world import FloorFault, FloorLoad, World
from rfid.driver import TagRead
from rfid.epc.identity import gtin_of, identity_of_hex


def contents(load: FloorLoad) -> tuple[str | None, list[str], list[str]]:
    """Tote, items and senseless tags that answer in a load."""
    known = [(tag.epc, identity_of_hex(tag.epc)) for tag in load.tags]
    totes = [identity for _, identity in known if identity and identity.startswith("(8003)")]
    items = [identity for _, identity in known if identity and identity.startswith("(01)")]
    return (totes[0] if totes else None), items, [epc for epc, identity in known if identity is None]


def differences(order: Order, items: list[str]) -> tuple[Counter[str], list[str]]:
    """What is missing by GTIN, and the items that the order does not want."""
    wanted = Counter({line.gtin: line.quantity for line in order.lines})
    exact = {epc for line in order.lines for epc in line.epcs}
    surplus = []
    for item in items:
        gtin = gtin_of(item) or ""
        if wanted[gtin] > 0 and (not exact or item in exact):
            wanted[gtin] -= 1
        else:
            surplus.append(item)
    return +wanted, surplus


def test_a_tote_is_what_its_fault_says(project: Path) -> None:
    faults = SimFaults(missing=0.1, extra=0.1, foreign=0.1, duplicate=0.1, dead_tag=0.1, unprogrammed=0.1)
    world = World(example(project, faults=faults), 3)
    seen: Counter[FloorFault] = Counter()
    named_exactly = 0
    for index in range(400):
        load = world.tote("tote1", index)
        seen[load.fault] += 1
        order = load.order
        assert order is not None
        tote, items, senseless = contents(load)
        assert tote == order.tote == load.identity
        assert len(set(items)) == len(items)
        assert 5 <= sum(line.quantity for line in order.lines) <= 20
        assert all(not line.epcs or len(line.epcs) == line.quantity for line in order.lines)
        named_exactly += any(line.epcs for line in order.lines)
        missing, surplus = differences(order, items)
        match load.fault:
            case FloorFault.NONE:
                assert (missing.total(), surplus, senseless, load.companions) == (0, [], [], ())
            case FloorFault.MISSING | FloorFault.DEAD_TAG:
                assert (missing.total(), surplus, senseless) == (1, [], [])
            case FloorFault.UNPROGRAMMED:
                assert (missing.total(), surplus, len(senseless)) == (1, [], 1)
            case FloorFault.EXTRA:
                assert (missing.total(), len(surplus), senseless, load.companions) == (0, 1, [], ())
                assert gtin_of(surplus[0]) not in {line.gtin for line in order.lines}
            case FloorFault.FOREIGN | FloorFault.DUPLICATE:
                assert missing.total() <= 1
                assert len(surplus) == 1
                (other,) = load.companions
                assert surplus[0] in {epc for line in other.lines for epc in line.epcs}
                assert (other.state is OrderState.SHIPPED) == (load.fault is FloorFault.DUPLICATE)
                assert other.tote is None
            case _:
                pytest.fail(f"a tote with {load.fault}")
    for fault in FloorFault:
        if fault is FloorFault.NONE:
            assert abs(seen[fault] - 160) <= 2
        elif not fault.startswith("parcel"):
            assert abs(seen[fault] - 40) <= 2, "shares hold in any stretch"
    assert 90 < named_exactly < 180


def test_nothing_in_the_world_is_there_twice(project: Path) -> None:
    world = World(example(project), 4)
    totes = [world.tote(line, index) for line in ("tote1", "tote2") for index in range(150)]
    parcels = [world.parcel("sorter", index) for index in range(150)]
    loads = [*totes, *parcels]
    tags = [tag.epc for load in loads for tag in load.tags if identity_of_hex(tag.epc)]
    assert len(set(tags)) == len(tags)
    orders = [order for load in loads for order in load.orders]
    assert len({order.id for order in orders}) == len(orders)
    labels = [order.parcel for order in orders if order.parcel]
    assert len(set(labels)) == len(labels)
    assert World(example(project), 4).tote("tote2", 77) == world.tote("tote2", 77), "no matter what was asked before"
    assert World(example(project), 5).tote("tote2", 77) != world.tote("tote2", 77)


def test_parcels_have_a_lane(project: Path) -> None:
    config = example(project, faults=SimFaults(parcel_dead_tag=0.1, parcel_unknown=0.1))
    world = World(config, 4)
    layout = next(layout for layout in config.layouts() if layout.name == "sorter")
    seen: Counter[int] = Counter()
    for index in range(600):
        load = world.parcel("sorter", index)
        assert (load.order is None) == (load.fault is FloorFault.PARCEL_UNKNOWN)
        assert (load.tags == ()) == (load.fault is FloorFault.PARCEL_DEAD_TAG)
        if load.good:
            assert load.order is not None
            assert identity_of_hex(load.tags[0].epc) == load.order.parcel
            assert own_lanes(layout, load.order)
            seen.update(own_lanes(layout, load.order))
    assert set(seen) == {lane.number for lane in layout.lanes if lane.role is LaneRole.CARRIER}
    tote = world.tote("tote1", 9)
    packed = world.packed(tote)
    assert packed is not None
    line, parcel = packed
    assert (line, parcel.order, parcel.good) == ("sorter", tote.order, True)
    assert 20_000_000 <= world.packing_us(tote) <= 40_000_000


def test_any_warehouse_will_do(project: Path) -> None:
    config = example(project)
    tables = {f"line{number}": config.line["tote1"] for number in range(20)}
    world = World(config.model_copy(update={"line": tables}), 1)
    first, last = world.tote("line0", 5), world.tote("line19", 5)
    assert first.order is not None
    assert not {tag.epc for tag in first.tags if identity_of_hex(tag.epc)} & {tag.epc for tag in last.tags}
    assert world.packed(first) is None, "no line sorts here"


def read_all(
    config: LineConfig, line: str, loads: int, seed: int
) -> tuple[list[FloorLoad], list[TagRead], list[InventoryRound]]:
    layout = next(layout for layout in config.layouts() if layout.name == line)
    world = World(config, seed)
    made: list[FloorLoad] = []

    def make(index: int) -> FloorLoad:
        made.append((world.tote if layout.job is Job.VERIFY else world.parcel)(line, index))
        return made[-1]

    stream = Stream(make)
    floor = Floor(
        layout, config.sim, seed, stream, count(1), {name: one.antennas for name, one in config.reader.items()}
    )
    rounds: list[InventoryRound] = []
    now_us = 0
    while not (stream.stopped and floor.empty):
        now_us += 100_000
        stream.stopped = len(made) >= loads
        rounds += [one for one in floor.advance(now_us) if isinstance(one, InventoryRound)]
    return made, [read for one in rounds for read in one.reads], rounds


@pytest.mark.parametrize(("line", "loads", "antennas"), [("tote1", 60, 4), ("sorter", 500, 2)])
def test_every_good_tag_is_read(project: Path, line: str, loads: int, antennas: int) -> None:
    config = example(project, rate=20_000, tote_rate=1_200)
    made, reads, rounds = read_all(config, line, loads, 8)
    counts = Counter(read.epc for read in reads)
    tags = [tag.epc for load in made for tag in load.tags if identity_of_hex(tag.epc)]
    # A chance is missed less than every second time: with 17 expected at the least, none is below one in 100,000.
    assert min(counts[epc] for epc in tags) >= 12
    assert {read.antenna for read in reads} == set(range(1, antennas + 1))
    seconds = (rounds[-1].at_us - rounds[0].at_us) / 1e6
    assert 130 <= len(reads) / seconds <= 250
    again = read_all(config, line, loads, 8)[1]
    assert again == reads


def test_the_radio_is_unkind(project: Path) -> None:
    made, reads, _ = read_all(example(project, tote_rate=1_200), "tote1", 40, 8)
    powers: dict[str, dict[int, float]] = {}
    for read in reads:
        best = powers.setdefault(read.epc, {})
        best[read.antenna] = max(best.get(read.antenna, -200.0), read.rssi_dbm)
    spreads = [max(best.values()) - min(best.values()) for best in powers.values() if len(best) == 4]
    assert sum(spread > 6 for spread in spreads) > len(spreads) / 3, "orientation and place make antennas differ"
    middles = {tag.epc: load.index for load in made for tag in load.tags}
    times: dict[int, list[int]] = {}
    for read in reads:
        if read.epc in middles:
            times.setdefault(middles[read.epc], []).append(read.at_us)
    overlaps = sum(max(times[index]) > min(times[index + 1]) for index in range(38))
    assert overlaps > 10, "a portal hears neighbours at the same time"
