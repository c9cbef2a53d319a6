"""Builds the Debian package: python scripts/deb.py [--tree DIR] [--out dist] [--python 3.11].

Public names: Package, stage, pack, version_of.

What is in it: the wheel of the tree and all its dependencies as the lock file has them, below /usr/lib/lanewise
and run by Debian's own Python, and what stands in deploy/debian. Nothing is compiled here: dependencies come as wheels.
It needs uv, hatchling and dpkg-deb, no root.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from licences import licences, listed, refused, stray

HERE = Path(__file__).resolve().parents[1]
DEBIAN = HERE / "deploy" / "debian"
RELEASES = {"3.11": "deb12", "3.13": "deb13"}
"""The Debian that has this Python, as it stands in the version of a package for it."""
_WHEELS = {"amd64": "x86_64-manylinux_2_36", "arm64": "aarch64-manylinux_2_36"}
_UNITS = ("lanewise-run@.service", "lanewise-publish@.service", "lanewise-api.service", "lanewise-opcua@.service")
_BESIDE = {
    "lanewise.sysusers": "usr/lib/sysusers.d/lanewise.conf",
    "lanewise.tmpfiles": "usr/lib/tmpfiles.d/lanewise.conf",
    "lanewise.logrotate": "etc/logrotate.d/lanewise",
    "hardening.conf": "lib/systemd/system/lanewise-.service.d/hardening.conf",
    "lintian-overrides": "usr/share/lintian/overrides/lanewise",
}
_CONTROL = """\
Package: lanewise
Version: {version}
Architecture: {arch}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: python3 (>= {python}), python3 (<< {python_next}), systemd, libc6 (>= 2.36), libgcc-s1, zlib1g
Recommends: fonts-wqy-microhei, logrotate
Suggests: postgresql (>= 15), mosquitto
Section: misc
Priority: optional
Description: edge controller for automated fulfilment lines
 Reads RFID portals and barcode scanners, checks totes against their orders,
 routes parcels to the lanes of their carriers before the divert is due, and
 watches dock doors. Keeps the site's orders, stock, waves, parcels and cases,
 shows them on pages, and journals every decision so that it can be derived
 again.
 .
 The dependencies come along, in the versions that it was tested with, in a
 folder that no other program sees.
