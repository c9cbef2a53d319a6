"""What is asked over MQTT 5: requests are handed to the api process, answers go back on the response topic.

Public names: CommandDesk, ApiRequest, ask_of, Answer, ANSWERS, REQUESTS.

The site store has one writer, the api; this only translates. One request at a time, in order. A request that comes
again (QoS 1) is answered again and not done again. The PUBACK goes when the answer is out, so none is lost with us. One
that meets a fault of ours is answered 400, and the next is done.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from urllib.parse import quote, urlsplit

from edge.config.connections import Connections
from edge.config.mqtt import MqttConfig
from edge.config.problem import MISSING, ConfigError, shown, unknown
from edge.config.secret import bearer
from edge.config.tls import TlsTable
from edge.core.values.text import one_line
from edge.journal.host_time import now_us
from edge.publish.follow import RequestsInVain
from edge.publish.mqtt_broker import Arrived
from edge.publish.namespace import MqttMessage, Namespace
from edge.publish.topics import Answered

log = logging.getLogger(__name__)

HTTP_S = 5.0
TRIES = 3
AGAIN_S = 1.0
WAITING = 1_000
"""Requests that may wait; more are refused."""
ANSWERED = 1_000
"""Answers that are kept for requests that come again."""
EXPIRY = "expires_us"
"""User property: a request is not done at or after this time, microseconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """What the api is to be asked: a path and a JSON body."""

    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` as in HTTP: 200 and 202 are good. ``result``: the api's answer. ``problems``: a line each."""

    status: int
    result: dict[str, int] | None = None
    problems: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """As JSON."""
        told = Answered(self.status < 300, self.status, self.result, self.problems)
        return json.dumps(asdict(told), ensure_ascii=False).encode(errors="replace")  # a lone surrogate that was asked


ANSWERS: dict[int, str] = {
    200: "orders taken; `result` tells how many were new, changed, the same",
    202: "asked; the line does it, and its state topic tells when it is so; `result.feed_seq` is its place in the feed",
    400: "not JSON, or a key is missing or has another type, or it met a fault of the program: `problems` tells",
    401: "the api does not know the token of `token_file`",
    403: "this command is not in `commands` of LINE.toml",
    404: "no such line, lane or alarm",
    408: "expired before it could be done",
    409: "the alarm is in a state in which this cannot be asked, or orders contradict each other",
    422: "a value is not allowed; `problems` tells each with its place",
    429: "too many requests are waiting; this one is not done: ask again later",
    503: "the api does not answer, or cannot store it now; ask again",
}

REQUESTS: dict[str, tuple[dict[str, type], dict[str, type]]] = {
    "lane": ({"line": str, "lane": int, "enabled": bool, "by": str}, {}),
    "alarm": ({"alarm": str, "action": str, "by": str}, {"minutes": int, "comment": str}),
}
"""Keys that a request must have, and may have, with the type of each; orders as `edge.intake` reads them."""
_ORDERS = {"orders": "/api/orders", "sales-orders": "/api/v1/sales-orders?brief=true"}
"""Of sales orders the api says no more than may be told over MQTT: counts, and the keys that are wrong."""
_TYPES = {str: "text", int: "a whole number", bool: "true or false"}


def ask_of(what: str, payload: bytes) -> ApiRequest | Answer:
    """A request as the api wants it, or the answer that says what is wrong with it."""
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError) as error:
        return Answer(400, problems=(f"body: not JSON in UTF-8: {error}",))
    if what in _ORDERS:
        return ApiRequest(_ORDERS[what], payload)
    if not isinstance(told, dict):
        return Answer(400, problems=("body: allowed is an object",))
    wanted, optional = REQUESTS[what]
    allowed = wanted | optional
    problems = [f"{key}: {MISSING}" for key in wanted if key not in told]
    problems += [f"{key}: {unknown(key, allowed)}" for key in told if key not in allowed]
    problems += [
        f"{key}: {told[key]!r}: allowed is {_TYPES[kind]}"
        for key, kind in allowed.items()
        if key in told and type(told[key]) is not kind
    ]
    if problems:
        return Answer(400, problems=tuple(problems))
    for key, text in told.items():
        try:
            told[key] = one_line(text) if isinstance(text, str) else text
        except ValueError as error:
            problems.append(f"{key}: {shown(text)}: {error}")
    if problems:
        return Answer(422, problems=tuple(problems))
    if what == "lane":
        path = f"/api/lines/{quote(told['line'], safe='')}/lanes/{told['lane']}"
        return ApiRequest(path, json.dumps({"enabled": told["enabled"], "by": told["by"]}).encode())
    path = f"/api/alarms/{quote(told['alarm'], safe='')}/{quote(told['action'], safe='')}"
    return ApiRequest(path, json.dumps({key: told[key] for key in ("by", *optional) if key in told}).encode())


class CommandDesk:
    """Does what is asked, in a thread of its own.

    ``answer`` sends a message with its correlation data; ``answer_at_once`` does it without waiting for anything.
    """

    def __init__(
        self,
        config: MqttConfig,
        namespace: Namespace,
        answer: Callable[[MqttMessage, bytes], None],
        answer_at_once: Callable[[MqttMessage, bytes], None],
    ) -> None:
        self._refused = self._failed = 0
        self._why = ""
        self._config = config
        self._namespace = namespace
        self._answer = answer
        self._answer_at_once = answer_at_once
        self._answered: dict[bytes, Answer] = {}
        self._warned = False
        self._queue: queue.SimpleQueue[Arrived | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._connections = Connections()
        self._thread = threading.Thread(target=self._work, name="mqtt-commands", daemon=True)
        self._thread.start()

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return (self._namespace.command("+"),)

    @property
    def in_vain(self) -> RequestsInVain:
        """Requests that came while too many were waiting, and those that a fault of ours ended."""
        return RequestsInVain(self._refused, self._failed, self._why)

    def take(self, message: Arrived) -> None:
        """A request arrived; does not wait. One that was here before may be waiting already, and is never refused."""
        try:
            self._take(message)
        except Exception as error:  # noqa: BLE001  # the library's thread would die of it
            self._fails(message, error, self._answer_at_once)

    def _take(self, message: Arrived) -> None:
        waiting = self._queue.qsize()
        if waiting < WAITING or message.again:
            self._warned = self._warned and waiting > 0
            self._queue.put(message)
            return
        self._refused += 1
        if not self._warned:
            self._warned = True
            log.warning("%s: %d requests are waiting: more are refused", message.topic, WAITING)
        refusal = Answer(429, problems=(f"{WAITING} requests are waiting: ask again later",))
        self._answer_at_once(*self._told(message, refusal))
        message.acknowledge()

    def give_up(self) -> None:
        """By any thread: does not wait for the api any more. What it has not answered comes again from the broker."""
        self._stopping.set()
        self._connections.cut()

    def close(self) -> None:
        """Ends after the request that is under way; those behind it come again from the broker."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(HTTP_S * TRIES)

    def _work(self) -> None:
        while (message := self._queue.get()) is not None and not self._stopping.is_set():
            try:
                self._serve(message)
            except Exception as error:  # noqa: BLE001  # one request never ends the desk, nor comes again after each start
                self._fails(message, error, self._answer)

    def _serve(self, message: Arrived) -> None:
        key = _key(message)
        answer = self._answered.get(key) if message.correlation or message.again else None
        if answer is None:
            answer = self._do(_what(message), message)
            if answer.status == 503 and self._stopping.is_set():
                return
            if answer.status != 503:  # that one may be asked again
                self._answered[key] = answer
                if len(self._answered) > ANSWERED:
                    del self._answered[next(iter(self._answered))]
        self._answer(*self._told(message, answer))
        message.acknowledge()

    def _fails(self, message: Arrived, error: Exception, answer: Callable[[MqttMessage, bytes], None]) -> None:
        """Says that a request ended by a fault; it is done with, whether or not the answer goes out."""
        log.error("%s: a request ended by a fault of this program", message.topic, exc_info=error)
        self._failed, self._why = self._failed + 1, f"{message.topic}: {error!r}"
        with suppress(Exception):
            answer(*self._told(message, Answer(400, problems=(f"this cannot be done: {error!r}",))))
        with suppress(Exception):
            message.acknowledge()

    def _told(self, message: Arrived, answer: Answer) -> tuple[MqttMessage, bytes]:
        told = self._namespace.answer(_what(message), message.response_topic, answer.encode())
        return told, message.correlation

    def _do(self, what: str, message: Arrived) -> Answer:
        if what not in self._config.commands:
            allowed = ", ".join(self._config.commands)
            return Answer(403, problems=(f"command {what!r}: allowed here: {allowed}",))
        asked = ask_of(what, message.payload)
        if isinstance(asked, Answer):
            return asked
        answer = Answer(503, problems=("the api was not asked",))
        for attempt in range(TRIES):
            if problem := _expired(message):
                return Answer(408, problems=(problem,))
            answer = self._ask(asked)
            if answer.status != 503 or attempt == TRIES - 1 or self._stopping.wait(AGAIN_S):
                break
        return answer

    def _ask(self, asked: ApiRequest) -> Answer:
        headers, api = {"Content-Type": "application/json"}, urlsplit(self._config.api)
        secure, host = api.scheme == "https", api.hostname or ""
        port = api.port or (443 if secure else 80)
        try:
            headers |= bearer(self._config.token_file)
            with closing(http.client.HTTPConnection(host, port)) as way:
                way.sock = self._connections.connect(host, port, HTTP_S, TlsTable().context() if secure else None)
                way.request("POST", asked.path, asked.body, headers)
                response = way.getresponse()
                told = response.read()
            if response.status >= 300:
                return Answer(response.status, problems=_problems(told, response.status))
            return Answer(response.status, json.loads(told))
        except (ConfigError, OSError, http.client.HTTPException, ValueError) as error:
            return Answer(503, problems=(f"{self._config.api}: {error}",))
        finally:
            self._connections.forget()


def _what(message: Arrived) -> str:
    return message.topic.rpartition("/")[2]


def _key(message: Arrived) -> bytes:
    """What makes two requests the same: who asks, what, and by which name, or else the very words."""
    told = message.correlation or message.payload
    return hashlib.sha256(b"\0".join((message.topic.encode(), message.response_topic.encode(), told))).digest()


def _expired(message: Arrived) -> str:
    if message.expiry_s is not None and time.monotonic() >= message.at_s + message.expiry_s:
        return f"the message expired after {message.expiry_s} s"
    until = message.properties.get(EXPIRY)
    if until is None:
        return ""
    if not until.isdecimal() or len(until) > 20:
        return f"{EXPIRY}: {until[:80]!r}: allowed are microseconds since 1970"
    return f"{EXPIRY}: {until} is over" if now_us() >= int(until) else ""


def _problems(body: bytes, status: int) -> tuple[str, ...]:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if isinstance(told, dict) and isinstance(told.get("problems"), list):
        return tuple(str(problem) for problem in told["problems"])
    return (f"the api says {status}",)
