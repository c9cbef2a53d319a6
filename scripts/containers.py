"""Starts compose.yaml's services of ours from an image of this Dockerfile, on a machine without an engine; needs root.

Public names: main.

`buildah` with chroot isolation builds the image, on a Debian 13 that debootstrap makes under the name it asks for.
`bubblewrap` runs its root, each service as compose.yaml says: command, user, read-only root, tmpfs, volumes, secrets,
no capabilities, no new privileges, its health check. All share one network of their own. Broker and proxy are Debian's
mosquitto and nginx with compose.yaml's configuration, the database Debian's InfluxDB 1 behind a door that speaks the
words of version 2 (tests/influx_peer.py). It ends when every health check is green, a page came by https, and a parcel
is in the database.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parents[1]
MIRROR = "http://deb.debian.org/debian"
ORDER = ("mosquitto", "api", "tls", "simulator", "controller", "publisher")
HANGS_S = 300.0
NEEDED = ("debootstrap", "buildah", "bwrap", "unshare", "mosquitto", "influxd", "nginx", "curl")
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


def say(text: str) -> None:
    print(text, flush=True)


class Image:
    """What a Dockerfile came to: its root, and how it is to be started."""

    def __init__(self, folder: Path) -> None:
        self._buildah = [
            "buildah",
            "--root",
            str(folder / "storage"),
            "--runroot",
            str(folder / "run"),
            "--storage-driver",
            "vfs",
        ]
        self._folder = folder

    def build(self, name: str, base: str) -> None:
        """Builds it on a base that is made for it, unless it is there."""
        if base not in self._done("images", "--format", "{{.Name}}:{{.Tag}}").split():
            say(f"== {base}, by debootstrap of Debian 13")
            self._base(base)
        say(f"== {name}, by buildah with chroot isolation")
        self._done(
            "bud", "--isolation", "chroot", "--pull-never", "--network", "host", "--quiet", "-t", name, str(HERE)
        )

    def root(self, name: str) -> tuple[Path, dict[str, Any]]:
        """Its root, and its configuration as OCI has it."""
        container = self._done("from", "--pull-never", f"localhost/{name}").strip()
        told = json.loads(self._done("inspect", "--type", "image", f"localhost/{name}"))
        return Path(self._done("mount", container).strip()), told["OCIv1"]["config"]

    def _base(self, name: str) -> None:
        root = self._folder / "debian13"
        if not (root / "made").exists():
            shutil.rmtree(root, ignore_errors=True)
            packages = "python3,python3-pip,python-is-python3,ca-certificates"
            done = ["debootstrap", "--variant=minbase", f"--include={packages}", "trixie", str(root), MIRROR]
            subprocess.run(done, check=True, stdout=subprocess.DEVNULL)
            (root / "made").touch()
        # What this machine trusts and asks, so does the build on it.
        shutil.copy(f"/{_CERTIFICATES}", root / _CERTIFICATES)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        made = self._done("from", "scratch").strip()
        self._done("add", "--quiet", made, str(root), "/")
        given = ("PIP_BREAK_SYSTEM_PACKAGES=1", f"SSL_CERT_FILE=/{_CERTIFICATES}", f"PIP_CERT=/{_CERTIFICATES}")
        self._done("config", *(word for one in given for word in ("--env", one)), made)
        self._done("commit", "--quiet", made, name)

    def _done(self, *words: str) -> str:
        return subprocess.run([*self._buildah, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


class Services:
    """The services of compose.yaml in bubblewrap. ``ours``: root and configuration of our image."""

    def __init__(self, compose: dict[str, Any], ours: tuple[Path, dict[str, Any]], folder: Path) -> None:
        self._compose, self._folder = compose, folder
        self._root, self._image = ours

    def command(self, name: str, words: list[str]) -> list[str]:
        """``words`` in the sandbox of a service."""
        service = self._compose["services"][name]
        mine = service["image"].startswith("lanewise:")
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name  # bubblewrap gives none
        user, _, group = (self._image["User"] if mine else service["user"]).partition(":")
        root = self._root if mine else self._debian()
        path = "/usr/sbin:/usr/bin:/sbin:/bin"
        environment = dict(one.partition("=")[::2] for one in self._image["Env"]) if mine else {"PATH": path}
        told = [
            "bwrap",
            "--unshare-user",
            "--uid",
            user,
            "--gid",
            group,
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
        ]
        told += ["--cap-drop", "ALL", "--die-with-parent", "--new-session", "--ro-bind", str(root), "/"]
        if not mine:
            told += ["--ro-bind", "/usr", "/usr"]
        told += ["--proc", "/proc", "--dev", "/dev", "--ro-bind", str(self._hosts()), "/etc/hosts"]
        for one in service.get("tmpfs", ()):
            target, _, options = one.partition(":")
            keys = dict(key.partition("=")[::2] for key in options.split(","))
            told += ["--perms", keys["mode"], "--size", str(_octets(keys["size"])), "--tmpfs", target]
        for source, target, readonly in self._volumes(service):
            told += ["--ro-bind" if readonly else "--bind", str(source), target]
        for secret in service.get("secrets", ()):
            source, target = (secret, secret) if isinstance(secret, str) else (secret["source"], secret["target"])
            file = HERE / self._compose["secrets"][source]["file"]
            told += ["--ro-bind", str(file), f"/run/secrets/{target}"]
        told += ["--clearenv", *(word for key, value in environment.items() for word in ("--setenv", key, value))]
        return [*told, "--chdir", self._image["WorkingDir"] if mine else "/", "--", *words]

    def start(self, name: str) -> list[str]:
        """What starts a service."""
        service = self._compose["services"][name]
        entry = self._image["Entrypoint"] if service["image"].startswith("lanewise:") else []
        return self.command(name, [*entry, *map(_substituted, service["command"])])

    def healthy(self, name: str) -> list[str]:
        """What its health check is."""
        kind, *words = self._compose["services"][name]["healthcheck"]["test"]
        words = [word.replace("$$", "$") for word in words]
        return self.command(name, ["sh", "-c", *words] if kind == "CMD-SHELL" else words)

    def _volumes(self, service: dict[str, Any]) -> Iterator[tuple[Path, str, bool]]:
        for one in service.get("volumes", ()):
            source, target, *mode = _substituted(one).split(":")
            if source.startswith("."):
                yield HERE / source, target, mode == ["ro"]
                continue
            folder = self._folder / "volumes" / source
            folder.mkdir(parents=True, exist_ok=True)  # of root, whom a service's user is outside
            yield folder, target, mode == ["ro"]

    def _debian(self) -> Path:
        """A root with nothing but this machine's programs."""
        root = self._folder / "debian"
        for folder in (
            "usr",
            "proc",
            "dev",
            "etc",
            "run/secrets",
            "mosquitto/config",
            "mosquitto/data",
            "etc/lanewise",
            "tls",
            "tmp",
        ):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for link in ("bin", "sbin", "lib", "lib64"):
            if not (root / link).is_symlink():
                (root / link).symlink_to(f"usr/{link}")
        for name in ("passwd", "group", "nsswitch.conf"):
            shutil.copy(f"/etc/{name}", root / "etc" / name)
        (root / "etc" / "hosts").touch()
        return root

    def _hosts(self) -> Path:
        """Every service's name, at the one address that all share."""
        file = self._folder / "hosts"
        file.write_text(f"127.0.0.1 localhost {' '.join(self._compose['services'])}\n", encoding="utf-8")
        return file


