"""Verify: the tags of one passage against the order of its tote.

Public names: check, Check, totes_of, wants.
Law: every tag seen is exactly one of the tote, matched, extra, foreign, duplicate or unreadable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from edge.core.book import OrderBook
from edge.core.events import Claim, Finding, FindingKind
from edge.core.totes import ToteNames, names_by
from edge.core.values.order import Order, OrderState
from rfid.epc.identity import classify, gtin_of, identity_of_hex

_GRAIS = names_by(())
DOUBTED = "was heard too faintly, or elsewhere, to be proven here"


@dataclass(frozen=True, slots=True)
class Check:
    """The result: no findings = verified. ``tote`` and ``order`` are empty where unknown."""

    tote: str
    order: str
    matched: tuple[str, ...]
    findings: tuple[Finding, ...]


def check(
    claims: Sequence[Claim],
    book: OrderBook,
    codes: Sequence[str] = (),
    doubted: Sequence[str] = (),
    of_tote: Callable[[str], Order | None] | None = None,
    names: ToteNames = _GRAIS,
) -> Check:
    """Judges a tote by the tags that its passage owns (``claims``), strongest tote tag first.

    ``codes``: barcodes that were read on it; a tote may be known by its tag, by its barcode or by both. ``doubted``:
    EPCs that were heard in a way that proves nothing; they are missing, and not extra. ``of_tote``: whose a tote is;
    None = the book says it. ``names``: which tags and codes are totes, and what they are called.
    """
    of_tote = of_tote or book.of_tote
    totes: list[str] = []
    items: list[str] = []
    findings: list[Finding] = []
    for claim in sorted(claims, key=lambda claim: (-claim.weight, claim.epc)):
        identity = identity_of_hex(claim.epc)
        if (named := names.of_tag(claim.epc)) is not None:
            totes.append(named)
        elif identity is None:
            findings.append(Finding(FindingKind.UNREADABLE, claim.epc, text=classify(claim.epc)))
        elif gtin_of(identity) is not None:
            items.append(identity)
        else:
            findings.append(Finding(FindingKind.EXTRA, identity, text="neither an item nor a tote"))
    labels = [named for code in codes if (named := names.of_code(code)) is not None]
    if totes and labels and not set(labels) & set(totes):
        text = f"the tote's tag says {', '.join(totes)}, its barcode {', '.join(labels)}"
        findings.append(Finding(FindingKind.CONTRADICTION, labels[0], text=text))
    else:
        totes = [*labels, *(tote for tote in totes if tote not in labels)]
    if not totes:
        findings.append(Finding(FindingKind.UNREADABLE, "", text="no tote tag was read"))
        return Check("", "", (), tuple(findings))
    tote = next((tote for tote in totes if of_tote(tote)), totes[0])
    findings += [Finding(FindingKind.EXTRA, other, text="a second tote") for other in totes if other != tote]
    order = of_tote(tote)
    if order is None:
        findings.append(Finding(FindingKind.NO_ORDER, tote, text="no open order is picked into this tote"))
        return Check(tote, "", (), tuple(findings))
    matched, wrong = _compare(order, sorted(items), book, {identity_of_hex(epc) for epc in doubted})
    return Check(tote, order.id, matched, (*findings, *wrong))


def totes_of(claims: Sequence[Claim], codes: Sequence[str], names: ToteNames) -> tuple[str, ...]:
    """The totes that tags and codes name, strongest tag first."""
    tags = sorted(claims, key=lambda claim: (-claim.weight, claim.epc))
    found = [*(names.of_tag(claim.epc) for claim in tags), *map(names.of_code, codes)]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def wants(clear: Sequence[str], others: Sequence[str], book: OrderBook, names: ToteNames = _GRAIS) -> frozenset[str]:
    """Which of the tags ``others`` the order still wants of the tote that stands among the tags ``clear``."""
    known = [identity for epc in clear if (identity := identity_of_hex(epc)) is not None]
    totes = [tote for epc in clear if (tote := names.of_tag(epc)) is not None]
    order = next((found for tote in totes if (found := book.of_tote(tote)) is not None), None)
    if order is None:
        return frozenset()
    named = {epc for line in order.lines for epc in line.epcs}
    lacking = Counter[str]()
    for line in order.lines:
        lacking[line.gtin] += line.quantity - len(line.epcs)
    lacking.subtract(gtin for identity in known if identity not in named and (gtin := gtin_of(identity)) is not None)
    wanted = set()
    for epc in others:
        identity = identity_of_hex(epc)
        if identity is not None and (identity in named or lacking[gtin_of(identity) or ""] > 0):
            wanted.add(epc)
    return frozenset(wanted)


def _compare(
    order: Order, items: Sequence[str], book: OrderBook, doubted: Collection[str | None]
) -> tuple[tuple[str, ...], list[Finding]]:
    named = {epc for line in order.lines for epc in line.epcs}
    any_of = Counter[str]()
    cancelled: dict[str, list[int]] = {}
    for number, line in enumerate(order.lines, 1):
        any_of[line.gtin] += line.quantity - len(line.epcs)
        cancelled.setdefault(line.gtin, []).extend([number] * line.cancelled)
    matched: list[str] = []
    findings: list[Finding] = []
    for item in items:
        if item in named:
            named.discard(item)
            matched.append(item)
            continue
        owner = book.of_item(item)
        if owner is not None and owner.id != order.id and owner.state is OrderState.SHIPPED:
            findings.append(Finding(FindingKind.DUPLICATE, item, order=owner.id, text="already shipped"))
        elif owner is not None and owner.id != order.id and owner.state is OrderState.OPEN:
            findings.append(Finding(FindingKind.FOREIGN, item, order=owner.id, text="belongs to another order"))
        elif any_of[gtin := gtin_of(item) or ""] > 0:
            any_of[gtin] -= 1
            matched.append(item)
        elif of_lines := cancelled.get(gtin):
            number = of_lines.pop(0)
            findings.append(Finding(FindingKind.EXTRA, item, text=f"line {number} was cancelled", cancelled=number))
        else:
            findings.append(Finding(FindingKind.EXTRA, item, text="not in the order"))
    findings += [
        Finding(FindingKind.MISSING, epc, text=DOUBTED if epc in doubted else "was not seen") for epc in sorted(named)
    ]
    findings += [
        Finding(FindingKind.MISSING, gtin, quantity=count, text="too few were seen")
        for gtin, count in sorted(any_of.items())
        if count > 0
    ]
    return tuple(matched), findings
