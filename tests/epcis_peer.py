"""A repository of EPCIS 2.0 for tests: takes documents that the standard's schema takes, by jobs, whole or not at all.

Public names: CaptureDoor.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any


class CaptureDoor:
    """``bad``: why an event is refused, empty = it is not. ``steps``: how often a job is still running when asked.

    ``at_once``: it judges at the door (400), not by a job. ``say``: what it answers instead, (status, headers), once.
    """

    def __init__(
        self,
        token: str = "",
        bad: Callable[[dict[str, Any]], str] = lambda _: "",
        *,
        steps: int = 1,
        at_once: bool = False,
    ) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.documents: list[dict[str, Any]] = []
        self.say: list[tuple[int, dict[str, str]]] = []
        self.posts = 0
        jobs: dict[str, tuple[list[int], str]] = {}
        numbers = count(1)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self, status: int, body: object = None, **headers: str) -> None:
                text = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_POST(self) -> None:
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                door.posts += 1
                if door.say:
                    status, headers = door.say.pop(0)
                    return self.answer(status, {"title": "not now"}, **headers)
                if token and self.headers["Authorization"] != f"Bearer {token}":
                    return self.answer(401, {"type": "epcisException:SecurityException", "title": "who are you?"})
                assert self.path == "/epcis/capture" and self.headers["GS1-Capture-Error-Behaviour"] == "rollback"
                events = document["epcisBody"]["eventList"]
                why = next(filter(None, map(bad, events)), "")
                if why and at_once:
                    return self.answer(400, {"type": "epcisException:ValidationException", "title": why})
                if not why:
                    door.documents.append(document)
                    door.events.update((one["eventID"], one) for one in events)
                name = f"job{next(numbers)}"
                jobs[name] = [0] * steps, why
                return self.answer(202, Location=f"http://behind.example/capture/{name}")

            def do_GET(self) -> None:
                if (job := jobs.get(self.path.rpartition("/")[2])) is None:
                    return self.answer(404, {"title": "no such job"})
                left, why = job
                if left:
                    left.pop()
                    return self.answer(200, {"running": True, "success": False, "errors": []})
                errors = [{"type": "epcisException:ValidationException", "title": why}] if why else []
                return self.answer(200, {"running": False, "success": not why, "errors": errors})

        door = self
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/epcis"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
