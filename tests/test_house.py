"""Rules of the house: who imports whom, what the wheel holds, which licences come along, documents that keep true."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import grimp
import pytest

from plc import words

PACKAGES = ("api", "edge", "lanewise_client", "plc", "rfid")

# All that a pure module may use besides ours.
PURE_STDLIB = {
    "__future__", "abc", "array", "binascii", "bisect", "codecs", "collections", "contextlib", "copy", "dataclasses",
    "decimal", "difflib", "enum", "functools", "hashlib", "heapq", "ipaddress", "itertools", "json", "math", "operator",
    "re", "statistics", "string", "struct", "types", "typing", "unicodedata",
}  # fmt: skip

PURE = "pure: values in, values out"

# plc/mailbox.py bears the contract's own name; nothing runs with plc/ itself as its path.
NAMED_LIKE_STDLIB = {"mailbox"}

# What one file does for all, and how another would give itself away.
ONCE: dict[str, set[str]] = {
    r"(?<!get)time_ns\(|\btime\.time\(": {"edge/journal/host_time.py", "lanewise_client/__init__.py"},
    r"\.isoformat\(|strftime\(": set(),
    r"ssl\.(create_default_context|SSLContext\(|PROTOCOL_TLS_CLIENT)": {"edge/config/tls.py"},
    r"(token|password|secret)\w*\.(open|read_text|read_bytes)\(": set(),
    r"category\(": {"edge/config/secret.py"},
    r"certificate and key belong together": {"edge/config/table.py"},
    r"user and password belong together|go in the clear": {"edge/config/login.py"},
    r"this key is required|correct its spelling": {"edge/config/problem.py"},
    r'removeprefix\("Value error': {"edge/config/problem.py"},
    r"certificate not trusted": {"rfid/tcp.py"},
    r"csv\.(writer|DictWriter)\(": {"edge/views/csv_table.py"},
    r"asyncio\.wait_for\(": set(),  # Python 3.11's forgets a cancellation, see plc/library_call.py
}

# For each contract the files and imports that it must refuse.
PLANTS: dict[str, list[tuple[str, str]]] = {
    "packages: api and grafana over edge over plc and rfid, which import nothing of ours": [
        ("plc/words.py", "import rfid.epc.gs1"),
        ("rfid/driver.py", "from plc import words"),
        ("plc/driver.py", "import edge.core.values.layout"),
        ("edge/config/load.py", "def lazily() -> None:\n    import api"),
        ("grafana/board.py", "import api.app"),
    ],
    "lanewise_client: nothing of ours, so that it can be copied as it is": [
        ("lanewise_client/__init__.py", "import rfid.epc.identity"),
    ],
    "rooms: edge in six floors": [
        ("edge/unplaced.py", ""),
        ("edge/core/values/layout.py", "import edge.config.load"),
        ("edge/journal/writer.py", "import edge.views.picture"),
        ("edge/orders/sales.py", "import edge.config.load"),
        ("edge/devices/reader.py", "import edge.controller.controller"),
        ("edge/controller/controller.py", "import edge.site.store"),
    ],
    "a line never waits for the site": [
        ("edge/controller/retention.py", "import edge.site.store"),
        ("edge/devices/plc.py", "import edge.intake.orders"),
        ("edge/journal/writer.py", "def lazily() -> None:\n    import api.app"),
    ],
    "api: asks the store, the journals and the views, never a line or a device": [
        ("api/app.py", "import edge.controller.controller"),
        ("api/site_state.py", "import edge.devices.plc"),
        ("edge/views/live.py", "import edge.publish.process"),
    ],
    "grafana: knows the schema of what is published, and nothing else of edge": [
        ("grafana/board.py", "import edge.controller.controller"),
        ("edge/publish/schema.py", "import edge.journal.writer"),
    ],
    "door of core: core, events and the values": [
        ("api/app.py", "import edge.core.line.sort"),
        ("edge/views/live.py", "import edge.core.portal.passage"),
    ],
    "door of journal: record, writer, reader, follower, source and replay": [
        ("edge/controller/retention.py", "import edge.journal.trim")
    ],
    "door of config: load, lines and their types": [("edge/devices/plc.py", "import edge.config.table")],
    "door of devices: one file for each kind of device": [
        ("edge/controller/controller.py", "import edge.devices.clocks")
    ],
    "door of controller: controller, retention and rounds": [("edge/cli.py", "import edge.controller.vitals")],
    "door of site: the store, the sales desk and its command": [("api/app.py", "import edge.site.tables")],
    "commands: named by cli, imported by nobody": [("edge/site/store.py", "import edge.commands.command_line")],
    "door of publish: its process and its schema": [("grafana/board.py", "import edge.publish.topics")],
    "door of sim: its processes and the tally": [("edge/commands/demo.py", "import edge.sim.world")],
    "door of opcua: its process": [("edge/cli.py", "import edge.opcua.face")],
    "door of plc.conformance: check": [("edge/commands/plc.py", "import plc.conformance.probe")],
    "door of rfid.epc: identity and patterns": [("edge/intake/orders.py", "import rfid.epc.values")],
    "door of rfid.llrp: the client and what one may ask of it": [("edge/cli.py", "import rfid.llrp.codec")],
    "door of rfid.llrp_device: the simulator": [("edge/sim/devices.py", "import rfid.llrp_device.tags")],
    "api: every file has its layer": [("api/unplaced.py", ""), ("api/stream.py", "import api.app")],
    "edge.core: every file has its layer": [
        ("edge/core/unplaced.py", ""),
        ("edge/core/book.py", "import edge.core.core"),
        ("edge/core/values/results.py", "import edge.core.events"),
    ],
    "edge.core's rooms: every file has its layer": [
        ("edge/core/line/unplaced.py", ""),
        ("edge/core/line/verify.py", "import edge.core.line.sort"),
        ("edge/core/values/layout.py", "import edge.core.values.state"),
    ],
    "edge.orders: every file has its layer": [
        ("edge/orders/unplaced.py", ""),
        ("edge/orders/stock.py", "import edge.orders.plan"),
    ],
    "edge.journal: every file has its layer": [
        ("edge/journal/unplaced.py", ""),
        ("edge/journal/trim.py", "import edge.journal.writer"),
        ("edge/journal/source.py", "import edge.journal.follower"),
    ],
    "edge.config: every file has its layer": [
        ("edge/config/unplaced.py", ""),
        ("edge/config/table.py", "import edge.config.mqtt"),
    ],
    "edge.devices: every file has its layer": [
        ("edge/devices/unplaced.py", ""),
        ("edge/devices/clocks.py", "import edge.devices.plc"),
    ],
    "edge.views: every file has its layer": [
        ("edge/views/unplaced.py", ""),
        ("edge/views/picture.py", "import edge.views.live"),
    ],
    "edge.views.words: every file has its layer": [
        ("edge/views/words/unplaced.py", ""),
        ("edge/views/words/stories.py", "import edge.views.words.pages"),
    ],
    "edge.commands: every file has its layer": [
        ("edge/commands/unplaced.py", ""),
        ("edge/commands/plc.py", "import edge.commands.rfid"),
    ],
    "edge.publish: every file has its layer": [
        ("edge/publish/unplaced.py", ""),
        ("edge/publish/schema.py", "import edge.publish.measures"),
    ],
    "edge.sim: every file has its layer": [
        ("edge/sim/unplaced.py", ""),
        ("edge/sim/world.py", "import edge.sim.radio"),
    ],
    "edge.site: every file has its layer": [
        ("edge/site/unplaced.py", ""),
        ("edge/site/tables/floor.py", "import edge.site.feed"),
    ],
    "edge's small rooms: every file has its layer": [
        ("edge/opcua/unplaced.py", ""),
        ("edge/controller/vitals.py", "import edge.controller.controller"),
    ],
    "edge.print: every file has its layer": [
        ("edge/print/unplaced.py", ""),
        ("edge/print/fonts.py", "import edge.print.pick_sheet"),
    ],
    "door of print: its papers and codes": [("api/picks.py", "import edge.print.fonts")],
    "print: values in, bytes out": [("edge/print/pick_sheet.py", "import edge.config.load")],
    "reportlab and pillow: edge.print only": [
        ("edge/views/manifest.py", "import reportlab"),
        ("api/parcels.py", "import PIL.Image"),
    ],
    "xlsxwriter: edge.print only": [("edge/views/manifest.py", "import xlsxwriter")],
    "edge.intake: every file has its layer": [
        ("edge/intake/unplaced.py", ""),
        ("edge/intake/phone.py", "import edge.intake.channels"),
    ],
    "plc: every file has its layer": [("plc/unplaced.py", ""), ("plc/words.py", "import plc.mailbox")],
    "plc.conformance: every file has its layer": [
        ("plc/conformance/unplaced.py", ""),
        ("plc/conformance/probe.py", "import plc.conformance.check"),
    ],
    "rfid: every file has its layer": [
        ("rfid/unplaced.py", ""),
        ("rfid/driver.py", "import rfid.epc.identity"),
        ("rfid/llrp/client.py", "import rfid.llrp_device.simulator"),
    ],
    "rfid.epc: every file has its layer": [
        ("rfid/epc/unplaced.py", ""),
        ("rfid/epc/gs1.py", "import rfid.epc.identity"),
    ],
    "rfid.llrp: every file has its layer": [
        ("rfid/llrp/unplaced.py", ""),
        ("rfid/llrp/frames.py", "import rfid.llrp.codec"),
    ],
    "rfid.llrp_device: every file has its layer": [
        ("rfid/llrp_device/unplaced.py", ""),
        ("rfid/llrp_device/answers.py", "import rfid.llrp_device.tags"),
    ],
    PURE: [
        ("edge/core/line/verify.py", "import time"),
        ("edge/core/values/order.py", "from datetime import datetime"),
        ("rfid/epc/identity.py", "def lazily() -> None:\n    import random"),
        ("plc/words.py", "import pymodbus"),
        ("edge/core/line/sort.py", "import rfid.llrp.client"),
        ("edge/publish/measures.py", "import edge.journal.writer"),
        ("edge/views/words/table.py", "import time"),
        ("edge/views/live.py", "import time"),
        ("edge/views/live.py", "import random"),
        ("edge/views/live.py", "import socket"),
    ],
    "pymodbus: the Modbus client and the simulators only": [("edge/config/load.py", "import pymodbus.client")],
    "asyncua: where OPC UA is spoken": [("plc/modbus.py", "import asyncua")],
    "h11: readers over HTTP and api.connection only": [("rfid/mqtt_reader.py", "import h11")],
    "wsproto: rfid.push_reader only": [("rfid/http_reader.py", "import wsproto")],
    "pyserial: rfid.serial_line only": [("rfid/pyrfid_reader.py", "import serial")],
    "pyrfid: rfid.pyrfid_reader only": [("rfid/serial_line.py", "import pyrfid")],
    "protobuf: edge.publish.sparkplug_payload only": [("edge/publish/sparkplug.py", "import google.protobuf")],
    "paho: edge.publish.mqtt_connection and rfid.mqtt_reader only": [
        ("edge/publish/mqtt.py", "import paho.mqtt.client")
    ],
    "prometheus_client: edge.metrics only": [("edge/controller/controller.py", "import prometheus_client")],
    "influxdb_client: edge.publish.influx only": [("edge/publish/follow.py", "import influxdb_client")],
    "sqlalchemy: edge.site only": [("edge/journal/writer.py", "import sqlalchemy")],
    "alembic and psycopg: edge.site only": [("edge/journal/writer.py", "import psycopg")],
    "authlib and joserfc: api.oidc only": [("api/identities.py", "import authlib")],
    "argon2: edge.site.passwords only": [("api/identities.py", "import argon2")],
    "phonenumbers: edge.intake.phone only": [("edge/intake/compare.py", "import phonenumbers")],
    "calamine: edge.intake.workbooks only": [("edge/intake/channels.py", "import python_calamine")],
    "jinja2: api.pages only": [("api/docks.py", "import jinja2")],
    "rapidfuzz: edge.site.sales_facts only": [("edge/intake/compare.py", "import rapidfuzz")],
    "msgspec: where records are stored or sent, edge.journal, edge.site and api": [
        ("edge/config/load.py", "import msgspec")
    ],
    "holidays: edge.intake.calendars only": [("edge/intake/orders.py", "import holidays")],
    "pydantic: the borders only, edge.config, edge.intake, api and the file of reports": [
        ("edge/journal/writer.py", "import pydantic")
    ],
    "fastapi and starlette: api only": [("edge/cli.py", "import fastapi"), ("edge/config/load.py", "import starlette")],
    "uvicorn: api and edge.cli only": [("edge/controller/controller.py", "import uvicorn")],
    "uvloop: where processes start": [("plc/modbus.py", "import uvloop")],
}


def contracts(project: Path) -> list[dict[str, Any]]:
    found = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert isinstance(found, list)
    return found


@cache
def pure(project: Path) -> tuple[list[str], grimp.ImportGraph]:
    """What is declared pure, and the imports without those that the contract excuses."""
    (contract,) = (contract for contract in contracts(project) if contract["name"] == PURE)
    graph = grimp.build_graph(*PACKAGES, "grafana", include_external_packages=True)
    for excused in contract["ignore_imports"]:
        importer, imported = excused.split(" -> ")
        graph.remove_import(importer=importer, imported=imported)
    return contract["source_modules"], graph


def reached(graph: grimp.ImportGraph, module: str) -> set[str]:
    """What of others a module imports, directly or not."""
    return {name.partition(".")[0] for name in graph.find_upstream_modules(module)} - {*PACKAGES, "grafana"}


# `lint-imports` as often as a line comes, each a list of contracts, none = all of them; in one process: most of its
# time it starts.
LINTER = """
import contextlib, io, json, sys
from importlinter.cli import lint_imports
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = lint_imports(limit_to_contracts=tuple(json.loads(line)), no_logo=True)
    print(json.dumps([status, said.getvalue()]), flush=True)
