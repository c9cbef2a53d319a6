"""Writes docs/rights.md and its translation from the tables that requests are let in by; with --check compares them.

Public names: page, main.
"""

from __future__ import annotations

import sys
from pathlib import Path

from written_pages import write_or_check

from api.rights import OPEN, OWN, ROUTES, Needed
from edge.core.values.rights import BY_BADGE, HOLDER, MAY, Action, Role
from edge.views.account_words import of_right, of_role
from edge.views.words.phrase import Word
from edge.views.words.table import Language, say

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES: dict[Language, Path] = {"en": DOCS / "rights.md", "zh-Hant": DOCS / "rights.zh-Hant.md"}
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Who may do what",
        "intro": "With `[accounts]` in SITE.toml ([accounts](accounts.md)) requests are let in by these tables alone. "
        "They are written by `make docs` from\n`edge/core/values/rights.py` and `api/rights.py`, on which the server "
        "runs: a route without a line is refused to everybody.",
        "action": "action",
        "token": "token_file",
        "badge": "A badge is for {roles}. `token_file`: what its token may do unless `[accounts] token` says less.",
        "routes": "Routes",
        "needs": "needs",
        "open": "nothing: whoever reaches the server",
        "own": "to be signed in: one's own account",
    },
    "zh-Hant": {
        "title": "誰可以做什麼",
        "intro": "SITE.toml 設有 `[accounts]` 時（[帳號](accounts.zh-Hant.md)），所有請求只依下列表格放行。"
        "本頁由 `make docs` 依\n"
        "`edge/core/values/rights.py` 與 `api/rights.py` 產生，伺服器即以此執行：表中沒有的路由一律拒絕。",
        "action": "動作",
        "token": "token_file",
        "badge": "識別證適用於：{roles}。`token_file`：除非 `[accounts] token` 另有限制，其權杖可執行的動作。",
        "routes": "路由",
        "needs": "所需權限",
        "open": "無：任何可連線者",
        "own": "已登入：本人帳號",
    },
}


def page(language: Language) -> str:
    """The whole page in Markdown."""
    words = _WORDS[language]

    def t(word: Word) -> str:
        return say(word, language)

    roles = [t(of_role(one)) for one in Role]
    rows = [f"| {words['action']} | | {' | '.join(roles)} | {words['token']} |", "|---|---|" + ":-:|" * (len(Role) + 1)]
    for action in Action:
        marks = ["●" if action in MAY[role] else "" for role in Role]
        marks.append("●" if action in HOLDER else "")
        rows.append(f"| `{action}` | {t(of_right(action))} | {' | '.join(marks)} |")
    badges = ", ".join(t(of_role(one)) for one in Role if one in BY_BADGE)
    lines = [f"# {words['title']}", "", words["intro"], "", *rows, "", words["badge"].format(roles=badges), ""]
    lines += [f"## {words['routes']}", "", f"| {words['needs']} | |", "|---|---|"]
    needed: list[Needed] = [OPEN, OWN, *Action]
    for needs in needed:
        routes = [f"`{method} {path}`" for (method, path), its in ROUTES.items() if its == needs]
        name = words[needs] if needs in (OPEN, OWN) else f"`{needs}`"
        if routes:
            lines.append(f"| {name} | {'<br>'.join(routes)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes the pages, or compares them."""
    pages: dict[Path, str] = {}
    for language, path in PAGES.items():
        text = page(language)
        pages[path] = text
    return write_or_check(pages, "tables")


if __name__ == "__main__":
    sys.exit(main())
