#!/usr/bin/env python3
"""Makes the secrets of compose.yaml in a folder, each where it is missing; those that are there stay as they are.

`scripts/compose_secrets.py [FOLDER]` (default: secrets). Needs nothing but python3. The folder is for its owner alone;
the files in it can be read by all, for a container sees single files of it, and each runs as a user of its own.
"""

import argparse
import base64
import hashlib
import json
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from edge.config.problem import ConfigError
from edge.config.secret import read_secret

MQTT_USERS = ("publisher", "commander", "viewer", "health")
ITERATIONS = 20_000


def secret() -> str:
    """256 bits that need no escaping anywhere."""
    return secrets.token_hex(32)


def mosquitto_line(user: str, password: str) -> str:
    """A line of mosquitto's password file: PBKDF2-HMAC-SHA512. Source: mosquitto_passwd(1), 2.0."""
    salt = secrets.token_bytes(12)
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"{user}:$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(derived).decode()}\n"


def main(folder: Path) -> None:
    """Makes what is missing, and says what was made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = []

    def keep(name: str, text: str) -> None:
        file = folder / name
        if not file.exists():
            file.write_text(text, encoding="utf-8")
            file.chmod(0o444)
            made.append(name)

    keep("nobody", "not-for-this-service")
    for name in ("api_token", "publisher_token", "simulator_token", "grafana_admin", "influx_admin", "influx_reader"):
        keep(name, secret())
    keep("influx_token", f"apiv3_{secret()}")  # the prefix that InfluxDB 3 asks for
    token = read_secret(folder / "influx_token")
    keep("influx_token.json", json.dumps({"token": token, "name": "lanewise"}) + "\n")
    for user in MQTT_USERS:
        keep(f"mqtt_{user}", secret())
    passwords = ((user, read_secret(folder / f"mqtt_{user}")) for user in MQTT_USERS)
    keep("mqtt_passwords", "".join(mosquitto_line(user, password) for user, password in passwords))
    if made:
        print(f"{folder}: made {', '.join(made)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes the secrets of compose.yaml, each where it is missing.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("secrets"), metavar="FOLDER")
    try:
        main(parser.parse_args().folder)
    except ConfigError as error:
        sys.exit(str(error))
