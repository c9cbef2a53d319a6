"""A foreign machine's PackML object becomes reports in the journal.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opcua_peer import NodeServer, node_opcua
from test_opcua import Pki, until

from edge.config_opcua import PackmlConfig
from edge.line.events import MachineReported
from edge.packml_session import PackmlSession
from plc.driver import PlcError


def test_states_and_counts_of_a_foreign_machine(
    run: Any, project: Path, shared: Path, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    peer("node")
    pki = Pki(tmp_path / "pki")
    (tmp_path / "password").write_text("a password\n")
    with NodeServer(node_opcua(project), tmp_path, [pki.host.certificate], nodesets=str(shared / "opcua")) as server:
        shutil.copy(server.certificate, pki.hosts_list.folder / "node.pem")

        def session(told: list[MachineReported], **changes: Any) -> PackmlSession:
            settings: dict[str, Any] = {
                "url": server.url,
                "node": "ns=1;s=labeler",
                "every_ms": 50,
                "timeout_ms": 10_000,
                "certificate": pki.host.certificate,
                "key": pki.host.key,
                "trusted": pki.hosts_list.folder,
                "user": "lanewise",
                "password_file": tmp_path / "password",
            }
            clock = iter(range(0, 10**12, 5_000_000))  # 5 s between two looks
            return PackmlSession("labeler", PackmlConfig(**(settings | changes)), lambda: next(clock), told.append)

        async def talk() -> list[MachineReported]:
            told: list[MachineReported] = []
            ready: list[bool] = []
            task = asyncio.create_task(session(told).run(lambda: ready.append(True)))
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
            task.cancel()
            await asyncio.wait([task])
            assert ready == [True]
            return told

        told = run(talk())
        assert [one.state for one in told[:6]] == [6, 6, 11, 2, 9, 17]
        assert [one.mode for one in told[:3]] == [0, 2, 2] and told[0].processed == -1
        last = told[-1]
        assert (last.state, last.mode, last.processed, last.defective, last.speed) == (17, 2, 701, 4, 42.5)
        assert len({(one.state, one.mode, one.processed, one.defective, one.speed) for one in told}) == len(told)

        for changes, text in (
            ({"node": "i=2253"}, "i=2253: has no BaseStateMachine/CurrentState: no PackML object"),
            ({"certificate": pki.stranger.certificate, "key": pki.stranger.key}, "session: "),
        ):
            with pytest.raises(PlcError, match=f"^labeler: opc.tcp://.*{text}"):
                run(session([], **changes).run(lambda: None))
