"""Chromium, driven over its DevTools pipe: open a page, look at it, ask it, act on it.

Public names: Browser.

Source: Chrome DevTools Protocol 1.3; --remote-debugging-pipe reads commands from descriptor 3 and writes to 4, messages
are JSON ended by NUL.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any


class _ThrownError(AssertionError):
    """The expression threw: what it asks for is not there."""


class _BetweenPages(AssertionError):  # noqa: N818  no error of the page: it is asked again
    """The old page is gone, and the new one not there yet."""


class Browser:
    """One page in a headless Chromium.

    ``errors``: what its console and its network complained about; ``requests``: whatever was asked for; ``weight``:
    octets that came for the page that is open, as packed as they came, of its live stream so far.
    """

    def __init__(self, executable: str, width: int = 1920, height: int = 1080, *, dark: bool = False) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._weights: dict[str, int] = {}
        self._coming: dict[str, tuple[str, str]] = {}
        self._loader = ""
        self._executable = executable
        self._size = (width, height)
        self._scheme = "dark" if dark else "light"
        self._next = 0
        self._rest = b""
        self._session = ""
        self._open = ExitStack()

    def __enter__(self) -> Browser:
        with ExitStack() as opening:
            profile = opening.enter_context(TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True))
            self._start(opening, profile)
            self._open = opening.pop_all()
        try:
            target = next(its for its in self._call("Target.getTargets")["targetInfos"] if its["type"] == "page")
            attached = self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            self._session = attached["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self._call(f"{domain}.enable")
            self.resize(*self._size)
            self.scheme(self._scheme)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _start(self, opening: ExitStack, profile: str) -> None:
        theirs = []
        for ours_reads in (False, True):
            # Above 9, so that giving them the numbers 3 and 4 cannot close one of them.
            pair = os.pipe()
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in pair]
            for end in pair:
                os.close(end)
            ours = ends[0 if ours_reads else 1]
            opening.callback(os.close, ours)
            theirs.append(ends[1 if ours_reads else 0])
            if ours_reads:
                self._from = ours
            else:
                self._to = ours
        quiet = os.open(os.devnull, os.O_RDWR)
        arguments = [
            self._executable,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        moves = [
            (os.POSIX_SPAWN_DUP2, fd, to)
            for fd, to in ((quiet, 0), (quiet, 1), (quiet, 2), *zip(theirs, (3, 4), strict=True))
        ]
        pid = os.posix_spawn(self._executable, arguments, os.environ, file_actions=moves, setsid=True)
        opening.callback(_end, pid)
        for end in (*theirs, quiet):
            os.close(end)

    def resize(self, width: int, height: int) -> None:
        """The window's size in CSS pixels; narrow ones are phones."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1 if width > 800 else 2,
            mobile=width <= 800,
        )

    def scheme(self, name: str) -> None:
        """The colours that the reader prefers: light or dark."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, url: str) -> None:
        """Goes to a page; it is loaded behind this, and its modules have run."""
        self.until("window.before = true")
        self._weights.clear()
        answer = self._call("Page.navigate", url=url)
        self._loader = answer.get("loaderId", self._loader)
        anew = "loaderId" in answer  # else another place of the same page
        read = "window.before === undefined && document.readyState === 'complete' && " if anew else ""
        self.until(f"{read}location.href", lambda there: str(there).startswith(url))

    @property
    def weight(self) -> int:
        """Octets of the page that is open, without what the browser had already: nothing, behind `keep_nothing`."""
        return sum(self._weights.values())

    @property
    def coming(self) -> set[str]:
        """Addresses that the page asked for and that have not come whole yet, a stream among them."""
        return {url for loader, url in self._coming.values() if loader == self._loader}

    def keep_nothing(self) -> None:
        """From now on every page is fetched whole, as by somebody who comes for the first time."""
        self._call("Network.setCacheDisabled", cacheDisabled=True)

    def type(self, text: str) -> None:
        """Types where the focus is, instead of what is marked there."""
        self._call("Input.insertText", text=text)

    def press(self, key: str, code: int) -> None:
        """Presses a key that writes nothing, by its name and its number: Enter 13, Tab 9, Escape 27."""
        pressed = {"key": key, "code": key, "windowsVirtualKeyCode": code, **({"text": "\r"} if code == 13 else {})}
        self._call("Input.dispatchKeyEvent", type="keyDown", **pressed)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def give_files(self, field: str, *files: Path) -> None:
        """Chooses files in a field, a CSS selector."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=field)["nodeId"]
        self._call("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise's value."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise _ThrownError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression: str, holds: Callable[[Any], bool] = bool, within_s: float = 60) -> Any:
        """Asks until the answer holds; what is not on the page yet is no answer."""
        end = time.monotonic() + within_s
        value: Any = "not told"
        while True:
            try:
                if holds(value := self.ask(expression)):
                    return value
            except _BetweenPages:
                pass
            except _ThrownError as error:
                value = str(error)
            assert time.monotonic() < end, f"{expression} is still {value!r}; errors: {self.errors}"
            time.sleep(0.05)

    def picture(self, path: Path) -> None:
        """What it looks like, as PNG."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._next += 1
        message: dict[str, object] = {"id": self._next, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._next:
                if error := answer.get("error"):
                    between = "context" in error["message"] or "navigated" in error["message"]
                    raise (_BetweenPages if between else AssertionError)(f"{method}: {error}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], 60)
            assert ready, "Chromium does not answer"
            more = os.read(self._from, 1 << 16)
            assert more, "Chromium ended"
            self._rest += more
        message, self._rest = self._rest.split(b"\0", 1)
        decoded: dict[str, Any] = json.loads(message)
        return decoded

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(parameters["exceptionDetails"].get("exception", parameters))[:600])
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning"):
                self.errors.append(json.dumps(parameters["args"])[:600])
            case "Log.entryAdded" if parameters["entry"]["level"] in ("error", "warning"):
                self.errors.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
                self._coming[parameters["requestId"]] = parameters["loaderId"], parameters["request"]["url"]
            case "Network.dataReceived":
                known = self._weights.get(parameters["requestId"], 0)
                self._weights[parameters["requestId"]] = known + parameters["encodedDataLength"]
            case "Network.loadingFinished":
                self._weights[parameters["requestId"]] = int(parameters["encodedDataLength"])
                self._coming.pop(parameters["requestId"], None)
            case "Network.loadingFailed":
                self._coming.pop(parameters["requestId"], None)
            case _:
                pass


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
