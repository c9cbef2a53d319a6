"""Writes docs/cli.md from the command line's own parser; with --check fails when the page differs.

Public names: page, main.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from edge.cli import parser

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"


def page(top: argparse.ArgumentParser) -> str:
    """The page in Markdown. Independent of terminal width and Python version, unlike ``format_help``."""
    lines = [
        "# Command line",
        "",
        "Written by `make docs` from the parser; `make check` compares.",
        "",
        "Exit status: 0 = done; 1 = done, and the answer is bad (a wrong configuration, a difference, nothing known);",
        "2 = it could not be done, with what, where and what to do on standard error.",
        "",
        *_section(top),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _section(command: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {command.prog}"
    yield ""
    if command.description:
        yield " ".join(command.description.split())
        yield ""
    rows, children = [], []
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            children.extend(dict.fromkeys(action.choices.values()))
        elif not isinstance(action, argparse._HelpAction) and action.help != argparse.SUPPRESS:
            rows.append(f"| {_name(action)} | {_meaning(action)} |")
    if rows:
        yield from ("| argument | meaning |", "|---|---|", *rows, "")
    if command.epilog:
        yield " ".join(command.epilog.split())
        yield ""
    for child in children:
        yield from _section(child)


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        name = action.metavar if isinstance(action.metavar, str) else action.dest
        return f"`{name.upper()}`" + {"+": " …", "*": " … (may be none)", "?": " (optional)"}.get(str(action.nargs), "")
    value = ""
    if action.nargs != 0:
        value = " " + (action.metavar if isinstance(action.metavar, str) else action.dest.upper())
    return ", ".join(f"`{option}{value}`" for option in action.option_strings)


def _meaning(action: argparse.Action) -> str:
    text = " ".join((action.help or "").replace("%(default)s", str(action.default)).split()).replace("%%", "%")
    if action.choices is not None:
        text = f"{text} ({', '.join(f'`{choice}`' for choice in action.choices)})".strip()
    return text.replace("|", "\\|")


def main() -> None:
    written = page(parser())
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(written, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != written:
        sys.exit(f"{PAGE} differs from the real command line: run `make docs`")


if __name__ == "__main__":
    main()
