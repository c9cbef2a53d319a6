"""A process that copies a site store again and again until it is killed.

Public names: copying.
"""

from __future__ import annotations

from pathlib import Path

from edge.site.copies import backup, restore


def copying(what: str, url: str, file: Path, begun: Path) -> None:
    """``what``: backup or restore; ``begun`` is made before the first."""
    begun.touch()
    while True:
        (backup if what == "backup" else restore)(url, file)
