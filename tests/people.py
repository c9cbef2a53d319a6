"""Somebody at a browser: signs in, goes to pages, fills in forms by keys, scans, and sees what stands there.

Public names: Person, ENTER, ESCAPE.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from browser import Browser

ENTER, ESCAPE = ("Enter", 13), ("Escape", 27)


@dataclass
class Person:
    """Somebody at the browser."""

    page: Browser
    url: str

    def goes(self, path: str) -> None:
        self.page.open(f"{self.url}{path}")

    def sees(self, which: str, holds: Callable[[str], bool] = bool) -> str:
        """What stands there, as soon as it is as wanted."""
        return str(self.page.until(f"document.querySelector({json.dumps(which)})?.textContent ?? ''", holds))

    def clicks(self, which: str) -> None:
        """On what is there, as soon as it is."""
        self.page.until(f"document.querySelector({json.dumps(which)}) !== null")
        self.page.ask(f"document.querySelector({json.dumps(which)}).click()")

    def sends(self, form: str, button: str = "", **values: str | Path | tuple[Path, ...]) -> None:
        """Fills in a form by keys and presses Enter, or a button; the page behind it is another one."""
        page, its = self.page, f"document.querySelector({json.dumps(form)})"
        page.until(f"document.readyState === 'complete' && {its} !== null")
        page.ask(f"{its}.closest('details:not([open])')?.querySelector('summary').click()")
        page.ask("window.before = true")
        for name, value in values.items():
            field = f"{form} [name={name}]"
            if isinstance(value, str):
                if page.ask(f"document.querySelector({json.dumps(field)}).matches('select')"):
                    page.ask(f"document.querySelector({json.dumps(field)}).value = {json.dumps(value)}")
                else:
                    page.ask(f"(document.querySelector({json.dumps(field)})).focus(), document.activeElement.select()")
                    page.type(value)
            else:
                page.give_files(field, *(value if isinstance(value, tuple) else (value,)))
        if button or not values or not isinstance(value, str):
            page.ask(f"document.querySelector({json.dumps(form + ' ' + (button or 'button'))}).click()")
        else:
            page.press(*ENTER)
        page.until("window.before === undefined && document.readyState === 'complete'")

    def scans(self, *texts: str) -> None:
        """As a scanner does: into the field that has the focus, and Enter."""
        for text in texts:
            assert self.page.until("document.activeElement.name") == "scan", "a scanner types there"
            self.page.ask("window.before = true")
            self.page.type(text)
            self.page.press(*ENTER)
            self.page.until("window.before === undefined && document.readyState === 'complete'")

    def signs_in(self, name: str, password: str, own: str = "") -> None:
        """By name and password; ``own``: chosen instead of one that was for one sign-in."""
        self.goes("/login?next=/account")
        self.sends("form.entry", name=name, password=password)
        if own:
            self.sends("form[action='/account/password']", old=password, new=own)
        assert urlsplit(str(self.page.ask("location.href"))).path == "/account"

    def leaves(self) -> None:
        self.goes("/account")
        self.sends("form.me")
        assert urlsplit(str(self.page.ask("location.href"))).path == "/login"
