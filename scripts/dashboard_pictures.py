"""Draws the dashboards into docs/pictures from their JSON and from what an InfluxDB with a demo's data answers.

`python scripts/dashboard_pictures.py URL DATABASE [--minutes N]`: the newest N minutes there (default: 30). How such
data comes to be: docs/dashboards.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))

from grafana.ask import Span, ask, filled_in  # noqa: E402
from grafana.panels import Language  # noqa: E402
from grafana.picture import picture  # noqa: E402

FOLDER = ROOT / "docs" / "pictures" / "dashboards"
SCOPES = dict.fromkeys(("site", "line", "lane", "reader", "plc", "subject"), ".*")


def main() -> None:
    """Asks each page's queries and writes its picture, in both languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "url", metavar="URL", help="an InfluxDB 1.x, or a later one that answers /query without a token"
    )
    parser.add_argument("database", metavar="DATABASE")
    parser.add_argument("--minutes", type=int, default=30, metavar="N")
    arguments = parser.parse_args()
    newest = ask(
        arguments.url,
        arguments.database,
        'SELECT last("track") FROM "outcome" WHERE "outcome" = \'confirmed\' AND "line" = \'sorter\'',
    )
    if not newest:
        parser.error(f"{arguments.url}: database {arguments.database!r} has no outcome of a line `sorter`")
    end_ms, track = newest[0].rows[0]
    assert isinstance(end_ms, int)
    span = Span(end_ms - arguments.minutes * 60_000, end_ms)
    variables = {**SCOPES, "track": str(track)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language in Language:
        for file in sorted((ROOT / "grafana" / "dashboards" / language.value).glob("*.json")):
            page = json.loads(file.read_text(encoding="utf-8"))
            queries = {target["query"] for panel in page["panels"] for target in panel.get("targets", ())}
            answers = {
                query: ask(arguments.url, arguments.database, filled_in(query, span, variables)) for query in queries
            }
            drawn = picture(page, answers, span)
            path = FOLDER / f"{file.stem}.{language.value}.svg"
            path.write_text(drawn, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: {len(drawn) // 1024} KiB")


if __name__ == "__main__":
    main()
