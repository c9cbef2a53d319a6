"""Events of orders and parcels: pulled in order, and told over HTTP until they are taken, as a foreign library checks.

Public names: none; run by pytest.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from conftest import Run
from example_site import client_of, example_site
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ports import free_port
from standardwebhooks import Webhook as Checker
from waiting import HANGS_S, wait_until

from api.app import create_app
from api.server import listen, server
from edge.cli import main
from edge.config.connections import Connections
from edge.config.load import load_site
from edge.config.problem import ConfigError
from edge.config.webhooks import WebhookTable, signing_key, webhook_problems
from edge.journal.host_time import now_us
from edge.site import outbox, webhooks
from edge.site.keeping import Keep
from edge.site.outbox import OutboxTold, append
from edge.site.store import SiteStore
from edge.site.webhooks import Webhook, WebhookState

KEY = bytes(range(32))
SECRET = b64encode(KEY).decode()
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


class Door(ThreadingHTTPServer):
    """Takes events whose signature is right. ``answers``: statuses to give first, by turns; then 204.

    ``keeps``: so many of a connection, which it ends then without a word; 0 = one, as HTTP/1.0 has it.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Told)
        self.answers: list[int | tuple[int, str]] = []
        self.got: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.keeps = 0
        self.connections = 0
        self.silent = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=b"

    def end(self) -> None:
        self.silent.set()
        self.shutdown()
        self.thread.join(HANGS_S)
        self.server_close()


