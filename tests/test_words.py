"""Every sentence stands once, in both languages with the same values; whoever says one names a code that is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edge.orders
from edge.config.load import load_line
from edge.config.shipping import Weekday
from edge.core.events import (
    KINDS,
    AnomalyCode,
    DockReason,
    FindingKind,
    GateVerdict,
    OrderChanged,
    Outcome,
    RouteReason,
    Stage,
)
from edge.core.values.alarm import AlarmAction, AlarmKind, AlarmState, Priority
from edge.core.values.dock import Direction
from edge.core.values.layout import Job, LaneRole
from edge.core.values.load import LoadAction
from edge.core.values.order import Order, OrderState
from edge.core.values.rights import Action, Role
from edge.journal.sign import Unwritable
from edge.orders.allocation import Refused
from edge.orders.articles import Goods
from edge.orders.cartons import ProtectionKind
from edge.orders.cases import CaseKind, CaseState, CauseKind, ComplaintClass, ContactChannel, CustomerWant
from edge.orders.contact import ContactOutcome
from edge.orders.corrections import Correction, Mismatch
from edge.orders.cover import CoverFinding
from edge.orders.eligibility import ServiceRefusal
from edge.orders.forecast import Late, LateReason
from edge.orders.goods_rules import GoodsCode, ParcelMark, ParcelPaper
from edge.orders.kpis import BY_NAME, Better, Dimension
from edge.orders.pack_check import PackFault
from edge.orders.packed import AfterCheck, DifferenceKind
from edge.orders.packing import PackCode
from edge.orders.picking import ShortReason, TaskState
from edge.orders.quality import Aspect, DueCause, Fault, Settlement
from edge.orders.reroute import Where
from edge.orders.reservations import Displacement
from edge.orders.returns import Disposition, ReturnReason, UnitFinding
from edge.orders.review import ReviewRule
from edge.orders.sales import OrderStage
from edge.orders.stages import FulfilmentState, Place
from edge.orders.stock import MovementKind
from edge.orders.tracking import OURS, ParcelCode, ParcelTrouble
from edge.orders.waves import PickMode, WaveState
from edge.site.finding import KINDS as FOUND
from edge.site.taking import SaleOutcome
from edge.site.tracking_shown import REASONS
from edge.views.event_log import LogKind, LogWeight
from edge.views.given_texts import GIVEN
from edge.views.plan_sentences import tell_correction, tell_displacement, tell_late, tell_refusal
from edge.views.sentences import Teller
from edge.views.words.phrase import Phrase, Word, places
from edge.views.words.table import LANGUAGES, TABLES, WORDS, language, say
from plc.packml import PackmlState, mode_name, state_name
from plc.points import Quality

CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\ufe30-\uffef]")
LISTS = re.compile(r"\{(\w+):")
SWITCH = ("enable", "disable")
PARTS = ("cause", "consequence", "action")
MAILS = ("departed", "out-for-delivery", "failed-attempt", "delivered", "delayed")
STATUSES = ("aboard", "missing", "wrong", "undetermined")

ORDERS = Path(next(iter(edge.orders.__path__)))
REFUSED = sorted(
    code
    for path in ORDERS.glob("*.py")
    for code in re.findall(r'(?:WishRefused\(\s*|return )"([\w-]+)"', path.read_text(encoding="utf-8"))
)
"""Why a wish may be refused."""

PACKING = (
    *DifferenceKind,
    *(f"unchecked-{one}" for one in AfterCheck),
    *("no-order", "not-open", "refused", "due", "not-verified", "no-weight", "weight-light", "weight-heavy"),
    *("item-elsewhere", "nobody-carries", "cannot-part", "put-back", "packed"),
)
"""Why a parcel is not packed so."""

# What stands for the star in codes that are put together.
PAGES_SAY: dict[str, Iterable[str]] = {
    "alarm.*": AlarmKind,
    "alarm.*.*": [f"{kind}.{part}" for kind in AlarmKind for part in PARTS],
    "alarms.*": PARTS,
    "anomaly.about.*": AnomalyCode,
    "alarms.ask.*": AlarmAction,
    "alarms.priority.*": Priority,
    "alarms.state.*": AlarmState,
    "anomaly.*": AnomalyCode,
    "device.*": (
        *(
            "plc",
            "host",
            "reader",
            "points",
            "packml",
            "publish",
            "site-store",
            "journal",
            "journal-room",
            "standby",
            "disk",
            "files",
            "config",
        ),
        *("up", "down", "unknown"),
    ),
    "dock.*": STATUSES,
    "dock.ask.*": ("by", "carrier", "services", "trailer", "id", "forced", "reason", "parcel"),
    "dock.column.*": ("number", "parcel", "status", "order", "time"),
    "dock.verdict.*": GateVerdict,
    "figures.*": (
        *("parcels", "totes", "verified", "noread", "missorted", "defaulted", "reaction", "margin", "plc", "alarms"),
    ),
    "finding.*": FindingKind,
    "history.*": (
        *("rate", "verified", "noread", "wrong", "defaulted", "p50", "p99", "margin", "alarms"),
        *("roundtrip", "heartbeat"),
    ),
    "job.*": Job,
    "lane.*": ("full", "disabled"),
    "lane.ask.*": SWITCH,
    "lane.ask.why.*": SWITCH,
    "lane.wish.*": SWITCH,
    "machine.mode.*": ("0", "1", "2", "3"),
    "machine.state.*": [str(int(state)) for state in PackmlState],
    "machines.*": ("line", "state", "since", "mode", "processed", "defective"),
    "points.*": (*Quality, "unknown"),
    "reason.*": (*RouteReason, "failed"),
    "role.*": LaneRole,
    "state.*": OrderState,
    "verdict.*": ("verified", "refused"),
}
PYTHON_SAYS: dict[str, Iterable[str]] = {
    "day.*": get_args(Weekday),
    "account.role.*": Role,
    "account.way.*": ("password", "badge", "oidc"),
    "audit.outcome.*": ("done", "refused", "failed"),
    "right.*": Action,
    "trouble.unwritable.*": Unwritable,
    "trouble.todo.*": Unwritable,
    "alarm-*": AlarmState,
    "alarm.*": AlarmKind,
    "alarm.*.*": [f"{kind}.{part}" for kind in AlarmKind for part in PARTS],
    "alarms.ask.*": AlarmAction,
    "alarms.priority.*": Priority,
    "alarms.state.*": AlarmState,
    "anomaly.*": AnomalyCode,
    "anomaly.about.*": AnomalyCode,
    "asked.*": LoadAction,
    "block.*": ("order", "phone", "email", "address"),
    "case.by.*": ContactChannel,
    "case.cause.*": CauseKind,
    "case.class.*": (*ComplaintClass, *ReturnReason, "intercept"),
    "case.did.*": (
        *("opened", "words", "asked", "refused", "authorised", "labelled", "came", "inspected", "accepted", "money"),
        *("exchanged", "resolved", "closed", "reopened", "taken", "answered", "note", "cause", "expired", "overdue"),
        "escalated",
    ),
    "case.found.*": UnitFinding,
    "case.kind.*": CaseKind,
    "case.money.*": ("payment", "refund", "moved", "credit", "freight"),
    "case.state.*": CaseState,
    "case.to.*": Disposition,
    "case.want.*": CustomerWant,
    "case.why.*": (
        *("too-many", "no-policy", "repair", "not-delivered", "window-over", "excluded", "condition", "by-person"),
    ),
    "carrier.*": ("not-wished", "no-zone", "full"),
    "carriers.where.*": Where,
    "contact.*": ContactOutcome,
    "dock.reason.*": DockReason,
    "dock.verdict.*": GateVerdict,
    "found.*": FindingKind,
    "find.kind.*": (*FOUND, "line"),
    "round.*": TaskState,
    "wave.*": WaveState,
    "given.*": [code.removeprefix("given.") for code in GIVEN if code.startswith("given.")],
    "why.*": [code.removeprefix("why.") for code in GIVEN if code.startswith("why.")],
    "fulfilment.*": (*FulfilmentState, "unloaded", "split"),
    "gated-*": GateVerdict,
    "gated-*-by-hand": ("right", "unloaded"),
    "goods.*": [(one.name or "").lower().replace("_", "-") for one in Goods],
    "kpi.better.*": Better,
    "kpi.cause.*": (*FindingKind, "count", "correction"),
    "kpi.by.*": Dimension,
    "kpi.denominator.*": BY_NAME,
    "kpi.exclusions.*": BY_NAME,
    "kpi.numerator.*": BY_NAME,
    "kpi.source.*": BY_NAME,
    "kpi.title.*": BY_NAME,
    "lane.becomes.*": ("free", "full", "disabled", "enabled"),
    "lane.is.*": ("full", "disabled", "open"),
    "late.*": LateReason,
    "log.kind.*": LogKind,
    "log.weight.*": LogWeight,
    "load.*": ("missing", "wrong", "undetermined"),
    "machine.mode.*": ("1", "2", "3"),
    "machine.state.*": [str(int(state)) for state in PackmlState],
    "order-*": OrderState,
    "pack.fault.*": PackFault,
    "pack.mark.*": ParcelMark,
    "pack.need.*": ProtectionKind,
    "pack.over.*": (PackCode.NO_CARTON, PackCode.TOO_HEAVY, GoodsCode.INNER_TOO_LARGE, GoodsCode.NOT_BY_AIR),
    "pack.paper.*": ParcelPaper,
    "pack.why.*": (
        *(PackCode.SIZE_UNKNOWN, PackCode.MASS_UNKNOWN, GoodsCode.NOT_IN_TABLE, GoodsCode.NO_LIMITED_QUANTITY),
        *(GoodsCode.INNER_UNKNOWN, GoodsCode.NO_INTERMEDIATE),
    ),
    "pick.mode.*": PickMode,
    "pick.short.*": ShortReason,
    "pick.state.*": TaskState,
    "order-refused.*": (*REFUSED, "not-delivered"),
    "order-stage.*": OrderStage,
    "place.*": Place,
    "refusal.*": (
        *("handled", "out-of-sequence", "expired", "unknown-track", "no-target", "old-epoch", "past-decision"),
        "not-execute",
    ),
    "review.*": (*ReviewRule, "person"),
    "rule.*": (*ReviewRule, "person"),
    "route.*": RouteReason,
    "sale.*": (
        *("released", "held", "amended", "cancelled", "merged", "split", "paid", "contact"),
        *("parted", "put-back", "person-erased", "again-unclear", "again-refused", "delivery-refused"),
    ),
    "sorted-*": Outcome,
    "stage.*": Stage,
    "state.*": OrderState,
    "sales.outcome.*": SaleOutcome,
    "stock.cover.*": CoverFinding,
    "stock.found.*": Mismatch,
    "stock.movement.*": MovementKind,
    "stock.passed.*": Refused,
    "mail.*.subject": MAILS,
    "mail.*.text": MAILS,
    "track.mail.*": ("waiting", "sending", "sent", "none", "refused"),
    "track.reason.*": REASONS,
    "track.source.*": OURS,
    "track.state.*": ParcelCode,
    "track.trouble.*": ParcelTrouble,
    "quality.aspect.*": Aspect,
    "quality.cause.*": DueCause,
    "quality.fault.*": Fault,
    "quality.settlement.*": Settlement,
    "sale.more.*": ("overruled", "unverified", "differs"),
    "station.check.*": AfterCheck,
    "station.refused.*": PACKING,
    "way.*": Direction,
    "wish.*": (*LoadAction, *AlarmAction),
}


MAKERS = (
    "api/account_pages.py",
    "api/audit_page.py",
    "api/alarm_pages.py",
    "api/blocklist.py",
    "api/carriers_page.py",
    "api/case_pages.py",
    "api/cases.py",
    "api/kpi_pages.py",
    "api/log_page.py",
    "api/navigation.py",
    "api/oidc.py",
    "api/pages.py",
    "api/parcels.py",
    "api/pick_pages.py",
    "api/refused_page.py",
    "api/put_back_page.py",
    "api/engineering_page.py",
    "api/lists.py",
    "api/search.py",
    "api/station_pages.py",
    "api/stations.py",
    "api/track_page.py",
    "api/tracking_pages.py",
    "api/warehouse_pages.py",
    "edge/print/figure_book.py",
    "edge/print/manifest_paper.py",
    "edge/print/pick_sheet.py",
    "edge/print/shift_sheet.py",
    "edge/views/kpi_board.py",
)
"""What names codes of words in Python."""
SAID_BY_PYTHON = (
    "refused",
    "find",
    "list",
    "tech",
    "account",
    "audit",
    "login",
    "sales",
    "stock",
    "wave",
    "pick",
    "label",
    "back",
    "block",
    "station",
    "quality",
    "nav",
    "dock",
    "kpi",
    "carriers",
    "case",
    "evidence",
    "track",
    "manifest",
    "alarms",
    "log",
)
"""How codes begin that pages name in Python."""


def test_every_code_has_words_in_both_languages_with_the_same_values() -> None:
    assert sum(map(len, TABLES)) == len(WORDS), "a code stands twice"
    assert [set(language(name)) for name in LANGUAGES] == [set(WORDS)] * 2
    for code, (english, chinese) in WORDS.items():
        assert english and chinese, code
        assert places(english) == places(chinese), code
        assert set(LISTS.findall(english)) == set(LISTS.findall(chinese)), f"{code}: what is a list is one in both"
        assert not CHINESE.search(english), code


def phrases(word: Word) -> Iterator[Phrase]:
    """A phrase and those inside it."""
    match word:
        case Phrase():
            yield word
            for value in word.values.values():
                yield from phrases(value)
        case tuple():
            for one in word:
                yield from phrases(one)
        case _:
            pass


def assert_sayable(told: Phrase) -> None:
    """In both languages, with a value for every place and a place for every value."""
    for one in phrases(told):
        assert set(one.values) == places(WORDS[one.code][0]), one
    assert "." not in told.code, "a sentence's own code has no dot"
    assert say(told) and say(told, "zh-Hant")


@pytest.fixture(scope="module")
def teller(project: Path) -> Teller:
    return Teller(load_line(project / "examples/warehouse/LINE.toml").layouts())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(data=st.data())
def test_whatever_is_journaled_can_be_said(teller: Teller, kind: str, data: st.DataObject) -> None:
    assert_sayable(teller.tell(data.draw(st.from_type(KINDS[kind]))))


@settings(max_examples=40)
@given(st.from_type(Order), st.from_type(Order))
def test_whatever_becomes_of_an_order_can_be_said(before: Order, after: Order) -> None:
    assert_sayable(Teller().tell(OrderChanged(1, 0, after), before))


@settings(max_examples=60)
@given(st.from_type(ServiceRefusal), st.from_type(Late), st.from_type(Displacement), st.sampled_from(Mismatch))
def test_whatever_keeps_an_order_can_be_said(
    refusal: ServiceRefusal, late: Late, row: Displacement, finding: Mismatch
) -> None:
    for told in (tell_late(late), tell_displacement(row), tell_correction(Correction("E", finding))):
        assert_sayable(told)
    why = tell_refusal(refusal)
    assert say(why) and say(why, "zh-Hant") and set(why.values) == places(WORDS[why.code][0])


def test_packml_is_called_what_the_standard_calls_it() -> None:
    assert {state_name(state): WORDS[f"machine.state.{state:d}"][0] for state in PackmlState} == {
        name: name for name in map(state_name, PackmlState)
    }
    assert [WORDS[f"machine.mode.{mode}"][0] for mode in (1, 2, 3)] == [mode_name(mode) for mode in (1, 2, 3)]


def expanded(patterns: dict[str, Iterable[str]]) -> set[str]:
    """The codes that come of putting them together."""
    return {pattern.replace("*.*", "*").replace("*", name) for pattern, names in patterns.items() for name in names}


def page_files(project: Path, suffix: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((project / "api/web").glob(f"*{suffix}")))


def said_by_pages(project: Path) -> tuple[set[str], set[str]]:
    """Codes in the pages, and patterns of codes that they put together."""
    script, markup = page_files(project, ".js"), page_files(project, ".html")
    heads = {code.partition(".")[0] for code in WORDS if "." in code}
    dotted = {one for one in re.findall(r'"([\w-]+(?:\.[\w-]+)+)"', script) if one.partition(".")[0] in heads}
    rendered = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((project / "api/templates").glob("*.html"))
    )
    python = "\n".join((project / name).read_text(encoding="utf-8") for name in MAKERS)
    codes = (
        dotted
        | set(re.findall(r'\bt\("([^"]+)"', script + rendered))
        | set(re.findall(rf'"((?:{"|".join(SAID_BY_PYTHON)})\.(?!html")[\w.-]+)"', python))
    )
    codes |= set(re.findall(r'data-(?:text|label|hint)="([^"]+)"', markup))
    made = [re.sub(r"\$\{[^}]*\}", "*", one) for one in re.findall(r"`([\w.-]+\$\{[^`]*)`", script)]
    return codes, {one for one in made if re.fullmatch(r"[\w.*-]+", one) and one.partition(".")[0] in heads}


def pattern(joined: ast.JoinedStr) -> str:
    """What is put together, with a star for each value."""
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "*" for one in joined.values)


def said_by_python(project: Path) -> Iterator[tuple[str, set[str] | None]]:
    """The same of all that makes phrases, and what values it gives, None = they are given elsewhere."""
    for path in sorted((project / "edge").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not re.search(r"import .*\bphrase\b|def phrase", text):
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Name("phrase"), args=[code], keywords=keywords):
                    values = {str(keyword.arg) for keyword in keywords}
                case ast.Assign(targets=[ast.Name("code")], value=code):
                    values = None
                case ast.Assign(targets=[ast.Tuple(elts=[ast.Name("code"), *_])], value=ast.Tuple(elts=[code, *_])):
                    values = None
                case _:
                    continue
            for one in (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,):
                match one:
                    case ast.Constant(value=str(name)):
                        yield name, values
                    case ast.JoinedStr():
                        yield pattern(one), values
                    case _:
                        assert isinstance(one, ast.Name), f"{path}: {ast.unparse(one)}: what is said must be seen"


def test_whoever_says_something_names_a_code_that_is_there(project: Path) -> None:
    codes, patterns = said_by_pages(project)
    assert patterns == set(PAGES_SAY), "what stands for the star is listed above"
    ours = list(said_by_python(project))
    assert {code for code, _ in ours if "*" in code} == set(PYTHON_SAYS), "what stands for the star is listed above"
    said = codes | expanded(PAGES_SAY)
    for made, values in ours:
        for code in expanded({made: PYTHON_SAYS[made]}) if "*" in made else {made}:
            said.add(code)
            assert values is None or values == places(WORDS[code][0]), code
    assert said - WORDS.keys() == set()
    assert WORDS.keys() - said == set(), "words that nobody says"


def test_words_stand_in_the_table_alone(project: Path) -> None:
    for path in (project / "api/web").glob("*.js"):
        found = CHINESE.findall(path.read_text(encoding="utf-8"))
        assert not found, f"{path}: {found}"
    for path in (project / "edge").rglob("*.py"):
        files = ("channels.py", "channel_presets.py", "households.py", "sale_files.py")
        written_by_others = path.parent.name == "intake" or path.name in files
        if path.parent.name != "words" and path.name != "words.py" and not written_by_others:
            assert not CHINESE.search(path.read_text(encoding="utf-8")), path
