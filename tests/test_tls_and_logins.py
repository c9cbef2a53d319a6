"""TLS and logins have the same keys, the same messages and the same meaning in every table that has them."""

from __future__ import annotations

import re
import ssl
import threading
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel

from edge.config.lines import LineConfig, SiteConfig
from edge.config.load import load_line
from edge.config.login import LoginTable
from edge.config.opcua import UaOwnTable
from edge.config.problem import ConfigError
from edge.config.publish import InfluxConfig
from edge.config.readers import PushJsonConfig
from edge.config.tls import ServerTlsTable, TlsTable
from edge.publish.follow import Following, TargetDown
from edge.publish.influx import InfluxPublisher

OF_TRANSPORT = "only with transport 'tls', this one has 'tcp'"
OF_URL = "only with an https url, this one is 'http://h/x'"
IN_THE_CLEAR = {
    "plc.it": ('host = "h"', OF_TRANSPORT),
    "reader.it": ('host = "h"', OF_TRANSPORT),
    "reader.mqtt": ('driver = "mqtt-json"\nvendor = "zebra"\nhost = "h"\ntopics = ["t"]', OF_TRANSPORT),
    "reader.http": ('driver = "http-json"\nurl = "http://h/x"', OF_URL),
    "publish.epcis": ('kind = "epcis"\nurl = "http://h/x"', OF_URL),
    "publish.influx": ('kind = "influx"\nurl = "http://h/x"\nbucket = "b"', OF_URL),
    "publish.mqtt": ('kind = "mqtt"\nhost = "h"', OF_TRANSPORT),
    "publish.sparkplug": ('kind = "sparkplug"\nhost = "h"', OF_TRANSPORT),
}
UA = 'url = "opc.tcp://h"\ncertificate = "own.der"\nkey = "own.pem"\ntrusted = "trusted"'
LOGINS = {name: table for name, (table, _) in IN_THE_CLEAR.items() if "mqtt" in name or "http" in name} | {
    "plc.it.opcua": UA,
    "reader.it.opcua": UA,
    "plc.it.packml": f'{UA}\nnode = "ns=2;s=machine"',
    "publish.sparkplug": IN_THE_CLEAR["publish.sparkplug"][0],
}
AROUND = {
    "plc.it.opcua": '[plc.it]\ndriver = "opcua"\n',
    "reader.it.opcua": '[reader.it]\ndriver = "autoid"\n',
    "plc.it.packml": '[plc.it]\nhost = "h"\n',
}
SECURE = {"plc.it.opcua", "reader.it.opcua", "plc.it.packml"}


def problems(folder: Path, path: str, table: str) -> list[str]:
    """What is said of one table of LINE.toml, without the table's path."""
    file = folder / "LINE.toml"
    head = 'controller = "c"\nsite = "s"\njournal = "j.sqlite"\n'
    file.write_text(f"{head}{AROUND.get(path, '')}[{path}]\n{table}\n", encoding="utf-8")
    try:
        load_line(file, whole=False)
    except ConfigError as error:
        return [problem.removeprefix(f"{path}.") for problem in error.problems]
    return []


def with_tls(table: str) -> str:
    return f'{table}\ntransport = "tls"' if "host" in table else table.replace("http:", "https:")


@pytest.mark.parametrize("path", IN_THE_CLEAR)
def test_the_keys_of_tls_say_the_same_everywhere(tmp_path: Path, path: str) -> None:
    table, needed = IN_THE_CLEAR[path]
    for name in ("ca.pem", "own.pem", "own.key"):
        (tmp_path / name).touch()
    whole = 'ca = "ca.pem"\ncertificate = "own.pem"\nkey = "own.key"'
    assert problems(tmp_path, path, f"{with_tls(table)}\n{whole}") == []
    assert problems(tmp_path, path, f"{table}\n{whole}") == [f"{key}: {needed}" for key in ("ca", "certificate", "key")]
    for given, other in (("certificate", "key"), ("key", "certificate")):
        assert problems(tmp_path, path, f'{with_tls(table)}\n{given} = "own.pem"') == [
            f"{other}: missing: certificate and key belong together"
        ]
    assert problems(tmp_path, path, f'{with_tls(table)}\nca = "none.pem"') == [
        f"ca: {str(tmp_path / 'none.pem')!r}: no such file"
    ]


@pytest.mark.parametrize("path", LOGINS)
def test_the_keys_of_a_login_say_the_same_everywhere(tmp_path: Path, path: str) -> None:
    table = LOGINS[path] if path in SECURE else with_tls(LOGINS[path])
    (tmp_path / "password").write_text("it")
    assert problems(tmp_path, path, f'{table}\nuser = "u"\npassword_file = "password"') == []
    assert problems(tmp_path, path, f'{table}\nuser = "u"') == [
        "password_file: missing: user and password belong together"
    ]
    assert problems(tmp_path, path, f'{table}\npassword_file = "password"') == [
        "user: missing: user and password belong together"
    ]