class _Told(BaseHTTPRequestHandler):
    server: Door

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.borne = 0
        if self.server.keeps:
            self.protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        Checker(SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
        self.server.asked.append(self.headers["webhook-id"])
        given = self.server.answers.pop(0) if self.server.answers else 204
        status, rest = given if isinstance(given, tuple) else (given, "")
        if status == 0:  # says nothing
            self.server.silent.wait(HANGS_S)
            return
        if status < 300:
            event = json.loads(body)
            assert event["id"] == self.headers["webhook-id"]
            self.server.got.append(event)
        self.send_response(status)
        if rest:
            self.send_header("Retry-After", rest)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.borne += 1
        if self.borne == self.server.keeps:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.end()


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[SiteStore]:
    made = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    yield made
    made.close()


def happen(store: SiteStore, *subjects: str, kind: str = "order.taken.v1", at_us: int = 1) -> None:
    with store.connections.writing() as db:
        append(db, [OutboxTold(kind, one, {"n": at}) for at, one in enumerate(subjects)], at_us)


def state_of(store: SiteStore) -> WebhookState:
    with store.connections.reading() as db:
        (state,) = webhooks.states(db, ("erp",))
    return state


def hook(door: Door, **more: Any) -> Webhook:
    return Webhook(**({"name": "erp", "site": "demo", "url": door.url, "key": KEY, "timeout_s": HANGS_S} | more))


def told(store: SiteStore, its: Webhook, at_us: int) -> int:
    return webhooks.tell(store.connections, its, Connections(), at_us)


def test_a_door_is_told_everything_in_order_from_its_first_second_on(store: SiteStore, door: Door) -> None:
    happen(store, "before")
    now = now_us()
    assert told(store, hook(door), now) == 0
    happen(store, *(f"o-{n}" for n in range(250)))
    happen(store, "p-1", kind="parcel.labelled.v1")
    assert [told(store, hook(door), now) for _ in range(4)] == [100, 100, 51, 0]
    assert [one["subject"] for one in door.got] == [*(f"o-{n}" for n in range(250)), "p-1"]
    first = door.got[0]
    assert first["type"] == "com.lanewise.order.taken.v1" and first["source"] == "/sites/demo"
    assert [one["sequence"] for one in door.got] == sorted(one["sequence"] for one in door.got)
    assert state_of(store) == WebhookState(
        name="erp", after=252, behind=0, told=251, told_us=now, refused=0, tries=0, since_us=0, next_us=0, trouble=""
    )
    happen(store, "o-9", "o-10")
    happen(store, "p-2", kind="parcel.labelled.v1")
    assert told(store, hook(door, types=("parcel.",)), now) == 1
    assert state_of(store).after == 255


def test_a_turn_tells_what_there_is_over_the_connections_that_a_door_keeps(store: SiteStore, door: Door) -> None:
    door.keeps = 60
    herald = webhooks.Herald([hook(door)])
    (duty,) = herald.duties()
    duty.work(store.connections, now_us())
    happen(store, *map(str, range(350)))
    duty.work(store.connections, now_us())
    assert [one["subject"] for one in door.got] == [str(n) for n in range(350)]
    assert herald.states["erp"].behind == 0 and door.connections == 3 * 2 + 1


def test_what_waits_is_counted_up_to_a_limit(store: SiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "COUNTED", 3)
    happen(store, *"abcdefg")
    with store.connections.reading() as db:
        last = outbox.newest(db)
        assert [outbox.behind(db, last - n) for n in (0, 2, 5)] == [0, 2, 5]


def test_a_door_that_is_away_is_asked_ever_less_often_and_gets_it_all(store: SiteStore, door: Door) -> None:
    now = now_us()
    told(store, hook(door), now)
    happen(store, "o-1", "o-2")
    door.answers = [503, 500, 429]
    rests = []
    for _ in range(3):
        assert told(store, hook(door), now) == 0
        state = state_of(store)
        rests.append((state.next_us - now) // SECOND_US)
        assert told(store, hook(door), state.next_us - 1) == 0, "it is left alone"
        now = state.next_us
    assert rests == [5, 10, 20] and len(door.asked) == 3
    assert state_of(store).tries == 3 and "429" in state_of(store).trouble and door.url in state_of(store).trouble
    door.answers = [(503, "3600")]
    told(store, hook(door), now)
    assert state_of(store).next_us - now == 3_600 * SECOND_US, "as long as it says"
    assert webhooks.tell_again(store.connections, "erp", None) == state_of(store).after, "at once, somebody says"
    assert told(store, hook(door), now) == 2
    assert state_of(store).trouble == "" and state_of(store).tries == 0
    nobody = hook(door, url=f"http://127.0.0.1:{free_port()}/")
    happen(store, "o-3")
    told(store, nobody, now)
    assert "refused" in state_of(store).trouble
    since = state_of(store).since_us
    told(store, nobody, state_of(store).next_us)
    assert state_of(store).since_us == since and state_of(store).tries == 2


def test_what_is_refused_for_good_is_set_aside_and_may_be_told_again(store: SiteStore, door: Door) -> None:
    now = now_us()
    told(store, hook(door), now)
    happen(store, "bad", "good")
    door.answers = [400] * 5
    for _ in range(5):
        told(store, hook(door), now)
        now = max(now, state_of(store).next_us)
    assert told(store, hook(door), now) == 1
    assert [one["subject"] for one in door.got] == ["good"] and state_of(store).refused == 1
    with store.connections.reading() as db:
        ((_, _, reason),) = webhooks.refused_of(db, "erp")
    assert "400" in reason
    webhooks.tell_again(store.connections, "erp", None)
    door.answers = [422]
    told(store, hook(door), now)
    assert state_of(store).refused == 1, "it stays aside"
    webhooks.tell_again(store.connections, "erp", None)
    assert told(store, hook(door), now) == 1
    assert [one["subject"] for one in door.got] == ["good", "bad"] and state_of(store).refused == 0
    webhooks.tell_again(store.connections, "erp", 0)
    assert told(store, hook(door), now) == 2, "history, once more"
    assert door.got[0]["id"] == door.got[3]["id"], "with the same ids"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(st.lists(st.sampled_from([204, 200, 500, 503, 429, 400, 404]), max_size=14), st.integers(1, 5))
def test_whatever_a_door_says_each_event_is_told_or_set_aside(
    tmp_path_factory: pytest.TempPathFactory, answers: list[int], count: int
) -> None:
    folder, its = tmp_path_factory.mktemp("hook"), Door()
    store = SiteStore(f"sqlite:///{folder}/site.sqlite", secret_file=folder / "secret")
    try:
        now = now_us()
        told(store, hook(its), now)
        happen(store, *map(str, range(count)))
        its.answers = list(answers)
        with pytest.MonkeyPatch.context() as patch:  # a signature is good for five minutes
            patch.setattr(webhooks, "_FIRST_S", 0)
            while state_of(store).behind:
                told(store, hook(its), now)
        got = [one["subject"] for one in its.got]
        assert got == sorted(set(got), key=int), "in order, each once where nothing was killed"
        with store.connections.reading() as db:
            aside = {str(seq - 1) for seq, _, _ in webhooks.refused_of(db, "erp")}
        assert aside | set(got) == set(map(str, range(count))) and not aside & set(got)
        tries = Counter(its.asked)
        assert all(tries[name] >= 1 for name in its.asked)
    finally:
        store.close()
        its.end()


def test_who_waits_for_a_silent_door_ends_when_told(store: SiteStore, door: Door) -> None:
    now = now_us()
    told(store, hook(door), now)
    happen(store, "o-1")
    door.answers = [0]
    links = Connections()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(webhooks.tell, store.connections, hook(door), links, now)
        wait_until(lambda: bool(door.asked))
        links.cut()
        assert waiting.result(HANGS_S) == 0
    assert state_of(store).tries == 1
    door.answers = [0]
    told(store, hook(door, timeout_s=0.05), state_of(store).next_us)
    assert state_of(store).tries == 2


def test_events_that_a_door_was_not_told_stay(store: SiteStore, door: Door) -> None:
    now = now_us()
    happen(store, "o-1", at_us=now - 90 * DAY_US)
    told(store, hook(door), now)
    happen(store, "o-2", at_us=now - 80 * DAY_US)
    keep = Keep(months=1, webhooks=("erp",))
    assert store.keep_up(keep, now).told == 1
    assert [row.told.subject for row in store.outbox(0)] == ["o-2"]
    told(store, hook(door), now)
    assert store.keep_up(keep, now).told == 1


def test_events_and_webhooks_over_http_and_by_commands(
    project: Path, tmp_path: Path, door: Door, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    example_site(project, tmp_path)
    port, file = free_port(), tmp_path / "SITE.toml"
    text = file.read_text(encoding="utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    file.write_text(f'{text}\n[webhook.erp]\nurl = "{door.url}"\nsecret_file = "erp.secret"\n', encoding="utf-8")
    assert main(["check", str(file)]) == 1
    assert "webhook.erp.secret_file" in capsys.readouterr().err
    (tmp_path / "erp.secret").write_text(f"whsec_{SECRET}\n", encoding="utf-8")
    (tmp_path / "erp.secret").chmod(0o600)
    assert main(["check", str(file)]) == 0
    capsys.readouterr()
    app = create_app(load_site(file))
    with listen("127.0.0.1", port) as listener:
        running = server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: running.started)
            store = app.state.site.store()

            def asks(name: str, *words: str, status: int = 0) -> str:
                assert main(["events", name, "--site", str(file), *words]) == status
                said = capsys.readouterr()
                return said.err if status == 2 else said.out

            wait_until(lambda: "erp" in app.state.site.herald.states)
            happen(store, "o-1", "o-2", at_us=now_us())
            wait_until(lambda: len(door.got) == 2)
            wait_until(lambda: "2 told" in asks("webhooks"))
            assert "order.taken.v1 o-1 n=0" in asks("list")
            assert json.loads(asks("list", "--json").splitlines()[0]) == door.got[0], "pulled it is the same"
            assert asks("list", "--after", "2") == ""
            door.answers = [500] * 99
            happen(store, "o-3", at_us=now_us())
            wait_until(lambda: bool(door.asked[2:]))
            wait_until(lambda: app.state.site.herald.states["erp"].tries > 0)
            assert "in vain" in asks("webhooks", status=1)
            late = app.state.site.herald.states["erp"].since_us + webhooks.LATE_US + 1
            assert [one.name for one in app.state.site.herald.late(late)] == ["erp"]
            assert asks("refused", "erp") == ""
            assert "none" not in asks("again", "wms", "--by", "Ann", status=2)
            door.answers = []
            assert "goes on behind event 0" in asks("again", "erp", "--after", "0", "--by", "Ann")
            wait_until(lambda: [one["subject"] for one in door.got[2:]] == ["o-1", "o-2", "o-3"])
        finally:
            running.should_exit = True
            thread.join(HANGS_S)

    async def refused() -> None:
        async with client_of(app) as client:
            for path in ("/api/v1/events?after=-1", "/api/v1/events?limit=0", "/api/v1/webhooks/erp/refused?limit=x"):
                answer = await client.get(path)
                assert answer.status_code == 422, path
                assert answer.headers["content-type"] == "application/problem+json"
            assert (await client.get("/api/v1/webhooks/wms/refused")).status_code == 404
            answer = await client.get("/api/v1/events")
            assert answer.headers["content-type"] == "application/cloudevents-batch+json"
            assert [one["subject"] for one in answer.json()] == ["o-1", "o-2", "o-3"]

    run(refused())


def test_a_door_with_tls_shows_who_it_is(store: SiteStore, door: Door, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    table = WebhookTable(url="https://127.0.0.1/", secret_file=tmp_path / "s", ca=authority.certificate)
    now = now_us()
    plain = hook(door, url=door.url.replace("http:", "https:"), context=table.context)
    told(store, plain, now)
    happen(store, "o-1")
    told(store, plain, now)
    assert state_of(store).tries == 1 and door.got == [], "it speaks no TLS"
    assert "https" in state_of(store).trouble


def test_what_a_webhook_table_says_wrong(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    for said, text in (("no base64", "ä" * 3), ("no base64", "abc$"), ("3 bytes", "YWJj"), ("empty", "")):
        secret.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=said if said != "no base64" else "base64|no token"):
            signing_key(secret)
    table = WebhookTable(url="http://erp.example.org/hook", secret_file=secret)
    (problem,) = webhook_problems({"erp": table})
    assert "in the clear" in problem
    assert not list(webhook_problems({"erp": table.model_copy(update={"plain": True})}))
