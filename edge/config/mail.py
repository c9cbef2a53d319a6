"""[mail] of SITE.toml: customers are written to when something happens to their parcels.

Public names: MailTable, MailEvent, mail_problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.config.login import LoginTable, login_problems
from edge.config.table import Frozen, Host, Tcp
from edge.config.tls import TlsTable, tls_problems

MailEvent = Literal["departed", "out-for-delivery", "failed-attempt", "delivered", "delayed"]
_PLACES = frozenset({"order", "carrier", "number", "day", "link"})
_Text = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
_Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class MailTextTable(Frozen):
    """Words of a site's own, with places: {order} {carrier} {number} {day} {link}."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")] = Field(
        description="of the mail"
    )
    text: _Text = Field(description="of the mail, in plain text")


class MailTable(TlsTable, LoginTable):
    """The mail server that takes our mail."""

    host: Host = Field(default="", description="the mail server; empty = nobody is written to")
    port: Tcp = Field(default=587, description="its port")
    tls: Literal["starttls", "tls", "none"] = Field(default="starttls", description="how TLS begins")
    sender: str = Field(
        default="", pattern=r"^([^\s@<>]+@[A-Za-z0-9.-]+)?$", description="the address that mails are from"
    )
    name: str = Field(default="", max_length=80, pattern=r"^[^\r\n]*$", description="the sender's name")
    events: tuple[MailEvent, ...] = Field(
        default=("departed", "out-for-delivery", "failed-attempt", "delivered", "delayed"),
        description="when somebody is written to, once for each parcel",
    )
    chinese: tuple[_Country, ...] = Field(
        default=("TW", "HK", "MO", "CN"), description="countries that are written to in Chinese, others in English"
    )
    hours: int = Field(default=48, ge=1, le=240, description="a mail that cannot be sent for so long is given up")
    timeout_ms: int = Field(default=10_000, ge=100, le=60_000, description="an answer later than this is none")
    text: dict[MailEvent, dict[Literal["en", "zh-Hant"], MailTextTable]] = Field(
        default={}, description="words of your own: `text.delivered.en = { subject = ..., text = ... }`"
    )


def mail_problems(mail: MailTable) -> Iterator[str]:
    """What the keys say against each other."""
    if not mail.host:
        if mail.model_fields_set:
            yield "mail.host: missing: say which server takes the mail"
        return
    if not mail.sender:
        yield "mail.sender: missing: say which address mails are from"
    needed = "tls = 'starttls' or 'tls', this one has 'none'" if mail.tls == "none" else ""
    yield from tls_problems("mail", mail, needed)
    yield from login_problems("mail", mail, mail.host, needed)
    for event, languages in mail.text.items():
        for language, its in languages.items():
            for key in ("subject", "text"):
                try:
                    named = {part for _, part, _, _ in Formatter().parse(getattr(its, key)) if part is not None}
                except ValueError:
                    named = {"?"}
                if not named <= _PLACES:
                    allowed = ", ".join(f"{{{one}}}" for one in sorted(_PLACES))
                    yield f"mail.text.{event}.{language}.{key}: allowed places are {allowed}"
