"""The mailbox over OPC UA: our link against our server face and against node-opcua; who is let in, and who is not.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from journals import journal
from loops import LOOPS, Loop
from mailbox_hosts import PARCELS, route_all
from opcua_peer import NodeServer, Pki, node_opcua, secure_table, write_line
from pcap import write_pcap
from ports import free_port
from waiting import until

from edge.cli import main
from edge.config.load import ConfigError, load_line
from edge.controller.controller import Controller
from edge.core.events import Outcome, Sorted
from edge.devices.opcua_drivers import make_certificate
from edge.devices.plc_drivers import plc_link
from plc.conformance.check import RuleOutcome, check
from plc.driver import PlcError
from plc.opcua import Address, OpcUaLink
from plc.opcua_session import Mode, Policy, Security, UaSession, User
from plc.opcua_simulator import DOWN_NODE, UP_NODE, OpcUaFace
from plc.opcua_trust import TrustList
from plc.plc_side import PlcSide
from plc.simulator import SimulatedPlc
from plc.words import EventType, Opcode


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@asynccontextmanager
async def face(side: PlcSide, pki: Pki | None = None) -> AsyncIterator[OpcUaFace]:
    plc = SimulatedPlc("sorter1", side, lambda: time.monotonic_ns() // 1_000_000)
    if pki is None:
        served = OpcUaFace(plc)
    else:
        served = OpcUaFace(
            plc,
            own=pki.plc,
            trusted=pki.plcs_list,
            users={"lanewise": "a password"},
            certificates=[pki.host.certificate],
        )
    await served.start(port=free_port())
    try:
        yield served
    finally:
        await served.stop()


def link_to(url: str, security: Security | None, **settings: Any) -> OpcUaLink:
    return OpcUaLink("sorter1", Address(url, UP_NODE, DOWN_NODE), security, 60_000, **settings)


def with_parcels(count: int) -> PlcSide:
    side = PlcSide(7)
    for track in range(1, count + 1):
        side.emit(EventType.INDUCTED, track, 1)
    return side


@pytest.mark.parametrize("publish_ms", [10, 0], ids=["subscribed", "polled"])
def test_the_mailbox_goes_over_opc_ua(run: Any, publish_ms: int) -> None:
    async def talk() -> None:
        side = with_parcels(PARCELS)
        async with face(side) as served:
            link = link_to(served.url, None, publish_ms=publish_ms)
            assert await route_all(link, PARCELS, at_once=True) == list(range(1, PARCELS + 1))
            assert link.subscribed is bool(publish_ms)
            await link.close()

    run(talk())


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("login", ["password", "certificate"])
def test_secure_by_every_policy_and_login(run: Any, pki: Pki, policy: Policy, login: str) -> None:
    user = User("lanewise", "a password")
    if login == "certificate":
        user = User(own=pki.host)

    async def talk() -> None:
        async with face(with_parcels(5), pki) as served:
            link = link_to(served.url, pki.security(policy=policy, user=user))
            assert await route_all(link, 5, at_once=False) == [1, 2, 3, 4, 5]
            await link.close()

    run(talk())


def test_who_is_not_trusted_does_not_get_in_until_trusted(run: Any, pki: Pki) -> None:
    async def talk() -> None:
        async with face(with_parcels(1), pki) as served:

            async def trouble(security: Security | None) -> str:
                link = link_to(served.url, security)
                try:
                    await link.connect()
                    await link.write_down([0x4C57, 1, *[0] * 72])
                except PlcError as error:
                    return str(error)
                finally:
                    await link.close()
                return ""

            where = f"sorter1: {served.url}: "
            assert await trouble(pki.security(user=User("lanewise", "wrong"))) != ""
            assert await trouble(pki.security(user=User("nobody", ""))) != ""
            assert await trouble(pki.security(user=User())) != ""  # anonymous
            assert await trouble(None) != ""
            assert await trouble(pki.security(mode=Mode.SIGN)) != ""
            assert (await trouble(pki.security(trusted=pki.empty))).startswith(f"{where}its certificate ")
            stranger = pki.security(own=pki.stranger)
            assert (await trouble(stranger)).startswith(where)
            trusted = pki.plcs_list.folder / "stranger.der"
            shutil.copy(pki.stranger.certificate, trusted)
            assert await trouble(stranger) == ""
            trusted.unlink()
            assert await trouble(pki.security()) == ""

    run(talk())


def test_who_lets_in_and_says_nothing_is_waited_for_as_long_as_is_said(run: Any) -> None:
    """The library ends a request of its own before a session may have taken too long to be opened."""

    async def silent() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"opc.tcp://127.0.0.1:{listener.getsockname()[1]}"
            with pytest.raises(PlcError, match=r"session: no answer within 100 ms$"):
                await UaSession("plc", url, None, 100).open()

    run(silent())


def test_an_address_that_is_none_is_said(pki: Pki) -> None:
    with pytest.raises(ValueError, match="'http://h' is no address"):
        link_to("http://h", pki.security())


# ---- a server that is not ours ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def modules(peer: Callable[[str], str], project: Path) -> Path:
    peer("node")
    return node_opcua(project)


@pytest.mark.parametrize("publish_ms", [50, 10, 0], ids=["subscribed", "too rare", "polled"])
def test_the_mailbox_of_node_opcua(run: Any, pki: Pki, modules: Path, publish_ms: int, tmp_path: Path) -> None:
    with NodeServer(modules, tmp_path, trusted=[pki.host.certificate], parcels=PARCELS) as server:
        theirs = TrustList(tmp_path / "trusted")
        theirs.folder.mkdir()
        shutil.copy(server.certificate, theirs.folder / "server.pem")

        async def talk() -> None:
            link = OpcUaLink(
                "sorter1",
                Address(server.url, "ns=1;s=Up", "ns=1;s=Down"),
                pki.security(trusted=theirs),
                60_000,
                publish_ms,
            )
            assert await route_all(link, PARCELS, at_once=False) == list(range(1, PARCELS + 1))
            assert link.subscribed is (publish_ms >= 50)  # the shortest interval it has
            await link.close()

        run(talk())


def test_node_opcua_keeps_every_rule(run: Any, pki: Pki, modules: Path, tmp_path: Path) -> None:
    with NodeServer(modules, tmp_path, trusted=[pki.host.certificate], parcels=0) as server:
        theirs = TrustList(tmp_path / "trusted")
        theirs.folder.mkdir()
        shutil.copy(server.certificate, theirs.folder / "server.pem")
        address = Address(server.url, "ns=1;s=Up", "ns=1;s=Down")
        report = run(check(OpcUaLink("sorter1", address, pki.security(trusted=theirs), 60_000), (1, 2)))
    assert [f"{verdict.rule}: {verdict.detail}" for verdict in report.failed] == []
    assert report.count(RuleOutcome.PASS) == 28


def test_tshark_finds_nothing_malformed(run: Any, peer: Callable[[str], str], tmp_path: Path) -> None:
    program = peer("tshark")
    conversation: list[tuple[bool, bytes]] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, from_client: bool) -> None:
        while octets := await reader.read(65_536):
            conversation.append((from_client, octets))
            writer.write(octets)
        writer.close()

    async def talk() -> None:
        served: set[asyncio.Task[Any]] = set()
        async with face(with_parcels(5)) as plc:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                served.add(task)
                back, there = await asyncio.open_connection("127.0.0.1", int(plc.url.rpartition(":")[2]))
                await asyncio.gather(relay(reader, there, True), relay(back, writer, False))

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            link = link_to(f"opc.tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", None)
            assert await route_all(link, 5, at_once=False) == [1, 2, 3, 4, 5]
            await link.close()
            server.close()
            await asyncio.gather(*served)

    run(talk())
    capture = tmp_path / "opcua.pcap"
    write_pcap(capture, conversation, 4840)
    fields = ["-T", "fields", "-e", "_ws.malformed", "-e", "opcua.transport.type", "-e", "opcua.servicenodeid.numeric"]
    command = [program, "-r", str(capture), "-d", "tcp.port==4840,opcua", "-Y", "opcua || _ws.malformed", *fields]
    dissected = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [row.split("\t") for row in dissected.stdout.splitlines()]
    services = {number for row in rows for number in row[2].split(",")}
    assert {row[0] for row in rows} == {""} and {"HEL", "ACK", "OPN", "MSG"} <= {
        t for row in rows for t in row[1].split(",")
    }
    assert {"673", "676", "631", "634"} <= services  # WriteRequest, WriteResponse, ReadRequest, ReadResponse


def test_node_opcua_refuses_strangers_and_wrong_passwords(run: Any, pki: Pki, modules: Path, tmp_path: Path) -> None:
    with NodeServer(modules, tmp_path, trusted=[pki.host.certificate], parcels=1) as server:
        theirs = TrustList(tmp_path / "trusted")
        theirs.folder.mkdir()
        shutil.copy(server.certificate, theirs.folder / "server.pem")

        async def trouble(security: Security) -> str:
            link = OpcUaLink("sorter1", Address(server.url, "ns=1;s=Up", "ns=1;s=Down"), security, 60_000)
            try:
                await link.connect()
            except PlcError as error:
                return str(error)
            finally:
                await link.close()
            return ""

        async def talk() -> None:
            assert await trouble(pki.security(trusted=theirs)) == ""
            assert await trouble(pki.security(trusted=theirs, user=User("lanewise", "wrong"))) != ""
            assert await trouble(pki.security(trusted=theirs, user=User())) != ""
            assert await trouble(pki.security(trusted=theirs, own=pki.stranger)) != ""
            assert "not in the trust list" in await trouble(pki.security(trusted=pki.empty))

        run(talk())


def test_a_server_with_one_place_is_taken_up_again_after_a_cut(
    run: Any, pki: Pki, modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session that was cut keeps the place for as long as it was asked for."""
    monkeypatch.setattr("plc.opcua_session.SESSION_MS", 1_000)
    with NodeServer(modules, tmp_path, trusted=[pki.host.certificate], places=1) as server:
        trusted = TrustList(tmp_path / "trusted")
        trusted.folder.mkdir()
        shutil.copy(server.certificate, trusted.folder / "server.pem")
        address = Address(server.url, "ns=1;s=Up", "ns=1;s=Down")
        link = OpcUaLink("sorter1", address, pki.security(trusted=trusted), 60_000)

        async def is_there() -> bool:
            try:
                await link.connect()
                return len(await link.read_down()) == 74
            except PlcError:
                return False

        async def talk() -> None:
            for _ in range(3):
                await until(is_there)
                await asyncio.to_thread(server.order, "drop")
            await link.close()

        run(talk())


