"""Writes examples/containers from examples/warehouse: other addresses and paths, and the publishers of compose.yaml.

`python scripts/container_example.py` writes, `--check` compares and ends with status 1 where they differ.
"""

from __future__ import annotations

import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LINE_HEAD = """\
# The warehouse of examples/warehouse in the containers of compose.yaml, written from there by `make docs`.
# For a line of your own copy this folder, change it and say where it is: make up SITE=./my-site SIMULATOR=
"""
SITE_HEAD = (
    "# The api process of compose.yaml. It answers whoever signs in, or brings the token in secrets/api_token.\n"
)
LINE_CHANGES = {
    'journal = "var/journal.sqlite"': 'journal = "/var/lib/lanewise/journal.sqlite"',
    '"sqlite:///var/site.sqlite"': '"sqlite:////var/lib/lanewise/site.sqlite"',
    'host = "127.0.0.1"': 'host = "simulator"',
    # the simulator's folders are not the api's: there all orders come by HTTP
    'folders = { taobao = "in/taobao", pinduoduo = "in/pinduoduo", shopify = "in/shopify" }\n': "",
}
SITE_CHANGES = {
    '"sqlite:///var/site.sqlite"': '"sqlite:////var/lib/lanewise/site.sqlite"',
    'listen = "127.0.0.1:8000"': 'listen = "0.0.0.0:8000"  # within the containers\' own network\n'
    'token_file = "/run/secrets/api_token"\nplain = true',
    **{f'folder = "in/{name}"\n': "" for name in ("taobao", "pinduoduo", "shopify")},
}
PUBLISHERS = """
# What the database, the broker and the dashboards of compose.yaml get.

[publish.influx]
kind = "influx"
url = "http://influxdb:8086"
org = "lanewise"
bucket = "lanewise"
token_file = "/run/secrets/influx_token"
plain = true                         # the containers' own network

[publish.mqtt]
kind = "mqtt"
host = "mosquitto"
port = 1883
user = "publisher"
password_file = "/run/secrets/mqtt_publisher"
plain = true
commands = ["orders", "lane", "alarm"]
api = "http://api:8000"
token_file = "/run/secrets/publisher_token"
"""
MACHINES = """
# People sign in (docs/accounts.md): `docker compose logs api` says the first administrator's password for one sign-in.
# Each machine has a token of its own, and may with it what it is there for.
[accounts]

[accounts.machine.publisher] # passes on what is asked over MQTT
token_file = "/run/secrets/publisher_token"
may = ["order", "lane", "alarm"]

[accounts.machine.simulator] # plays shops, people and carriers, but nobody who looks after lines
token_file = "/run/secrets/simulator_token"
may = ["view", "person", "load", "order", "stock", "wave", "pick", "pack", "quality", "carrier", "track", "return",
    "case"]
"""


def changed(name: str, head: str, changes: dict[str, str]) -> str:
    """The example's file with another head and these changes; each must be there."""
    lines = (EXAMPLES / "warehouse" / name).read_text(encoding="utf-8").splitlines(keepends=True)
    while lines[0].startswith("#"):
        del lines[0]
    text = "".join(lines)
    for old, new in changes.items():
        if old not in text:
            sys.exit(f"examples/warehouse/{name}: no {old!r}: correct scripts/container_example.py")
        text = text.replace(old, new)
    return head + text


def main() -> int:
    """Returns the exit status."""
    made = {
        EXAMPLES / "containers" / "LINE.toml": changed("LINE.toml", LINE_HEAD, LINE_CHANGES) + PUBLISHERS,
        EXAMPLES / "containers" / "SITE.toml": changed("SITE.toml", SITE_HEAD, SITE_CHANGES) + MACHINES,
    }
    status = 0
    for path, text in made.items():
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(
                f"{path.relative_to(EXAMPLES.parent)}: not what scripts/container_example.py makes: make docs",
                file=sys.stderr,
            )
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
