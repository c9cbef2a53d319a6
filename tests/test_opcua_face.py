"""The OPC UA face: read by node-opcua and by our own AutoID client; who is let in, and that nobody writes.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from opcua_peer import NodePeer, newest_nodesets, node_opcua
from ports import free_port
from waiting import until, wait_until

from edge.cli import main
from edge.config.load import ConfigError, load_line
from edge.config.opcua import UaClientConfig
from edge.config.readers import AutoIdConfig
from edge.core.events import (
    Claim,
    DeviceChanged,
    MachineReported,
    Outcome,
    PassageSeen,
    PlcEvent,
    Sorted,
    Stage,
    TagEvidence,
)
from edge.devices.opcua_drivers import autoid_reader
from edge.journal.record import Value
from edge.journal.writer import Journal
from plc.words import EventType
from rfid.driver import ReaderReady, Reads, TagRead

EPC = "3034257BF400B78000001234"
AT_US = 1_700_000_000_000_000


def passage(number: int, *epcs: str, stage: Stage = Stage.FINAL) -> PassageSeen:
    return PassageSeen(
        at_us=AT_US,
        line="sorter",
        passage=number,
        track_id=41,
        stage=stage,
        start_us=AT_US - 300_000,
        stop_us=AT_US,
        offset_us=0,
        claims=tuple(Claim(epc, 1.0, 0.1, 1.1) for epc in epcs),
        tags=tuple(
            TagEvidence(
                epc=epc, antenna=antenna, count=4, first_us=AT_US - 200_000 + antenna, last_us=AT_US, weight=4e-5
            )
            for epc in epcs
            for antenna in (1, 2)
        ),
    )


def state(value: int) -> PlcEvent:
    return PlcEvent(
        at_us=AT_US,
        device_us=AT_US,
        plc="sorter",
        session=1,
        seq=1,
        type=int(EventType.STATE),
        track_id=0,
        station=0,
        cause=0,
        value=value,
        plc_ms=0,
    )


def write_line(project: Path, folder: Path, table: str) -> Path:
    path = folder / "LINE.toml"
    source = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    path.write_text(f"{source}\n[opcua_server]\n{table}\n")
    return path


class Site:
    """A journal that is written to, and the face of it as a process."""

    def __init__(self, project: Path, folder: Path, nodesets: Path) -> None:
        self.folder = folder
        self.url = f"opc.tcp://127.0.0.1:{(port := free_port())}"
        table = f'''listen = "127.0.0.1:{port}"
nodesets = "{nodesets}"
certificate = "pki/own.der"
key = "pki/own.pem"
trusted = "pki/trusted"
user = {{ scada = "password" }}'''
        self.path = write_line(project, folder, table)
        (folder / "password").write_text("a-password\n")
        assert main(["opcua", str(self.path), "--make-certificate", "400"]) == 0
        config = load_line(self.path)
        self._journal = Journal(config.journal, lambda _: None, lambda _: None)

    def tell(self, *values: Value) -> None:
        self._journal.append(list(values))
        self._journal.flush()

    @contextmanager
    def served(self) -> Iterator[None]:
        command = [sys.executable, "-m", "edge.cli", "opcua", str(self.path)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert f"{self.url}: 3 line(s), signed and encrypted" in said, said + process.stderr.read()
            try:
                yield
            finally:
                process.terminate()
                assert process.wait(60) == 0
                self._journal.close()


@pytest.fixture(scope="module", params=["DI 1.04.0", "DI 1.05.0"])
def site(
    request: pytest.FixtureRequest, project: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    newer = "1.05" in request.param
    made = Site(project, tmp_path_factory.mktemp("face"), newest_nodesets(project) if newer else shared / "opcua")
    made.tell(
        MachineReported(at_us=AT_US, plc="sorter", state=6, mode=1),
        DeviceChanged(AT_US, "reader.sorter", True, "test"),
        passage(1, EPC),  # before the face began: no event
        Sorted(
            at_us=AT_US, line="sorter", track_id=41, subject="", order="", outcome=Outcome.CONFIRMED, lane=3, wanted=3
        ),
        Sorted(
            at_us=AT_US, line="sorter", track_id=42, subject="", order="", outcome=Outcome.MISSORTED, lane=4, wanted=3
        ),
    )
    with made.served():
        yield made


def test_node_opcua_reads_states_and_gets_scans(site: Site, project: Path, peer: Callable[[str], str]) -> None:
    peer("node")
    with NodePeer(
        node_opcua(project),
        "node_face.js",
        site.folder / "face.log",
        [site.folder / "node-pki", site.folder / "pki" / "own.der"],
    ) as client:

        def ask(order: str, answer: str) -> str:
            client.give(order)
            return client.said(answer)

        certificate = client.said("certificate ")
        assert ask(f"connect {site.url} scada a", "refused ")  # its certificate is not trusted yet
        shutil.copy(certificate, site.folder / "pki" / "trusted" / "node.pem")
        assert ask(f"connect {site.url} scada wrong", "refused ")
        assert ask(f"connect {site.url} nobody a", "refused ")
        assert ask(f"connect {site.url} scada a-password", "connected") == ""

        def machine(stands: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
            """The sorter as a machine, once it stands so: one value after the other is written."""
            told: dict[str, Any] = {}

            def so() -> bool:
                told.update(json.loads(ask("machine sorter", "machine ")))
                return stands(told)

            wait_until(so, lambda: told)
            return told

        told = machine(lambda now: now["defective"] == 1)  # the last that was told before
        assert told["id"].endswith("i=71")  # Cleared, in the type
        del told["id"]
        assert told == {
            "type": "PackMLBaseObjectType",
            "base": "Cleared",
            "machine": "Running",
            "execute": "Execute",
            "mode": 1,
            "blocked": False,
            "processed": 2,
            "defective": 1,
        }
        assert json.loads(ask("machine tote1", "machine "))["base"] == "BadStateNotActive"  # not heard of
        assert json.loads(ask("portal sorter", "portal ")) == {
            "type": "RfidReaderDeviceType",
            "status": 2,
            "name": "portal-sorter",
            "maker": "Lanewise",
            "last": ANY,
        }
        assert ask("write sorter", "wrote ") == "BadUserAccessDenied"

        assert ask("watch sorter", "watching") == ""
        site.tell(passage(2, EPC, stage=Stage.DUE), passage(3), passage(4, EPC, "30340000000000000000FFFF"))
        event = json.loads(client.said("event "))
        assert event["source"] == "sorter" and event["device"] == "portal-sorter" and event["kind"].endswith("i=1006")
        ms = AT_US // 1000
        assert event["results"] == [
            {
                "type": "EPC",
                "epc": epc.lower(),
                "pc": 6 << 11,
                "at": ms - 300,
                "seen": [[1, -50, ms - 200], [2, -50, ms - 200]],
            }
            for epc in (EPC, "30340000000000000000FFFF")
        ]
        assert json.loads(ask("portal sorter", "portal "))["last"] == "30340000000000000000FFFF"

        site.tell(state(9))
        gone = "BadStateNotActive"
        machine(lambda now: (now["base"], now["machine"], now["execute"]) == ("Aborted", gone, gone))
        site.tell(
            state(6),
            PlcEvent(
                at_us=AT_US,
                device_us=AT_US,
                plc="sorter",
                session=1,
                seq=2,
                type=int(EventType.JAM),
                track_id=0,
                station=3,
                cause=0,
                value=1,
                plc_ms=0,
            ),
        )
        machine(lambda now: now["execute"] == "Held" and now["blocked"])


def test_our_autoid_client_reads_it_as_a_reader(run: Any, site: Site) -> None:
    own = site.folder / "pki"
    trusted = site.folder / "clients-trust"
    trusted.mkdir()
    shutil.copy(own / "own.der", trusted)
    shutil.copy(own / "own.der", own / "trusted" / "ours.der")
    opcua = UaClientConfig(
        url=site.url,
        certificate=own / "own.der",
        key=own / "own.pem",
        trusted=trusted,
        user="scada",
        password_file=site.folder / "password",
    )
    config = AutoIdConfig(driver="autoid", device="sorter", antennas=(2,), timeout_ms=10_000, opcua=opcua)
    told: list[Any] = []

    async def talk() -> None:
        task = asyncio.create_task(autoid_reader("dock1", config).run(told.append))
        await until(lambda: bool(told) or task.done())
        site.tell(passage(9, EPC))
        await until(lambda: len(told) > 1 or task.done())
        task.cancel()
        await asyncio.wait([task])

    run(talk())
    ready, reads = told
    assert isinstance(ready, ReaderReady) and ready.about == "AutoID device sorter, scanning, antennas 2"
    assert isinstance(reads, Reads) and reads.reads == (TagRead(EPC, 2, -50.0, AT_US - 200_000 + 2, 1),)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ('nodesets = "x"', "opcua_server.certificate: missing: only anonymous goes without"),
        ('nodesets = "x"', "opcua_server.user: missing: nobody could log in"),
        (
            'nodesets = "x"\nanonymous = true\nlisten = "0.0.0.0:4840"',
            "opcua_server.anonymous: true: only on a loopback",
        ),
        ('nodesets = "x"\nanonymous = true\nuser = {a = "b"}', "opcua_server.user: not with anonymous"),
        ("anonymous = true", "opcua_server.nodesets: missing"),
    ],
)
def test_a_face_that_would_not_be_safe_is_refused(project: Path, tmp_path: Path, table: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_line(write_line(project, tmp_path, table))
    assert any(text in problem for problem in caught.value.problems), caught.value.problems


def test_what_is_missing_is_said(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_line(project, tmp_path, f'nodesets = "none"\nanonymous = true\nlisten = "127.0.0.1:{free_port()}"')
    assert main(["opcua", str(path)]) == 2
    assert "none/Opc.Ua.Di.NodeSet2.xml: no such file: nodesets names a folder with" in capsys.readouterr().err
    assert main(["opcua", str(project / "examples" / "warehouse" / "LINE.toml")]) == 2
    assert "opcua_server: missing" in capsys.readouterr().err
