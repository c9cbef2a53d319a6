"""Every fault of a reader is noticed within two keepalive periods, said and mended; no read is lost or told twice."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import pytest
from controllers import Feed, stop
from journals import assert_journal_is_whole, journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.config.readers import LlrpConfig
from edge.controller.controller import Controller
from edge.core.events import DeviceChanged, DeviceNotice, TagsRead
from edge.devices.reader import ReaderSession
from edge.sim.devices import SimulatedFloor
from rfid.driver import ReaderClock, ReaderError, ReaderReady, TagRead
from rfid.llrp_device.simulator import ReaderFault, SimulatedReader

PERIOD_S = 1.0
BEGIN_S, FAULT_S, MEND_S, END_S = 1.0, 5.013, 12.0, 22.0
EVERY_S = 0.02
READER_US = 1_700_000_000_000_000


class Site:
    """A reader, and what its host hears: reads with the time they are mapped to, and what is said, with its time."""

    def __init__(self, name: str, clock: ReaderClock) -> None:
        loop = asyncio.get_running_loop()
        self.now_us = lambda: int(loop.time() * 1e6)
        self.reader = SimulatedReader(name, 1, clock=lambda: READER_US + self.now_us(), stamps=clock)
        self.made: dict[str, int] = {}
        self.heard: list[tuple[str, int, int]] = []
        self.said: list[tuple[float, str]] = []
        self.readies = 0

    def read(self) -> None:
        """One tag passes now, seen while the reader reads."""
        epc = f"{len(self.made):024X}"
        self.made[epc] = self.now_us()
        self.reader.report([TagRead(epc, 1, -50.0, READER_US + self.now_us(), 1)])

    async def host(self) -> None:
        """As the controller keeps a reader, with a fixed pause instead of one that grows."""
        config = LlrpConfig(host="127.0.0.1", port=self.reader.port, keepalive_ms=int(PERIOD_S * 1000))
        session = ReaderSession(self.reader.name, config)

        def emit(event: object) -> None:
            if isinstance(event, ReaderReady):
                self.readies += 1
                return
            for given in session.inputs(event, self.now_us()):  # type: ignore[arg-type]
                if isinstance(given, TagsRead):
                    self.heard += [(read.epc, read.at_us, given.at_us) for read in given.reads]
                else:
                    self.said.append((self.now_us() / 1e6, given.text))

        while True:
            try:
                await session.reader().run(emit)
            except ReaderError as error:
                self.said.append((self.now_us() / 1e6, str(error)))
            await asyncio.sleep(0.25)


SAID = {
    ReaderFault.SILENCE: "no keepalive for 20.. ms",
    ReaderFault.CUT: "connection lost",
    ReaderFault.REFUSAL: "connection ",
    ReaderFault.GARBAGE: "the stream makes no sense any more: version",
    ReaderFault.SLOW: "slow: no keepalive for 16.. ms, although it reports",
    ReaderFault.HUGE: r"the stream makes no sense any more: length \d+ is not in",
    ReaderFault.CLOCK_JUMP: "its clock was set",
}
CASES = [(fault, None) for fault in SAID] + [(ReaderFault.CLOCK_JUMP, -7_200_000), (ReaderFault.SLOW, 1)]


@pytest.mark.parametrize("clock", [ReaderClock.UTC, ReaderClock.UPTIME])
@pytest.mark.parametrize(("fault", "amount"), CASES)
def test_a_fault_is_noticed_said_and_mended(fault: ReaderFault, amount: int | None, clock: ReaderClock) -> None:
    async def main() -> tuple[Site, Site]:
        sites = Site("portal1", clock), Site("portal2", clock)
        for site in sites:
            await site.reader.start()
        hosts = [asyncio.create_task(site.host()) for site in sites]
        loop = asyncio.get_running_loop()
        loop.call_at(FAULT_S, sites[0].reader.fault, fault, amount)
        loop.call_at(MEND_S, sites[0].reader.mend)
        at_s = BEGIN_S
        while (at_s := at_s + EVERY_S) < END_S:
            await asyncio.sleep(at_s - loop.time())
            for site in sites:
                site.read()
        await asyncio.sleep(0.1)
        for host, site in zip(hosts, sites, strict=True):
            host.cancel()
            with suppress(asyncio.CancelledError):
                await host
            await site.reader.stop()
        return sites

    ill, well = run_virtual(main())
    for site in (ill, well):
        assert sorted(epc for epc, _, _ in site.heard) == sorted(site.made)  # each exactly once
        for epc, mapped_us, arrived_us in site.heard:
            assert abs(mapped_us - site.made[epc]) < 5_000, (epc, mapped_us - site.made[epc])
            assert arrived_us >= site.made[epc]
    assert well.said == [] and well.readies == 1
    pattern = "no keepalive for 20.. ms" if amount == 1 else SAID[fault]
    soon = [what for when_s, what in ill.said if FAULT_S <= when_s <= FAULT_S + 2 * PERIOD_S]
    assert ill.said[0][0] >= FAULT_S and any(re.search(pattern, what) for what in soon), ill.said
    last_s = {ReaderFault.SILENCE: MEND_S, ReaderFault.REFUSAL: MEND_S, ReaderFault.SLOW: MEND_S}.get(fault, FAULT_S)
    assert all(at_s <= last_s + 6 for at_s, _ in ill.said), ill.said
    assert ill.heard[-1][0] == max(ill.made)  # live again


def test_a_flood_comes_beside_the_others_until_it_is_mended() -> None:
    async def main() -> Site:
        site = Site("portal1", ReaderClock.UTC)
        await site.reader.start()
        host = asyncio.create_task(site.host())
        loop = asyncio.get_running_loop()
        loop.call_at(FAULT_S, site.reader.fault, ReaderFault.FLOOD, 2_000)
        loop.call_at(MEND_S, site.reader.mend)
        await asyncio.sleep(BEGIN_S)
        while loop.time() < MEND_S + BEGIN_S:
            site.read()
            await asyncio.sleep(EVERY_S)
        await stop(host)
        await site.reader.stop()
        return site

    site = run_virtual(main())
    flood = [(epc, at_us / 1e6) for epc, at_us, _ in site.heard if epc not in site.made]
    assert sorted(epc for epc, _, _ in site.heard if epc in site.made) == sorted(site.made)
    assert len({epc for epc, _ in flood}) == len(flood) and 13_500 <= len(flood) <= 14_500
    assert min(at_s for _, at_s in flood) >= FAULT_S - 0.01 and max(at_s for _, at_s in flood) <= MEND_S
    assert site.said == []


def test_faults_of_every_reader_cost_no_parcel_its_lane(project: Path, tmp_path: Path) -> None:
    """The whole floor, one fault after the other: said in the journal, nothing missorted, nothing accepted wrongly."""
    config = on_free_ports(example(project, rate=6_000, seed=5, scan_ms=10), tmp_path)

    async def main() -> SimulatedFloor:
        floor = SimulatedFloor(config, seconds=60)
        feed = Feed(floor, 400)
        await floor.start()
        controller = asyncio.create_task(Controller(config, feed, threaded=False).run())
        await asyncio.sleep(8)
        for fault in (
            ReaderFault.GARBAGE,
            ReaderFault.CUT,
            ReaderFault.SILENCE,
            ReaderFault.REFUSAL,
            ReaderFault.HUGE,
            ReaderFault.CLOCK_JUMP,
        ):
            for name in config.reader:
                floor.reader(name).fault(fault)
            await asyncio.sleep(5)
            for name in config.reader:
                floor.reader(name).mend()
            await asyncio.sleep(3)
        await floor.wait()
        await stop(controller)
        await floor.stop()
        return floor

    truth = run_virtual(main()).report()
    records = journal(config)
    assert_journal_is_whole(records, truth)
    assert truth["totes_to_packing"] > 0
    assert truth["missorted"] == truth["false_accepts"] == truth["unacknowledged"] == 0
    values = [record.value for record in records]
    for name in config.reader:
        changes = [value for value in values if isinstance(value, DeviceChanged) and value.device == f"reader.{name}"]
        assert [value.up for value in changes].count(True) >= 5 and changes[-1].up
        said = " ".join(value.reason for value in changes)
        for words in ("makes no sense", "connection lost", "no keepalive", "gave no reason"):
            assert words in said
        notices = [value.code for value in values if isinstance(value, DeviceNotice) and value.device == name]
        assert "clock-jumped" in notices


def test_readers_that_the_photo_eyes_start_do_the_whole_job(project: Path, tmp_path: Path) -> None:
    config = on_free_ports(example(project, rate=6_000, seed=7, scan_ms=10), tmp_path)
    started = {"start_gpi": 1, "read_ms": 2_500, "power_dbm": 29.9, "mode": "m4-250k"}
    readers = {name: reader.model_copy(update=started) for name, reader in config.reader.items()}
    config = config.model_copy(update={"reader": readers})

    async def main() -> SimulatedFloor:
        floor = SimulatedFloor(config, seconds=30)
        feed = Feed(floor, 300)
        await floor.start()
        controller = asyncio.create_task(Controller(config, feed, threaded=False).run())
        await floor.wait()
        await stop(controller)
        await floor.stop()
        return floor

    truth = run_virtual(main()).report()
    assert truth["parcels_inducted"] > 40 and truth["totes_to_packing"] > 10 and truth["tag_reads"] > 1_000
    assert truth["missorted"] == truth["false_accepts"] == truth["false_refusals"] == 0
    about = [
        value.reason for record in journal(config) if isinstance(value := record.value, DeviceChanged) and value.up
    ]
    assert sum(reason.endswith("29.75 dBm") for reason in about) == 3