"""


class Copy:
    """The packages and their rules, free to be spoilt; each contract has its name for an id."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.folder = folder
        for package in (*PACKAGES, "grafana"):
            shutil.copytree(project / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        rules = (project / "pyproject.toml").read_text(encoding="utf-8")
        rules = re.sub(r'(?<=importlinter\.contracts\]\]\n)name = (".*")', r"id = \1\nname = \1", rules)
        (folder / "pyproject.toml").write_text(rules, encoding="utf-8")
        environment = os.environ | {"COLUMNS": "1000", "NO_COLOR": "1"}
        command = [sys.executable, "-c", LINTER]
        self.linter = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def lint(self, *contracts: str) -> tuple[set[str], str]:
        """Names of the broken ones of these contracts, or of all, and all that was said."""
        assert self.linter.stdin is not None
        assert self.linter.stdout is not None
        self.linter.stdin.write(f"{json.dumps(contracts)}\n")
        self.linter.stdin.flush()
        status, said = json.loads(self.linter.stdout.readline())
        broken = set(re.findall(r"^(.*) BROKEN(?: \(.*\))?$", said, flags=re.MULTILINE))
        assert bool(broken) == bool(status), said
        return broken, said


@pytest.fixture(scope="module")
def copy(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    made = Copy(project, tmp_path_factory.mktemp("house"))
    with made.linter:
        yield made


def test_every_contract_has_a_plant_and_holds_without_it(project: Path, copy: Copy) -> None:
    assert {contract["name"] for contract in contracts(project)} == set(PLANTS)
    broken, said = copy.lint()
    assert not broken, said


@pytest.mark.parametrize(
    ("contract", "path", "line"),
    [(contract, path, line) for contract, plants in PLANTS.items() for path, line in plants],
)
def test_a_planted_import_breaks_its_contract(copy: Copy, contract: str, path: str, line: str) -> None:
    target = copy.folder / path
    before = target.read_text() if target.exists() else None
    target.write_text(f"{before or ''}\n{line}\n")
    try:
        broken, said = copy.lint(contract)
    finally:
        if before is None:
            target.unlink()
        else:
            target.write_text(before)
    assert broken == {contract}, said


def test_pure_modules_use_only_what_has_no_effects(project: Path) -> None:
    declared, graph = pure(project)
    for package in declared:
        for module in {package, *graph.find_descendants(package)}:
            outside = reached(graph, module)
            assert outside <= PURE_STDLIB, f"{module} reaches {sorted(outside - PURE_STDLIB)}"


def test_modules_without_effects_are_declared_pure(project: Path) -> None:
    declared, graph = pure(project)
    inside = {module for package in declared for module in (package, *graph.find_descendants(package))}
    for module in graph.modules:
        if module.startswith(("api.", "edge.", "grafana.", "plc.", "rfid.")) and not graph.find_children(module):
            assert module in inside or reached(graph, module) - PURE_STDLIB, f"{module} is pure: declare it"


def test_the_hall_of_edge_has_rooms_and_no_more_files(project: Path) -> None:
    hall = [path for path in (project / "edge").iterdir() if path.name != "__pycache__"]
    assert {path.name for path in hall if path.is_file()} == {"__init__.py", "cli.py", "metrics.py", "py.typed"}
    assert sum(path.is_dir() for path in hall) <= 14
    (floors,) = (contract["layers"] for contract in contracts(project) if contract["name"].startswith("rooms:"))
    assert len(floors) <= 6


def test_one_loop_follows_a_journal(project: Path) -> None:
    """Records in portions are read by the follower alone; others read one, or search, or read to an end."""
    portions = re.compile(r"\.after\((?!.*, 1\))")
    loops = {
        path.relative_to(project).as_posix() for path in sources(project) if portions.search(path.read_text("utf-8"))
    }
    assert loops == {f"edge/journal/{name}.py" for name in ("follower", "reader", "source")}


def test_the_packages_belong_to_lanewise_alone() -> None:
    owners = metadata.packages_distributions()
    for package in PACKAGES:
        assert set(owners.get(package, [])) <= {"lanewise"}
    assert metadata.metadata("lanewise")["License-Expression"] == "Apache-2.0"
    (command,) = metadata.entry_points(group="console_scripts", name="lanewise")
    assert callable(command.load())


def test_the_wheel_holds_exactly_the_four_packages(project: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=project,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry_points,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
        assert "\nlanewise = edge.cli:" in archive.read(entry_points).decode()
    tree = {
        path.relative_to(project).as_posix()
        for package in PACKAGES
        for path in (project / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {name for name in names if ".dist-info/" not in name}
    assert shipped == tree
    assert {f"{package}/py.typed" for package in PACKAGES} <= shipped


def test_no_locked_dependency_is_under_the_gpl(project: Path) -> None:
    locked = [package["name"] for package in tomllib.loads((project / "uv.lock").read_text())["package"]]
    seen = 0
    for name in locked:
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # locked for another platform or Python
        seen += 1
        licence = " | ".join(
            [about.get("License-Expression") or (about.get("License") or "").partition("\n")[0]]
            + [line for line in about.get_all("Classifier", []) if line.startswith("License")]
        )
        if not licence.strip(" |"):  # only its text stands there
            licence = " ".join((metadata.distribution(name).read_text("licenses/LICENSE") or "").split()[:20])
        assert licence.strip(" |"), f"{name} states no licence"
        if (
            name == "docutils"
        ):  # builds the documentation; of its parts under the GPL, an Emacs mode, its wheel has none
            assert "BSD License" in licence
            continue
        assert not re.search(r"(?<!L)GPL|(?<!Lesser )General Public", licence), f"{name}: {licence}"
    assert seen > len(locked) / 2


def sources(project: Path) -> list[Path]:
    return [path for package in PACKAGES for path in sorted((project / package).rglob("*.py"))]


def unshipped(project: Path, *folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((project / folder).rglob("*.py"))]


def test_every_file_says_its_purpose_and_has_a_telling_name(project: Path) -> None:
    dependencies = {name.lower().replace("-", "_") for name in metadata.packages_distributions()} - set(PACKAGES)
    for path in sources(project):
        text = path.read_text(encoding="utf-8")
        if text.strip():
            assert text.startswith('"""'), f"{path} has no docstring"
            assert re.search(r'[.:](""")?$', text.splitlines()[0]), f"{path}: first line is no sentence"
        if path.stem != "__init__":
            assert not re.search(r"(^|_)(util|utils|helper|helpers|common|manager|base|misc|data)(_|$)", path.stem)
            assert path.stem not in sys.stdlib_module_names - NAMED_LIKE_STDLIB, (
                f"{path} is named like the standard library"
            )
            assert path.stem not in dependencies, f"{path} is named like a dependency"


def test_what_one_file_does_for_all_no_other_does(project: Path) -> None:
    texts = {path.relative_to(project).as_posix(): path.read_text(encoding="utf-8") for path in sources(project)}
    for pattern, files in ONCE.items():
        found = {name for name, text in texts.items() if re.search(pattern, text)}
        assert {name for name in found if "words/given_" not in name} == files, pattern  # those say what others give


def open_matches(text: str) -> list[int]:
    """Lines of the ``match`` statements whose last case does not take all that is left."""

    def takes_all(pattern: ast.pattern) -> bool:
        if isinstance(pattern, ast.MatchAs):
            return pattern.pattern is None or takes_all(pattern.pattern)
        return isinstance(pattern, ast.MatchOr) and any(map(takes_all, pattern.patterns))

    if not re.search(r"^ *match ", text, flags=re.MULTILINE):
        return []
    lasts = [(node.lineno, node.cases[-1]) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Match)]
    return [line for line, last in lasts if last.guard is not None or not takes_all(last.pattern)]


def test_every_match_says_what_is_left(project: Path) -> None:
    for path in [*sources(project), *unshipped(project, "bench", "grafana", "scripts")]:
        lines = open_matches(path.read_text(encoding="utf-8"))
        assert not lines, f"{path}:{lines[0]}: the last case is not `case _`"


@pytest.mark.parametrize("last", ["case 1", "case _ if x", "case str() | int()", "case [*_]", "case str() as y"])
def test_a_planted_match_without_a_last_case_is_found(last: str) -> None:
    assert open_matches(f"match x:\n    {last}:\n        pass\n") == [1]
    assert not open_matches(f"match x:\n    {last}:\n        pass\n    case _:\n        pass\n")


def twins(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Names of public classes that stand in more than one file, with the files; ``texts`` by file."""
    found: dict[str, list[str]] = {}
    for name, text in texts.items():
        for node in ast.parse(text).body if "class " in text else ():
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(name)
    return {name: files for name, files in found.items() if len(files) > 1}


def test_no_two_public_classes_have_one_name(project: Path) -> None:
    texts = {
        str(path): path.read_text(encoding="utf-8")
        for path in (*sources(project), *unshipped(project, "grafana"))
        if path.parent.name != "lanewise_client"  # its shapes bear the names of what they are shapes of
    }
    assert not twins(texts), twins(texts)
    mailbox = "class Refusal:\n    pass\n\n\nclass _Slot:\n    pass\n"
    assert twins(texts | {"planted.py": mailbox}).keys() == {"Refusal"}


def test_modules_imported_by_name_exist(project: Path) -> None:
    """The linter does not see names in strings: of registries, as ``"plc.modbus:Link"``, and of late imports."""
    registered = re.compile(r'"((?:api|edge|plc|rfid)(?:\.\w+)+):(\w+)"')
    late = re.compile(r'(?:import_module\(|of_module\("[\w-]+", )"((?:api|edge|plc|rfid)(?:\.\w+)+)"')
    for path in sources(project):
        text = path.read_text(encoding="utf-8")
        for module, name in registered.findall(text):
            assert hasattr(importlib.import_module(module), name), f"{path}: {module}:{name}"
        for module in late.findall(text):
            assert importlib.import_module(module), f"{path}: {module}"


def imported_tests(folder: Path) -> list[str]:
    """Where a file in the folder imports a test module, or from one."""
    found = []
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    inside = ""
                case ast.ImportFrom(module=module, names=names):
                    inside = f"{module or ''}."
                case _:
                    continue
            found += [
                f"{path.name}:{node.lineno}: {inside}{name.name}"
                for name in names
                if re.search(r"(^|\.)test_", inside + name.name)
            ]
    return found


def test_what_tests_share_is_in_no_test_module() -> None:
    assert imported_tests(Path(__file__).parent) == []


@pytest.mark.parametrize(
    "line",
    [
        "from test_core import records",
        "import os, test_core as core",
        "from tests.test_core import records",
        "from tests import test_core",
        "from . import test_core",
        "def late():\n    from .test_core import records",
    ],
)
def test_a_planted_import_of_a_test_module_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "test_planted.py").write_text(f"import re\nfrom journals import records\n{line}\n")
    (found,) = imported_tests(tmp_path)
    assert found.startswith("test_planted.py:") and "test_core" in found


def test_the_reading_order_is_as_long_as_it_says(project: Path) -> None:
    text = (project / "edge" / "__init__.py").read_text(encoding="utf-8")
    listed = re.findall(r"^    \d\. (\S+\.py) +(\d+) lines  ", text, re.MULTILINE)
    assert len(listed) == text.count(" lines  ") == 5
    for path, said in listed:
        lines = len((project / path).read_text(encoding="utf-8").splitlines())
        assert abs(lines - int(said)) <= 15, f"edge/__init__.py: {path} has {lines} lines, not {said}"
    (total,) = re.findall(r"about (\d+) lines", text)
    assert int(total) == sum(int(said) for _, said in listed)


def pages(project: Path) -> list[Path]:
    return sorted([*project.glob("*.md"), *(project / "docs").rglob("*.md")])


def anchor(heading: str) -> str:
    """The fragment by which a heading is linked."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_links_between_pages_resolve(project: Path) -> None:
    for page in pages(project):
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, fragment = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page}: {link} leads nowhere"
            if fragment and target.suffix == ".md":
                headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
                assert fragment in map(anchor, headings), f"{page}: {link} has no such heading"


def test_make_targets_that_pages_name_exist(project: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (project / "Makefile").read_text(), flags=re.MULTILINE))
    for page in pages(project):
        for code in re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), flags=re.DOTALL):
            for target in re.findall(r"(?:^|`)make ([a-z]+)", code, flags=re.MULTILINE):
                assert target in targets, f"{page}: make {target} does not exist"


def numbered_rows(page: Path, heading: str) -> dict[int, str]:
    """First two columns of the table under a heading."""
    section = page.read_text(encoding="utf-8").split(f"# {heading}\n")[1].split("\n#")[0]
    return {int(number): name for number, name in re.findall(r"^\| (\d+) \| ([^|]*?) \|", section, flags=re.MULTILINE)}


def test_the_mailbox_page_agrees_with_the_code(project: Path) -> None:
    page = project / "docs" / "plc-mailbox.md"
    assert numbered_rows(page, "Event types") == {int(kind): kind.name for kind in words.EventType}
    assert numbered_rows(page, "Opcodes") == {int(opcode): opcode.name for opcode in words.Opcode}
    reasons = {int(reason) for reason in words.Refusal if reason is not words.Refusal.UNKNOWN}
    assert set(numbered_rows(page, "Reasons for a refusal")) == reasons
    text = page.read_text(encoding="utf-8")
    assert f"| UP | {words.UP_WORDS} |" in text
    assert f"| DOWN | {words.DOWN_WORDS} |" in text
    assert f"| {words.UP_RING_AT}-{words.UP_1_WORDS - 1} | events | {words.RING} event records" in text
    assert f"| {words.DOWN_RING_AT}-{words.DOWN_WORDS - 1} | commands | {words.RING} command records" in text
    assert f"0x{words.LAYOUT:X}" in text


def test_a_controller_starts_without_what_others_need() -> None:
    """A start is mostly imports, and the line stands meanwhile."""
    code = "import sys, edge.cli, edge.controller.controller; edge.cli.parser('run'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "pymodbus" in loaded
    assert not loaded & {
        "api",
        "asyncua",
        "edge.commands.demo",
        "edge.publish",
        "edge.sim",
        "edge.site.store",
        "fastapi",
        "sqlalchemy",
    }
