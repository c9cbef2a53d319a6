"""Every place that reads a secret from a file reads it by the same rule, and says what is wrong with the file."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest

from api.site_state import Site
from edge.commands.api_client import ask
from edge.commands.tagging import password_of
from edge.config.lines import LineConfig, SiteConfig
from edge.config.load import load_line, load_site
from edge.config.mqtt import MqttConfig
from edge.config.opcua import UaClientConfig
from edge.config.publish import EpcisConfig, InfluxConfig
from edge.config.readers import HttpJsonConfig, MqttJsonConfig
from edge.devices.opcua_drivers import security_of
from edge.devices.reader_drivers import make_reader
from edge.opcua import server as opcua_server
from edge.publish import mqtt_commands, mqtt_connection
from edge.publish.epcis import EpcisPublisher
from edge.publish.influx import InfluxPublisher
from edge.publish.mqtt import broker_of
from edge.publish.mqtt_commands import ApiRequest, CommandDesk
from edge.publish.mqtt_connection import MqttConnection
from edge.publish.namespace import MqttMessage, Namespace
from edge.sim import server as sim_server

TOKEN, PASSWORD, OF_A_TAG = "token-of-24-or-more-chars", "  blanks, ünd umlauts  ", "0000BEEF"


class Got(BaseException):
    """What a place was about to use; nothing catches it on its way."""


class House:
    """An example's configuration, and each place that a secret goes to."""

    def __init__(self, project: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        for name in ("LINE.toml", "SITE.toml"):
            shutil.copy(project / "examples" / "warehouse" / name, folder)
        self.line: LineConfig = load_line(folder / "LINE.toml")
        self.site: SiteConfig = load_site(folder / "SITE.toml")
        self._folder = folder

    def reader_mqtt(self, file: Path) -> str:
        table = {"driver": "mqtt-json", "vendor": "impinj", "host": "h", "topics": ["t"]}
        return self._reader(MqttJsonConfig.model_validate(table | {"user": "u", "password_file": file}))

    def reader_http(self, file: Path) -> str:
        return self._reader(HttpJsonConfig(driver="http-json", url="http://h", user="u", password_file=file))

    def _reader(self, config: Any) -> str:
        made: Any = make_reader("r", config)
        return str(made.settings.password)

    def opcua_client(self, file: Path) -> str:
        own = {"certificate": file, "key": file, "trusted": file.parent}
        given = UaClientConfig.model_validate({"url": "opc.tcp://h", "user": "u", "password_file": file, **own})
        return security_of("sorter", given).user.password

    def opcua_face(self, file: Path) -> str:
        text = (self._folder / "LINE.toml").read_text(encoding="utf-8")
        path = self._folder / "FACE.toml"
        own = 'certificate = "own.der"\nkey = "own.pem"\ntrusted = "trusted"\nnodesets = "."'
        path.write_text(f'{text}\n[opcua_server]\n{own}\nuser = {{ u = "{file}" }}\n', encoding="utf-8")

        async def serve(_: LineConfig, __: Any, users: dict[str, str], *___: Any) -> None:
            raise Got(users["u"])

        self._patch.setattr(opcua_server, "serve", serve)
        opcua_server.main(argparse.Namespace(config=path, make_certificate=None))
        raise AssertionError

    def broker(self, file: Path) -> str:
        def login(_: object, user: str, password: str) -> None:
            raise Got(password)

        self._patch.setattr(mqtt_connection.Client, "username_pw_set", login)
        config = MqttConfig(kind="mqtt", host="h", user="u", password_file=file)
        MqttConnection(broker_of(config, "id"), lambda: MqttMessage("t", b"", False, "", 0, 0)).connect()
        raise AssertionError

    def request_over_mqtt(self, file: Path) -> str:
        def request(_: object, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
            raise Got(headers["Authorization"].removeprefix("Bearer "))

        self._patch.setattr(mqtt_commands.Connections, "connect", lambda *given: None)
        self._patch.setattr(mqtt_commands.http.client.HTTPConnection, "request", request)
        config = MqttConfig(kind="mqtt", host="h", commands=("lane",), token_file=file)
        desk = CommandDesk(config, Namespace("s", "c", ()), lambda *_: None, lambda *_: None)
        try:
            raise OSError(desk._ask(ApiRequest("/api/orders", b"{}")).problems[0])
        finally:
            desk.close()

    def influx(self, file: Path) -> str:
        table = InfluxConfig(kind="influx", url="http://h", bucket="b", token_file=file)
        publisher = InfluxPublisher("n", table, self.line)
        publisher.close()
        return str(publisher._client.token)

    def epcis(self, file: Path) -> str:
        table = EpcisConfig(kind="epcis", url="http://h", token_file=file)
        publisher = EpcisPublisher("n", table, self.line)
        publisher.close()
        return publisher._headers["Authorization"].removeprefix("Bearer ")

    def api(self, file: Path) -> str:
        return str(Site(self.site.model_copy(update={"token_file": file})).token)

    def command(self, file: Path) -> str:
        self._patch.setattr("edge.commands.api_client.urlopen", self._opened)
        ask(self.site.model_copy(update={"token_file": file}), "/api/alarms")
        raise AssertionError

    def simulator(self, file: Path) -> str:
        async def run_sim(_: LineConfig, *, token: str, **others: object) -> None:
            raise Got(token)

        self._patch.setattr(sim_server, "run_sim", run_sim)
        parser = argparse.ArgumentParser()
        sim_server.add_arguments(parser)
        sim_server.main(parser.parse_args([str(self._folder / "LINE.toml"), "--token-file", str(file)]))
        raise AssertionError

    def tag(self, file: Path) -> str:
        return f"{password_of(file):08X}"

    def _opened(self, request: Request, timeout: float, context: object) -> Any:
        raise Got(str(request.get_header("Authorization")).removeprefix("Bearer "))


PLACES: dict[str, tuple[Callable[[House, Path], str], str]] = {
    "a reader's broker": (House.reader_mqtt, PASSWORD),
    "a reader over HTTP": (House.reader_http, PASSWORD),
    "an OPC UA server that we log in to": (House.opcua_client, PASSWORD),
    "our own OPC UA server": (House.opcua_face, PASSWORD),
    "a publisher's broker": (House.broker, PASSWORD),
    "a publisher's api": (House.request_over_mqtt, TOKEN),
    "InfluxDB": (House.influx, TOKEN),
    "a repository of EPCIS": (House.epcis, TOKEN),
    "the api itself": (House.api, TOKEN),
    "a command that asks the api": (House.command, TOKEN),
    "the simulator's api": (House.simulator, TOKEN),
    "a tag's memory": (House.tag, OF_A_TAG),
}
WRONG: dict[str, bytes | None] = {
    "No such file or directory: the secret belongs there": None,
    "the first line is empty": b"",
    "the first line is empty: ": b"\nsecret-on-the-second-line",
    "byte 4: not UTF-8": b"caf\x20\xe9",
    "character 3 is U+0009, a control character": b"ab\tc",
    "character 1 is U+FEFF, a control character": b"\xef\xbb\xbfsecret",
}
BELOW = (b"", b"\n", b"\r\n", b"\n\n", b"\nanother line\n", b"\r\n\xff no text")


@pytest.fixture
def house(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(project, tmp_path, monkeypatch)


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_the_first_line_of_its_file(house: House, tmp_path: Path, place: str) -> None:
    read, secret = PLACES[place]

    def what_it_gets(file: Path) -> str:
        try:
            return read(house, file)
        except Got as got:
            return str(got)

    file = tmp_path / "secret"
    for below in BELOW:
        file.write_bytes(secret.encode() + below)
        assert what_it_gets(file) == secret
    for said, octets in WRONG.items():
        file.unlink(missing_ok=True)
        if octets is not None:
            file.write_bytes(octets)
        with pytest.raises(Exception, match=f"{file}: .*{re.escape(said)}"):
            read(house, file)


@pytest.mark.parametrize("place", [name for name, (_, secret) in PLACES.items() if secret == TOKEN])
def test_a_token_can_stand_in_a_header(house: House, tmp_path: Path, place: str) -> None:
    file = tmp_path / "secret"
    for wrong in (f"{TOKEN} {TOKEN}", f"{TOKEN}é", f"{TOKEN} "):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(Exception, match=f"{file}: the first line is no token: allowed is ASCII without spaces"):
            PLACES[place][0](house, file)


def test_the_secrets_of_containers_are_taken_by_the_same_rule(project: Path, tmp_path: Path) -> None:
    (tmp_path / "influx_token").write_text(f"{TOKEN}\nof the other site\n")
    command = [sys.executable, str(project / "scripts" / "compose_secrets.py"), str(tmp_path)]
    for wrong in (["--check"], ["one", "two"]):
        refused = subprocess.run([*command[:2], *wrong], cwd=tmp_path, capture_output=True, text=True)
        assert (
            refused.returncode == 2
            and "usage:" in refused.stderr
            and [*tmp_path.iterdir()] == [tmp_path / "influx_token"]
        )
    subprocess.run(command, check=True)
    assert json.loads((tmp_path / "influx_token.json").read_text())["token"] == TOKEN
    (tmp_path / "mqtt_viewer").chmod(0o600)
    (tmp_path / "mqtt_viewer").write_text("\n")
    (tmp_path / "mqtt_passwords").unlink()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path / 'mqtt_viewer'}: the first line is empty: the secret belongs there\n"
