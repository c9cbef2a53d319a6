"""AutoID readers and PackML machines: the codec by law, our clients against node-opcua with the published types.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opcua_peer import NodeServer, Pki, node_opcua
from waiting import until

from edge.cli import main
from edge.config.load import load_line
from edge.config.opcua import PackmlConfig, UaClientConfig
from edge.config.readers import AutoIdConfig
from edge.controller.controller import Controller
from edge.core.events import DeviceChanged, MachineReported
from edge.devices.opcua_drivers import autoid_reader
from edge.devices.packml import PackmlSession
from edge.journal.reader import JournalReader
from plc.driver import PlcError
from rfid.autoid_codec import (
    AutoIdError,
    ScanResult,
    ScanSettings,
    Sighting,
    decode_scan_result,
    decode_scan_settings,
    encode_scan_result,
    encode_scan_settings,
)
from rfid.driver import (
    UNMEASURED_DBM,
    ReaderClock,
    ReaderError,
    ReaderEvent,
    ReaderNotice,
    ReaderReady,
    Reads,
    TagRead,
)

I32 = st.integers(-(2**31), 2**31 - 1)
TIMES = st.integers(-(10**15), 4 * 10**15)
RESULTS = st.one_of(
    st.builds(
        ScanResult,
        st.text(max_size=9),
        st.binary(max_size=70) | st.text(max_size=20),
        TIMES,
        st.lists(st.builds(Sighting, I32, I32, TIMES, I32), max_size=4).map(tuple),
    ),
    st.builds(ScanResult, st.just("EPC"), st.binary(max_size=62), TIMES, st.just(()), st.integers(0, 65_535)),
)


@given(RESULTS, st.builds(ScanSettings, st.floats(0, 1e9), I32, st.booleans()))
def test_what_is_encoded_is_decoded_again(result: ScanResult, settings: ScanSettings) -> None:
    assert decode_scan_result(encode_scan_result(result)) == result
    assert decode_scan_settings(encode_scan_settings(settings)) == settings


@given(st.binary(max_size=90), RESULTS, st.integers(0, 200))
def test_anything_else_is_refused(octets: bytes, result: ScanResult, cut: int) -> None:
    whole = encode_scan_result(result)
    for wrong in (octets, whole[:cut], whole + octets):
        try:
            decode_scan_result(wrong)
        except AutoIdError as error:
            assert str(error).startswith("octet ")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def server(pki: Pki, project: Path, shared: Path, peer: Callable[[str], str], tmp_path_factory: Any) -> Any:
    peer("node")
    folder = tmp_path_factory.mktemp("autoid")
    with NodeServer(
        node_opcua(project), folder, [pki.host.certificate], readers="gate1,gate2", nodesets=str(shared / "opcua")
    ) as running:
        shutil.copy(running.certificate, pki.hosts_list.folder / "node.pem")
        (folder / "password").write_text("a password\n")
        running.password = folder / "password"
        yield running


def config(server: Any, pki: Pki, **changes: Any) -> AutoIdConfig:
    opcua = UaClientConfig(
        **{
            "url": server.url,
            "certificate": pki.host.certificate,
            "key": pki.host.key,
            "trusted": pki.hosts_list.folder,
            "user": "lanewise",
            "password_file": server.password,
            **changes.pop("opcua", {}),
        }
    )
    settings = {"driver": "autoid", "device": "gate1", "antennas": (1, 2), "timeout_ms": 10_000, **changes}
    return AutoIdConfig(opcua=opcua, **settings)


def test_scans_of_a_foreign_autoid_server_become_reads(run: Any, pki: Pki, server: Any) -> None:
    told: list[ReaderEvent] = []

    async def talk() -> None:
        task = asyncio.create_task(autoid_reader("dock1", config(server, pki, keepalive_ms=100)).run(told.append))
        await until(lambda: bool(told) or task.done())
        say = asyncio.get_running_loop().run_in_executor
        for order in (
            "scan gate1 epc 3034257BF400B78000001234 1,-50,1700000000000 2,-61,1700000000250 7,-40,1700000000300",
            "scan gate2 epc 30340000000000000000FFFF 1,-50,1700000000000",  # another reader of the same server
            "scan gate1 bytes e2801160 2,-70,1700000001000",
            "scan gate1 text 0x3034f0 1,-55,1700000002000",
            "scan gate1 text no-epc 1,-55,1700000002000",
            "scan gate1 epc 3034257BF400B78000001235",
            "status gate1 1",
        ):
            await say(None, server.order, order)
        await until(lambda: len(told) == 7 or task.done())
        task.cancel()
        await asyncio.wait([task])

    run(talk())
    ready, *reads = told
    assert isinstance(ready, ReaderReady) and ready.about.startswith("AutoID device gate1, scanning, antennas 1, 2")
    assert [one.reads for one in reads if isinstance(one, Reads)] == [
        (
            TagRead("3034257BF400B78000001234", 1, -50.0, 1_700_000_000_000_000, 1),
            TagRead("3034257BF400B78000001234", 2, -61.0, 1_700_000_000_250_000, 1),
        ),
        (TagRead("E2801160", 2, -70.0, 1_700_000_001_000_000, 1),),
        (TagRead("3034F0", 1, -55.0, 1_700_000_002_000_000, 1),),
        (TagRead("3034257BF400B78000001235", 1, UNMEASURED_DBM, 1_000_000, 1),),
    ]
    assert {one.clock for one in reads if isinstance(one, Reads)} == {ReaderClock.UTC}
    # A status and an event come by subscriptions of their own, in any order.
    no_epc, in_error = sorted(
        (one.text for one in reads if isinstance(one, ReaderNotice)), key=lambda text: "error" in text
    )
    assert "EPC 'no-epc' is no EPC in hexadecimal" in no_epc and in_error == "the device says that it is in error"
    assert "started gate1 0 0" in server.heard and server.said("stopped ") == "gate1"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"device": "gate3"}, "no RFID reader 'gate3': it has gate1, gate2"),
        ({"device": ""}, "say which RFID reader with `device`: it has gate1, gate2"),
        ({"opcua": {"url": "opc.tcp://127.0.0.1:1"}}, "session: connection refused"),
    ],
)
def test_what_cannot_be_used_is_said(run: Any, pki: Pki, server: Any, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ReaderError, match=f"^dock1: .*{text}"):
        run(autoid_reader("dock1", config(server, pki, **changes)).run(lambda _: None))


def test_strangers_and_wrong_passwords_are_refused(run: Any, pki: Pki, server: Any, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong\n")
    for opcua in (
        {"password_file": tmp_path / "password"},
        {"user": "", "password_file": None},
        {"certificate": pki.stranger.certificate, "key": pki.stranger.key},
        {"trusted": pki.empty.folder},
    ):
        with pytest.raises(ReaderError, match=r"^dock1: opc.tcp://127.0.0.1"):
            run(autoid_reader("dock1", config(server, pki, opcua=opcua)).run(lambda _: None))


# ---- PackML ----------------------------------------------------------------------------------------------------------


def machine(server: Any, pki: Pki, told: list[MachineReported], **changes: Any) -> PackmlSession:
    settings: dict[str, Any] = {
        "url": server.url,
        "node": "ns=1;s=labeler",
        "every_ms": 50,
        "timeout_ms": 10_000,
        "certificate": pki.host.certificate,
        "key": pki.host.key,
        "trusted": pki.hosts_list.folder,
        "user": "lanewise",
        "password_file": server.password,
    }
    clock = iter(range(0, 10**12, 5_000_000))  # 5 s between two looks
    return PackmlSession("labeler", PackmlConfig(**(settings | changes)), lambda: next(clock), told.append)


def test_states_and_counts_of_a_foreign_machine(run: Any, pki: Pki, server: Any) -> None:
    async def talk() -> list[MachineReported]:
        told: list[MachineReported] = []
        ready: list[bool] = []
        session = machine(server, pki, told)
        task = asyncio.create_task(session.run(lambda: ready.append(True)))
        await until(lambda: bool(told) or task.done())
        say = asyncio.get_running_loop().run_in_executor
        for orders in (
            ["mode 2"],
            ["state Cleared Running Held"],
            ["state Cleared Stopped -"],
            ["state Aborted - -"],
            ["state Cleared Running Complete"],
            ["speed 42.5", "counts 700 3"],
        ):
            count = len(told)
            for order in orders:
                await say(None, server.order, order)
            await until(lambda count=count: len(told) > count or task.done())  # type: ignore[misc]
        await until(lambda: told[-1].defective == 4 or task.done())
        now = session.now
        assert now is not None and (now.state, now.mode, now.defective, now.speed) == (17, 2, 4, 42.5)
        task.cancel()
        await asyncio.wait([task])
        assert ready == [True] and session.now is None
        return told

    told = run(talk())
    assert [one.state for one in told[:6]] == [6, 6, 11, 2, 9, 17]
    assert [one.mode for one in told[:3]] == [0, 2, 2] and told[0].processed == -1
    last = told[-1]
    assert (last.state, last.mode, last.processed, last.defective, last.speed) == (17, 2, 701, 4, 42.5)
    assert len({(one.state, one.mode, one.processed, one.defective, one.speed) for one in told}) == len(told)


@pytest.mark.parametrize("wrong", ["node", "stranger"])
def test_a_machine_that_cannot_be_read_is_said(run: Any, pki: Pki, server: Any, wrong: str) -> None:
    changes, text = {
        "node": ({"node": "i=2253"}, "i=2253: has no BaseStateMachine/CurrentState: no PackML object"),
        "stranger": ({"certificate": pki.stranger.certificate, "key": pki.stranger.key}, "session: "),
    }[wrong]
    with pytest.raises(PlcError, match=f"^labeler: opc.tcp://.*{text}"):
        run(machine(server, pki, [], **changes).run(lambda: None))


def test_the_controller_reads_both_as_the_example_says(
    run: Any, pki: Pki, server: Any, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project / "examples" / "opcua" / "LINE.toml").read_text()
    text = text.replace("opc.tcp://192.168.20.101:4840", "opc.tcp://127.0.0.1:1", 1)  # no PLC: only its PackML object
    text = text.replace('device = "gate1"', 'device = "gate1"\ntimeout_ms = 10000')
    text = text.replace('node = "ns=4;s=GVL.Machine"', 'node = "ns=1;s=labeler"\ntimeout_ms = 10000')
    for old, new in (
        ("opc.tcp://192.168.20.31:4840", server.url),
        ("opc.tcp://192.168.20.101:4840", server.url),
        ("pki/trusted", str(pki.hosts_list.folder)),
        ("pki/gate.password", str(server.password)),
        ("pki/sorter.password", str(server.password)),
    ):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "LINE.toml"
    path.write_text(text)
    assert main(["plc", "cert", str(path), "--reader", "gate", "--days", "40"]) == 0
    assert main(["plc", "cert", str(path), "--reader", "gate", "--show"]) == 0
    assert main(["plc", "cert", str(path), "--reader", "dock9"]) == 2
    said = capsys.readouterr()
    assert "own.der is valid for 30 days or more" in said.out and "readers with driver 'autoid': gate" in said.err
    path.write_text(text.replace("pki/own.der", str(pki.host.certificate)).replace("pki/own.pem", str(pki.host.key)))
    config = load_line(path)

    def told() -> list[Any]:
        if not config.journal.exists():
            return []
        reader = JournalReader(config.journal)
        try:
            return [record.value for record in reader.every()]
        finally:
            reader.close()

    def up() -> set[str]:
        return {value.device for value in told() if isinstance(value, DeviceChanged) and value.up}

    def down() -> dict[str, str]:
        return {value.device: value.reason for value in told() if isinstance(value, DeviceChanged) and not value.up}

    async def control() -> None:
        task = asyncio.create_task(Controller(config, threaded=False).run())
        for device in ("reader.gate", "packml.sorter"):
            await until(lambda device=device: device in up() or task.done())  # type: ignore[misc]
        await until(lambda: any(isinstance(value, MachineReported) for value in told()) or task.done())
        await until(lambda: "plc.sorter" in down() or task.done())
        task.cancel()
        await asyncio.wait([task])

    run(control())
    assert down()["plc.sorter"] == "sorter: opc.tcp://127.0.0.1:1: session: connection refused"
