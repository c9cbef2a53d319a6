"""What a run of `lanewise demo` says at its end: what moved, what was wrong with it, how late the slowest were.

Public names: wrong_with, lateness, print_summary.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.sim.parcel_book import AfterReport, ShopTold
from edge.sim.tally import FloorReport, JournalFigures


def wrong_with(truth: FloorReport, figures: JournalFigures, *, ended: bool) -> list[str]:
    """What must not be, in words. ``ended`` False: stopped in the middle, so what was on its way does not count."""
    shop = truth["shop"]
    books = shop["books"] if shop else {}
    counts: Mapping[str, int] = {
        "parcels in a lane of another carrier": truth["missorted"],
        "wrong totes in packing": truth["false_accepts"],
        "PLC events dropped by the PLC": sum(plc["lost"] for plc in truth["plc_events"].values()),
        "PLC events twice in the journal": figures["events_doubled"],
        "of the shop's parcels with wrong goods": shop["wrong"] if shop else 0,
    }
    if ended:
        counts = {
            **counts,
            "PLC events not in the journal": figures["events_missing"],
            "PLC events not acknowledged": truth["unacknowledged"],
            "parcels or totes left on the belts": truth["left_on_belt"],
            **{f"times the shop and the site's {one} do not say the same": n for one, n in books.items()},
        }
    return [f"{count} {what}" for what, count in counts.items() if count]


def lateness(truth: FloorReport) -> str:
    """What came too late, as a busy machine makes it; empty = nothing."""
    count = truth["defaulted"]
    return f"; {count} parcels or totes without a route in time took their default lane" if count else ""


def print_summary(truth: FloorReport, figures: JournalFigures, wrong: list[str], *, ended: bool) -> None:
    """Says all of it, a line for each kind of thing."""
    reaction = truth["reaction_ms"]
    print(
        f"parcels    {truth['parcels_inducted']} inducted, {truth['parcels_in_assigned_lane']} in their lane, "
        f"{truth['parcels_in_alternative_lane']} in its alternative, {truth['to_quality']} to quality, "
        f"{truth['to_reject']} to reject, {truth['recirculated']} rounds again\n"
        f"totes      {truth['totes_inducted']} inducted, {figures['totes_verified']} verified, "
        f"{figures['totes_refused']} refused; against the truth {truth['false_accepts']} falsely accepted, "
        f"{truth['false_refusals']} falsely refused\n"
        f"{_shop_summary(truth['shop'], ended)}"
        f"tag reads  {truth['tag_reads']}\n"
        f"reaction   p50 {reaction['p50']:.1f} ms, p99 {reaction['p99']:.1f} ms, p99.9 {reaction['p999']:.1f} ms "
        f"of {reaction['n']} parcels\n"
        f"journal    {figures['journal_events']} PLC events in {figures['journal_records']} records\n"
        f"verdict    {'; '.join(wrong) or 'nothing missorted or lost'}{lateness(truth)}"
    )


def _shop_summary(shop: ShopTold | None, ended: bool) -> str:
    """What became of the shop's orders, and where the site says otherwise; empty = there is no shop."""
    if shop is None:
        return ""
    told = (
        f"orders     {shop['taken']} taken, {shop['set_aside']} set aside as spoilt, {shop['again']} came twice; "
        f"{shop['held']} held, {shop['let_go']} of them let go by people; {shop['merged']} merged, "
        f"{shop['cancelled']} cancelled\n"
        f"picking    {shop['released']} totes released, {shop['picked']} picked, {shop['short']} lines short; "
        f"{shop['slips']} slips of pickers, {shop['at_scan']} noticed by a scan; {shop['refused']} totes sent back\n"
        f"shipped    {shop['sorted']} in their lanes, {shop['late']} late; against the truth {shop['wrong']} with "
        f"wrong goods; {shop['open']} orders on their way\n"
    )
    told += _after_summary(shop["after"])
    if not ended:
        return told
    off = [f"{name} do not: {n} differences" for name, n in shop["books"].items() if n]
    told += f"books      {'; '.join(off) or ', '.join(shop['books']) + ': all balance'}\n"
    return told + "".join(f"           {line}\n" for line in shop["differences"])


def _after_summary(after: AfterReport) -> str:
    """What became of the shop's parcels."""
    slips = after["slips"]
    return (
        f"packing    {after['packed']} packed; {sum(slips.values())} slips of packers: {_counts(slips)}; "
        f"{after['overruled']} weights overruled; quality refused {_counts(after['quality'])}; "
        f"{after['relabelled']} labelled anew\n"
        f"carriers   {_counts(after['fates'])}; {after['told']} things told, {after['twice']} of them twice, "
        f"{after['odd']} by an unknown code; {after['stops']} stops, {after['rerouted']} parcels rerouted on the belt, "
        f"{after['by_hand']} by hand\n"
        f"care       {after['rated']} ratings, {_counts(after['cases'])}; came back: {_counts(after['came'])}; "
        f"inspected: {_counts(after['dispositions'])}; {after['sold_again']} units sold again\n"
        f"money      {_amounts(after['paid'])} paid, {_amounts(after['paid_back'])} paid back\n"
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in counts.items()) or "nothing"


def _amounts(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{n / 100:.2f} {currency}" for currency, n in amounts.items()) or "nothing"
