"""`lanewise site init`: asks what a site is, and writes its first configuration, checked and whole, or nothing.

Public names: add_begin_arguments, begin.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.config.beginning import UNITS, Beginning, answered, line_text, site_text
from edge.config.problem import ConfigError
from edge.config.surroundings import check_site
from edge.site.engine import StoreError

_INSTALLED = Path("/etc/lanewise")
_DATA = Path("/var/lib/lanewise")


def add_begin_arguments(made: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise site init`."""
    made.set_defaults(command=begin)
    made.add_argument("folder", type=Path, metavar="DIR", help=f"where to; the units read {_INSTALLED}")
    made.add_argument("--answers", type=Path, metavar="FILE", help="TOML with the answers, keys as the options below")
    for key in Beginning.model_fields:
        made.add_argument(f"--{key.replace('_', '-')}", metavar="VALUE", help=_help(key))


def begin(arguments: argparse.Namespace) -> int:
    """Writes LINE.toml, SITE.toml and the list of units, and says what is next. Raises ConfigError, StoreError."""
    folder: Path = arguments.folder
    if there := [name for name in ("LINE.toml", "SITE.toml", "units") if (folder / name).exists()]:
        raise StoreError(f"{folder}: has {', '.join(there)} already, and nothing is overwritten: name another folder")
    answers = _answers(arguments)
    answers.setdefault("data", str(_DATA if folder == _INSTALLED else folder.absolute() / "var"))
    its = answered(arguments.answers or Path("answers"), answers)
    files = {"LINE.toml": line_text(its), "SITE.toml": site_text(its), "units": "".join(f"{one}\n" for one in UNITS)}
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".begun-", dir=folder) as begun:
        made = Path(begun)
        for name, text in files.items():
            (made / name).write_text(text, encoding="utf-8")
            (made / name).chmod(0o640)
        try:
            check_site(made / "SITE.toml")
        except ConfigError as error:
            raise ConfigError(folder / error.file.name, error.problems) from None
        for name in files:
            (folder / name).hardlink_to(made / name)  # refused where somebody has written one since
    print("\n".join(_next(folder, its)))
    return 0


def _answers(arguments: argparse.Namespace) -> dict[str, object]:
    """From options, a file of answers, and else by asking who sits there; what nobody says keeps its default."""
    given: dict[str, object] = {}
    if arguments.answers is not None:
        try:
            given |= tomllib.loads(arguments.answers.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(arguments.answers, [str(error)]) from None
    given |= {key: said for key in Beginning.model_fields if (said := getattr(arguments, key)) is not None}
    if arguments.answers is None and sys.stdin.isatty():
        for key in Beginning.model_fields:
            if key != "data" and key not in given and not (key == "carriers" and given.get("job") == "verify"):
                given |= _asked(key)
    return given


def _asked(key: str) -> dict[str, object]:
    """One answer, asked again while it is wrong; an empty one keeps the default."""
    while True:
        field = Beginning.model_fields[key]
        default = "" if field.is_required() else f" [{_shown(field.get_default())}]"
        said = input(f"{key}: {field.description}{default}: ").strip()
        if not said and default:
            return {}
        try:
            answered(Path("answers"), {"plc": "plc", "reader": "reader", "data": "data", key: said})
        except ConfigError as error:
            print("\n".join(f"  {problem}" for problem in error.problems))
            continue
        return {key: said}


def _next(folder: Path, its: Beginning) -> list[str]:
    lines = [
        f"{folder}: LINE.toml, SITE.toml and units, checked: line {its.line}, PLC {its.plc}, reader {its.reader}.",
        "",
        "Next:",
        f"  1. Put in what your line has besides, and look: lanewise check {folder / 'SITE.toml'}",
        f"  2. Is the PLC as it must be? lanewise plc conformance {folder / 'LINE.toml'}",
    ]
    if folder == _INSTALLED:
        lines.append("  3. Start, now and at each boot: systemctl enable --now $(cat /etc/lanewise/units)")
    else:
        runs = f"lanewise run {folder / 'LINE.toml'}", f"lanewise api {folder / 'SITE.toml'}"
        lines.append(f"  3. Start, each in a terminal of its own: {runs[0]}; {runs[1]}")
    lines += [
        f"  4. Open http://{its.listen} on this machine; what needs people stands under Needs attention.",
        f"  5. Each night: lanewise site backup {folder / 'SITE.toml'} FOLDER/",
    ]
    return lines


def _help(key: str) -> str:
    field = Beginning.model_fields[key]
    if key == "data":
        return f"{field.description} (default: {_DATA} for {_INSTALLED}, else var in DIR)"
    return f"{field.description}" + ("" if field.is_required() else f" (default: {_shown(field.get_default())})")


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
