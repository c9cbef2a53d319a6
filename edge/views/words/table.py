"""The table of all words, and how they are said.

Public names: TABLES, WORDS, LANGUAGES, Language, say, language.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from edge.core.alarms.words import ALARM_WORDS
from edge.views.words.accounts import ACCOUNTS
from edge.views.words.alarms import ALARMS
from edge.views.words.carriers import CARRIERS
from edge.views.words.cases import CASES
from edge.views.words.docks import DOCKS
from edge.views.words.engineering import ENGINEERING
from edge.views.words.finding import FINDING
from edge.views.words.given_answers import GIVEN_ANSWERS
from edge.views.words.given_controller import GIVEN_CONTROLLER
from edge.views.words.given_floor import GIVEN_FLOOR
from edge.views.words.given_plcs import GIVEN_PLCS
from edge.views.words.given_readers import GIVEN_READERS
from edge.views.words.kpis import KPI_WORDS
from edge.views.words.log import LOG
from edge.views.words.packing import PACKING
from edge.views.words.pages import PAGES
from edge.views.words.phrase import Rows, Word, fill
from edge.views.words.plan import PLAN
from edge.views.words.review import REVIEW
from edge.views.words.sales import SALES
from edge.views.words.stations import STATIONS
from edge.views.words.stories import STORIES
from edge.views.words.tracking import TRACKING
from edge.views.words.warehouse import WAREHOUSE

Language: TypeAlias = Literal["en", "zh-Hant"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-Hant")
"""In the order of a row's columns, as BCP 47 names them; zh-Hant: 繁體中文."""

TABLES: tuple[Rows, ...] = (
    PAGES,
    STORIES,
    ACCOUNTS,
    ALARMS,
    ALARM_WORDS,
    CARRIERS,
    CASES,
    DOCKS,
    ENGINEERING,
    FINDING,
    GIVEN_ANSWERS,
    GIVEN_CONTROLLER,
    GIVEN_FLOOR,
    GIVEN_PLCS,
    GIVEN_READERS,
    KPI_WORDS,
    LOG,
    PACKING,
    PLAN,
    REVIEW,
    SALES,
    STATIONS,
    TRACKING,
    WAREHOUSE,
)
WORDS: Rows = {code: row for table in TABLES for code, row in table.items()}


def say(word: Word, to: Language = "en") -> str:
    """A phrase in a language; anything else is the same in all of them."""
    return fill(word, WORDS, LANGUAGES.index(to))


def language(name: Language) -> dict[str, str]:
    """All words of a language by their codes."""
    column = LANGUAGES.index(name)
    return {code: row[column] for code, row in WORDS.items()}
