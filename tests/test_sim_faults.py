"""What goes wrong with the simulated floor comes and ends when it was ordered, beforehand or while it runs."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Run
from controllers import Feed, stop
from hypothesis import given
from hypothesis import strategies as st
from journals import journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.cli import main
from edge.controller.controller import Controller
from edge.core.events import DeviceChanged
from edge.sim.control import listen
from edge.sim.devices import SimulatedFloor
from edge.sim.faults import FaultError, FaultOrder, Faults, failing
from edge.sim.put_order import PutOrder
from rfid.llrp_device.simulator import AMOUNTS, ReaderFault

TIMES = st.none() | st.integers(0, 10**12)


@given(
    st.sampled_from(["reader.tote1", "plc.a-b_c"]),
    st.sampled_from([*ReaderFault, "mend"]),
    st.none() | st.integers(-(10**11), 10**11),
    TIMES,
    TIMES,
)
def test_an_order_is_what_it_says(
    device: str, fault: str, amount: int | None, begin: int | None, lasts: int | None
) -> None:
    order = FaultOrder(device, str(fault), amount, begin, lasts)
    assert FaultOrder.parse(str(order)) == order


class Device:
    def __init__(self) -> None:
        self.did: list[tuple[str, int | None]] = []
        self.failing = failing(ReaderFault, AMOUNTS, self.begin, self.end)

    def begin(self, fault: ReaderFault, amount: int | None) -> None:
        self.did.append((f"+{fault}", amount))

    def end(self, fault: ReaderFault | None) -> None:
        self.did.append((f"-{fault}", None))


def test_faults_begin_and_end_in_time() -> None:
    device, said = Device(), list[str]()
    faults = Faults({"reader.r": device.failing}, said.append)
    faults.order(map(FaultOrder.parse, ("reader.r:silence@2s+1.5s", "reader.r:slow=7", "reader.r:refusal+1s")))
    faults.advance(1_000_000, None)
    assert device.did == [("+slow", 7), ("+refusal", None)], "the others wait for the belts"
    faults.advance(1_999_999, 0)
    faults.advance(2_000_000, 1_000_000)
    assert device.did[2:] == [("-refusal", None)]
    faults.advance(3_000_000, 2_000_000)
    faults.order([FaultOrder.parse("reader.r:mend")])
    faults.advance(3_100_000, 2_100_000)
    faults.advance(9_000_000, 8_000_000)
    assert device.did[3:] == [("+silence", None), ("-None", None)], "what was mended is not mended again"
    assert said[-1] == "fault: reader.r:mend" and "fault over: reader.r:refusal+1s" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reader.r silence", "'reader.r silence' is no fault: write DEVICE:FAULT"),
        ("reader.q:silence", "no device 'reader.q', there are reader.r"),
        (
            "reader.r:fire",
            "no fault 'fire', allowed: silence, cut, refusal, garbage, slow, huge, clock-jump, flood, mend",
        ),
        ("reader.r:silence=3", "silence of 3, allowed: none"),
        ("reader.r:slow=0", "slow of 0, allowed: 1 to 1000000"),
        ("reader.r:mend+3s", "leave .LASTS out"),
    ],
)
def test_what_cannot_be_is_refused_whole(text: str, said: str) -> None:
    device = Device()
    faults = Faults({"reader.r": device.failing}, lambda text: None)
    with pytest.raises(FaultError, match=said):
        faults.order(map(FaultOrder.parse, ("reader.r:cut", text)))
    faults.advance(1, 1)
    assert device.did == []


def test_a_floor_fails_as_ordered_and_mends(project: Path, tmp_path: Path) -> None:
    config = on_free_ports(example(project, rate=6_000, seed=5, scan_ms=10), tmp_path)
    said: list[str] = []

    async def site() -> SimulatedFloor:
        orders = [FaultOrder.parse("reader.sorter:silence@5s+6s")]
        floor = SimulatedFloor(config, seconds=20, faults=orders, say=said.append)
        feed = Feed(floor, 100)
        await floor.start()
        controller = asyncio.create_task(Controller(config, feed, threaded=False).run())
        await floor.wait()
        await stop(controller)
        await floor.stop()
        return floor

    truth = run_virtual(site()).report()
    assert said == ["fault: reader.sorter:silence@5s+6s", "fault over: reader.sorter:silence@5s+6s"]
    changes = [value for record in journal(config) if isinstance(value := record.value, DeviceChanged)]
    ups = [(change.up, change.reason) for change in changes if change.device == "reader.sorter"]
    assert ups[0][0] and ups[-1][0] and any(not up and "no keepalive" in reason for up, reason in ups), ups
    assert truth["missorted"] == truth["false_accepts"] == 0


def test_faults_are_ordered_while_it_runs(tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    device = Device()
    path = tmp_path / "var" / "sim.sock"
    came: list[PutOrder] = []

    async def put(wish: PutOrder) -> list[str]:
        if wish.where != "tote1":
            raise FaultError(f"no line {wish.where}")
        came.append(wish)
        return [f"put {len(came)}", "as wished"]

    async def floor() -> list[int]:
        faults = Faults({"reader.r": device.failing}, lambda text: None)
        async with listen(path, faults, put):
            assert path.stat().st_mode & 0o777 == 0o600
            with pytest.raises(OSError, match="another simulated floor listens there"):
                async with listen(path, faults, put):
                    pass
            with pytest.raises(OSError, match=r"sim\.sock/x: File exists: give --control another path"):
                async with listen(path / "x", faults, put):
                    pass
            asked = [["reader.r:cut", "reader.r:slow=9@0"], ["reader.r:fire", "reader.r:garbage"], []]
            done = [await asyncio.to_thread(main, ["fault", str(path), *orders]) for orders in asked]
            done += [await asyncio.to_thread(main, ["put", str(path), line, "30", "31"]) for line in ("tote1", "tote9")]
            done.append(await asyncio.to_thread(main, ["put", str(path), "tote1", "32", "--back"]))
            faults.advance(1, 1)
        return done

    assert run(floor()) == [0, 1, 0, 0, 1, 0]
    assert came == [PutOrder(where="tote1", tags=("30", "31")), PutOrder(where="tote1", tags=("32",), back=True)]
    assert device.did == [("+cut", None), ("+garbage", None), ("+slow", 9)]
    out, err = capsys.readouterr()
    assert out.splitlines()[:3] == ["reader.r:cut: ok", "reader.r:slow=9@0: ok", "reader.r:garbage: ok"]
    assert re.fullmatch(r"reader.r: silence, cut, .*slow\[=1\.\.1000000\], .*, mend", out.splitlines()[3])
    assert out.splitlines()[4:] == ["put 1", "as wished", "put 2", "as wished"]
    assert "no fault 'fire'" in err and "lanewise put: no line tote9" in err
    assert main(["fault", str(path)]) == 2 and "lanewise sim --control" in capsys.readouterr().err
    with suppress(FileNotFoundError):
        path.unlink()


def test_whoever_talks_to_a_floor_that_ends_is_ended_too(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "sim.sock"

    async def nothing(_: PutOrder) -> list[str]:
        return []

    async def floor() -> list[bytes]:
        async with listen(path, Faults({}, lambda text: None), nothing):
            talks = [await asyncio.open_unix_connection(path) for _ in range(2)]
            talks[0][1].write(b"?\n")
            assert await talks[0][0].readline() == b"\n"
            with socket.socket(socket.AF_UNIX) as accepted:  # as it ends
                accepted.connect(str(path))
                talks.append(await asyncio.open_unix_connection(sock=accepted.dup()))
        left = [await reader.read() for reader, _ in talks]
        for _, writer in talks:
            writer.close()
        return left

    assert b"".join(run(floor())).strip() == b""
