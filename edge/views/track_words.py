"""What is said of parcels that left, by the codes of their states, troubles, sources and mails.

Public names: of_parcel_code, of_trouble, of_source, of_mail, of_mail_state, of_reason.
"""

from __future__ import annotations

from edge.orders.tracking import OURS
from edge.views.words.phrase import Phrase, Word, phrase


def of_parcel_code(code: str) -> Phrase:
    """A state, or what was told."""
    return phrase(f"track.state.{code}")


def of_trouble(kind: str) -> Phrase:
    """What somebody must look after."""
    return phrase(f"track.trouble.{kind}")


def of_source(source: str) -> Word:
    """Who tells; a carrier by its own name."""
    return phrase(f"track.source.{source}") if source in OURS else source


def of_mail(kind: str, order: str) -> Phrase:
    """What a customer is written of."""
    return phrase(f"mail.{kind}.subject", order=order)


def of_mail_state(state: str) -> Phrase:
    """How a mail stands."""
    return phrase(f"track.mail.{state}")


def of_reason(reason: str) -> Phrase:
    """Why a customer is content, or is not."""
    return phrase(f"track.reason.{reason}")
