"""Pages of docs/ that are written from the code: written, or compared where ``--check`` is given.

Public names: write_or_check.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def write_or_check(pages: Mapping[Path, str], source: str) -> int:
    """The exit status: 1 where a page is not what ``source`` says, and is only compared."""
    wrong = 0
    for path, text in pages.items():
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path}: not what the {source} say; run `make docs`", file=sys.stderr)
            wrong = 1
    return wrong
