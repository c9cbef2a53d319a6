"""The mailbox on every Modbus transport: TLS, RTU and function 23, against libmodbus and the simulated PLC.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from libmodbus_peer import LibmodbusPlc
from loops import LOOPS, Loop
from mailbox_hosts import PARCELS, read_in_the_end, route_all
from programs import Programs
from serial_pair import serial_pair

from edge.config.load import ConfigError, load_line
from edge.config.plcs import PlcConfig, Transport
from edge.devices.plc_drivers import modbus_wire
from plc.driver import PlcError
from plc.modbus import ModbusLink
from plc.plc_side import PlcSide
from plc.simulator import SimulatedPlc
from plc.wires import Parity, Serial, Tcp, Wire
from plc.words import EventType


@pytest.fixture(scope="session")
def program(programs: Programs) -> Path:
    """The PLC on libmodbus."""
    return programs.built("libmodbus_plc.c")


@pytest.fixture
def plc(program: Path) -> Iterator[LibmodbusPlc]:
    with LibmodbusPlc(program) as running:
        yield running


@LOOPS
@pytest.mark.parametrize("served", [True, False])
def test_function_23_is_used_where_served_and_asked_for_once(
    plc: LibmodbusPlc, run: Any, loop: Loop, served: bool
) -> None:
    async def main() -> None:
        plc.order(f"fc23 {int(served)}")
        plc.order(f"induct {PARCELS}")
        link = ModbusLink("sorter1", Tcp("127.0.0.1", plc.port), timeout_ms=60_000)
        assert link.reads_and_writes_at_once
        assert await route_all(link, PARCELS, at_once=True) == list(range(1, PARCELS + 1))
        assert link.reads_and_writes_at_once is served
        plc.order("fc23 0")
        await link.connect()
        down = list(await link.read_down())
        for _ in range(2):  # taken away later: no fault either
            assert len(await link.exchange(down)) == 104
            assert not link.reads_and_writes_at_once
        await link.close()

    run(main(), loop=loop)


def test_a_stalled_function_23_is_as_harmless_as_any_write(plc: LibmodbusPlc, run: Any) -> None:
    async def main() -> None:
        hasty, link = (ModbusLink("sorter1", Tcp("127.0.0.1", plc.port), timeout_ms=ms) for ms in (40, 60_000))
        await read_in_the_end(hasty)
        plc.order("stall 1")
        with pytest.raises(PlcError, match="no answer within "):
            await hasty.exchange([0x4C57, 2, 1, 7, *[0] * 70])
        assert plc.status()["epoch"] == 0
        plc.order("late")
        assert plc.status()["epoch"] == 7
        plc.order(f"induct {PARCELS}")
        assert await route_all(link, PARCELS, at_once=True) == list(range(1, PARCELS + 1))
        await link.close()

    run(main())


# ---- TLS -------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def within_tls(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """A port whose connections are those to ``port`` within TLS, a record for every few octets on the way back."""
    served: set[asyncio.Task[Any]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, portion: int) -> None:
        while octets := await reader.read(portion):
            writer.write(octets)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        back, there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, there, 4096), carry(back, writer, 50), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*served)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server_side(authority: Authority) -> ssl.SSLContext:
    """A PLC that wants a client's certificate, as MODBUS/TCP Security does."""
    mine = authority.sign("plc")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(mine.certificate, mine.key)
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def tls(port: int, ca: Path, certificate: Path | None = None, key: Path | None = None, server_name: str = "") -> Wire:
    """The way to a PLC as LINE.toml says it."""
    files = {"ca": ca, "certificate": certificate, "key": key, "server_name": server_name}
    return modbus_wire("sorter1", PlcConfig(transport=Transport.TLS, host="127.0.0.1", port=port, **files))


@LOOPS
def test_tls_carries_the_mailbox_of_a_foreign_plc(
    plc: LibmodbusPlc, run: Any, loop: Loop, authority: Authority, server_side: ssl.SSLContext
) -> None:
    host = authority.sign("host")

    async def main() -> None:
        plc.order(f"induct {PARCELS}")
        async with within_tls(plc.port, server_side) as port:
            wire = tls(port, authority.certificate, host.certificate, host.key)
            link = ModbusLink("sorter1", wire, timeout_ms=60_000)
            assert await route_all(link, PARCELS, at_once=False) == list(range(1, PARCELS + 1))
            await link.close()

    run(main(), loop=loop)


