"""Readers that send to an address of ours: HTTP POST by http.client, a WebSocket by websockets, and who is not let in.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st
from ports import free_port
from reader_owner import ReaderOwner
from reader_peers import EPCS, zebra
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from edge.config.load import ConfigError, load_line
from rfid.driver import ReaderFailure
from rfid.push_reader import _knows
from rfid.vendor_json import MOST

TOKEN = "a word that nobody has"


def keys_of(tmp_path: Path, **more: Any) -> dict[str, Any]:
    (tmp_path / "token").write_text(TOKEN + "\n")
    keys = {"driver": "push-json", "vendor": "zebra", "listen": f"127.0.0.1:{free_port()}", "path": "/reads"}
    return keys | {"token_file": tmp_path / "token"} | more


def post(
    port: int, posts: list[tuple[str, str, bytes, dict[str, str]]], tls: ssl.SSLContext | None = None
) -> list[int]:
    """Each on the connection of the one before, as far as the server keeps it open."""
    made = http.client.HTTPConnection("127.0.0.1", port) if tls is None else None
    line = made or http.client.HTTPSConnection("127.0.0.1", port, context=tls)
    statuses = []
    for method, path, body, headers in posts:
        line.request(method, path, body, headers)
        answer = line.getresponse()
        answer.read()
        statuses.append(answer.status)
    line.close()
    return statuses


async def listening(owner: ReaderOwner, port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.005)
        else:
            writer.transport.abort()
            return


BEARER = {"Authorization": f"Bearer {TOKEN}"}
BASIC = {"Authorization": f"Basic {b64encode(f'reader:{TOKEN}'.encode()).decode()}"}
ONE = zebra(EPCS[0], 1)
BOTH = json.dumps([json.loads(zebra(epc, antenna)) for antenna, epc in enumerate(EPCS, 1)]).encode()
LINES = b"".join(zebra(epc, antenna) + b"\n" for antenna, epc in enumerate(EPCS, 1))


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_reads_come_by_post_from_those_alone_that_know_the_token(run: Run, tmp_path: Path, secure: bool) -> None:
    keys, tls = keys_of(tmp_path), None
    if secure:
        authority = Authority(tmp_path)
        signed = authority.sign("ours")
        keys |= {"certificate": signed.certificate, "key": signed.key}
        tls = ssl.create_default_context(cafile=str(authority.certificate))
        tls.check_hostname = False
    port = int(keys["listen"].rpartition(":")[2])
    posts = [
        ("POST", "/reads", ONE, BEARER),
        ("POST", "/reads", BOTH, BASIC),
        ("POST", "/reads?more=1", LINES, BEARER),
        ("POST", "/reads", b"nonsense", BEARER),
        ("POST", "/reads", b"[]", BEARER),
    ]
    refused: list[tuple[str, str, bytes, dict[str, str], int]] = [
        ("POST", "/reads", ONE, {}, 401),
        ("POST", "/reads", ONE, {"Authorization": "Bearer x"}, 401),
        ("POST", "/else", ONE, BEARER, 404),
        ("GET", "/reads", b"", BEARER, 405),
        ("POST", "/reads", ONE, BEARER | {"Content-Encoding": "gzip"}, 415),
        ("POST", "/reads", b" " * (MOST + 1), BEARER, 413),
    ]

    async def main() -> None:
        owner = ReaderOwner("fx", **keys)
        async with owner.kept():
            await listening(owner, port)
            for *one, status in refused[:3]:
                assert await asyncio.to_thread(post, port, [tuple(one)], tls) == [status]
            assert owner.ready == 0, "a stranger is no reader"
            assert await asyncio.to_thread(post, port, posts, tls) == [204, 204, 204, 400, 204]
            for *one, status in refused[3:]:
                assert await asyncio.to_thread(post, port, [tuple(one)], tls) == [status]
            assert owner.epcs == [EPCS[0], *EPCS, *EPCS]
            assert owner.ready == 1 and not owner.errors
            assert "127.0.0.1 was not let in, without the token" in owner.notices[0]
            assert TOKEN not in str(owner.events)

    run(main())


def test_a_reader_that_posts_no_more_is_gone_and_half_a_request_keeps_nobody_out(run: Run, tmp_path: Path) -> None:
    keys = keys_of(tmp_path, silent_s=0.3)
    port = int(keys["listen"].rpartition(":")[2])

    async def main() -> None:
        owner = ReaderOwner("fx", **keys)
        async with owner.kept():
            await listening(owner, port)
            halves = []
            for _ in range(40):
                halves.append(half := socket.create_connection(("127.0.0.1", port)))
                half.sendall(b"POST /reads HTTP/1.1\r\nHost: x\r\n")
            assert await asyncio.to_thread(post, port, [("POST", "/reads", ONE, BEARER)]) == [204]
            await owner.until(lambda: bool(owner.errors))
            assert owner.errors[0].failure is ReaderFailure.SILENT and "no word for 0.3 s" in str(owner.errors[0])
            for half in halves:
                half.close()
            await listening(owner, port)
            assert await asyncio.to_thread(post, port, [("POST", "/reads", ONE, BEARER)]) == [204]
            assert owner.ready == 2

    run(main())


def test_reads_come_over_a_websocket_of_others(run: Run, tmp_path: Path) -> None:
    keys = keys_of(tmp_path, way="websocket", silent_s=0)
    url = f"ws://{keys['listen']}"

    async def main() -> None:
        owner = ReaderOwner("fx", **keys)
        async with owner.kept():
            await listening(owner, int(url.rpartition(":")[2]))
            for path, headers, status in (("/reads", {}, 401), ("/else", BEARER, 404)):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(f"{url}{path}", additional_headers=headers)
                assert refused.value.response.status_code == status
            assert owner.ready == 0
            async with connect(f"{url}/reads", additional_headers=BEARER, ping_interval=None) as first:
                await first.send(ONE.decode())
                await first.send([BOTH[:30], BOTH[30:]])  # in two frames, as octets
                await (await first.ping())
                await owner.until(lambda: len(owner.epcs) == 3)
                async with connect(f"{url}/reads", additional_headers=BASIC) as second:  # after a loss that only it saw
                    await first.wait_closed()
                    await second.send("nonsense")
                    await second.send(ONE.decode())
                    await owner.until(lambda: len(owner.epcs) == 4 and len(owner.notices) == 2)
            await owner.until(lambda: bool(owner.errors))
            assert "the reader ended the connection" in str(owner.errors[0])

    run(main())


@given(
    st.binary(max_size=40) | st.sampled_from([b"Basic", b"Bearer", b"Basic ====", b"Basic " + b64encode(b"no colon")])
)
def test_no_other_words_are_the_token(given_: bytes) -> None:
    assert not _knows(given_, TOKEN)
    assert _knows(f"bearer  {TOKEN}".encode(), TOKEN)


def test_check_wants_it_safe(project: Path, tmp_path: Path) -> None:
    text = (project / "examples" / "warehouse" / "LINE.toml").read_text(encoding="utf-8")
    head = text.index("[reader.tote1]")
    (tmp_path / "token").write_text(TOKEN)

    def problems(table: str) -> list[str]:
        path = tmp_path / "LINE.toml"
        path.write_text(f'{text[:head]}[reader.r]\ndriver = "push-json"\nvendor = "zebra"\n{table}\n{text[head:]}')
        try:
            load_line(path)
        except ConfigError as error:
            return [
                problem.partition(": ")[2] if problem.startswith("line ") else problem for problem in error.problems
            ]
        return []

    near, far, token = 'listen = "127.0.0.1:8600"\n', 'listen = "0.0.0.0:8600"\n', 'token_file = "token"\n'
    expected: list[tuple[str, str]] = [
        (near, ""),
        (far, "reader.r.token_file: missing: or host: everybody in the network could send reads"),
        (far + token, "reader.r.token_file: the token would go in the clear: only with certificate and key"),
        (far + token + "plain = true", ""),
        (far + 'host = "10.0.0.7"', ""),
        (far + 'host = "reader"', "reader.r.host: 'reader': with listen it must be an address in numbers"),
        (near + token + 'way = "tcp"', "reader.r.token_file: not with way 'tcp'"),
        (near + 'way = "tcp"\nsilent_s = 0', ""),
        (near + "silent_s = 0", "reader.r.silent_s: 0: with way 'http' nothing else tells that the reader is gone"),
        ('listen = "127.0.0.1:70000"', "reader.r.listen: '127.0.0.1:70000': the port must be 1..65535"),
    ]
    for table, problem in expected:
        found = problems(table)
        assert (len(found) == 1 and problem in found[0]) if problem else found == [], (table, found)
