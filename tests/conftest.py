"""Test tools for every test: where the project is, foreign peers, leak-free event loops, honest log calls.

Public fixtures: project, shared, layouts, peer, npm, mosquitto, listens, programs, run, quick,
postgresql, postgres_url, store_url. Nothing here relies on
the working folder; copied away from the project, the tests find it by the environment variable LANEWISE_ROOT.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, settings

if _root := os.environ.get("LANEWISE_ROOT"):
    sys.path.append(_root)  # last, so that only what no wheel has comes from the tree: grafana

# A wheel has the files of the tree, which .ci/run compares: there only what reads files of the package is shown again,
# and what starts its programs.
FROM_A_WHEEL = (
    "api", "compose", "config", "failures", "floor_demo", "labels", "metrics", "packing", "page", "pick_lists",
    "sales_commands", "sales_page", "upgrades", "warehouse_pages", "words",
)  # fmt: skip
collect_ignore = [
    path.name for path in Path(__file__).parent.glob("test_*.py") if _root and path.stem[5:] not in FROM_A_WHEEL
]

if TYPE_CHECKING:
    from postgres import Cluster
    from programs import Programs

    from edge.core.values.layout import LineLayout

T = TypeVar("T")

ENDS_S = 5
"""A task that ends so long after its test has was not left behind."""

# Two shared cores: a slow example says nothing about the law it tests. And the same examples every time: whether a
# change is good is no matter of luck. `--hypothesis-profile explore` looks for others.
settings.register_profile("explore", deadline=None, derandomize=False, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("lanewise", settings.get_profile("explore"), derandomize=True, database=None)
settings.load_profile("lanewise")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The tests' own options."""
    parser.addoption("--rewrite", action="store_true", help="scenarios: expect from now on what is derived now")


LONG = (
    "commission_at_home", "order_way", "second_half", "floor_demo", "modbus", "feed_identity", "crash", "store_away",
    "asked_again", "commission", "compose", "markup", "mending", "order_laws", "page", "runtime", "site_databases",
    "stop", "v1_routes",
)  # fmt: skip
"""Begun first, so that at the end no worker waits for another."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, in the order that they have."""
    items.sort(key=lambda item: item.path.stem[5:] not in LONG)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """What is imported and collected stays: nobody looks there for garbage, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Tables of site stores and routes of the api, if this process has imported them by now."""
    with pytest.MonkeyPatch.context() as patch:
        if "edge.site.tables" in sys.modules:
            from quick_tables import create_all

            from edge.site import tables

            patch.setattr(tables.METADATA, "create_all", create_all)
        if "fastapi" in sys.modules:
            from quick_routes import adapter

            patch.setattr("fastapi._compat.v2.TypeAdapter", adapter)
        yield


class Run(Protocol):
    """Runs a coroutine to its end on a loop of its own; a task left behind fails the test."""

    def __call__(
        self, coro: Coroutine[Any, Any, T], *, loop: Callable[[], asyncio.AbstractEventLoop] | None = None
    ) -> T: ...


@pytest.fixture(scope="session")
def project() -> Path:
    """Root of the project's tree."""
    return Path(os.environ.get("LANEWISE_ROOT") or Path(__file__).resolve().parents[1])


@pytest.fixture(scope="session")
def shared(project: Path) -> Path:
    """Folder of test data that others made; the test is skipped where it does not exist."""
    folder = project.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no test data of others at {folder}")
    return folder


@pytest.fixture(scope="session")
def layouts(project: Path) -> tuple[LineLayout, ...]:
    """The lines of the example warehouse."""
    from edge.config.load import load_line

    return load_line(project / "examples/warehouse/LINE.toml").layouts()


@pytest.fixture(scope="session")
def peer() -> Callable[[str], str]:
    """``peer(name)``: path of a foreign executable; without it the test skips, or fails when CI is set."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            reason = f"{name} is not installed: `make peers` installs what the tests talk to"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        return path

    return find


@pytest.fixture(scope="session")
def npm(project: Path) -> Callable[[str], Path]:
    """``npm(folder)``: that folder of `scripts/peers`' npm packages; as ``peer`` where it is missing."""

    def find(name: str) -> Path:
        folder = project / ".peers" / name
        if not (folder / "ready").is_file():
            reason = f"npm packages {name} are not installed: `make peers` installs what the tests talk to"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        return folder

    return find


@pytest.fixture
def mosquitto(peer: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The broker's executable."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")
    return peer("mosquitto")


@pytest.fixture
def listens(peer: Callable[[str], str]) -> str:
    """The executable of its client that listens."""
    return peer("mosquitto_sub")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishers of this process look and try again soon."""
    from edge.publish import follow

    for name in ("POLL_S", "RETRY_FIRST_S", "RETRY_LAST_S"):
        monkeypatch.setattr(follow, name, 0.01)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, project: Path, peer: Callable[[str], str]) -> Iterator[Programs]:
    """Foreign programs for all tests, each started when the first asks for it."""
    from programs import Programs

    started = Programs(tmp_path_factory.mktemp("programs"), project, peer)
    yield started
    started.end()


@pytest.fixture(scope="session")
def postgresql(peer: Callable[[str], str]) -> Iterator[Cluster]:
    """A server of PostgreSQL for all tests."""
    from postgres import Cluster, programs_path

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", programs_path())
        cluster = Cluster(peer)
    yield cluster
    cluster.end()


@pytest.fixture(scope="session")
def postgres_store(postgresql: Cluster) -> str:
    """The name of a database with the tables of a site store, to be copied."""
    from quick_tables import take_once

    url = postgresql.database()
    take_once(url)
    return postgresql.name(url)


@pytest.fixture
def postgres_url(postgresql: Cluster, postgres_store: str) -> str:
    """A database of the test's own, with the tables of a site store that nobody has written."""
    return postgresql.database(postgres_store)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a site store, in each of the two databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/site.sqlite"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def run() -> Run:
    """``run(coro, loop=factory)``: the coroutine's result; fails on leaked tasks and unseen exceptions."""

    def run_to_end(coro: Coroutine[Any, Any, T], *, loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> T:
        unseen: list[str] = []
        leaked: list[str] = []

        def remember(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            unseen.append(f"{context.get('message')}: {context.get('exception')!r}")

        async def guarded() -> T:
            asyncio.get_running_loop().set_exception_handler(remember)
            result = await coro
            others = asyncio.all_tasks() - {asyncio.current_task()}
            if others:  # a closed connection needs a few turns of the loop, or a word of its other end, to end its task
                await asyncio.wait(others, timeout=ENDS_S)
            leaked.extend(repr(task) for task in asyncio.all_tasks() - {asyncio.current_task()})
            return result

        with asyncio.Runner(loop_factory=loop) as runner:
            result = runner.run(guarded())
        assert not leaked, "tasks left behind:\n" + "\n".join(leaked)
        assert not unseen, "exceptions nobody saw:\n" + "\n".join(unseen)
        return result

    return run_to_end


class _Formats(logging.Handler):
    """Formats every record, so that a log call with wrong arguments cannot hide behind its level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.bad: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            record.getMessage()
        except Exception as error:  # noqa: BLE001  what formatting raises depends on the arguments
            self.bad.append(f"{record.pathname}:{record.lineno}: {record.msg!r} % {record.args!r}: {error}")


@pytest.fixture(autouse=True)
def log_calls_are_well_formed() -> Iterator[None]:
    """Every log call of ours, of any level, during the test must format."""
    handler = _Formats()
    loggers = [logging.getLogger(name) for name in ("api", "edge", "plc", "rfid")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert not handler.bad, "log calls that do not format:\n" + "\n".join(handler.bad)