# ---- configuration and certificates ----------------------------------------------------------------------------------


@LOOPS
def test_from_nothing_to_a_routed_parcel_by_the_command_line(
    run: Any,
    pki: Pki,
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    loop: Loop,
) -> None:
    (tmp_path / "password").write_text("a password\n")
    path = write_line(project, tmp_path, secure_table("opc.tcp://127.0.0.1:4840", pki.hosts_list.folder))
    command = ["plc", "cert", str(path), "--plc", "sorter"]
    assert main([*command, "--show"]) == 1
    assert "make one with `lanewise plc cert`" in capsys.readouterr().out
    assert main([*command, "--days", "40"]) == 0
    assert main([*command, "--show"]) == 0
    assert main(command) == 2
    assert "own.pem: is there already: move it away first" in capsys.readouterr().err
    assert (tmp_path / "pki" / "own.pem").stat().st_mode & 0o777 == 0o600
    ours = pki.plcs_list.folder / "ours.der"
    shutil.copy(tmp_path / "pki" / "own.der", ours)

    async def route() -> None:
        async with face(with_parcels(3), pki) as served:
            config = load_line(write_line(project, tmp_path, secure_table(served.url, pki.hosts_list.folder)))
            link = plc_link("sorter", config.plc["sorter"])
            assert await route_all(link, 3, at_once=False) == [1, 2, 3]
            await link.close()

    run(route(), loop=loop)
    ours.unlink()


