"""Scenarios: what the core decides, case by case. Each folder in `scenarios` is one: what is there, happens, follows.

`LINE.toml` says in its first line what the scenario shows. `inputs.jsonl` and `expected.jsonl` hold a value a line,
`{"<kind>": <body>}`, the body as a journal has it.
TagsRead and Tick may be inputs as well. Time goes by and deadlines come by themselves, unless there are inputs that a
controller gives itself, as in a journal. `make test ARGS="tests/test_scenarios.py --rewrite"` expects what comes now.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config.load import load_line
from edge.core.core import Core
from edge.core.events import (
    INPUT_KINDS,
    AlarmDue,
    Command,
    DoorSeen,
    Event,
    Input,
    PassageSeen,
    Started,
    TagsRead,
    Tick,
)
from edge.core.line.line import Result
from edge.core.values.flags import FLAGS
from edge.journal.record import Record, encode
from edge.journal.replay import replay

FOLDERS = sorted(path.parent for path in Path(__file__).with_name("scenarios").glob("*/LINE.toml"))
KINDS: dict[str, type[Input]] = {**INPUT_KINDS, TagsRead.__name__: TagsRead, Tick.__name__: Tick}
END = Tick(2**62)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_follows_is_what_is_expected(folder: Path, pytestconfig: pytest.Config) -> None:
    why = (folder / "LINE.toml").read_text(encoding="utf-8").partition("\n")[0]
    assert why.startswith("# "), f"{folder.name}/LINE.toml: the first line says what the scenario shows"
    derived: list[tuple[str, str]] = []
    journal: list[Record] = []
    for where, given, results in told(folder):
        derived += [(where, line_of(result)) for result in results]
        for value in (given, *results):
            if not isinstance(value, TagsRead | Tick | Command):
                journal.append(Record(len(journal) + 1, value.at_us, "", type(value).__name__, encode(value)))
    expected = folder / "expected.jsonl"
    if pytestconfig.getoption("rewrite"):
        expected.write_text("".join(f"{line}\n" for _, line in derived), encoding="utf-8")
    found = difference(expected.read_text(encoding="utf-8").splitlines(), derived)
    assert not found, f"{folder.name}/expected.jsonl:{found}"
    assert replay(journal).difference is None


def test_a_difference_says_what_and_where() -> None:
    expected = ['{"LaneChanged":{"at_us":1,"lane":2,"full":true}}', '{"Route":{"lane":4}}']
    same, other = ("inputs.jsonl:1", expected[0]), ("inputs.jsonl:9", '{"Route":{"lane":3,"plc":"p"}}')
    assert difference(expected, [same, ("inputs.jsonl:9", expected[1])]) == ""
    assert difference(expected, [same, other]) == (
        f"2: after inputs.jsonl:9: Route differs in lane, plc\n  expected {expected[1]}\n  derived  {other[1]}"
    )
    assert difference(expected, [same]) == f"2: after the end: Route is missing\n  expected {expected[1]}"
    assert (
        difference(expected[:1], [same, other]) == f"2: after inputs.jsonl:9: Route is too much\n  derived  {other[1]}"
    )


def told(folder: Path) -> Iterator[tuple[str, Input, list[Result]]]:
    """Each input of a scenario, where it stands, and what follows from it."""
    config = load_line(folder / "LINE.toml")
    lines = (folder / "inputs.jsonl").read_text(encoding="utf-8").splitlines()
    inputs = [(f"inputs.jsonl:{number}", value_of(line)) for number, line in enumerate(lines, 1)]
    live = not any(isinstance(value, PassageSeen | DoorSeen | AlarmDue) for _, value in inputs)
    core = Core((), live=live)
    begin_us = inputs[0][1].at_us
    started = Started(
        at_us=begin_us,
        controller=config.controller,
        version="",
        layouts=config.layouts(),
        alarms=config.alarms(),
        docks=config.docks(),
        flags=FLAGS,
    )
    for where, given in (("LINE.toml", started), *inputs, ("the end", END)):
        while live and (due_us := core.deadline_us()) is not None and due_us < given.at_us:
            yield f"time {due_us}", Tick(due_us), core.step(Tick(due_us))
        yield where, given, core.step(given)


def value_of(line: str) -> Input:
    """The value of a line; a word that its kind does not have is an error."""
    ((kind, body),) = msgspec.json.decode(line, type=dict[str, dict[str, Any]]).items()
    value = msgspec.convert(body, KINDS[kind])
    assert body.keys() <= msgspec.to_builtins(value).keys(), line
    return value


def line_of(value: Event | Command) -> str:
    """Numbers that are not whole are given to six digits: the last ones are another machine's as it pleases."""
    return msgspec.json.encode({type(value).__name__: _rounded(msgspec.to_builtins(value))}).decode()


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.6g}")
        case dict():
            return {key: _rounded(one) for key, one in value.items()}
        case list() | tuple():
            return [_rounded(one) for one in value]
        case _:
            return value


def difference(expected: list[str], derived: list[tuple[str, str]]) -> str:
    """The first line that differs, after which input and in what; empty where none does."""
    for number, (wanted, found) in enumerate(zip_longest(expected, derived), 1):
        where, line = found or ("the end", None)
        if line != wanted:
            shown = [f"  {word} {text}" for word, text in (("expected", wanted), ("derived ", line)) if text]
            return "\n".join((f"{number}: after {where}: {_what(wanted, line)}", *shown))
    return ""


def _what(wanted: str | None, line: str | None) -> str:
    parts = [next(iter(msgspec.json.decode(text).items())) for text in (wanted, line) if text]
    if len(parts) == 1:
        return f"{parts[0][0]} is {'missing' if wanted else 'too much'}"
    (kind, before), (other, now) = parts
    if kind != other:
        return f"{other} instead of {kind}"
    return f"{kind} differs in {', '.join(key for key in {**before, **now} if before.get(key) != now.get(key))}"
