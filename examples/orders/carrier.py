"""Says what a carrier would say of a parcel, signed, as it comes over the Internet: twice, and in any order.

    python carrier.py http://127.0.0.1:8000/api/v1/hooks/post PARCEL CODE TOWN [CODE TOWN ...]

What is given first happened first. The parcel is its SSCC. The secret is in post.secret, which SITE.toml names too.
"""

from __future__ import annotations

import hmac
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

RECEIVER = "陈大文"  # carriers say it; it stays with the message as it came, and goes with that


def main(url: str, parcel: str, *said: str) -> None:
    """Posts every event twice."""
    secret = Path("post.secret").read_text(encoding="utf-8").strip().encode()
    begun, count = datetime.now(UTC), len(said) // 2
    events = [
        {
            "id": f"{parcel}/{code}",
            "parcel": parcel,
            "code": code,
            "town": town,
            "receiver": RECEIVER,
            "time": (begun - timedelta(milliseconds=count - at)).isoformat(),
        }
        for at, (code, town) in enumerate(zip(said[::2], said[1::2], strict=True))
    ]
    messages = [[event] for event in events] * 2
    random.shuffle(messages)
    for message in messages:
        body, now = json.dumps({"events": message}).encode(), str(int(time.time()))
        mac = hmac.new(secret, f"{now}.".encode() + body, "sha256").hexdigest()
        headers = {"Content-Type": "application/json", "X-Post-Time": now, "X-Post-Signature": f"sha256={mac}"}
        with urlopen(Request(url, body, headers)) as answer:  # noqa: S310  the site's own
            print(message[0]["code"], answer.read().decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
