"""`lanewise waves …`: drafts planned anew, a wave released or taken back, and who will be late.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from edge.commands.api_client import ask
from edge.commands.command_line import add_by, add_command, add_site, who
from edge.config.load import load_site
from edge.journal.host_time import local
from edge.views.words.phrase import phrase
from edge.views.words.table import say


def add_arguments(waves: argparse.ArgumentParser) -> None:
    """The commands below `lanewise waves`."""
    commands = waves.add_subparsers(metavar="COMMAND", required=True)
    listed = add_command(commands, "list", _list, "the waves that are not done, with their time to cut-off")
    add_site(listed)
    listed.add_argument("--all", action="store_true", help="also those that are done")
    listed.add_argument("--json", action="store_true", help="one JSON line each")
    planned = add_command(commands, "plan", _plan, "plans all accepted orders that have their stock anew")
    add_site(planned)
    add_by(planned)
    for name, command, text in (
        ("release", _release, "gives a wave's orders to the pickers and the line"),
        ("withdraw", _withdraw, "takes a wave back as far as nobody has begun it"),
    ):
        made = add_command(commands, name, command, text)
        add_site(made)
        made.add_argument("wave", metavar="WAVE")
        add_by(made)
    needed = add_command(commands, "materials", _materials, "the packing material of a wave; status 1 = some is short")
    add_site(needed)
    needed.add_argument("wave", metavar="WAVE")
    late = add_command(commands, "late", _late, "who will miss a cut-off, and why; status 1 = somebody")
    add_site(late)
    left = add_command(commands, "unplanned", _unplanned, "orders that nobody carries, and why; status 1 = some")
    add_site(left)
    took = add_command(commands, "measured", _measured, "what picking, the line and the whole way took of late")
    add_site(took)


def _list(arguments: argparse.Namespace) -> int:
    after = ""
    while True:
        path = f"/api/v1/waves?after={quote(after)}&everything={'true' if arguments.all else 'false'}"
        rows = json.loads(ask(load_site(arguments.site), path))
        for row in rows:
            ended = ", ".join(f"{n} {how}" for how, n in sorted(row["ended"].items()))
            print(
                json.dumps(row, ensure_ascii=False)
                if arguments.json
                else f"{row['id']}: {row['state']}{', urgent' if row['urgent'] else ''}, {row['members']} orders"
                f" ({ended or 'none'}), release by {local(row['release_by_us'])}, cut-off {local(row['cutoff_us'])}"
            )
        if not rows:
            return 0
        after = rows[-1]["id"]


def _plan(arguments: argparse.Namespace) -> int:
    done = json.loads(ask(load_site(arguments.site), "/api/v1/waves/plan", {"by": who(arguments)}))
    print(
        f"{done['members']} orders: {len(done['new'])} new drafts, {len(done['kept'])} as before, "
        f"{len(done['replaced'])} replaced"
    )
    for order, refusals in done["left"]:
        print(_nobody(order, refusals))
    for order, missing in done["waiting"]:
        print(f"order {order}: waits for {', '.join(f'{n} of {sku}' for sku, n in missing)}")
    return 0


def _nobody(order: str, refusals: Sequence[Mapping[str, object]]) -> str:
    why = ", ".join(f"{one['pickup']} {one['code']}" for one in refusals)
    return f"order {order}: nobody carries it: {why or say(phrase('wave.no-service'))}"


def _release(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/waves/{quote(arguments.wave, safe='')}/release"
    done = json.loads(ask(load_site(arguments.site), path, {"by": who(arguments)}))
    print(f"{done['wave']}: {done['members']} orders in {done['tasks']} rounds{', as before' if done['again'] else ''}")
    for one in done["lacking"]:
        print(f"order {one['fulfilment']}: stays behind: {one['missing']} of {one['sku']} are missing")
    return 0 if done["members"] else 1


def _withdraw(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/waves/{quote(arguments.wave, safe='')}/withdraw"
    done = json.loads(ask(load_site(arguments.site), path, {"by": who(arguments)}))
    print(f"{arguments.wave}: {done['withdrawn']} orders are planned again, {done['stay']} stay")
    return 0


def _materials(arguments: argparse.Namespace) -> int:
    rows = json.loads(ask(load_site(arguments.site), f"/api/v1/waves/{quote(arguments.wave, safe='')}/materials"))
    for row in rows:
        short = f", {row['short']} short" if row["short"] else ""
        print(f"{row['sku']}: {row['quantity']}{short}")
    return 1 if any(row["short"] for row in rows) else 0


def _late(arguments: argparse.Namespace) -> int:
    rows = json.loads(ask(load_site(arguments.site), "/api/v1/waves/late"))
    for row in rows:
        finish = "nobody can say when" if row["finish_us"] is None else local(row["finish_us"])
        print(f"order {row['fulfilment']}: {row['reason']}: ready {finish}, cut-off {local(row['cutoff_us'])}")
    return 1 if rows else 0


def _unplanned(arguments: argparse.Namespace) -> int:
    rows, after = 0, ""
    while page := json.loads(ask(load_site(arguments.site), f"/api/v1/waves/unplanned?after={quote(after, safe='')}")):
        for row in page:
            print(f"{_nobody(row['order'], row['refusals'])}; since {local(row['since_us'])}")
        rows, after = rows + len(page), page[-1]["fulfilment"]
    return 1 if rows else 0


def _measured(arguments: argparse.Namespace) -> int:
    for one in json.loads(ask(load_site(arguments.site), "/api/v1/waves/measured")):
        found = "nothing" if one["measured_us"] is None else f"{one['measured_us'] / 1e6:.1f} s of {one['count']}"
        print(
            f"{one['what']}: planned with {one['used_us'] / 1e6:.1f} s; configured {one['configured_us'] / 1e6:.1f} s, "
            f"measured {found}"
        )
    return 0
