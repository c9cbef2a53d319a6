"""`lanewise stations …`: what quality looks at and refuses, what is packed, also while nobody answers.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode

from edge.commands.api_client import ApiError, ask
from edge.commands.command_line import CommandError, add_by, add_command, add_site, who
from edge.commands.station_spool import Spool
from edge.config.load import load_site
from edge.journal.host_time import local
from edge.orders.packed import AfterCheck
from edge.orders.quality import FAULTS, Settlement

_FOR_GOOD = (404, 409, 422)


def add_arguments(stations: argparse.ArgumentParser) -> None:
    """The commands below `lanewise stations`."""
    commands = stations.add_subparsers(metavar="COMMAND", required=True)
    listed = add_command(commands, "list", _list, "packing stations, with their printers and scales")
    add_site(listed)
    job = add_command(commands, "job", _job, "what a packing station is to do with an order")
    add_site(job)
    job.add_argument("order", metavar="ORDER")
    job.add_argument("--station", required=True, metavar="STATION")
    job.add_argument("--weight", type=int, default=0, metavar="G", help="what this weight in grams would mean")
    pack = add_command(commands, "pack", _pack, "packs an order's parcel and gives it its label")
    _add_packing(pack)
    draw = add_command(commands, "draw", _draw, "draws numbers into a station's spool, for when nobody answers")
    add_site(draw)
    draw.add_argument("spool", type=Path, metavar="FILE")
    draw.add_argument("--station", required=True, metavar="STATION")
    draw.add_argument("--count", type=int, default=500, metavar="N", help="so many (default: 500)")
    draw.add_argument("--labels", type=Path, metavar="FOLDER", help="a label of each, SSCC.zpl, without an address")
    add_by(draw)
    send = add_command(commands, "send", _send, "sends what a spool holds; status 1 = something waits or was refused")
    add_site(send)
    send.add_argument("spool", type=Path, metavar="FILE")
    send.add_argument("--station", required=True, metavar="STATION")
    _add_quality(commands)
    for name, command, text in (
        ("block-lot", _block, "nothing of a lot is picked or packed any more"),
        ("free-lot", _free, "a lot is sold again"),
    ):
        lot = add_command(commands, name, command, text)
        add_site(lot)
        lot.add_argument("sku", metavar="SKU")
        lot.add_argument("lot", metavar="LOT")
        lot.add_argument("--reason", required=True, metavar="TEXT")
        add_by(lot)


def _add_packing(pack: argparse.ArgumentParser) -> None:
    add_site(pack)
    pack.add_argument("order", metavar="ORDER")
    pack.add_argument("--station", required=True, metavar="STATION")
    pack.add_argument("--whole", action="store_true", help="all that the portal verified in the tote")
    pack.add_argument("--unit", action="append", default=[], metavar="SKU=N", help="so many of an article without tags")
    pack.add_argument(
        "--back", action="append", default=[], metavar="SKU=N", help="so many were cancelled and lie beside it now"
    )
    pack.add_argument("--epc", action="append", default=[], metavar="EPC", help="an item, in any spelling")
    pack.add_argument("--weight", type=int, default=0, metavar="G", help="in grams")
    pack.add_argument("--carton", default="", metavar="CARTON", help="another than is proposed")
    pack.add_argument(
        "--checked", action="append", default=[], choices=[str(one) for one in AfterCheck], help="what was looked at"
    )
    pack.add_argument("--unverified", default="", metavar="TEXT", help="why, though no portal verified its tote")
    pack.add_argument("--differs", default="", metavar="TEXT", help="why other items are in it than the portal saw")
    pack.add_argument("--overruled", default="", metavar="TEXT", help="why its weight is right all the same")
    pack.add_argument("--again", default="", metavar="TEXT", help="why a parcel that has a number gets another one")
    pack.add_argument("--rest", action="store_true", help="what lacks goes into another parcel")
    pack.add_argument(
        "--spool", type=Path, metavar="FILE", help="kept there until it is taken, with a number of its own"
    )
    add_by(pack)


def _add_quality(commands: Any) -> None:
    looked = add_command(commands, "refusals", _refusals, "what quality refused and nobody settled")
    add_site(looked)
    looked.add_argument("--order", default="", metavar="ORDER", help="all that was looked at of this order")
    refuse = add_command(commands, "refuse", _refuse, "refuses something of an order: it must not leave")
    add_site(refuse)
    refuse.add_argument("order", metavar="ORDER")
    refuse.add_argument("sku", metavar="SKU")
    faults = [f"{aspect}/{one}" for aspect, those in FAULTS.items() for one in those]
    refuse.add_argument("fault", choices=faults, metavar="ASPECT/FAULT", help=f"one of {', '.join(faults)}")
    refuse.add_argument("--station", default="quality", metavar="STATION")
    refuse.add_argument("--units", type=int, default=1, metavar="N")
    refuse.add_argument("--epc", metavar="EPC", help="the item")
    refuse.add_argument("--note", default="", metavar="TEXT")
    add_by(refuse)
    settle = add_command(commands, "settle", _settle, "says what becomes of what was refused")
    add_site(settle)
    settle.add_argument("number", type=int, metavar="N")
    settle.add_argument("settlement", choices=[str(one) for one in Settlement])
    settle.add_argument("--reason", default="", metavar="TEXT")
    add_by(settle)
    rates = add_command(commands, "rates", _rates, "how often something was wrong, by lot and supplier")
    add_site(rates)
    rates.add_argument("--days", type=int, default=30, metavar="N")


def _list(arguments: argparse.Namespace) -> int:
    for one in json.loads(ask(load_site(arguments.site), "/api/v1/stations")):
        scale = "with a scale" if one["scale"] else "without a scale"
        print(f"{one['name']}: printer {one['printer'] or 'none'}, {scale}{', weighs all' if one['weigh'] else ''}")
    return 0


def _job(arguments: argparse.Namespace) -> int:
    asked = urlencode({"weight_g": arguments.weight})
    path = f"/api/v1/stations/{quote(arguments.station, safe='')}/pack/{quote(arguments.order, safe='')}?{asked}"
    told = json.loads(ask(load_site(arguments.site), path))
    job, verdict = told["job"], told["verdict"]
    print(f"{job['order']['id']}: {'verified' if job['verified'] else 'not verified by a portal'}")
    for line in job["lines"]:
        article, n = line["article"], line["back"]
        back = f", {n} cancelled: put aside, --back {article}={n}" if n else ""
        print(f"  {line['units']} × {article}{back}")
    how = job["proposed"]
    print(
        f"  carton {how['carton'] or 'not proposed'}, parcels {how['parcels']}, marks {', '.join(how['marks']) or '-'}"
    )
    for one in job["due"]:
        print(f"  look at {one['sku']}: {', '.join(one['aspects'])} ({one['cause']})")
    for one in job["refusals"]:
        print(f"  refused: {one['units']} × {one['sku']}: {one['fault']} (no. {one['seq']})")
    if verdict:
        blind = f", blind to {', '.join(verdict['blind'])}" if verdict["blind"] else ""
        expected = f"{verdict['expected_g']} ± {verdict['tolerance_g']}"
        print(f"  {verdict['result']}: {verdict['weighed_g']} g of {expected}{blind}")
    return 0


def _pack(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.site)
    units = dict(_unit(one) for one in arguments.unit)
    wish: dict[str, object] = {
        "order": arguments.order, "by": who(arguments), "units": units, "epcs": arguments.epc,
        "from_tote": arguments.whole, "weight_g": arguments.weight, "carton": arguments.carton,
        "checked": arguments.checked, "unverified": arguments.unverified, "differs": arguments.differs,
        "overruled": arguments.overruled, "again": arguments.again, "rest": arguments.rest,
        "back": dict(_unit(one) for one in arguments.back),
    }  # fmt: skip
    path = f"/api/v1/stations/{quote(arguments.station, safe='')}/pack"
    if arguments.spool is None:
        _show(json.loads(ask(site, path, wish)))
        return 0
    with Spool(arguments.spool, arguments.station) as spool:
        numbered = spool.take(wish)
        print(f"{numbered['sscc']}: {arguments.order}, {spool.left} numbers are left")
        return _sent(site, spool, path)


def _unit(text: str) -> tuple[str, int]:
    sku, _, count = text.rpartition("=")
    if not sku or not count.isdigit():
        raise CommandError(f"--unit {text}: allowed is SKU=N")
    return sku, int(count)


def _draw(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.site)
    if arguments.labels is not None:
        arguments.labels.mkdir(parents=True, exist_ok=True)  # before numbers are drawn that nobody would have
    wish = {"station": arguments.station, "count": arguments.count, "by": who(arguments)}
    with Spool(arguments.spool, arguments.station) as spool:
        numbers = json.loads(ask(site, "/api/v1/parcels/blocks", wish))
        for sscc in numbers if arguments.labels is not None else ():
            (arguments.labels / f"{sscc}.zpl").write_bytes(ask(site, f"/api/v1/parcels/{sscc}/label.zpl"))
        spool.add_block(numbers)
        print(f"{arguments.spool}: {spool.left} numbers are left")
    return 0


def _send(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/stations/{quote(arguments.station, safe='')}/pack"
    with Spool(arguments.spool, arguments.station) as spool:
        return _sent(load_site(arguments.site), spool, path)


def _sent(site: Any, spool: Spool, path: str) -> int:
    """Sends what waits, in order; 1 = something waits on, or was refused."""
    status = 0
    for wish in spool.waiting:
        sscc = wish["sscc"]
        try:
            ask(site, path, wish)
        except ApiError as error:
            status = 1
            if not isinstance(error.__context__, HTTPError) or error.__context__.code not in _FOR_GOOD:
                print(f"{len(spool.waiting)} wait: {error}")
                return status
            print(f"{sscc}: {wish['order']}: {error}")
            spool.refused(sscc, str(error))
        else:
            spool.sent(sscc)
    return status


def _refusals(arguments: argparse.Namespace) -> int:
    for one in json.loads(ask(load_site(arguments.site), f"/api/v1/quality?{urlencode({'order': arguments.order})}")):
        what = "good" if one["passed"] else f"{one['units']} × {one['fault']}"
        settled = f", settled: {one['settlement']}" if one["settled_us"] else ""
        seen = f"{local(one['at_us'])} by {one['by']}"
        print(f"{one['seq']}: {one['fulfilment']} {one['sku']} {one['aspect']}: {what}, {seen}{settled}")
    return 0


def _refuse(arguments: argparse.Namespace) -> int:
    aspect, _, fault = arguments.fault.partition("/")
    wish = {
        "order": arguments.order, "sku": arguments.sku, "aspects": [aspect], "fault": fault, "by": who(arguments),
        "units": arguments.units, "note": arguments.note,
    }  # fmt: skip
    path = f"/api/v1/stations/{quote(arguments.station, safe='')}/quality"
    (row,) = json.loads(ask(load_site(arguments.site), path, wish | ({"epc": arguments.epc} if arguments.epc else {})))
    print(f"{row['seq']}: {row['fulfilment']} must not leave until that is settled")
    return 0


def _settle(arguments: argparse.Namespace) -> int:
    wish = {"settlement": arguments.settlement, "by": who(arguments), "reason": arguments.reason}
    row = json.loads(ask(load_site(arguments.site), f"/api/v1/quality/{arguments.number}/settle", wish))
    print(f"{row['seq']}: {row['fulfilment']}: {row['settlement']}")
    return 0


def _rates(arguments: argparse.Namespace) -> int:
    for one in json.loads(ask(load_site(arguments.site), f"/api/v1/quality/rates?days={arguments.days}")):
        which = " ".join(filter(None, (one["supplier"], one["sku"], one["lot"])))
        print(f"{which}: {one['refused']} of {one['looks']} refused")
    return 0


def _block(arguments: argparse.Namespace) -> int:
    return _lot(arguments, "block")


def _free(arguments: argparse.Namespace) -> int:
    return _lot(arguments, "free")


def _lot(arguments: argparse.Namespace, what: str) -> int:
    wish = {"sku": arguments.sku, "lot": arguments.lot, "by": who(arguments), "reason": arguments.reason}
    row = json.loads(ask(load_site(arguments.site), f"/api/v1/lots/{what}", wish))
    print(f"{row['sku']} {row['lot']}: {'blocked' if row['blocked_us'] else 'free'}")
    return 0


def _show(row: Mapping[str, Any]) -> None:
    weight = f", {row['weighed_g']} g {row['result']}" if row["weighed_g"] else ""
    print(f"{row['sscc']}: {row['fulfilment']} packed by {row['by']} at {row['station']}{weight}")