"""


@dataclass(frozen=True)
class Package:
    """``tree``: whose code; ``python``: which of Debian's, as ``3.11``; ``uv``, ``hatchling``: programs."""

    tree: Path
    python: str
    arch: str
    uv: str
    hatchling: str

    @property
    def version(self) -> str:
        """Debian's, of the tree's project."""
        project = tomllib.loads((self.tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return f"{version_of(project['version'])}+{RELEASES[self.python]}"


def version_of(version: str) -> str:
    """Python's version as one of Debian's, which is older than the release it leads to: 0.2.0.dev0 -> 0.2.0~dev0."""
    return re.sub(r"\.?(dev|a|b|rc)(?=\d)", r"~\1", version)


def stage(package: Package, root: Path) -> None:
    """Everything that the package has, below ``root``. Raises CalledProcessError, ValueError for a licence."""
    home = root / "usr" / "lib" / "lanewise"
    modules = home / "lib" / f"python{package.python}" / "site-packages"
    _install(package, modules)
    for needless in ("bin", "reportlab/fonts"):  # fonts of mixed licences, one under the GPL; papers use Debian's
        shutil.rmtree(modules / needless, ignore_errors=True)
    (modules / ".lock").unlink(missing_ok=True)
    found = licences(modules)
    if bad := [*refused(found), *stray(modules)]:
        raise ValueError("\n".join(bad))

    (home / "bin").mkdir()
    (home / "bin" / "python3").symlink_to(f"/usr/bin/python{package.python}")
    _write(
        home / "pyvenv.cfg",
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {package.python}\n",
        0o644,
    )
    # -P: the folder that one stands in shadows no installed package; api, edge, plc and rfid are plain words.
    start = "import sys\n\nfrom edge.cli import run_as_script\n\nsys.argv[0] = 'lanewise'\nrun_as_script()\n"
    _write(home / "bin" / "lanewise", f"#!/usr/lib/lanewise/bin/python3 -P\n{start}", 0o755)
    (root / "usr" / "bin").mkdir()
    (root / "usr" / "bin" / "lanewise").symlink_to("../lib/lanewise/bin/lanewise")

    tells = (package.tree / "edge" / "journal" / "notify.py").exists()
    for unit in _UNITS:
        text = (DEBIAN / unit).read_text(encoding="utf-8")
        _write(root / "lib" / "systemd" / "system" / unit, text if tells else text.replace("=notify", "=exec"), 0o644)
    for name, where in _BESIDE.items():
        text = (DEBIAN / name).read_text(encoding="utf-8")
        _write(root / where, text if tells else text.replace("WatchdogSec=30s\n", ""), 0o644)

    docs = root / "usr" / "share" / "doc" / "lanewise"
    for folder in ("docs", "examples"):
        shutil.copytree(
            package.tree / folder, docs / folder, ignore=shutil.ignore_patterns("*.pyc", "pictures", "LICENSE")
        )
    _write(docs / "licences.txt", listed(found), 0o644)
    _write(docs / "sbom.cdx.json", _uv(package, "export", "--format", "cyclonedx1.5", *_LOCKED), 0o644)
    _write(docs / "copyright", (DEBIAN / "copyright").read_text(encoding="utf-8"), 0o644)
    _packed(docs / "CHANGELOG.md.gz", (package.tree / "CHANGELOG.md").read_text(encoding="utf-8"))
    _packed(docs / "changelog.gz", _changelog(package))
    _packed(
        root / "usr" / "share" / "man" / "man1" / "lanewise.1.gz", (DEBIAN / "lanewise.1").read_text(encoding="utf-8")
    )


def pack(package: Package, root: Path, out: Path, *compression: str) -> Path:
    """The package of what is staged. Raises CalledProcessError."""
    control = root / "DEBIAN"
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    sums = "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files)
    size = sum(-(-path.stat().st_size // 1024) for path in files)
    major, _, minor = package.python.partition(".")
    its = {
        "version": package.version,
        "arch": package.arch,
        "maintainer": _maintainer(package.tree),
        "size": size,
        "python": package.python,
        "python_next": f"{major}.{int(minor) + 1}",
    }
    _write(control / "control", _CONTROL.format(**its), 0o644)
    _write(control / "md5sums", sums, 0o644)
    _write(control / "conffiles", "/etc/logrotate.d/lanewise\n", 0o644)
    for script in ("postinst", "prerm", "postrm"):
        _write(control / script, (DEBIAN / script).read_text(encoding="utf-8"), 0o755)
    for path in root.rglob("*"):
        if not path.is_symlink() and path.parent != control:
            path.chmod(0o755 if path.is_dir() or path == root / "usr/lib/lanewise/bin/lanewise" else 0o644)
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"lanewise_{package.version}_{package.arch}.deb"
    _run("dpkg-deb", *compression, "--root-owner-group", "--build", str(root), str(file))
    return file


# ---- parts -----------------------------------------------------------------------------------------------------------

_LOCKED = ("--locked", "--no-default-groups", "--extra", "sparkplug", "--no-emit-project")


def _install(package: Package, modules: Path) -> None:
    """The wheel of the tree and what the lock file says, as they are for Debian's Python."""
    with _folder() as made:
        _run(package.hatchling, "build", "-t", "wheel", "-d", str(made), cwd=package.tree)
        (wheel,) = made.glob("*.whl")
        (made / "locked.txt").write_text(_uv(package, "export", *_LOCKED), encoding="utf-8")
        where = ("--target", str(modules), "--python-version", package.python, "--link-mode", "copy")
        target = (*where, "--python-platform", _WHEELS[package.arch], "--only-binary", ":all:", "--quiet")
        _uv(package, "pip", "install", *target, "--require-hashes", "--requirement", str(made / "locked.txt"))
        _uv(package, "pip", "install", *target, "--no-deps", str(wheel))


def _uv(package: Package, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return _run(package.uv, "--quiet", "--no-progress", *words, cwd=package.tree, env=environment)


def _maintainer(tree: Path) -> str:
    """As Debian's tools are told, or who committed last: whoever builds a package answers for it."""
    name, mail = os.environ.get("DEBFULLNAME"), os.environ.get("DEBEMAIL")
    if name and mail:
        return f"{name} <{mail}>"
    return _run("git", "log", "-1", "--format=%an <%ae>", cwd=tree).strip()


def _changelog(package: Package) -> str:
    at = int(os.environ.get("SOURCE_DATE_EPOCH") or _run("git", "log", "-1", "--format=%ct", cwd=package.tree))
    head = f"lanewise ({package.version}) {'unstable' if '~' in package.version else 'stable'}; urgency=medium"
    return f"{head}\n\n  * See CHANGELOG.md.gz.\n\n -- {_maintainer(package.tree)}  {formatdate(at)}\n"


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _packed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lanewise-deb-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def main() -> int:
    """Builds it and says where it is."""
    parser = argparse.ArgumentParser(description="Builds the Debian package.")
    parser.add_argument("--tree", type=Path, default=HERE, help="whose code (default: this one's)")
    parser.add_argument("--out", type=Path, default=HERE / "dist")
    parser.add_argument("--python", choices=RELEASES, default="3.11", help="Debian 12 has 3.11, Debian 13 3.13")
    parser.add_argument("--arch", choices=_WHEELS, default=_run("dpkg", "--print-architecture").strip())
    parser.add_argument("--fast", action="store_true", help="packed for a trial, not for the way")
    given = parser.parse_args()
    beside = Path(sys.executable).parent
    package = Package(given.tree.resolve(), given.python, given.arch, str(beside / "uv"), str(beside / "hatchling"))
    os.umask(0o022)
    with _folder() as root:
        try:
            stage(package, root)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
        print(pack(package, root, given.out, *(("-Zgzip", "-z1") if given.fast else ("-Zxz",))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
