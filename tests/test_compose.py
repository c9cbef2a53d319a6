"""compose.yaml and Dockerfile: what schema and linters say, and the same commands with the same files without them."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from signal import SIGTERM
from typing import Any

import pytest
import yaml
from influx_peer import Influxd, V2Door, before
from ports import free_port
from waiting import wait_until

OURS = ("controller", "publisher", "api", "simulator")
HANGS_S = 100


@pytest.fixture(scope="module")
def compose(project: Path) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((project / "compose.yaml").read_text(encoding="utf-8"))
    return made


@pytest.fixture(scope="module")
def secrets(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "secrets"
    for _ in range(2):  # the second time nothing changes
        before = {file.name: file.read_text() for file in folder.iterdir()} if folder.exists() else {}
        subprocess.run([sys.executable, str(project / "scripts" / "compose_secrets.py"), str(folder)], check=True)
    assert before == {file.name: file.read_text() for file in folder.iterdir()}
    assert folder.stat().st_mode & 0o777 == 0o700
    return folder


def test_schema_and_linters_are_content(project: Path, peer: Callable[[str], str], npm: Callable[[str], Path]) -> None:
    schema = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")
    bin_ = npm("container-lint") / "node_modules" / ".bin"
    compose = (peer("node"), str(bin_ / "dclint"), "-c", "deploy/.dclintrc.yaml", "--max-warnings", "0", "compose.yaml")
    docker = (peer("node"), str(bin_ / "dockerfilelint"), "Dockerfile")
    for command in ((sys.executable, "-m", *schema[:1], *schema[1:]), compose, docker):
        command = tuple(part.replace("check-jsonschema", "check_jsonschema") for part in command)
        said = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=HANGS_S)
        assert said.returncode == 0, said.stdout + said.stderr


def test_every_service_is_pinned_hardened_and_watched(compose: dict[str, Any], secrets: Path) -> None:
    for name, service in compose["services"].items():
        assert re.search(r":\d+\.\d+\.\d+(-core)?$", service["image"]), name
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["healthcheck"]["test"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        ours = service["image"].startswith("lanewise:")
        assert ours or not service["user"].startswith(("0", "root")), name
        ports = [one if isinstance(one, str) else f"{one['host_ip']}:" for one in service.get("ports", ())]
        assert all(port.startswith(("127.0.0.1:", "${LANEWISE_TLS_ON:-127.0.0.1}:")) for port in ports), name
        assert service.get("network_mode", "none") in ("none", "service:api"), name
        assert not {"privileged", "pid", "devices"} & service.keys(), name
        for key, value in service.get("environment", {}).items():
            assert key.upper().endswith(("_FILE", "__FILE")) or not re.search("PASSWORD|TOKEN|SECRET", key), (
                name,
                value,
            )
        for secret in service.get("secrets", ()):
            source = secret if isinstance(secret, str) else re.sub(r"^\$\{\w+:-(\w+)\}$", r"\1", secret["source"])
            assert (secrets / source).stat().st_mode & 0o777 == 0o444
            assert source in compose["secrets"]
    own = {name: {one for one in compose["services"][name]["secrets"] if isinstance(one, str)} for name in OURS}
    assert own == {
        "controller": set(),
        "publisher": {"publisher_token", "influx_token", "mqtt_publisher"},
        "api": {"api_token", "publisher_token", "simulator_token"},
        "simulator": {"simulator_token"},
    }
    assert compose["networks"]["inside"] == {"internal": True}
    assert "ports" not in compose["services"]["influxdb"]


def test_the_image_has_what_it_needs_and_no_more(project: Path) -> None:
    lines = (project / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    copied = [words for line in lines if (words := line.split())[:1] == ["COPY"] and "--from" not in line]
    sources = {source for words in copied for source in words[1:-1]}
    kept = {line[1:] for line in (project / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sources == kept
    assert all((project / source).exists() for source in sources)
    packages = {"api", "edge", "lanewise_client", "plc", "rfid"}
    assert packages | {"pyproject.toml", "uv.lock", "README.md", "LICENSE"} == sources
    stages = [line for line in lines if line.startswith("FROM ")]
    assert len(stages) == 2 and len({stage.split()[1] for stage in stages}) == 1
    assert lines[[line.startswith("USER ") for line in lines].index(True)] == "USER 10001:10001"


def test_https_is_one_variable(project: Path) -> None:
    """`make up TLS=...` makes the certificate first, for that name, unless there is one of others."""

    def up(*given: str) -> str:
        return subprocess.run(
            ["make", "-n", "up", *given], cwd=project, capture_output=True, text=True, check=True
        ).stdout

    assert "tls" not in up() and "certificate" not in up()
    said = up("TLS=lane.example").splitlines()
    made, started = (next(at for at, line in enumerate(said) if word in line) for word in (" run ", " up --build"))
    assert made < started and all("LANEWISE_NAME=lane.example" in said[at] for at in (made, started))
    assert ",tls" in said[started] and "LANEWISE_TLS_ON=0.0.0.0 LANEWISE_TLS_PORT=443" in said[started]
    assert " run " not in up("TLS=lane.example", "LANEWISE_CERTIFICATE=./mine")


def test_the_proxy_shows_the_sites_certificate_and_tells_who_asks(
    project: Path, compose: dict[str, Any], peer: Callable[[str], str], tmp_path: Path
) -> None:
    """Debian's nginx with the committed configuration; the certificate is made by the command of compose.yaml."""
    told: list[dict[str, str]] = []
    over = threading.Event()

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"first\n")
            self.wfile.flush()
            over.wait(HANGS_S)  # as a live page's stream, which goes on

        def log_message(self, *_: object) -> None:
            pass

    class Site(ThreadingHTTPServer):
        daemon_threads = True

    site, tls, port = tmp_path / "SITE.toml", tmp_path / "tls", free_port()
    site.write_text('site = "demo"\nstore = "sqlite:///site.sqlite"\n[[controller]]\nconfig = "LINE.toml"\n')
    places = {
        "/site/SITE.toml": str(site),
        "/var/lib/lanewise": str(tls),
        "${LANEWISE_NAME:-localhost}": "lane.example",
    }
    tls.mkdir()
    command = [places.get(word, word) for word in compose["services"]["certificate"]["command"]]
    subprocess.run([sys.executable, "-m", "edge.cli", *command], check=True)
    with Site(("127.0.0.1", 0), Api) as api, ExitStack() as running:
        running.callback(over.set)
        threading.Thread(target=api.serve_forever, daemon=True).start()
        running.callback(api.shutdown)
        text = (project / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
        for inside, here in (
            ("listen 8443", f"listen 127.0.0.1:{port}"),
            ("127.0.0.1:8000", f"127.0.0.1:{api.server_port}"),
            ("/tmp/", f"{tmp_path}/"),
            (" /tls/", f" {tls}/"),
        ):
            assert inside in text
            text = text.replace(inside, here)
        (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
        log = tmp_path / "nginx.log"
        command = [peer("nginx"), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=running.enter_context(log.open("w")))
        running.callback(ended, process)
        until(lambda: reached(port), log, process)
        context = ssl.create_default_context(cafile=str(tls / "ca.pem"))
        plain = running.enter_context(socket.create_connection(("127.0.0.1", port), HANGS_S))
        with context.wrap_socket(plain, server_hostname="lane.example") as link:
            link.sendall(b"GET / HTTP/1.1\r\nHost: lane.example\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
            heard = b""
            while b"first" not in heard:  # at once, while the rest is not there
                octets = link.recv(65_536)
                assert octets, log.read_text()
                heard += octets
    (asked,) = told
    assert asked["x-forwarded-for"] == "127.0.0.1" and asked["x-forwarded-proto"] == "https"
    assert asked["host"] == "lane.example"


# ---- by hand ---------------------------------------------------------------------------------------------------------


class Broker:
    """mosquitto with the committed configuration; paths and port are this test's."""

    def __init__(self, project: Path, executable: str, secrets: Path, folder: Path) -> None:
        self.port = free_port()
        self._secrets = secrets
        places = {"/run/secrets/": f"{secrets}/", "/mosquitto/data/": f"{folder}/", "/mosquitto/config/": f"{folder}/"}
        for name in ("mosquitto.conf", "acl"):
            text = (project / "deploy" / "mosquitto" / name).read_text(encoding="utf-8")
            for inside, here in places.items():
                text = text.replace(inside, here)
            (folder / name).write_text(text.replace("listener 1883", f"user root\nlistener {self.port} 127.0.0.1"))
        self._log = (folder / "log").open("w")
        command = [executable, "-c", str(folder / "mosquitto.conf")]
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        until(lambda: reached(self.port), folder / "log", self.process)

    def client(self, tool: str, user: str, *arguments: str) -> list[str]:
        """The command line of a client."""
        who = ["-u", user, "-P", (self._secrets / f"mqtt_{user}").read_text()] if user else []
        return [tool, "-p", str(self.port), "-V", "5", *who, *arguments]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(HANGS_S)
        self._log.close()


@pytest.fixture
def broker(project: Path, peer: Callable[[str], str], secrets: Path, tmp_path: Path) -> Iterator[Broker]:
    made = Broker(project, peer("mosquitto"), secrets, tmp_path)
    yield made
    made.stop()


def reached(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def until(true: Callable[[], bool], log: Path, process: subprocess.Popen[Any]) -> None:
    """Waits, and shows the log where it never comes."""

    def so() -> bool:
        assert process.poll() is None, log.read_text()
        return true()

    wait_until(so, log.read_text, HANGS_S)


def test_the_broker_lets_in_whom_it_knows_and_no_further(broker: Broker, peer: Callable[[str], str]) -> None:
    publish, subscribe = peer("mosquitto_pub"), peer("mosquitto_sub")
    status = "lanewise/demo/_edge/edge1/status"
    command = "lanewise/demo/_edge/edge1/command/lane"

    def said(*command_line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command_line, capture_output=True, text=True, timeout=HANGS_S)

    for wrong in ([], ["-u", "publisher", "-P", "guessed"], ["-u", "nobody", "-P", "x"]):
        refused = said(publish, "-p", str(broker.port), "-V", "5", *wrong, "-t", status, "-m", "x")
        assert refused.returncode != 0 and "authori" in refused.stderr.lower(), refused
    allowed = (
        ("publisher", status, True),
        ("publisher", "spBv1.0/demo/NDATA/edge1", True),
        ("publisher", "other/topic", False),
        ("commander", command, True),
        ("commander", status, False),
        ("viewer", command, False),
        ("health", command, False),
    )
    for user, topic, may in allowed:
        answer = said(*broker.client(publish, user, "-q", "1", "-t", topic, "-m", "there", "-r"))
        refused = "not authorized" in (answer.stdout + answer.stderr).lower()
        assert refused is not may, (user, topic, answer)
    for user, topic, may in (("viewer", status, True), ("commander", status, True), ("health", status, False)):
        heard = said(*broker.client(subscribe, user, "-t", topic, "-C", "1", "-W", "60" if may else "1"))
        assert ("there" in heard.stdout) is may, (user, topic, heard)


def test_the_commands_of_our_services_run_outside_too(
    project: Path, compose: dict[str, Any], secrets: Path, tmp_path: Path, broker: Broker, peer: Callable[[str], str]
) -> None:
    """Each until its own health check is content; then a point of the line is in InfluxDB."""
    site, data = tmp_path / "site", tmp_path / "data"
    for folder in (site, data):
        folder.mkdir()
    influxd = Influxd(peer("influxd"), tmp_path)
    influxd.start()
    influxd.query("CREATE DATABASE lanewise")
    door = V2Door(before(influxd), (secrets / "influx_token").read_text(), "lanewise")
    example = project / "examples" / "containers"
    texts = {name: (example / name).read_text(encoding="utf-8") for name in ("LINE.toml", "SITE.toml")}
    ports = {number: str(free_port()) for number in re.findall(r"^port = (15\d+)$", texts["LINE.toml"], re.MULTILINE)}
    ports |= {"8000": str(free_port()), "8086": door.url.rpartition(":")[2], "1883": str(broker.port)}

    def here(text: str) -> str:
        """What stands in compose.yaml or a configuration, with the places and ports of this test."""
        for inside, place in (("/site", site), ("/run/secrets", secrets), ("/var/lib/lanewise", data)):
            text = re.sub(rf"(?<!\w){inside}(?=[/*])", str(place), text)
        text = re.sub(r"\b(simulator|api|influxdb|mosquitto|0\.0\.0\.0)(?=[\"':])", "127.0.0.1", text)
        return re.sub(rf"\b({'|'.join(ports)})\b", lambda found: ports[found[1]], text)

    for name, text in texts.items():
        (site / name).write_text(here(text), encoding="utf-8")
    with ExitStack() as running:
        running.callback(influxd.kill)
        running.callback(door.close)
        started: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
        for name in ("api", "simulator", "controller", "publisher"):
            log = tmp_path / f"{name}.log"
            command = [sys.executable, "-m", "edge.cli", *(here(word) for word in compose["services"][name]["command"])]
            process = subprocess.Popen(command, stdout=running.enter_context(log.open("w")), stderr=subprocess.STDOUT)
            running.callback(ended, process)
            started[name] = process, log
        for name, number in (("api", "8000"), ("simulator", "15023")):  # a health check costs a process
            until(lambda number=number: reached(int(ports[number])), started[name][1], started[name][0])
        for name, (process, log) in started.items():
            kind, *test = compose["services"][name]["healthcheck"]["test"]
            check = ["sh", "-c", *test] if kind == "CMD-SHELL" else [sys.executable, *test[1:]]
            check = [here(word) for word in check]
            until(lambda check=check: succeeds(check), log, process)
        until(lambda: any(b"induction," in line for line in door.taken), *reversed(started["publisher"]))
    assert all(process.returncode in (0, -SIGTERM) for process, _ in started.values())


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, timeout=HANGS_S).returncode == 0


def ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(HANGS_S)


INFLUX = """#!/bin/sh
# What InfluxDB 2.9's client does with mappings and users, kept in files of $STATE.
set -eu
cd "$STATE"
case "$1 $2 ${3:-}" in
"bucket list "*) printf '%s\\tlanewise\\t720h\\n' "$(cat bucket)" ;;
"v1 dbrp list") cat mappings; printf '\\nVIRTUAL DBRP MAPPINGS (READ-ONLY)\\n----------------------------------\\n' ;;
"v1 dbrp delete") : >mappings ;;
"v1 dbrp create") printf '00000000000000d1\\tlanewise\\t%s\\n' "$7" >>mappings ;;
"v1 auth list") cat users ;;
"v1 auth delete") : >users ;;
"v1 auth create")
    [ ! -s users ] || { echo "Error: 422 Unprocessable Entity: token already exists" >&2; exit 1; }
    printf '00000000000000a1\\tgrafana\\t%s\\n' "$7" >users ;;
*) echo "unknown: $*" >&2; exit 2 ;;
esac
"""


def test_the_readers_script_repairs_and_can_be_run_again(project: Path, tmp_path: Path) -> None:
    """At the first start, once more, and after the bucket was deleted and made anew with another id."""
    client = tmp_path / "bin" / "influx"
    client.parent.mkdir()
    client.write_text(INFLUX)
    client.chmod(0o755)
    (tmp_path / "password").write_text("secret")
    for file in ("mappings", "users"):
        (tmp_path / file).touch()
    environment = {
        "PATH": f"{client.parent}:{os.environ['PATH']}",
        "STATE": str(tmp_path),
        "READER_PASSWORD": str(tmp_path / "password"),
        "DOCKER_INFLUXDB_INIT_ORG": "lanewise",
        "DOCKER_INFLUXDB_INIT_BUCKET": "lanewise",
    }
    script = project / "deploy" / "influxdb" / "10-reader.sh"
    for bucket in ("0123456789abcdef", "0123456789abcdef", "fedcba9876543210"):
        (tmp_path / "bucket").write_text(bucket)
        done = subprocess.run(["sh", str(script)], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert [(tmp_path / file).read_text().split()[-1] for file in ("mappings", "users")] == [bucket, bucket]
        assert len((tmp_path / "users").read_text().splitlines()) == 1


def test_who_gets_alerts_is_one_variable(project: Path) -> None:
    """`make up` sets the kind and the address by it, and says that alerts go nowhere without it."""

    def up(*given: str) -> str:
        return subprocess.run(
            ["make", "-n", "up", *given], cwd=project, capture_output=True, text=True, check=True
        ).stdout

    assert "Alerts go nowhere" in up()
    for given, kind, address in (
        ("https://hook.example.com/a?b=1", "webhook", "https://hook.example.com/a?b=1"),
        ("mailto:night@example.com", "email", "night@example.com"),
    ):
        said = up(f"ALERTS={given}")
        assert f"LANEWISE_ALERT_TYPE={kind} LANEWISE_ALERT_TO='{address}'" in said and "go nowhere" not in said
    contact = (project / "grafana/provisioning/alerting/contact.yaml").read_text()
    compose = yaml.safe_load((project / "compose.yaml").read_text())["services"]["grafana"]["environment"]
    assert {"LANEWISE_ALERT_TYPE", "LANEWISE_ALERT_TO"} <= set(re.findall(r"\$(\w+)", contact)) & set(compose)


def test_grafana_runs_the_one_plugin_that_is_asked(project: Path) -> None:
    services = yaml.safe_load((project / "compose.yaml").read_text())["services"]
    environment = services["grafana"]["environment"]
    off = environment["GF_PLUGINS_DISABLE_PLUGINS"].split(",")
    assert (
        len(off) == len(set(off)) > 12 and "influxdb" not in off and all(re.fullmatch(r"[a-z-]+", one) for one in off)
    )
    assert environment["GF_PLUGINS_PREINSTALL_AUTO_UPDATE"] == "false"
    assert environment["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert services["grafana"]["deploy"]["resources"]["limits"]["pids"] >= 13 * 7 + 200
    assert services["influxdb"]["deploy"]["resources"]["limits"]["memory"] == "2G"
