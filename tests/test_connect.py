"""The page for integrators, word for word, and what the API says of itself."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from conftest import Run
from example_site import client_of, example_site
from followed import WRITTEN, other_ports, processes, ran
from openapi_spec_validator import OpenAPIV31SpecValidator
from standardwebhooks import Webhook
from waiting import HANGS_S, wait_until

from api.app import create_app
from api.asked_again import KEY_HEADER
from lanewise_client import ProblemError, Site, verified

SLOW = 500
"""The sorter's belt, mm/s: a machine that others use as well decides in time all the same."""
PEERS = ("curl", "openssl", "mosquitto", "mosquitto_rr")
NAMED = {
    "alarm": "missorts.sorter",
    "line": "sorter",
    "sscc": "095211410000000175",
    "tote": "3316451FD400028000000001",
} | dict.fromkeys(("lane", "n", "number", "seq", "unit"), "1")
"""Names in paths that may be some; of what is not there."""


def test_the_api_says_of_itself_what_is_so(project: Path, tmp_path: Path, run: Run) -> None:
    """The judges are a validator of OpenAPI, and the routes: each takes its example, were there what it names."""
    app = create_app(example_site(project, tmp_path))
    document = app.openapi()
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    tags, asked = {tag["name"] for tag in document["tags"]}, []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert set(operation["tags"]) <= tags and " " in operation["summary"], where
            answers = [its for status, its in operation["responses"].items() if status.startswith("2")]
            for its in (operation.get("requestBody", {}), *answers):
                assert all(content.get("schema") for content in its.get("content", {}).values()), where
            its = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if its and "/hooks/" not in path:  # whose body is the carrier's own
                named = NAMED | {"action": "note" if "/cases/" in path else "acknowledge"}
                given = re.sub(r"\{(\w+)\}", partial(_named, named), path)
                asked.append((method, given, its["example"]))

    async def talk() -> None:
        async with client_of(app) as client:
            for method, path, example in asked:
                answer = await client.request(method, path, json=example, headers={"if-match": '"1"'})
                assert answer.status_code not in (400, 415, 422, 500), (method, path, example, answer.text)

    run(talk())
    assert len(asked) > 50


def _named(named: dict[str, str], found: re.Match[str]) -> str:
    return named.get(found[1], "x")


def test_a_message_is_believed_by_its_signature_alone() -> None:
    """The peer is the library of Standard Webhooks, by its own example's secret."""
    secret, body, at = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        b'{"id":"1"}',
        datetime.fromtimestamp(1_800_000_000, UTC),
    )
    headers = {
        "Webhook-Id": "m",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": f"v1,AAAA {Webhook(secret).sign('m', at, body.decode())}",
    }
    assert verified(secret, headers, body, now_s=at.timestamp() + 299)["id"] == "1"
    wrong = (
        (headers, b'{"id":"2"}', 0),
        (headers, body, 301),
        ({**headers, "Webhook-Id": "n"}, body, 0),
        ({name: headers[name] for name in ("Webhook-Id", "Webhook-Timestamp")}, body, 0),
        ({}, body, 0),
    )
    for given, content, later in wrong:
        with pytest.raises(ProblemError):
            verified(secret, given, content, now_s=at.timestamp() + later)


def test_a_client_asks_again_by_the_same_key() -> None:
    """A site that is busy at first; its second word is another."""
    came: list[str] = []
    keys: list[str | None] = []

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.command)
            keys.append(self.headers.get(KEY_HEADER))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(503 if len(came) == 1 else 200)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET  # noqa: N815  as its base names it

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            site = Site(f"http://127.0.0.1:{server.server_port}", timeout_s=HANGS_S)
            assert site.line_order("1") == {} and came == ["GET"] * 2
            came.clear()
            assert site.put_line_orders([]) == {} and came == ["POST"] * 2
            came.clear()
            assert site.wish("1", "hold", "why") == {} and came == ["POST"] * 2
            assert keys[:2] == [None, None] and keys[2] == keys[3] != keys[4] == keys[5]
            came.clear()
            with pytest.raises(ProblemError) as refused:
                site.ask("POST", "/", again=False)
            assert (refused.value.status, came) == (503, ["POST"])
        finally:
            server.shutdown()
            thread.join()
    with pytest.raises(ProblemError, match="is the site running, and the address right"):
        site.ask("POST", "/")
    with pytest.raises(ProblemError, match="secret: not base64"):
        verified("no secret", {"webhook-timestamp": "1"}, b"", now_s=1)


@pytest.fixture
def tools(peer: Callable[[str], str]) -> None:
    """The programs of the page."""
    for name in PEERS:
        peer(name)


def test_a_wms_is_connected_word_by_word(project: Path, tmp_path: Path, mosquitto: str, tools: None) -> None:
    text = (project / "docs" / "connect-your-wms.md").read_text(encoding="utf-8")
    here = other_ports("8000", "9100", "1884", *(f"151{n}" for n in (21, 22, 81, 82, 83, 84)))
    blocks = WRITTEN.findall(here(text))
    chinese = (project / "docs" / "connect-your-wms.zh-Hant.md").read_text(encoding="utf-8")
    assert WRITTEN.findall(chinese) == WRITTEN.findall(text), "the commands of both languages are the same"
    folder = tmp_path / "wms"
    shutil.copytree(project / "examples" / "orders", folder)
    for name in ("LINE.toml", "SITE.toml"):
        its = here((folder / name).read_text(encoding="utf-8"))
        its = re.sub(r"^(\[plc\..*\])$", r"\1\ntimeout_ms = 10000", its, flags=re.MULTILINE)
        (folder / name).write_text(its.replace("speed_mm_s = 1500", f"speed_mm_s = {SLOW}"), encoding="utf-8")
    (kind, started), *rest = blocks
    assert kind == "sh"
    first, *more = started.partition("\n")[2].splitlines(keepends=True)  # its first line is the copy
    begun = [line.removesuffix(" &\n") for line in more if line.endswith(" &\n")]
    ran(folder, first + "".join(line for line in more if not line.endswith(" &\n")))
    with processes(folder, begun) as said:
        asked = shown = ""
        for kind, block in rest:
            if kind == "sh":
                asked, shown = block, ran(folder, block, "mosquitto_rr" not in block)
            else:
                pattern = ".*".join(re.escape(part) for part in block.strip().split("…"))
                wait_until(partial(told, folder, asked, shown, said, pattern), partial(what, asked, shown, block, said))


def told(folder: Path, asked: str, shown: str, said: Callable[[], str], pattern: str) -> bool:
    """It was shown, or a process said it. What only looks may be looked at again, until it is there."""
    looks = asked.startswith("curl") and "-d " not in asked and "--data" not in asked
    looks = looks or asked.startswith("mosquitto_rr")  # the publisher may not be there yet
    if re.search(pattern, shown + said()) is not None:
        return True
    return looks and re.search(pattern, ran(folder, asked, False)) is not None


def what(asked: str, shown: str, wanted: str, said: Callable[[], str]) -> str:
    """What there is instead."""
    return f"{asked}\n{shown}\n{wanted}\n{said()}"
