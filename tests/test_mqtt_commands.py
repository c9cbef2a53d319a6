"""Requests over MQTT reach the site store through the api, once, and are answered whatever is wrong with them."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from example_site import TOKEN, example_site
from hypothesis import given
from hypothesis import strategies as st
from made_up_floor import order
from mosquitto import Heard, Mosquitto
from published import START_US, Published
from waiting import HANGS_S, wait_until

from api.app import create_app
from api.server import listen, server
from edge.config.mqtt import MqttConfig
from edge.core.events import DeviceChanged, LaneRequested, OrderChanged
from edge.core.values.alarm import AlarmAction
from edge.core.values.layout import LineLayout
from edge.intake.sales_orders import EXAMPLE
from edge.journal.record import encode
from edge.publish import follow, mqtt_commands
from edge.publish.mqtt_broker import Arrived
from edge.publish.mqtt_commands import ANSWERS, Answer, ApiRequest, CommandDesk, ask_of
from edge.publish.namespace import MqttMessage, Namespace
from edge.site.store import SiteStore

pytestmark = pytest.mark.usefixtures("quick")

COMMAND = "lanewise/demo/_edge/edge1/command"
ANSWER = "lanewise/demo/_edge/edge1/answer"

_text = st.text(st.characters(), max_size=9)  # lone surrogates too
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
)
_keys = st.sampled_from(["line", "lane", "enabled", "by", "alarm", "action", "minutes", "comment"])


@given(
    what=st.sampled_from(["orders", "sales-orders", "lane", "alarm"]),
    payload=st.binary(max_size=40)
    | (_json | st.dictionaries(_keys, _json)).map(lambda told: json.dumps(told).encode()),
)
def test_any_request_becomes_one_question_or_says_what_is_wrong(what: str, payload: bytes) -> None:
    asked = ask_of(what, payload)
    if isinstance(asked, Answer):
        assert asked.status in ANSWERS and asked.problems and json.loads(asked.encode())["problems"]
        return
    begin, slashes = {
        "orders": ("/api/orders", 2),
        "sales-orders": ("/api/v1/sales-orders", 3),
        "lane": ("/api/lines/", 5),
        "alarm": ("/api/alarms/", 4),
    }[what]
    assert asked.path.startswith(begin) and asked.path.count("/") == slashes and asked.path.isascii()
    json.loads(asked.body)


@pytest.fixture
def site(project: Path, tmp_path: Path) -> Iterator[tuple[str, Callable[[], None], SiteStore]]:
    """A real api: its address, what ends it, and its store to look into."""
    (tmp_path / "token").write_text(TOKEN)
    config = example_site(project, tmp_path).model_copy(update={"token_file": tmp_path / "token"})
    SiteStore(config.store).close()
    store = SiteStore(config.store, readonly=True)
    listener = listen("127.0.0.1", 0)
    serving = server(create_app(config))
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
    thread.start()

    def stop() -> None:
        serving.should_exit = True
        thread.join(HANGS_S)
        listener.close()

    yield f"http://127.0.0.1:{listener.getsockname()[1]}", stop, store
    stop()
    store.close()


def test_requests_are_done_once_and_always_answered(
    mosquitto: str,
    listens: str,
    peer: Callable[[str], str],
    tmp_path: Path,
    layouts: tuple[LineLayout, ...],
    site: tuple[str, Callable[[], None], SiteStore],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mqtt_commands, "AGAIN_S", 0.02)
    api, stop, store = site
    asks = peer("mosquitto_rr")
    token = tmp_path / "sent-token"
    token.write_text(f"{TOKEN}\n")
    with Mosquitto(mosquitto, tmp_path) as broker, Heard(listens, broker.port, f"{ANSWER}/#") as heard:

        def ask(what: str, body: object, *more: str, to: str = f"{ANSWER}/ann") -> dict[str, Any]:
            payload = body if isinstance(body, str) else json.dumps(body)
            where = ("-h", "127.0.0.1", "-p", str(broker.port), "-V", "5", "-q", "1", "-W", str(HANGS_S))
            command = (asks, *where, "-t", f"{COMMAND}/{what}", "-e", to, "-m", payload, *more)
            done = subprocess.run(command, capture_output=True, text=True, timeout=2 * HANGS_S, check=True)
            answer: dict[str, Any] = json.loads(done.stdout)
            return answer

        published = Published(
            tmp_path, layouts, broker.port, commands=("orders", "sales-orders", "lane"), api=api, token_file=token
        )
        published.write([DeviceChanged(START_US, "reader.r", True, "")])
        with published.going():
            published.delivered()
            off = {"line": "sorter", "lane": 3, "enabled": False, "by": "Ann"}
            assert ask("lane", off) == {"ok": True, "status": 202, "result": {"feed_seq": 1}, "problems": []}
            (asked,) = store.feed(0)
            assert isinstance(asked, LaneRequested) and (asked.lane, asked.enabled, asked.by) == (3, False, "Ann")

            # The same request again, as after a lost acknowledgement: answered, and not done.
            orders = encode(OrderChanged(0, 0, order(1, in_tote=True)))
            body = json.loads(orders)["order"]
            named = ("-D", "publish", "correlation-data", "ann-1")
            first = ask("orders", [body], *named)
            assert first == {"ok": True, "status": 200, "result": {"new": 1, "changed": 0, "same": 0}, "problems": []}
            assert ask("orders", [body], *named) == first
            assert ask("orders", [body])["result"] == {"new": 0, "changed": 0, "same": 1}

            # Sales orders, each by itself; of who gets them nothing comes back, not even what is wrong.
            wrong_phone = {
                **EXAMPLE,
                "external": "2",
                "consignee": {"phone": ["0912345678"], "name": "\u738b\u5c0f\u660e"},
            }
            assert ask("sales-orders", [EXAMPLE, EXAMPLE])["result"] == {"new": 1, "same": 1}
            answer = ask("sales-orders", [EXAMPLE, wrong_phone])
            assert (answer["status"], answer["problems"]) == (422, ["1.consignee.phone: not allowed"])
            assert not [told for told in heard.told("/answer/ann") if "0912" in str(told) or "\u738b" in str(told)]

            for what, wrong, status, problem in (
                ("lane", "{", 400, "body: not JSON"),
                ("lane", {"line": "sorter", "lane": "3", "by": "A", "x": 1}, 400, "enabled: missing"),
                ("lane", {**off, "line": "nowhere"}, 404, "line 'nowhere': allowed are tote1"),
                ("lane", {**off, "by": ""}, 422, "by: "),
                ("orders", [{**body, "tote": "none"}], 422, "0.tote"),
                (
                    "alarm",
                    {"alarm": "jam.sorter.3", "action": "reset", "by": "A"},
                    403,
                    "command 'alarm': allowed here",
                ),
                ("shutdown", {}, 403, "command 'shutdown'"),
            ):
                answer = ask(what, wrong)
                assert (answer["ok"], answer["status"]) == (False, status), answer
                assert answer["problems"][0].startswith(problem), answer
            late = ("-D", "publish", "user-property", "expires_us", "1")
            assert ask("lane", off, *late)["status"] == 408
            for wrong in ("soon", "9" * 5_000):
                answer = ask("lane", off, *late[:-1], wrong)
                assert answer["status"] == 408 and "allowed are microseconds since 1970" in answer["problems"][0]

            # An answer never goes where our own state is told, whatever the request names.
            before = len(heard.told("/answer/lane"))
            where = ("-h", "127.0.0.1", "-p", str(broker.port), "-V", "5", "-q", "1", "-t", f"{COMMAND}/lane")
            state = ("-D", "publish", "response-topic", "lanewise/demo/sorter/lane/3")
            subprocess.run([peer("mosquitto_pub"), *where, *state, "-m", "{"], check=True, timeout=HANGS_S)
            wait_until(lambda: len(heard.told("/answer/lane")) == before + 1)

            token.write_text("another-token-of-some-length\n")
            assert ask("lane", off)["status"] == 401
            token.write_text(TOKEN)
            stop()
            answer = ask("lane", off)
            assert answer["status"] == 503 and "refused" in answer["problems"][0]
            assert [type(value) for value in store.feed(0)] == [LaneRequested, OrderChanged]


def test_alarms_are_asked_for_as_at_the_page() -> None:
    told = {"alarm": "jam.sorter.3", "action": "shelve", "by": "Ann", "minutes": 5}
    asked = ask_of("alarm", json.dumps(told).encode())
    assert asked == ApiRequest("/api/alarms/jam.sorter.3/shelve", b'{"by": "Ann", "minutes": 5}')
    for action in AlarmAction:  # taking a PLC back among them
        asked = ask_of("alarm", json.dumps({"alarm": "fenced.tote2", "action": action, "by": "Ann"}).encode())
        assert asked == ApiRequest(f"/api/alarms/fenced.tote2/{action}", b'{"by": "Ann"}')


class SlowApi:
    """Answers 202, but the first request only when it is let go. ``lanes``: what was asked for, in order."""

    def __init__(self) -> None:
        self.lanes: list[str] = []
        self.asked, self.let_go = threading.Event(), threading.Event()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                api.lanes.append(self.path.rpartition("/")[2])
                api.asked.set()
                api.let_go.wait(HANGS_S)
                self.send_response(202)
                self.end_headers()
                self.wfile.write(b'{"feed_seq": 1}')

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> SlowApi:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._thread.join(HANGS_S)
        self._server.server_close()


@pytest.fixture
def two_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_commands, "WAITING", 2)
    monkeypatch.setattr(mqtt_commands, "HTTP_S", HANGS_S)
    monkeypatch.setattr(follow.TargetFollower, "TELL_EVERY_S", 0.02)


def lane_off(lane: int) -> str:
    return json.dumps({"line": "sorter", "lane": lane, "enabled": False, "by": "Ann"})


def test_what_cannot_wait_any_more_is_answered_and_counted(
    mosquitto: str,
    listens: str,
    peer: Callable[[str], str],
    tmp_path: Path,
    layouts: tuple[LineLayout, ...],
    two_wait: None,
) -> None:
    with (
        SlowApi() as api,
        Mosquitto(mosquitto, tmp_path) as broker,
        Heard(listens, broker.port, "lanewise/demo/_edge/#") as heard,
    ):
        sends = [peer("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(broker.port), "-V", "5", "-q", "1", "-l"]

        def send(*lanes: int) -> None:
            told = "".join(f"{lane_off(lane)}\n" for lane in lanes)
            subprocess.run([*sends, "-t", f"{COMMAND}/lane"], input=told, text=True, check=True, timeout=HANGS_S)

        published = Published(tmp_path, layouts, broker.port, commands=("lane",), api=api.url)
        published.write([DeviceChanged(START_US, "reader.r", True, "")])
        with published.going():
            published.delivered()
            send(1)
            assert api.asked.wait(HANGS_S)
            send(2, 3, 4, 5, 6)
            wait_until(lambda: len(heard.told("/answer/lane")) == 3)
            problem = "2 requests are waiting: ask again later"
            refusal = {"ok": False, "status": 429, "result": None, "problems": [problem]}
            assert heard.told("/answer/lane") == [refusal] * 3
            wait_until(lambda: any(one["refused"] == 3 for one in heard.told("/publisher/broker")))
            api.let_go.set()
            wait_until(lambda: len(heard.told("/answer/lane")) == 6)
            assert [one["status"] for one in heard.told("/answer/lane")] == [429, 429, 429, 202, 202, 202]
            send(6)
            wait_until(lambda: len(heard.told("/answer/lane")) == 7)
            assert api.lanes == ["1", "2", "3", "6"], "what was refused is not done"


def test_a_request_that_comes_again_is_not_refused_since_it_may_be_waiting(
    layouts: tuple[LineLayout, ...],
    two_wait: None,
) -> None:
    answers: queue.SimpleQueue[tuple[bytes, int]] = queue.SimpleQueue()
    acknowledged: list[bytes] = []

    def answer(message: MqttMessage, correlation: bytes) -> None:
        answers.put((correlation, json.loads(message.payload)["status"]))

    def arrived(lane: int, again: bool = False) -> Arrived:
        name = b"lane %d" % lane
        seen = lambda: acknowledged.append(name)  # noqa: E731
        return Arrived(f"{COMMAND}/lane", lane_off(lane).encode(), "", name, {}, None, again, time.monotonic(), seen)

    with SlowApi() as api:
        config = MqttConfig(kind="mqtt", host="nowhere", commands=("lane",), api=api.url)
        desk = CommandDesk(config, Namespace("demo", "edge1", layouts), answer, answer)
        desk.take(arrived(1))
        assert api.asked.wait(HANGS_S)
        for lane in (2, 3, 4):
            desk.take(arrived(lane))
        assert answers.get(timeout=HANGS_S) == (b"lane 4", 429)
        for lane in (1, 2, 3):  # after a break the broker sends what was not acknowledged
            desk.take(arrived(lane, again=True))
        api.let_go.set()
        for lane in (1, 2, 3, 1, 2, 3):
            assert answers.get(timeout=HANGS_S) == (b"lane %d" % lane, 202)
        desk.close()
        assert api.lanes == ["1", "2", "3"] and desk.in_vain == follow.RequestsInVain(refused=1)
        assert sorted(acknowledged) == [b"lane 1"] * 2 + [b"lane 2"] * 2 + [b"lane 3"] * 2 + [b"lane 4"]


def test_a_request_that_meets_a_fault_of_ours_is_answered_once_and_the_desk_goes_on(
    layouts: tuple[LineLayout, ...],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Wherever it meets it: in what is asked, on the way of the answer, in the acknowledgement."""
    answers: queue.SimpleQueue[tuple[bytes, int]] = queue.SimpleQueue()
    acknowledged: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    failed: list[bytes] = []

    def asked(what: str, payload: bytes) -> ApiRequest | mqtt_commands.Answer:
        if payload == b"asked":
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        return ask_of(what, payload)

    def answer(message: MqttMessage, correlation: bytes) -> None:
        answers.put((correlation, json.loads(message.payload)["status"]))
        if correlation == b"answered":
            raise ZeroDivisionError

    def arrived(name: bytes, payload: bytes) -> Arrived:
        def seen() -> None:
            if name == b"acknowledged" and not failed:
                failed.append(name)
                raise ZeroDivisionError
            acknowledged.put(name)

        return Arrived(f"{COMMAND}/lane", payload, "", name, {}, None, False, time.monotonic(), seen)

    monkeypatch.setattr(mqtt_commands, "ask_of", asked)
    with SlowApi() as api:
        api.let_go.set()
        config = MqttConfig(kind="mqtt", host="nowhere", commands=("lane",), api=api.url)
        desk = CommandDesk(config, Namespace("demo", "edge1", layouts), answer, answer)
        for name, payload, status in (
            (b"asked", b"asked", (400,)),
            (b"answered", b"{", (400, 400)),
            (b"acknowledged", b"{", (400, 400)),
            (b"good", lane_off(3).encode(), (202,)),
        ):
            desk.take(arrived(name, payload))
            for one in status:
                assert answers.get(timeout=HANGS_S) == (name, one)
            assert acknowledged.get(timeout=HANGS_S) == name
        desk.close()
        assert api.lanes == ["3"]
    assert (desk.in_vain.refused, desk.in_vain.failed) == (0, 3)
    assert desk.in_vain.why == f"{COMMAND}/lane: ZeroDivisionError()"
    assert sum(bool(record.exc_info) for record in caplog.records) == 3