def test_the_simulated_plc_speaks_tls(run: Any, authority: Authority, server_side: ssl.SSLContext) -> None:
    host = authority.sign("host")

    async def main() -> None:
        side = PlcSide()
        for track in range(1, PARCELS + 1):
            side.emit(EventType.INDUCTED, track, 1)
        simulated = SimulatedPlc("sorter1", side, lambda: time.monotonic_ns() // 1_000_000, scan_ms=1)
        await simulated.start(tls=server_side)
        wire = tls(simulated.port, authority.certificate, host.certificate, host.key)
        link = ModbusLink("sorter1", wire, timeout_ms=60_000)
        assert await route_all(link, PARCELS, at_once=True) == list(range(1, PARCELS + 1))
        await link.close()
        await simulated.stop()

    run(main())


def test_who_is_not_trusted_is_said(
    plc: LibmodbusPlc, run: Any, tmp_path: Path, authority: Authority, server_side: ssl.SSLContext
) -> None:
    host, stranger = authority.sign("host"), Authority(tmp_path, "stranger")
    ours, theirs = (host.certificate, host.key), stranger.sign("unknown")
    password = tmp_path / "password.pem"
    password.write_text("no certificate at all")

    async def main() -> None:
        async with within_tls(plc.port, server_side) as port:

            async def trouble(*files: Any, server_name: str = "", to: int = port) -> str:
                wire = tls(to, *files, server_name=server_name)
                link = ModbusLink("sorter1", wire, timeout_ms=60_000)
                try:
                    await link.connect()
                    await link.read_up()  # with TLS 1.3 a server refuses a client only after the handshake
                except PlcError as error:
                    return str(error)
                finally:
                    await link.close()
                return "trusted"

            where = f"sorter1: 127.0.0.1:{port}: "
            assert (await trouble(stranger.certificate, *ours)).startswith(f"{where}its certificate is not trusted: ")
            assert "not valid for 'sorter9'" in await trouble(authority.certificate, *ours, server_name="sorter9")
            assert (await trouble(authority.certificate)).startswith(where)  # we show none
            assert (await trouble(authority.certificate, theirs.certificate, theirs.key)).startswith(where)
            assert "no TLS" in await trouble(authority.certificate, *ours, to=plc.port)
            assert "not PEM, or not a pair" in await trouble(authority.certificate, host.certificate, theirs.key)
            assert "not PEM" in await trouble(password)
            assert "no such file" in await trouble(tmp_path / "nothing.pem")

    run(main())


# ---- RTU -------------------------------------------------------------------------------------------------------------


@LOOPS
@pytest.mark.parametrize("at_once", [True, False])
def test_rtu_carries_the_mailbox_of_a_foreign_plc(program: Path, run: Any, loop: Loop, at_once: bool) -> None:
    async def main(device: str, plc: LibmodbusPlc) -> None:
        plc.order(f"induct {PARCELS}")
        link = ModbusLink("sorter1", Serial(device, parity=Parity.NONE), timeout_ms=60_000)
        assert await route_all(link, PARCELS, at_once=at_once) == list(range(1, PARCELS + 1))
        await link.close()

    with serial_pair() as (here, there), LibmodbusPlc(program, serial=there) as plc:
        run(main(here, plc), loop=loop)


def test_the_simulated_plc_speaks_rtu(run: Any) -> None:
    async def main(here: str, there: str) -> None:
        side = PlcSide()
        for track in range(1, PARCELS + 1):
            side.emit(EventType.INDUCTED, track, 1)
        simulated = SimulatedPlc("sorter1", side, lambda: time.monotonic_ns() // 1_000_000, scan_ms=1)
        await simulated.start_serial(Serial(there, parity=Parity.NONE))
        link = ModbusLink("sorter1", Serial(here, parity=Parity.NONE), timeout_ms=60_000)
        assert await route_all(link, PARCELS, at_once=True) == list(range(1, PARCELS + 1))
        await link.close()
        await simulated.stop()

    with serial_pair() as (here, there):
        run(main(here, there))


def test_after_a_fault_the_line_is_left_in_peace_before_the_next_request(program: Path, run: Any) -> None:
    async def main(device: str, plc: LibmodbusPlc) -> None:
        loop = asyncio.get_running_loop()
        link = ModbusLink("sorter1", Serial(device, parity=Parity.NONE), timeout_ms=40)
        assert (await read_in_the_end(link))[20] == 1
        plc.order("mute 1")
        asked_s = loop.time()
        with pytest.raises(PlcError, match=f"sorter1: {device}: holding registers 0-103: no answer within "):
            await link.read_up()
        plc.order("mute 0")
        await link.connect()
        assert loop.time() - asked_s > 2 * 0.039  # an answer that comes late now reaches no one
        assert (await read_in_the_end(link))[20] == 1
        await link.close()

    with serial_pair() as (here, there), LibmodbusPlc(program, serial=there) as plc:
        run(main(here, plc))


@pytest.mark.parametrize(
    ("device", "text"), [("/dev/no-such-line", "no such file or directory"), ("/dev/null", "inappropriate ioctl")]
)
def test_a_line_that_cannot_be_used_is_said(run: Any, device: str, text: str) -> None:
    async def main() -> None:
        with pytest.raises(PlcError, match=f"(?i)^sorter1: {device}: .*{text}"):
            await ModbusLink("sorter1", Serial(device)).connect()

    run(main())


# ---- configuration ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("", "plc.sorter.host: missing: a PLC with transport 'tcp' needs it"),
        ('host = "h"\ntransport = "rtu"', "plc.sorter.host: only with transport 'tcp' or 'tls', this one has 'rtu'"),
        ('transport = "rtu"', "plc.sorter.device: missing: a PLC with transport 'rtu' needs it"),
        ('transport = "rtu"\ndevice = "/dev/x"\ndevice_id = 0', "with transport 'rtu' allowed are 1 to 247"),
        ('host = "h"\nca = "x.pem"', "plc.sorter.ca: only with transport 'tls', this one has 'tcp'"),
        ('host = "h"\ntransport = "tls"\nca = "x.pem"', "x.pem': no such file"),
        ('host = "h"\ntransport = "tls"\ncertificate = "x.pem"', "plc.sorter.key: missing"),
        ('host = "h"\ndown = 100', "plc.sorter.down: 100: overlaps UP, registers 0 to 101"),
        ('host = "h"\ntransport = "udp"', "plc.sorter.transport: 'udp'"),
    ],
)
def test_what_does_not_belong_together_is_said(project: Path, tmp_path: Path, table: str, text: str) -> None:
    source = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    changed = source.replace('[plc.sorter]\nhost = "127.0.0.1"\nport = 15023\n', f"[plc.sorter]\n{table}\n")
    assert changed != source
    (tmp_path / "LINE.toml").write_text(changed)
    with pytest.raises(ConfigError) as caught:
        load_line(tmp_path / "LINE.toml")
    assert any(text in problem for problem in caught.value.problems), caught.value.problems
