"""Takes what a webhook of Lanewise tells, checks its signature, and writes a line for each event that is new.

    python receiver.py 9100 wms.secret

A program of yours answers 2xx only when it has stored the event: it is told again until it does.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from lanewise_client import ProblemError, verified

SEEN: set[str] = set()


class Receiver(BaseHTTPRequestHandler):
    """One message, one answer."""

    def do_POST(self) -> None:
        """Reads, checks, keeps."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = verified(Path(sys.argv[2]).read_text(encoding="ascii"), dict(self.headers), body)
        except ProblemError as error:
            self.send_error(error.status, error.detail)
            return
        if event["id"] not in SEEN:
            SEEN.add(event["id"])
            print(event["type"], event["subject"], event["data"], flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as its base names it
        """Says nothing of each request."""


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
