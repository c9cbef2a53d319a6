"""How roles, rights, ways to sign in and outcomes are said.

Public names: of_role, of_right, of_way, of_outcome.
"""

from __future__ import annotations

from edge.views.words.phrase import Phrase, phrase


def of_role(role: str) -> Phrase:
    """A role, `edge.core.values.rights.Role`."""
    return phrase(f"account.role.{role}")


def of_right(action: str) -> Phrase:
    """What somebody may, `edge.core.values.rights.Action`."""
    return phrase(f"right.{action}")


def of_way(way: str) -> Phrase:
    """How a session began: ``password``, ``badge`` or ``oidc``."""
    return phrase(f"account.way.{way}")


def of_outcome(outcome: str) -> Phrase:
    """What came of it, as the audit has it: ``done``, ``refused`` or ``failed``."""
    return phrase(f"audit.outcome.{outcome}")
