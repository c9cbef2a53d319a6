"""An api that dies while it answers: who asked it says so, and nobody ends by it.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from controllers import stop
from made_up_floor import order
from pure_site import example
from waiting import until

from edge.commands.api_client import ApiError, ask
from edge.commands.demo import _answers
from edge.commands.support import _metrics
from edge.config.load import load_site
from edge.sim.dock_crew import DockCrew
from edge.sim.door import ShutError, _asked
from edge.sim.orders import PORTION, OrderFeeder

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 805\r\n\r\n"


@pytest.fixture(params=[HEAD, HEAD + b'{"docks": [', b""])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of a server that says so much to every request, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(65_536)
                client.sendall(request.param)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_whoever_asks_is_told(url: str, project: Path) -> None:
    site = load_site(project / "examples/warehouse/SITE.toml")
    site = site.model_copy(update={"listen": url.removeprefix("http://")})
    refused: list[tuple[type[Exception], Callable[[], object]]] = [
        (ApiError, lambda: ask(site, "/api/health")),
        (ShutError, lambda: _asked(url, None, {})),
    ]
    for kind, asks in refused:
        with pytest.raises(kind, match=url):
            asks()
    assert url in _metrics(url)
    assert _answers(url) in (True, False)


def test_the_floor_goes_on(url: str, project: Path, run: Callable[..., None]) -> None:
    config = example(project)

    async def main() -> None:
        crew = DockCrew(config.model_copy(update={"sim": config.sim.model_copy(update={"docks": {"a": "UPS"}})}), url)
        task = asyncio.create_task(crew.run())
        await until(lambda: bool(crew.trouble))
        assert not task.done() and url in crew.trouble
        await stop(task)
        feeder = OrderFeeder(Waiting(1), config, url)  # type: ignore[arg-type]
        task = asyncio.create_task(feeder.run())
        await until(lambda: bool(feeder.trouble))
        assert not task.done() and url in feeder.trouble
        await stop(task)

    run(main())


def test_a_floor_whose_orders_came_before_says_so_once(
    monkeypatch: pytest.MonkeyPatch, project: Path, run: Callable[..., None]
) -> None:
    """Its parcels would all be set aside, as shipped; one that goes on with its own orders says nothing."""
    answers, said = iter([0, 0, 5, 0]), list[str]()
    monkeypatch.setattr("edge.sim.orders.urlopen", lambda *_, **__: BytesIO(b'{"new": %d}' % next(answers)))

    async def main() -> None:
        for expected in (1, 1):
            floor = Waiting(PORTION + 1)  # which go to the site in two requests
            feeder = OrderFeeder(floor, example(project), "http://site", say=said.append)  # type: ignore[arg-type]
            task = asyncio.create_task(feeder.run())
            await until(lambda floor=floor: floor.released)
            await stop(task)
            assert len(said) == expected and "give another --seed" in said[0]

    run(main())
    assert next(answers, None) is None, "each asked twice"


class Waiting:
    """A floor, and its one stream of loads: a load with so many orders waits for the site."""

    def __init__(self, count: int) -> None:
        self.streams = {"sorter": self}
        self.stopped = self.released = False
        self._orders = [order(number) for number in range(count)]

    def prepare(self, _: int) -> list[SimpleNamespace]:
        orders, self._orders = self._orders, []
        return [SimpleNamespace(orders=orders)]

    def release(self) -> None:
        self.released = True
