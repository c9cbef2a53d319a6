"""`python -m grafana`: writes the dashboards and alert rules; `--check`: compares what is there, and lints it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.alerts import provisioned
from grafana.decisions import DECISIONS
from grafana.lanes import LANES
from grafana.lint import problems, rule_problems
from grafana.order_flow import ORDER_FLOW
from grafana.overview import OVERVIEW
from grafana.panels import Language
from grafana.plcs import PLCS
from grafana.portals import PORTALS
from grafana.reliability import RELIABILITY
from grafana.service import SERVICE
from grafana.shipments import SHIPMENTS
from grafana.trace import TRACE

HERE = Path(__file__).parent
BOARDS = (OVERVIEW, LANES, DECISIONS, PORTALS, PLCS, RELIABILITY, SHIPMENTS, TRACE, ORDER_FLOW, SERVICE)
RULES_FILE = HERE / "provisioning" / "alerting" / "rules.yaml"


def files() -> dict[Path, str]:
    """Every written file by its path, with what belongs into it. The rules are JSON, which is YAML too."""
    made: dict[Path, str] = {}
    for board in BOARDS:
        for language in Language:
            path = HERE / "dashboards" / language.value / f"{board.name}.json"
            made[path] = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(board.build(language)) + "\n"
    made[RULES_FILE] = json.dumps(provisioned(BOARDS), indent=2, ensure_ascii=False) + "\n"
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 1 = something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 = a file differs or is wrong")
    checking: bool = parser.parse_args(arguments).check
    made = files()
    wrong: list[str] = []
    for path, text in made.items():
        if checking and (not path.is_file() or path.read_text(encoding="utf-8") != text):
            wrong.append(f"{path.relative_to(HERE.parent)}: not what the code says: make docs")
        elif not checking:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        check = rule_problems if path == RULES_FILE else problems
        wrong += [f"{path.relative_to(HERE.parent)}: {problem}" for problem in check(json.loads(text))]
    known = {path for path in made if path != RULES_FILE}
    wrong += [
        f"{path}: nobody writes this file: remove it"
        for path in (HERE / "dashboards").rglob("*.json")
        if path not in known
    ]
    for line in wrong:
        print(line, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