def test_the_controller_routes_over_node_opcua_where_confirmations_are_lost(
    run: Any, pki: Pki, modules: Path, project: Path, tmp_path: Path
) -> None:
    """Of 8 parcels to the quality lane, since nothing was read, every other is confirmed; the rest is not made up."""
    (tmp_path / "password").write_text("a password\n")
    with NodeServer(modules, tmp_path, trusted=[pki.host.certificate], parcels=0) as server:
        theirs = TrustList(tmp_path / "theirs")
        theirs.folder.mkdir()
        shutil.copy(server.certificate, theirs.folder / "server.pem")
        table = secure_table(server.url, theirs.folder) + 'up = "ns=1;s=Up"\ndown = "ns=1;s=Down"\n'
        table = table.replace("pki/own.der", str(pki.host.certificate)).replace("pki/own.pem", str(pki.host.key))
        whole = load_line(write_line(project, tmp_path, table))
        alone = {name: {"sorter": getattr(whole, name)["sorter"]} for name in ("plc", "reader", "line")}
        # Four seconds to the decision point, and 3.5 of them for a busy machine to bring the route there.
        slow = {"speed_mm_s": 500, "margin_ms": 3_500}
        alone["line"] = {"sorter": alone["line"]["sorter"].model_copy(update=slow)}
        config = whole.model_copy(update={**alone, "journal": tmp_path / "journal.sqlite"})

        def status() -> dict[str, Any]:
            server.order("status")
            return json.loads(server.heard[-1].removeprefix("status "))  # type: ignore[no-any-return]

        def settled(events: int) -> bool:
            now = status()
            return len(now["acted"]) == 8 and now["acked"] == events

        async def talk() -> None:
            controller = asyncio.create_task(Controller(config, threaded=False).run())
            await until(lambda: status()["epoch"] > 0)
            server.order("induct 8")
            await until(lambda: settled(8))
            for track in range(2, 9, 2):
                server.order(f"event {int(EventType.DIVERTED)} {track} 9 0")
            await until(lambda: settled(12))
            controller.cancel()
            await asyncio.wait([controller])

        run(talk(), loop=uvloop.new_event_loop)
        acted = status()["acted"]
    assert [tuple(rest) for _, *rest in acted] == [(Opcode.ROUTE, track, 9) for track in range(1, 9)]
    values = [record.value for record in journal(config)]
    ended = [value for value in values if isinstance(value, Sorted)]
    assert [(one.track_id, one.outcome, one.lane) for one in ended] == [
        (track, Outcome.CONFIRMED, 9) for track in range(2, 9, 2)
    ]


