"""`lanewise sim`: the simulated floor as a process.

Public names: run_sim, add_arguments, main, SimulatedFloor.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from edge.config.lines import LineConfig
from edge.config.load import load_line, with_sim
from edge.config.secret import read_token
from edge.journal.stop import told_to_stop
from edge.metrics import Sample, serve
from edge.sim.at_home import at_home, free_ports
from edge.sim.can import UnsimulatedError, left_out
from edge.sim.control import listen
from edge.sim.devices import SimulatedFloor
from edge.sim.dock_crew import DockCrew
from edge.sim.faults import FORM, FaultError, FaultOrder
from edge.sim.hand import Hand
from edge.sim.orders import FeedError, OrderFeeder
from edge.sim.shop_book import ShopBook
from edge.sim.shop_crew import ShopCrew
from edge.sim.store_orders import OrderFeed, StoreOrders
from edge.sim.tally import FloorReport
from plc.driver import PlcError
from rfid.driver import ReaderError

__all__ = ["SimulatedFloor", "add_arguments", "main", "run_sim"]

STATUS_EVERY_S = 1.0
SETTLE_S = 30.0
"""So long the site may need, after the belts stand, to know what lies in the lanes;"""
HASTE_S = 4.0
"""or so long, where somebody waits for the end, and what is on its way is not compared."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise sim`."""
    parser.add_argument("config", type=Path, metavar="LINE.toml", help="its [sim] table says what comes")
    parser.add_argument("--rate", type=int, metavar="N", help="parcels an hour at each sorting line")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed brings the same orders, items and tags")
    parser.add_argument("--lost-answers", type=float, metavar="SHARE", help="of the site, after all was done (0..1)")
    parser.add_argument("--seconds", type=float, metavar="S", help="end the inflow after so long, then run empty")
    parser.add_argument(
        "--alone", action="store_true", help="the belts do not wait for a controller: to watch readers, or check a PLC"
    )
    parser.add_argument(
        "--empty",
        action="store_true",
        help="nothing comes by itself, and there is no shop: totes and parcels are put there by `lanewise put`",
    )
    parser.add_argument(
        "--from-store",
        action="store_true",
        help="nothing comes by itself but the open orders of the site, from the store that LINE.toml names",
    )
    parser.add_argument("--orders", metavar="URL", help="the site's API, where the orders are brought")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="has the API's token in its first line, if it needs one"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the floor's own truth there as JSON")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="FAULT",
        help=f"{FORM}; may be given more than once",
    )
    parser.add_argument(
        "--control",
        type=Path,
        metavar="SOCKET",
        help="take faults and loads there while it runs, from `lanewise fault` and `lanewise put`",
    )
    parser.add_argument(
        "--copy",
        type=Path,
        metavar="DIR",
        help="only write a LINE.toml and a SITE.toml there, with every device on this machine, and say what to start",
    )
    parser.add_argument("--quiet", action="store_true", help="no line of figures every second")


def main(arguments: argparse.Namespace, feed_of: Callable[[LineConfig], OrderFeed | None] = lambda _: None) -> int:
    """Runs until the inflow has ended and the belts are empty, or until SIGINT or SIGTERM. Returns the exit status.

    ``feed_of``: the feed of the store that a configuration names.
    """
    if arguments.copy is not None:
        return _copy(arguments.config, arguments.copy)
    config = with_sim(
        load_line(arguments.config), rate=arguments.rate, seed=arguments.seed, lost_answers=arguments.lost_answers
    )
    feed = feed_of(config) if arguments.from_store else None
    if arguments.from_store and (feed is None or arguments.orders is not None):
        why = "LINE.toml has no store" if feed is None else "without --orders, which brings others"
        print(f"lanewise sim: --from-store: {why}", file=sys.stderr)
        return 2
    token = None if arguments.token_file is None else read_token(arguments.token_file)

    try:
        faults = [FaultOrder.parse(text) for text in arguments.fault]
    except FaultError as error:
        print(f"lanewise sim: --fault: {error}", file=sys.stderr)
        return 2

    async def supervised() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(
            run_sim(
                config,
                seconds=arguments.seconds,
                alone=arguments.alone,
                empty=arguments.empty,
                feed=feed,
                orders_url=arguments.orders,
                token=token,
                report=arguments.report,
                faults=faults,
                control=arguments.control,
                say=None if arguments.quiet else lambda text: print(text, flush=True),
            )
        )
        with told_to_stop(lambda: loop.call_soon_threadsafe(task.cancel)):
            await task

    # A full collection takes milliseconds that would be counted as reactions: what lives from the start is left out.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        uvloop.run(supervised())
    except asyncio.CancelledError:
        return 0
    except UnsimulatedError as error:
        copy = f"`lanewise sim {arguments.config} --copy DIR` writes a copy without these"
        print(f"lanewise sim: {arguments.config}: {error}; {copy}", file=sys.stderr)
        return 2
    except (FeedError, FaultError) as error:
        print(f"lanewise sim: {error}", file=sys.stderr)
        return 2
    except (PlcError, ReaderError) as error:
        copy = f"`lanewise sim {arguments.config} --copy DIR` writes a copy on this machine's addresses"
        print(f"lanewise sim: {error}: end what uses it, or choose another in LINE.toml; {copy}", file=sys.stderr)
        return 2
    return 0


