"""One border under libFuzzer: a process that only ``fuzz.__main__`` starts.

Public names: main. What a border raises is kept with its input, once for each place in the code, and the run goes on.
``FOLDER`` is an empty one for the border's files, which libFuzzer's end leaves there.
Run: ``python -m fuzz.worker NAME FOLDER RAISED [options of libFuzzer]``.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import atheris

from fuzz.borders import BORDERS, Take, border


def place_of(error: BaseException) -> str:
    """What was raised, and where in our code: a name for a file."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "/fuzz/worker.py" not in one.filename and "site-packages" not in one.filename]
    last = (ours or frames)[-1]
    return f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}"


def kept(take: Take, folder: Path) -> Take:
    """The same, with what it raises written into a folder."""

    def one(octets: bytes) -> None:
        try:
            take(octets)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  also a panic in Rust; the next is to come
            path = folder / place_of(error)
            if not path.exists():
                path.write_bytes(octets)
                path.with_name(f"{path.name}.txt").write_text("".join(traceback.format_exception(error)), "utf-8")

    return one


def main() -> None:
    """Runs until libFuzzer ends the process."""
    name, folder, crashes, *options = sys.argv[1:]
    logging.disable()
    with atheris.instrument_imports(include=[*BORDERS[name]]):
        its = border(name)
    with its.opened(Path(folder)) as take:
        atheris.Setup([sys.argv[0], *options], kept(take, Path(crashes)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
