"""`lanewise portal ...`: recorded reads through the portal logic, and what a portal has learned.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from edge.commands.command_line import add_command
from edge.commands.portal_replay import RecordingError, judge, read_recording
from edge.config.load import load_line
from edge.core.events import PassageSeen
from edge.journal.reader import JournalReader
from edge.views.portal_picture import Learned, learned, picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `lanewise portal`."""
    questions = parser.add_subparsers(metavar="QUESTION", required=True)

    replay = add_command(questions, "replay", _replay, "recorded reads through the portal logic, a JSON line a passage")
    replay.add_argument("reads", type=Path, metavar="READS.csv", help="time_us,epc,antenna,rssi_dbm[,reader]")
    replay.add_argument("passages", type=Path, metavar="PASSAGES.csv", help="passage,start_us,stop_us")
    replay.add_argument("--expected", type=Path, metavar="EXPECTED.csv", help="passage,epc; adds a line of totals")
    _facing(replay)

    tune = add_command(
        questions,
        "tune",
        _tune,
        "what the portals of a line, or of a recording, have learned, as numbers and as pictures",
    )
    tune.add_argument(
        "recording", type=Path, nargs="*", metavar="CSV", help="READS.csv and PASSAGES.csv, as replay takes them"
    )
    tune.add_argument(
        "--config",
        type=Path,
        default=Path("LINE.toml"),
        metavar="LINE.toml",
        help="whose journal is read without a recording (default: LINE.toml)",
    )
    _facing(tune)
    tune.add_argument("--pictures", type=Path, metavar="FOLDER", help="write an SVG for each portal there")


def _facing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--facing",
        type=_numbers,
        default=(),
        metavar="1,2",
        help="antennas of the recording that look at the belt (default: all)",
    )


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(one) for one in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give antenna numbers with commas between, such as 1,2") from None


def _replay(arguments: argparse.Namespace) -> int:
    recording = read_recording(arguments.reads, arguments.passages, arguments.expected)
    judged, _ = judge(recording, arguments.facing)
    for one in judged:
        print(json.dumps({"passage": one.passage.name, "epcs": one.epcs}))
    if arguments.expected is not None:
        missed, stray = sum(one.missed for one in judged), sum(one.stray for one in judged)
        exact = sum(not one.missed and not one.stray for one in judged)
        print(json.dumps({"passages": len(judged), "exact_passages": exact, "missed": missed, "stray": stray}))
    return 0


def _tune(arguments: argparse.Namespace) -> int:
    if not arguments.recording:
        return _tune_line(arguments)
    if len(arguments.recording) != 2:
        raise RecordingError("a recording is two files: READS.csv PASSAGES.csv")
    reads, passages = arguments.recording
    _, known = judge(read_recording(reads, passages), arguments.facing)
    _tell(known, reads.stem, reads.stem, None, arguments.pictures)
    return 0


def _tune_line(arguments: argparse.Namespace) -> int:
    config = load_line(arguments.config)
    reader = JournalReader(config.journal)
    try:
        records = list(reader.of_kind(PassageSeen.__name__))
    finally:
        reader.close()
    for layout in config.layouts():
        if layout.portal.quiet_us:
            print(f"{layout.name}: has no photo-eye, nothing is learned")
            continue
        for portal in layout.portals:
            second = portal is layout.check
            name = f"{layout.name}-{portal.name}" if second else layout.name
            known = learned(records, layout.name, portal.name if second else "")
            if known is None:
                print(f"{name}: no passage yet")
                continue
            drawn_us = layout.travel_us(portal.eye_mm, portal.antenna_mm)
            _tell(known, name, portal.name, drawn_us, arguments.pictures)
    return 0


def _tell(known: Learned, name: str, title: str, drawn_us: int | None, pictures: Path | None) -> None:
    print(
        f"{name}: {known.passages} passages, {known.dwell_us / 1000:.0f} ms in the photo-eye, "
        f"{known.cycle_us / 1000:.0f} ms from one to the next"
    )
    drawn = "" if drawn_us is None else f", drawn {drawn_us / 1000:.0f} ms"
    print(f"  offset from photo-eye to antenna: {known.offset_us / 1000:.0f} ms{drawn}")
    print(f"  reads by antenna: {_row(known.antennas)}")
    print(f"  an antenna sees a tag after its passage's middle: {_row(known.sees_us, 1000, ' ms')}")
    if known.background:
        print(f"  beside the belt, masked: {', '.join(known.background)}")
    if known.margins:
        weak = sum(margin < 2 for margin in known.margins)
        middle = known.margins[len(known.margins) // 2]
        print(
            f"  a tag is claimed {middle:.0f} times more strongly than by its best neighbour (median); "
            f"less than twice: {weak} of {len(known.margins)}, weakest {known.margins[0]:.2f}"
        )
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        path = pictures / f"{name}.svg"
        path.write_text(picture(known, title), encoding="utf-8")
        print(f"  {path}")


def _row(values: Mapping[int, int], scale: int = 1, unit: str = "") -> str:
    return ", ".join(f"{antenna}: {value / scale:.0f}{unit}" for antenna, value in values.items())
