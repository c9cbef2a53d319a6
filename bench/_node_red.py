"""Node-RED with node-red-contrib-modbus as the host of one PLC, by a flow as people write it.

Public names: NodeRed, install.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

PACKAGES = ("node-red@4", "node-red-contrib-modbus@5.23.3")
READY_S = 60.0
POLL_MS = 20
"""At this rate the flow is fastest: its write queue grows at 5 ms and 10 ms, and 50 ms is late by itself."""

_ROUTE = """
const up = msg.payload;
if (!up || up.length < 104 || up[0] !== 0x4C57) return null;
let down = context.get("down");
if (!down) {
    down = new Array(74).fill(0);
    down[0] = 0x4C57; down[1] = up[1]; down[3] = up[14] + 1; down[4] = up[21]; down[5] = up[15];
}
while (down[4] !== up[18]) {
    down[4] = (down[4] + 1) & 0xFFFF;
    const at = 22 + (down[4] % 8) * 10;
    if (up[at + 1] === 1) {
        down[5] = (down[5] + 1) & 0xFFFF;
        const to = 10 + (down[5] % 8) * 8;
        const record = [down[5], 1, up[at + 2], up[at + 3], up[at + 3] % 3 + 1, up[4] + 1, 0, down[5]];
        record.forEach((word, place) => { down[to + place] = word; });
    }
}
down[2] = (down[2] + 1) & 0xFFFF;
down[6] = down[4];
context.set("down", down);
return { payload: down.slice() };
"""


def install(folder: Path) -> Path:
    """The folder with both packages, installed by npm when they are not. Raises FileNotFoundError without npm."""
    modules = folder / "node_modules"
    if not (modules / "node-red" / "red.js").exists() or not (modules / "node-red-contrib-modbus").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError("npm installs Node-RED for the bench: `make peers` brings Node.js")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}", encoding="utf-8")
        subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES], cwd=folder, check=True
        )
    return modules


def _flow(port: int) -> list[dict[str, object]]:
    client = {
        "id": "a1", "type": "modbus-client", "name": "plc", "clienttype": "tcp", "bufferCommands": True,
        "stateLogEnabled": False, "queueLogEnabled": False, "failureLogEnabled": True, "tcpHost": "127.0.0.1",
        "tcpPort": str(port), "tcpType": "DEFAULT", "unit_id": "1", "commandDelay": "1", "clientTimeout": "1000",
        "reconnectOnTimeout": True, "reconnectTimeout": "2000", "parallelUnitIdsAllowed": True,
    }  # fmt: skip
    read = {
        "id": "a2", "type": "modbus-read", "z": "a0", "name": "UP", "topic": "", "showStatusActivities": False,
        "logIOActivities": False, "showErrors": False, "showWarnings": False, "unitid": "1",
        "dataType": "HoldingRegister", "adr": "0", "quantity": "104", "rate": str(POLL_MS), "rateUnit": "ms",
        "delayOnStart": False, "startDelayTime": "", "server": "a1", "useIOFile": False, "ioFile": "",
        "useIOForPayload": False, "emptyMsgOnFail": False, "wires": [["a3"], []],
    }  # fmt: skip
    route = {
        "id": "a3", "type": "function", "z": "a0", "name": "route", "func": _ROUTE, "outputs": 1, "noerr": 0,
        "initialize": "", "finalize": "", "libs": [], "wires": [["a4"]],
    }  # fmt: skip
    write = {
        "id": "a4", "type": "modbus-write", "z": "a0", "name": "DOWN", "showStatusActivities": False,
        "showErrors": False, "showWarnings": False, "unitid": "1", "dataType": "MHoldingRegisters", "adr": "200",
        "quantity": "74", "server": "a1", "emptyMsgOnFail": False, "keepMsgProperties": False, "delayOnStart": False,
        "startDelayTime": "", "wires": [[], []],
    }  # fmt: skip
    return [{"id": "a0", "type": "tab", "label": "sorter"}, client, read, route, write]


class NodeRed:
    """One running Node-RED with the flow for the PLC at ``port``; it has no page and no editor."""

    def __init__(self, modules: Path, port: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lanewise-node-red-")
        home = Path(self._folder.name)
        (home / "flow.json").write_text(json.dumps(_flow(port)), encoding="utf-8")
        settings = {
            "flowFile": "flow.json", "httpAdminRoot": False, "httpNodeRoot": False, "uiHost": "127.0.0.1", "uiPort": 0,
            "credentialSecret": False,
            "telemetry": {"enabled": False, "updateNotification": False}, "nodesDir": [str(modules)],
            "logging": {"console": {"level": "info"}},
        }  # fmt: skip
        (home / "settings.js").write_text(f"module.exports = {json.dumps(settings)};", encoding="utf-8")
        (home / "node_modules").symlink_to(modules)
        (home / "package.json").write_text(
            json.dumps({"name": "bench", "version": "1.0.0", "dependencies": {"node-red-contrib-modbus": "5.23.3"}}),
            encoding="utf-8",
        )
        self._log = home / "node-red.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["node", str(modules / "node-red" / "red.js"), "-u", str(home), "-s", str(home / "settings.js")],
                cwd=home,
                stdout=log,
                stderr=log,
            )
        with suppress(PermissionError):  # as `lanewise run` does
            os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(os.PRIO_PROCESS, 0) - 10)

    def wait(self, ready: Callable[[], bool]) -> None:
        """Until it commands the PLC."""
        end = time.monotonic() + READY_S
        while not ready():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Node-RED is not ready: {self._log.read_text()[-3000:]}")
            time.sleep(0.1)

    def __enter__(self) -> NodeRed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
