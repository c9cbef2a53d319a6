"""Does a PLC keep the mailbox's contract? Plays the host, with commands that move nothing, and judges each rule.

Public names: check, Report, Verdict, Outcome, Belt, Figures.

The PLC must be without another host, and should be without parcels: events that come meanwhile are acknowledged, and
are counted in the report. Nothing on the floor moves unless asked for: commands name parcels that do not exist, or
enable a lane that is enabled.

Source: docs/plc-mailbox.md, version 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from plc.conformance.probe import Belt, Fault, Figures, Probe, Silent, Unprovable
from plc.conformance.rules import RULES
from plc.driver import PlcError, PlcLink

__all__ = ["Belt", "Figures", "Outcome", "Report", "Verdict", "check"]


class Outcome(StrEnum):
    """What became of a rule."""

    PASS = "pass"  # noqa: S105  no secret
    FAIL = "fail"
    UNPROVABLE = "not provable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule. ``detail``: what was seen, what is wrong, or why it cannot be proven."""

    rule: str
    says: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """Every rule's verdict, in the order in which they were tried."""

    verdicts: tuple[Verdict, ...]
    figures: Figures

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The rules that the PLC breaks."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is Outcome.FAIL)

    def count(self, outcome: Outcome) -> int:
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
    say: Callable[[str], None] = lambda text: None,
    poll_s: float = 0.005,
) -> Report:
    """Tries every rule over ``link``. Raises PlcError where the PLC cannot be reached at all.

    ``lanes``: lanes that exist; the first enabled one is enabled again. ``wrap``: give as many commands as it takes
    for both sequences to wrap, up to 65536. ``parcels_s``: try the rules that need parcels too, with those that come
    over ``belts``, and wait for each so long. ``restart_s``: wait so long for a start of the PLC; ``say`` is told when.
    A connection that is lost makes the rules that are left unprovable.
    """
    probe = Probe(link, lanes, wrap, poll_s, belts, parcels_s, restart_s, say)
    verdicts: list[Verdict] = []
    stopped = ""
    await link.connect()
    try:
        for rule in RULES:
            if stopped:
                verdicts.append(Verdict(rule.name, rule.says, Outcome.UNPROVABLE, stopped))
                continue
            try:
                detail = await rule.prove(probe)
                outcome = Outcome.PASS
            except Unprovable as why:
                outcome, detail = Outcome.UNPROVABLE, str(why)
            except Fault as fault:
                outcome, detail = Outcome.FAIL, str(fault)
                if rule.needed:
                    stopped = f"without {rule.name} nothing else can be told"
            except PlcError as error:
                outcome, detail = Outcome.UNPROVABLE, str(error)
                stopped = f"the connection was lost: {error}"
            except Silent as why:
                outcome, detail = Outcome.FAIL, str(why)
                stopped = "the PLC no longer shows a mailbox"
            verdicts.append(Verdict(rule.name, rule.says, outcome, detail))
            if not stopped and probe.begun:
                try:
                    await probe.resync()
                except (PlcError, Silent) as error:
                    stopped = f"the connection was lost: {error}"
    finally:
        await link.close()
    watched = (_with_breach(verdict, probe.faults.get(verdict.rule)) for verdict in verdicts)
    return Report(tuple(watched), probe.figures())


def _with_breach(verdict: Verdict, breach: str | None) -> Verdict:
    """What was seen at any time against a rule counts against it."""
    if breach is None or verdict.outcome is Outcome.FAIL:
        return verdict
    return replace(verdict, outcome=Outcome.FAIL, detail=breach)
