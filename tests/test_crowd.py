"""Who holds connections and gives nothing takes nothing from others: half requests, answers not taken, wrong tokens."""

from __future__ import annotations

import asyncio
import re
import socket
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from conftest import Run
from example_site import TOKEN, client_of, example_site
from hypothesis import given
from hypothesis import strategies as st
from ports import free_port
from shipped import begin
from uvicorn.server import ServerState
from virtual_time import run_virtual
from waiting import HANGS_S, wait_until

from api.app import create_app
from api.connection import TOO_LATE, GuardedConnection, connection_of
from api.crowd import LEAST_RATE, LEAST_S, Crowd, Stand, address_of, deadline_s
from api.doubts import HELD, LONGEST_S, Doubts
from api.seldom import EVERY_S, Seldom

MANY = 1_000
HALVES = {
    "headers": b"GET /api/health HTTP/1.1\r\nhost: 127.0.0.1\r\nx-more: ",
    "bodies": b"POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"authorization: Bearer " + TOKEN.encode() + b"\r\ncontent-length: 100000\r\n\r\n[",
    "streams": b"GET /api/live HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer " + TOKEN.encode() + b"\r\n\r\n",
}


# ---- decisions -------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"]), st.sampled_from(Stand)), max_size=60),
    st.integers(1, 5),
    st.integers(1, 9),
)
def test_a_newcomer_is_let_in_and_who_gives_way_needs_it_least(
    moves: list[tuple[str, Stand]], each: int, most: int
) -> None:
    crowd: Crowd[int] = Crowd(each, most)
    there: dict[int, tuple[str, Stand]] = {}
    since: dict[int, int] = {}
    for number, (address, then) in enumerate(moves):
        other = crowd.came(number, address)
        if other is not None:
            same = {who for who, (its, _) in there.items() if its == there[other][0]}
            assert there[other][0] == address or len(there) == most
            assert min(same, key=lambda who: (there[who][1], since[who])) == other
            crowd.left(other)
            del there[other]
        there[number] = (address, Stand.HALF)
        assert crowd.stands(number, then) == (then is not Stand.HALF)
        there[number], since[number] = (address, then), number
        assert len(crowd) == len(there) <= most
        assert max(sum(its == one for its, _ in there.values()) for one, _ in there.values()) <= each


def test_how_long_anybody_may_take() -> None:
    assert deadline_s(Stand.HALF, 5, 0) == 5 + LEAST_S
    assert deadline_s(Stand.HALF, 5, 16 * 2**20) == 5 + LEAST_S + 16 * 2**20 / LEAST_RATE
    assert deadline_s(Stand.STUCK, 5, 0) == 5 + LEAST_S
    assert deadline_s(Stand.SERVED, 5, 0) == deadline_s(Stand.IDLE, 5, 0) == float("inf")


def test_whose_a_connection_is() -> None:
    assert [address_of(one) for one in ("10.0.0.7", "::ffff:10.0.0.7", "::1", "testclient")] == [
        "10.0.0.7",
        "10.0.0.7",
        "::1",
        "testclient",
    ]
    assert address_of("2001:db8:0:7::1%eth0") == address_of("2001:db8:0:7:1:2:3:4") == "2001:db8:0:7::/64"


def test_wrong_tokens_wait_longer_each_time_and_are_forgotten() -> None:
    doubts = Doubts()
    waits = [doubts.wrong("a", now) for now in range(HELD)]
    assert waits == sorted(waits, key=lambda one: one or 0) and waits[0] == 0.1 and waits[-1] == LONGEST_S
    assert doubts.wrong("a", HELD) is None and doubts.wrong("b", HELD) == 0.1, "others are not concerned"
    doubts.answered("a")
    assert doubts.wrong("a", HELD + 61) == 0.1, "a minute without a wrong one"
    assert doubts.counts["wrong"] == HELD + 3


def test_what_happens_often_is_told_seldom() -> None:
    seldom = Seldom()
    assert [seldom.happened("a", now) for now in (0, 1, 2, EVERY_S, EVERY_S + 1)] == [1, 0, 0, 3, 0]
    assert seldom.happened("b", 2) == 1


# ---- the process itself ----------------------------------------------------------------------------------------------


@contextmanager
def serving(folder: Path, project: Path) -> Iterator[tuple[int, Path]]:
    """A running api with a token: its port and its log."""
    example_site(project, folder)
    port = free_port()
    (folder / "token").write_text(TOKEN)
    site = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", (folder / "SITE.toml").read_text(encoding="utf-8"))
    site = site.replace("[[controller]]", 'token_file = "token"\n\n[[controller]]', 1)
    (folder / "SITE.toml").write_text(site, encoding="utf-8")
    process = begin(folder, "api", "SITE.toml", err=folder / "log")
    try:
        wait_until(lambda: answers(port), lambda: (folder / "log").read_text())
        yield port, folder / "log"
    finally:
        process.terminate()
        process.join(HANGS_S)
        assert process.exitcode == 0