@pytest.mark.parametrize("path", [path for path in LOGINS if path.startswith("reader.") or path in SECURE])
def test_a_devices_password_goes_in_the_clear_only_where_that_is_said(tmp_path: Path, path: str) -> None:
    (tmp_path / "password").write_text("it")
    table = f'{LOGINS[path]}\nuser = "u"\npassword_file = "password"'
    lacks = "only with a policy other than 'None'" if path in SECURE else IN_THE_CLEAR[path][1]
    wrong = f'{table}\npolicy = "None"' if path in SECURE else table
    said = f"user: the password would go in the clear: {lacks}, or plain = true in a network that nobody else hears"
    assert problems(tmp_path, path, wrong) == [said]
    assert problems(tmp_path, path, f"{wrong}\nplain = true") == []
    near = wrong.replace('"h"', '"localhost"').replace("//h", "//[::1]")
    assert problems(tmp_path, path, near) == []


@pytest.mark.parametrize("path", [path for path in IN_THE_CLEAR if path.startswith("publish.")])
def test_a_publishers_secrets_go_in_the_clear_only_where_that_is_said(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("it")
    table, lacks = IN_THE_CLEAR[path]
    by_token = path in ("publish.epcis", "publish.influx")
    what, key = ("token", "token_file") if by_token else ("password", "user")
    secret = 'token_file = "secret"' if by_token else 'user = "u"\npassword_file = "secret"'
    said = f"{key}: the {what} would go in the clear: {lacks}, or plain = true in a network that nobody else "
    assert problems(tmp_path, path, f"{table}\n{secret}") == [f"{said}hears"]
    assert problems(tmp_path, path, f"{table}\n{secret}\nplain = true") == []
    assert problems(tmp_path, path, f"{with_tls(table)}\n{secret}") == []
    near = table.replace('"h"', '"127.0.0.1"').replace("//h/", "//localhost/")
    assert problems(tmp_path, path, f"{near}\n{secret}") == []
    if path == "publish.mqtt":
        commands = 'commands = ["lane"]\ntoken_file = "secret"\napi = "http://api:8000"'
        (wrong,) = problems(tmp_path, path, f"{table}\n{commands}")
        assert wrong.startswith("token_file: the token would go in the clear: only with an https url, this one is")


def tables(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Every table of a configuration."""
    yield model

    def inside(kind: Any) -> Iterator[type[BaseModel]]:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from tables(kind)
        for part in typing.get_args(kind):
            yield from inside(part)

    for field in model.model_fields.values():
        yield from inside(field.annotation)


def test_no_table_has_keys_of_its_own_for_what_all_share() -> None:
    own = (TlsTable, UaOwnTable, PushJsonConfig, ServerTlsTable)  # which shows its certificate to those that come
    shared = {
        "ca": (TlsTable, ServerTlsTable),
        "certificate": own,
        "key": own,
        "trusted": UaOwnTable,
        "password_file": LoginTable,
    }
    seen = {*tables(LineConfig), *tables(SiteConfig)}
    assert {table.__name__ for table in seen if issubclass(table, TlsTable)} == {
        "PlcConfig", "LlrpConfig", "MqttJsonConfig", "HttpJsonConfig", "EpcisConfig", "InfluxConfig", "MqttConfig",
        "SparkplugConfig", "WebhookTable", "MailTable", "OidcTable",
    }  # fmt: skip
    for table in seen:
        for key, kind in shared.items():
            assert key not in table.model_fields or issubclass(table, kind), f"{table.__name__}.{key}"


# ---- what the keys come to -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def test_files_that_are_no_certificates_are_said(authority: Authority, tmp_path: Path) -> None:
    ours, theirs = authority.sign("ours"), authority.sign("theirs")
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate at all")
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a password"),
        )
    )
    own = f"{ours.certificate}: certificate, with key"
    for files, said in (
        ({"ca": nothing}, f"{nothing}: authorities: not PEM, or not a pair"),
        ({"ca": tmp_path / "gone"}, f"{tmp_path / 'gone'}: authorities: no such file or directory"),
        ({"certificate": ours.certificate, "key": theirs.key}, f"{own} {theirs.key}: not PEM, or not a pair"),
        ({"certificate": ours.certificate, "key": locked}, f"{own} {locked}: the key has a password"),
    ):
        with pytest.raises(ConfigError, match=re.escape(said)):
            TlsTable.model_validate(files).context()


@contextmanager
def https(authority: Authority) -> Iterator[str]:
    """A server that takes whatever a client with a certificate writes; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    signed = authority.sign("influxdb")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.maximum_version = ssl.TLSVersion.TLSv1_2  # in which a client hears at once that it is refused
    tls.load_cert_chain(signed.certificate, signed.key)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # it is about clients that are refused
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_influxdb_is_shown_our_certificate(project: Path, authority: Authority, tmp_path: Path) -> None:
    config = load_line(project / "examples" / "warehouse" / "LINE.toml")
    signed, stranger = authority.sign("publisher"), Authority(tmp_path, "stranger")

    def write(url: str, **files: Path) -> None:
        publisher = InfluxPublisher("it", InfluxConfig(kind="influx", url=url, bucket="b", **files), config)
        try:
            publisher.tell(Following("it"))
        finally:
            publisher.close()

    with https(authority) as url:
        write(url, ca=authority.certificate, certificate=signed.certificate, key=signed.key)
        with pytest.raises(TargetDown, match=url):
            write(url, ca=authority.certificate)
        with pytest.raises(TargetDown, match="certificate verify failed"):
            write(url, ca=stranger.certificate, certificate=signed.certificate, key=signed.key)