def _copy(file: Path, folder: Path) -> int:
    """Writes the copy that can be simulated; 2 = something is there already. Raises ConfigError."""
    site_port = 8000
    made = at_home(file, free_ports(), site_port)
    targets = {folder / "LINE.toml": made.line, folder / "SITE.toml": made.site}
    if there := [str(target) for target in targets if target.exists()]:
        print(f"lanewise sim: --copy: {', '.join(there)}: is there already: give another folder", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    for target, text in targets.items():
        target.write_text(text, encoding="utf-8")
    load_line(folder / "LINE.toml")
    print("\n".join(made.changed))
    print(f"\nIn {folder}, each in a terminal of its own:")
    print("  lanewise api SITE.toml")
    print(f"  lanewise sim LINE.toml --orders http://127.0.0.1:{site_port}")
    print("  lanewise run LINE.toml")
    return 0


async def run_sim(
    config: LineConfig,
    *,
    seconds: float | None = None,
    alone: bool = False,
    empty: bool = False,
    feed: OrderFeed | None = None,
    orders_url: str | None = None,
    token: str | None = None,
    report: Path | None = None,
    faults: Sequence[FaultOrder] = (),
    control: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> FloorReport:
    """Runs the floor to its end and returns its truth; cancelled, it still writes ``report``.

    ``feed``: of the site's own orders, which come in place of made ones. ``control``: path of a socket where further
    faults may be ordered, and loads put on belts. Raises FeedError when the site refuses the orders, FaultError for a
    fault that cannot be, UnsimulatedError for a line that cannot be stood in for, PlcError, ReaderError or OSError for
    an address that is taken.
    """
    floor = SimulatedFloor(
        config,
        seconds=seconds,
        released=orders_url is None and feed is None,
        alone=alone,
        empty=empty or feed is not None,
        faults=faults,
        say=say or (lambda _: None),
        monotonic_us=lambda: time.monotonic_ns() // 1000,
    )
    feeder = None if orders_url is None else OrderFeeder(floor, config, orders_url, token, say)
    own = None if feed is None else StoreOrders(floor, feed)
    shop = config.sim.shop
    crew = None if shop is None or orders_url is None or empty else ShopCrew(floor, config, shop, orders_url, token)
    await floor.start()
    if say is not None:
        for without in left_out(config):
            say(f"without {without}")
    opened = AsyncExitStack()
    sold = None
    try:
        if control is not None:
            hand = Hand(floor, None if feeder is None else feeder.bring)
            await opened.enter_async_context(listen(control, floor.faults, hand.put))
        ended = asyncio.ensure_future(floor.wait())
        tasks = [ended] if feeder is None else [ended, asyncio.ensure_future(feeder.run())]
        if orders_url is not None and config.sim.docks:
            tasks.append(asyncio.ensure_future(DockCrew(config, orders_url, token).run()))
        if crew is not None:
            tasks.append(asyncio.ensure_future(crew.run()))
        if own is not None:
            tasks.append(asyncio.ensure_future(own.run()))
        try:
            with serve(config.metrics.sim, lambda: samples(floor)):
                while not ended.done():
                    done, _ = await asyncio.wait(tasks, timeout=STATUS_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                    if say is not None:
                        trouble = bringer.trouble if (bringer := feeder or own) is not None else ""
                        say(status(floor, trouble or (crew.trouble if crew else ""), crew.book if crew else None))
        finally:
            if crew is not None:
                await crew.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if crew is not None:
                over = ended.done() and not ended.cancelled()
                sold = await crew.report(SETTLE_S if over else HASTE_S, whole=over)
    finally:
        await opened.aclose()
        await floor.stop()
        truth = floor.report()
        truth["shop"] = sold
        if report is not None:
            _write(truth, report)
    return truth


def status(floor: SimulatedFloor, trouble: str, book: ShopBook | None = None) -> str:
    """One line of figures, or what the floor is waiting for."""
    if not floor.moving:
        return f"waiting for {', '.join(floor.waits_for()) or 'nothing'}" + (f" ({trouble})" if trouble else "")
    truth = floor.report()
    text = (
        f"{floor.floor_us / 1e6:6.0f} s | parcels {truth['parcels_inducted']} in, "
        f"{truth['parcels_in_assigned_lane'] + truth['parcels_in_alternative_lane']} in their lanes, "
        f"{truth['to_quality'] + truth['to_reject']} set aside, {truth['recirculated']} rounds | "
        f"totes {truth['totes_inducted']} in, {truth['totes_to_packing']} to packing, "
        f"{truth['totes_to_quality']} to quality | {_sold(book)}reaction p99 {floor.latest_reaction_ms()['p99']:.1f} ms"
    )
    return text + (f" | no new orders: {trouble}" if trouble else "")


def _sold(book: ShopBook | None) -> str:
    return "" if book is None else f"shop {len(book.sales)} in, {len(book.sent)} out | "


def samples(floor: SimulatedFloor) -> Iterator[Sample]:
    """The floor's truth for Prometheus: what is a whole number in its report."""
    for name, value in floor.report().items():
        if isinstance(value, int) and name not in ("seed", "rate"):
            yield Sample(f"sim_{name}", "as the report of `lanewise sim` has it", value)


def _write(truth: FloorReport, file: Path) -> None:
    file.write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