def test_the_end_of_a_certificate_is_said_before(
    project: Path, tmp_path: Path, pki: Pki, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text("a password\n")
    plc = load_line(write_line(project, tmp_path, secure_table("opc.tcp://h", pki.hosts_list.folder))).plc["sorter"]
    make_certificate(plc.opcua, 100)
    assert main(["check", str(tmp_path / "LINE.toml")]) == 0
    assert "warning" not in capsys.readouterr().out
    (tmp_path / "pki" / "own.der").unlink()
    assert main(["check", str(tmp_path / "LINE.toml")]) == 1
    assert "own.der: No such file or directory: `lanewise plc cert`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ('driver = "opcua"', "plc.sorter.opcua.url: missing: where the OPC UA server is"),
        ('driver = "opcua"\n[plc.sorter.opcua]\nurl = "opc.tcp://h"', "plc.sorter.opcua.trusted: missing: only policy"),
        ('driver = "opcua"\nhost = "h"', "plc.sorter.host: only with driver 'modbus', this one has 'opcua'"),
        ('driver = "opcua"\n[plc.sorter.opcua]\nurl = "http://h"', "plc.sorter.opcua.url"),
        (
            'driver = "opcua"\n[plc.sorter.opcua]\nurl = "opc.tcp://h"\npolicy = "None"\nuser = "x"',
            "plc.sorter.opcua.user: the password would go in the clear: only with a policy other than 'None'",
        ),
        ('driver = "opcua"\n[plc.sorter.opcua]\npolicy = "Basic256"', "plc.sorter.opcua.policy: 'Basic256'"),
        ('host = "h"\n[plc.sorter.opcua]\nurl = "opc.tcp://h"', "plc.sorter.opcua: only with driver 'opcua'"),
    ],
)
def test_what_does_not_belong_together_is_said(project: Path, tmp_path: Path, table: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_line(write_line(project, tmp_path, table))
    assert any(text in problem for problem in caught.value.problems), caught.value.problems