def _substituted(text: str) -> str:
    """What compose makes of a text where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def _octets(size: str) -> int:
    return int(size[:-1]) * _UNITS[size[-1]] if size[-1] in _UNITS else int(size)


def until(what: str, so: Callable[[], object]) -> None:
    """Waits for it within a limit that only a hang reaches."""
    end_s = time.monotonic() + HANGS_S
    while not so():
        if time.monotonic() > end_s:
            raise SystemExit(f"NOT SO: {what}: not within {HANGS_S:.0f} s")
        time.sleep(0.5)
    say(f"   {what}: yes")


@contextmanager
def database(folder: Path, token: str) -> Iterator[Any]:
    """InfluxDB's stand-in, where compose.yaml has it."""
    sys.path.insert(0, str(HERE / "tests"))
    from influx_peer import Influxd, V2Door, before

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    influxd = Influxd(shutil.which("influxd") or "influxd", folder)
    influxd.start()
    influxd.query("CREATE DATABASE lanewise")
    door = V2Door(before(influxd), token, "lanewise", port=8086)
    try:
        yield door
    finally:
        door.close()
        influxd.kill()


def tried(folder: Path) -> None:
    """All of it, in a network of its own."""
    compose = yaml.safe_load((HERE / "compose.yaml").read_text(encoding="utf-8"))
    subprocess.run([sys.executable, str(HERE / "scripts" / "compose_secrets.py")], cwd=HERE, check=True)
    shutil.rmtree(folder / "volumes", ignore_errors=True)
    root, config = Image(folder).root(compose["services"]["api"]["image"])
    for place in ("site", "run/secrets"):
        (root / place).mkdir(parents=True, exist_ok=True)
    services = Services(compose, (root, config), folder)
    for name in (*ORDER, "certificate"):  # what bubblewrap binds a file over must be there
        for secret in compose["services"][name].get("secrets", ()):
            target = secret if isinstance(secret, str) else secret["target"]
            (root / "run/secrets" / target).touch()
            (services._debian() / "run/secrets" / target).touch()
    with ExitStack() as running:
        token = (HERE / "secrets" / "influx_token").read_text(encoding="utf-8")
        door = running.enter_context(database(folder / "influx", token))
        for name in ORDER:
            if name == "tls":
                subprocess.run(services.start("certificate"), check=True)
            say(f"== {name}")
            log = running.enter_context((folder / f"{name}.log").open("w", encoding="utf-8"))
            process = subprocess.Popen(services.start(name), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            running.callback(process.wait)
            running.callback(process.terminate)
            check = services.healthy(name)
            until(
                f"{name} is healthy",
                lambda check=check, process=process: (
                    process.poll() is None and subprocess.run(check, capture_output=True).returncode == 0
                ),
            )
        say("== https, with the site's own certificate")
        authority = folder / "volumes" / "tls" / "ca.pem"
        asked = ["curl", "--silent", "--head", "--cacert", str(authority), "https://localhost:8443/sign-in.html"]
        until(
            "a browser is told to come by https alone",
            lambda: b"strict-transport-security" in subprocess.run(asked, capture_output=True).stdout.lower(),
        )
        say("== a parcel")
        until("the database has one that was inducted", lambda: any(b"induction," in line for line in door.taken))


def main() -> int:
    """Builds and tries; 2 = it cannot be tried here."""
    parser = argparse.ArgumentParser(description="Starts the services of compose.yaml without an engine.")
    parser.add_argument("--folder", type=Path, default=HERE / "build" / "containers", help="storage, volumes, logs")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder: Path = given.folder.absolute()
    os.environ["PATH"] += ":/usr/sbin"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        print(f"needs root, and of Debian: {' '.join(missing) or 'nothing else'}", file=sys.stderr)
        return 2
    refused = subprocess.run(
        ["unshare", "--net", "bwrap", "--unshare-user", "--ro-bind", "/", "/", "true"], capture_output=True
    )
    if refused.returncode:
        print(f"this machine refuses it: {refused.stderr.decode().strip()}", file=sys.stderr)
        return 2
    if given.inside:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        tried(folder)
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    base = re.search(r"^FROM (\S+) AS build$", (HERE / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert base is not None
    image = yaml.safe_load((HERE / "compose.yaml").read_text(encoding="utf-8"))["services"]["api"]["image"]
    Image(folder).build(image, f"docker.io/library/{base[1]}")
    again = ["unshare", "--net", sys.executable, __file__, "--inside", "--folder", str(folder)]
    status = subprocess.run(again, check=False).returncode
    if not status:
        say("\nEvery health check is green, and a parcel arrived.")
    return status


if __name__ == "__main__":
    sys.exit(main())
