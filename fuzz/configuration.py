"""LINE.toml, SITE.toml and REPORTS.toml as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.commands.reports_config import load_reports
from edge.config.load import load_line, load_site
from edge.config.problem import ConfigError
from fuzz.borders import Take

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_LOADS = (load_line, load_site, load_reports)


def seeds() -> Iterable[bytes]:
    """Our examples, whole and table by table; the first octet is the kind."""
    for kind, pattern in enumerate(("*/LINE.toml", "*/SITE.toml", "*/REPORTS.toml")):
        for path in sorted(_EXAMPLES.glob(pattern)):
            octets = path.read_bytes()
            yield bytes((kind,)) + octets
            head, *tables = octets.split(b"\n[")
            for table in tables:
                yield bytes((kind,)) + head[:200] + b"\n[" + table


@contextmanager
def opened(folder: Path) -> Iterator[Take]:
    """With one file that is written for each input."""
    path = folder / "X.toml"

    def take(octets: bytes) -> None:
        path.write_bytes(octets[1:])
        try:
            _LOADS[octets[0] % len(_LOADS) if octets else 0](path)
        except ConfigError as error:
            assert str(error), "it says nothing"

    yield take
