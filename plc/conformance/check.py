"""Does a PLC keep the mailbox's contract? Plays the host, with commands that move nothing, and judges each rule.

Public names: check, ConformanceReport, RuleVerdict, RuleOutcome, Belt, PlcFigures.

The PLC must be without another host, and should be without parcels: events that come meanwhile are acknowledged, and
are counted in the report. Nothing on the floor moves unless asked for: commands name parcels that do not exist, or
enable a lane that is enabled.

Source: docs/plc-mailbox.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from plc.conformance.probe import Belt, PlcFigures, Probe, Silent, Unprovable, Violation
from plc.conformance.rules import RULES
from plc.driver import PlcError, PlcLink

__all__ = ["Belt", "ConformanceReport", "PlcFigures", "RuleOutcome", "RuleVerdict", "check"]


class RuleOutcome(StrEnum):
    """What became of a rule."""

    PASS = "pass"  # noqa: S105  no secret
    FAIL = "fail"
    UNPROVABLE = "not provable"


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """One rule. ``detail``: what was seen, what is wrong, or why it cannot be proven."""

    rule: str
    says: str
    outcome: RuleOutcome
    detail: str


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """Every rule's verdict, in the order in which they were tried."""

    verdicts: tuple[RuleVerdict, ...]
    figures: PlcFigures

    @property
    def failed(self) -> tuple[RuleVerdict, ...]:
        """The rules that the PLC breaks."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is RuleOutcome.FAIL)

    def count(self, outcome: RuleOutcome) -> int:
        """How many rules had this outcome."""
        return sum(verdict.outcome is outcome for verdict in self.verdicts)


async def check(
    link: PlcLink,
    lanes: Sequence[int] = (),
    *,
    wrap: bool = False,
    belts: Sequence[Belt] = (),
    parcels_s: float = 0.0,
    restart_s: float = 0.0,
    say: Callable[[str], None] = lambda _: None,
    poll_s: float = 0.005,
) -> ConformanceReport:
    """Tries every rule over ``link``. Raises PlcError where the PLC cannot be reached at all.

    ``lanes``: lanes that exist; the first enabled one is enabled again. ``wrap``: give as many commands as it takes
    for both sequences to wrap, up to 65536. ``parcels_s``: try the rules that need parcels too, with those that come
    over ``belts``, and wait for each so long. ``restart_s``: wait so long for a start of the PLC; ``say`` is told when.
    A connection that is lost makes the rules that are left unprovable.
    """
    probe = Probe(link, lanes, wrap, poll_s, belts, parcels_s, restart_s, say)
    verdicts: list[RuleVerdict] = []
    stopped = ""
    await link.connect()
    try:
        for rule in RULES:
            if rule.since > probe.version and probe.begun:
                continue  # the PLC keeps an earlier version
            if stopped:
                verdicts.append(RuleVerdict(rule.name, rule.says, RuleOutcome.UNPROVABLE, stopped))
                continue
            try:
                detail = await rule.prove(probe)
                outcome = RuleOutcome.PASS
            except Unprovable as why:
                outcome, detail = RuleOutcome.UNPROVABLE, str(why)
            except Violation as violation:
                outcome, detail = RuleOutcome.FAIL, str(violation)
                if rule.needed:
                    stopped = f"without {rule.name} nothing else can be told"
            except PlcError as error:
                outcome, detail = RuleOutcome.UNPROVABLE, str(error)
                stopped = f"the connection was lost: {error}"
            except Silent as why:
                outcome, detail = RuleOutcome.FAIL, str(why)
                stopped = "the PLC no longer shows a mailbox"
            verdicts.append(RuleVerdict(rule.name, rule.says, outcome, detail))
            if not stopped and probe.begun:
                try:
                    await probe.resync()
                except (PlcError, Silent) as error:
                    stopped = f"the connection was lost: {error}"
    finally:
        await link.close()
    watched = (_with_breach(verdict, probe.faults.get(verdict.rule)) for verdict in verdicts)
    return ConformanceReport(tuple(watched), probe.figures())


def _with_breach(verdict: RuleVerdict, breach: str | None) -> RuleVerdict:
    """What was seen at any time against a rule counts against it."""
    if breach is None or verdict.outcome is RuleOutcome.FAIL:
        return verdict
    return replace(verdict, outcome=RuleOutcome.FAIL, detail=breach)
