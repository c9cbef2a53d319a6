"""What keeps a site from being seen or written, said by what is known without its journals.

Public names: Trouble, not_followed, unwritable, store_away, store_full, disk_fills, webhook_behind, codes_unexplained,
hook_refused, mail_waits, chore_failed, config_refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edge.views.given_texts import text_told
from edge.views.words.phrase import Phrase, phrase
from edge.views.words.table import say


@dataclass(frozen=True, slots=True)
class Trouble:
    """``code`` says what it is and ``todo`` why or what to do, both with ``values``, in the words of ``/api/words``;
    ``text`` and ``advice`` say the same in English, ``said`` and ``advised`` in the words of any language. ``since_us``
    0 = not known. ``blind``: what is shown of the lines is old meanwhile.
    """

    since_us: int
    code: str
    todo: str
    values: dict[str, str]
    text: str
    advice: str
    blind: bool
    said: Phrase
    advised: Phrase


def not_followed(controller: str, why: str) -> Trouble:
    """Its journal cannot be read, or tells nothing new."""
    return _trouble(phrase("trouble.journal", controller=controller), phrase("trouble.reason", why=why), blind=True)


def unwritable(controller: str, why: str, since_us: int, folder: str) -> Trouble:
    """Its journal cannot be written. ``why``: a word of `edge.journal.sign.Unwritable`."""
    what = phrase(f"trouble.unwritable.{why}", controller=controller)
    return _trouble(what, phrase(f"trouble.todo.{why}", folder=folder), since_us, blind=True)


def store_away(why: str) -> Trouble:
    """The site store cannot be used."""
    return _trouble(phrase("trouble.store"), phrase("trouble.todo.store", why=why))


def store_full(folder: str) -> Trouble:
    """The site store cannot be written, its disk being full."""
    return _trouble(phrase("trouble.store-full"), phrase("trouble.todo.full", folder=folder))


def disk_fills(folder: str, hours: float, free_mb: int) -> Trouble:
    """The disk of the site store has little room left."""
    what = phrase("trouble.disk") if hours == math.inf else phrase("trouble.disk-hours", hours=f"{hours:,.1f}")
    return _trouble(what, phrase("trouble.todo.disk", folder=folder, free=f"{free_mb:,}"))


def config_refused(why: str) -> Trouble:
    """SITE.toml was changed, and is wrong. ``why``: a problem a line."""
    return _trouble(phrase("trouble.config"), phrase("trouble.reason", why="; ".join(why.splitlines())))


def webhook_behind(name: str, why: str, since_us: int) -> Trouble:
    """A webhook is told in vain."""
    return _trouble(phrase("trouble.webhook", name=name), phrase("trouble.reason", why=why), since_us)


def codes_unexplained(name: str, codes: Sequence[str]) -> Trouble:
    """A carrier tells by codes that its table does not have."""
    what = phrase("trouble.carrier-codes", name=name)
    return _trouble(what, phrase("trouble.todo.codes", name=name, codes=", ".join(codes[:5])))


def hook_refused(name: str, why: str, since_us: int) -> Trouble:
    """The last message of a carrier was refused."""
    return _trouble(phrase("trouble.hook", name=name), phrase("trouble.reason", why=why), since_us)


def mail_waits(why: str, since_us: int) -> Trouble:
    """No mail is taken by the site's mail server."""
    return _trouble(phrase("trouble.mail"), phrase("trouble.reason", why=why), since_us)


def chore_failed(name: str, why: str, since_us: int) -> Trouble:
    """What the api does again and again met a fault of this program."""
    return _trouble(phrase("trouble.chore", name=name), phrase("trouble.todo.chore", why=why), since_us)


def _trouble(what: Phrase, todo: Phrase, since_us: int = 0, *, blind: bool = False) -> Trouble:
    values = {name: str(value) for name, value in (*what.values.items(), *todo.values.items())}
    return Trouble(
        since_us=since_us,
        code=what.code,
        todo=todo.code,
        values=values,
        text=say(what),
        advice=say(todo),
        blind=blind,
        said=_told(what),
        advised=_told(todo),
    )


def _told(known: Phrase) -> Phrase:
    return Phrase(
        known.code, {name: text_told(str(one)) if name == "why" else one for name, one in known.values.items()}
    )