def asked(port: int, path: str, token: str = TOKEN) -> str:
    """An answer, on a connection of its own."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=HANGS_S) as answer:
        return str(answer.read().decode())


def answers(port: int) -> bool:
    try:
        return bool(asked(port, "/api/health"))
    except OSError:
        return False


@pytest.mark.parametrize("kind", HALVES)
def test_a_thousand_half_requests_take_nothing_from_others(kind: str, project: Path, tmp_path: Path) -> None:
    with ExitStack() as opened, serving(tmp_path, project) as (port, log):
        early = opened.enter_context(socket.create_connection(("127.0.0.1", port), HANGS_S))
        early.sendall(f"GET /api/live HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {TOKEN}\r\n\r\n".encode())
        assert early.recv(9) == b"HTTP/1.1 "
        for number in range(MANY):
            one = opened.enter_context(socket.create_connection(("127.0.0.1", port), HANGS_S))
            one.sendall(HALVES[kind])
            if not number % 100:
                assert answers(port)
        assert answers(port)
        ended = re.findall(r'connections_ended_total\{why="[a-z-]+"\} (.+)', asked(port, "/metrics"))
        assert sum(map(float, ended)) >= MANY - 520
        assert "connections: 127.0.0.1: " in log.read_text()
        if kind != "streams":  # the page that listens has stayed
            assert early.recv(2**20)


# ---- time limits, in virtual time ------------------------------------------------------------------------------------


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An app that takes a whole request and answers it: ``/large`` with more than a socket holds, ``/late`` late."""
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
    if scope["path"] == "/late":
        await asyncio.sleep(100)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % SIZES[scope["path"]])]}
    )
    await send({"type": "http.response.body", "body": bytes(SIZES[scope["path"]])})


SIZES = {"/": 2, "/late": 2, "/large": 2**26}


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, Crowd[GuardedConnection]]]:
    """The connections' port, and all of them, in this loop."""
    crowd: Crowd[GuardedConnection] = Crowd(None, 1_000)
    config, state = uvicorn.Config(echo, lifespan="off", ws="none"), ServerState()
    made = connection_of(crowd)
    server = await asyncio.get_running_loop().create_server(lambda: made(config, state, {}), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], crowd
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.gather(*state.tasks)


async def lasts(port: int, *said: bytes, every_s: float = 0) -> tuple[float, bytes]:
    """How long a connection stands on which so much is said, one after the other, and what it was told."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun_s, told = loop.time(), b""
    with suppress(ConnectionError):
        for one in said:
            writer.write(one)
            await writer.drain()
            await asyncio.sleep(every_s)
        while more := await reader.read(2**16):
            told += more
    writer.transport.abort()
    return loop.time() - begun_s, told


def test_what_is_not_whole_in_time_is_ended() -> None:
    head = b"POST %s HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n"

    async def main() -> None:
        async with listening() as (port, crowd):
            assert await lasts(port) == (LEAST_S, TOO_LATE)
            took_s, told = await lasts(port, *[b"GET / HTTP/1.1\r\nx: "], *[b"x"] * 50, every_s=1)
            assert LEAST_S <= took_s < LEAST_S + 3 and told in (TOO_LATE, b"")
            took_s, told = await lasts(port, head % (b"/", 100), *[b"x"] * 50, every_s=1)
            assert LEAST_S <= took_s < LEAST_S + 3 and told == b""
            whole = [b"x" * 20_000] * 30  # slow, and not too slow
            took_s, told = await lasts(port, head % (b"/", 600_000), *whole, every_s=1)
            assert told.startswith(b"HTTP/1.1 200 ") and took_s > 30
            took_s, told = await lasts(port, head % (b"/late", 0))
            assert told.startswith(b"HTTP/1.1 200 ") and took_s >= 100, "who is served is waited for"
            assert crowd.ended == {"half-request": 3}
            assert not len(crowd)

    run_virtual(main())


def test_an_answer_that_is_not_taken_is_ended() -> None:
    async def main() -> None:
        async with listening() as (port, crowd):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET /large HTTP/1.1\r\nhost: h\r\n\r\n")
                await asyncio.sleep(LEAST_S + SIZES["/large"] / LEAST_RATE + 1)
                assert crowd.ended == {"slow-reader": 1} and not len(crowd)

    run_virtual(main())


# ---- wrong tokens ----------------------------------------------------------------------------------------------------


def test_wrong_tokens_are_counted_slowed_and_told_and_right_ones_go_on(
    project: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    site = example_site(project, tmp_path).model_copy(update={"token_file": tmp_path / "token"})
    wrong = {"authorization": "Bearer not-the-token-of-this-site"}

    async def talk() -> None:
        app = create_app(site)
        async with client_of(app) as client:
            assert (await client.post("/api/orders?a=b", headers=wrong)).status_code == 401
            monkeypatch.setattr("api.doubts.FIRST_S", 1e6)
            monkeypatch.setattr("api.doubts.LONGEST_S", 1e6)
            tries = [asyncio.create_task(client.get("/api/live", headers=wrong)) for _ in range(HELD + 1)]
            done, held = await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
            (refused,) = [one.result() for one in done]
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
            right = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
            assert f'lanewise_api_tokens_refused_total{{token="wrong"}} {HELD + 2}.0' in right.text
            assert (await client.get("/api/state")).status_code == 401
            right = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
            assert 'lanewise_api_tokens_refused_total{token="missing"} 1.0' in right.text
            assert len(held) == HELD and not any(one.done() for one in held), "wrong ones wait, right ones do not"
            for one in held:
                one.cancel()
            await asyncio.wait(held)
            assert not app.state.site.doubts._held, "nobody waits for these any more"

    run(talk())
    (line,) = [one for one in caplog.messages if "token" in one]
    assert line == "127.0.0.1: wrong token for POST /api/orders (1 since this was said last)"
