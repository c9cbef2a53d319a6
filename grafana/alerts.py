"""Alert rules for those who look after the machines that Lanewise runs on; the floor's own alarms are the controller's.

Public names: AlertRule, RULES, provisioned.

Every rule has its own query without a page's variables, and tells in both languages what to do. Its window ends now: an
aggregate over steps of the calendar begins anew at each of them. One rule takes the error of a database that does not
answer for its alert, all others keep their state then: were all to call, one dead database would do so a dozen times.
Silence has a rule for each who may be silent, which tells series that were there before from those that never were by
resampling a day, for InfluxQL knows no age of a point, and a series without a point in the window is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from edge.publish import schema
from edge.publish.schema import Measurement
from grafana.board import Board
from grafana.influxql import select
from grafana.panels import Language, Panel, T

DATA_SOURCE_UID = "lanewise-influx"
FOLDER = "Lanewise"
EVERY = "30s"


REMEMBERED_S = 86_400
"""So long somebody who fell silent is missed; then he counts as taken away."""
SILENT_S = 180


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule: fires while a series of its query is ``above`` or ``below`` a limit.

    ``over_s``: how far back from now the query looks. ``lasts``: how long it must be so. ``page``: the dashboard to
    look at. ``silence``: the query counts by the minute, and none for SILENT_S is the fault; ``unless``: so is the other
    query's, and then this is not. ``unreachable``: what it means when the database gives an error.
    """

    name: str
    title: T
    summary: T
    query: str
    page: str
    above: float | None = None
    below: float | None = None
    over_s: int = 600
    lasts: str = "1m"
    severity: Literal["high", "medium", "low"] = "medium"
    silence: bool = False
    unless: str = ""
    nothing: Literal["OK", "Alerting"] = "OK"
    unreachable: Literal["KeepLast", "Alerting"] = "KeepLast"


def _by_minute(source: Measurement, field: str, by: tuple[str, ...]) -> str:
    """How many points there are in each minute that has any."""
    grouped = ", ".join(f'"{tag}"' for tag in by)
    counted = select(source, f'count("{field}")', scopes=())
    return f"{counted} GROUP BY time(1m), {grouped} fill(none)"


_PUBLISHED = _by_minute(schema.PUBLISHER, "up", ("site", "controller"))

LINE_RULES = (
    AlertRule(
        "line-data-stale",
        T("Line data stale", "產線資料停止"),
        T(
            "The publisher delivers, but the newest data of controller {{ $labels.controller }} are older than 3 minutes: it is dead, or the publisher has to catch up (Backlog). While `lanewise run` is dead parcels take the default lane.",
            "發布者正常，但控制器 {{ $labels.controller }} 最新資料已超過 3 分鐘：控制器停止，或發布者正在補送（積壓）。lanewise run 停止時包裹走預設道口。",
        ),
        _by_minute(schema.CONTROLLER, "journal_records", ("site", "controller")),
        over_s=REMEMBERED_S,
        severity="high",
        silence=True,
        unless=_PUBLISHED,
        page="decision-path",
    ),
    AlertRule(
        "publisher-stale",
        T("Publisher stale", "發布者停止"),
        T(
            "Nothing of the publisher of {{ $labels.controller }} for 3 minutes: the line may run well, but nothing here is new. Is `lanewise publish` alive, and what does `--status` say?",
            "{{ $labels.controller }} 的發布者已 3 分鐘無訊號：產線可能正常，但此處資料不是最新。請檢查 lanewise publish 與 --status。",
        ),
        _PUBLISHED,
        over_s=REMEMBERED_S,
        severity="high",
        silence=True,
        nothing="Alerting",
        page="decision-path",
    ),
    AlertRule(
        "database-unreachable",
        T("Database unreachable", "資料庫無回應"),
        T(
            "InfluxDB does not answer Grafana, or refuses: no page and no other alert is true now. The lines do not need it. docs/dashboards.md says how to repair a bucket that was made anew.",
            "InfluxDB 未回應或拒絕 Grafana：目前所有頁面與其他警報皆不可信；產線不受影響。重建 bucket 後的修復見 docs/dashboards.md。",
        ),
        select(schema.PUBLISHER, 'count("up")', scopes=()),
        below=0,
        severity="high",
        unreachable="Alerting",
        page="decision-path",
    ),
    AlertRule(
        "plc-link",
        T("PLC link", "PLC 連線"),
        T(
            "PLC {{ $labels.plc }} does not answer; its line runs on its own. Cable, address, PLC?",
            "PLC {{ $labels.plc }} 未回應，其產線自行運作。請檢查纜線、位址與 PLC。",
        ),
        select(schema.PLC, 'last("up")', by=("site", "plc"), scopes=()),
        below=1,
        severity="high",
        over_s=60,
        page="plcs",
    ),
    AlertRule(
        "plc-heartbeat",
        T("PLC heartbeat", "PLC 心跳"),
        T(
            "The heartbeat of PLC {{ $labels.plc }} stands still: its program does not run.",
            "PLC {{ $labels.plc }} 心跳停止：程式未執行。",
        ),
        select(schema.PLC, 'max("heartbeat_age_us")', by=("site", "plc"), scopes=()),
        above=2_000_000,
        lasts="30s",
        severity="high",
        over_s=60,
        page="plcs",
    ),
    AlertRule(
        "reader-link",
        T("Reader link", "讀取器連線"),
        T(
            "Reader {{ $labels.reader }} does not answer: totes are refused and parcels set aside. Power, cable, another client?",
            "讀取器 {{ $labels.reader }} 未回應：物流箱被拒、包裹被擱置。請檢查電源、纜線或其他連線者。",
        ),
        select(schema.READER, 'last("up")', by=("site", "reader"), scopes=()),
        below=1,
        severity="high",
        over_s=60,
        page="portals",
    ),
    AlertRule(
        "late-answers",
        T("Late answers", "逾時回應"),
        T(
            "Line {{ $labels.line }}: routes came too late for the PLC. Look at the round trip and at what else runs on this machine.",
            "產線 {{ $labels.line }}：路線來不及送達 PLC。請檢查往返時間與本機其他程式。",
        ),
        select(schema.REACTION, 'sum("late")', by=("site", "line"), scopes=()),
        above=0,
        lasts="0s",
        over_s=300,
        page="decision-path",
    ),
    AlertRule(
        "slow-reaction",
        T("Slow reaction", "反應緩慢"),
        T(
            "Line {{ $labels.line }}: one route in a hundred takes longer than 50 ms from induction to PLC.",
            "產線 {{ $labels.line }}：百分之一的路線超過 50 毫秒。",
        ),
        select(schema.REACTION, 'percentile("reaction_us", 99)', by=("site", "line"), scopes=()),
        above=50_000,
        lasts="5m",
        severity="low",
        over_s=300,
        page="decision-path",
    ),
    AlertRule(
        "no-reads",
        T("Not read", "未讀"),
        T(
            "Portal {{ $labels.portal }}: more than 5 % of passages without a tag. Reader, antennas, labels?",
            "讀取門 {{ $labels.portal }}：超過 5 % 無標籤。請檢查讀取器、天線與標籤。",
        ),
        select(schema.PASSAGE, 'mean("empty")', by=("site", "portal"), scopes=()),
        above=0.05,
        lasts="5m",
        over_s=600,
        page="portals",
    ),
    AlertRule(
        "not-confirmed",
        T("Missorted, lost or defaulted", "錯分、遺失或走預設"),
        T(
            "Line {{ $labels.line }}: more than 5 items in 10 minutes did not end where they were sent.",
            "產線 {{ $labels.line }}：10 分鐘內超過 5 件未到指定道口。",
        ),
        select(schema.OUTCOME, 'sum("bad")', by=("site", "line"), scopes=()),
        above=5,
        lasts="0s",
        over_s=600,
        page="lanes",
    ),
    AlertRule(
        "alarm-flood",
        T("Alarm flood", "警報氾濫"),
        T(
            "More than 10 alarms in 10 minutes: nobody can handle that. Look for the first one.",
            "10 分鐘內超過 10 次警報，無人能應付。請找出第一個。",
        ),
        select(schema.ALARM, 'sum("annunciated")', by=("site",), scopes=()),
        above=10,
        lasts="0s",
        severity="low",
        over_s=600,
        page="reliability",
    ),
    AlertRule(
        "backlog",
        T("Backlog of a follower", "發布積壓"),
        T(
            "{{ $labels.follower }} of {{ $labels.controller }} is more than 50,000 records behind. Is its target up? `lanewise publish --status` says why.",
            "{{ $labels.controller }} 的 {{ $labels.follower }} 落後超過五萬筆。請以 lanewise publish --status 查看原因。",
        ),
        select(schema.BACKLOG, 'min("records")', by=("site", "controller", "follower"), scopes=()),
        above=50_000,
        lasts="5m",
        severity="low",
        over_s=60,
        page="decision-path",
    ),
    AlertRule(
        "set-aside",
        T("Points set aside", "資料點被擱置"),
        T(
            "The target of {{ $labels.publisher }} refuses points: `lanewise publish --set-aside` shows them with its reason.",
            "{{ $labels.publisher }} 的目標拒收資料點：以 lanewise publish --set-aside 查看原因。",
        ),
        select(schema.PUBLISHER, 'max("set_aside") - min("set_aside")', by=("site", "publisher"), scopes=()),
        above=0,
        lasts="0s",
        severity="low",
        over_s=600,
        page="decision-path",
    ),
    AlertRule(
        "disk",
        T("Disk nearly full", "磁碟將滿"),
        T(
            "Less than 1 GB beside the journal of {{ $labels.controller }}. When it is full nothing is acknowledged and parcels take the default lane.",
            "{{ $labels.controller }} 的日誌磁碟不足 1 GB；寫滿後不再確認，包裹走預設道口。",
        ),
        select(schema.CONTROLLER, 'min("disk_free_bytes")', by=("site", "controller"), scopes=()),
        below=1_000_000_000,
        lasts="5m",
        over_s=60,
        page="decision-path",
    ),
)
_HOUR_US = 3_600_000_000
SITE_RULES = (
    AlertRule(
        "order-flow-stale",
        T("Order flow stale", "訂單流程資料停止"),
        T(
            "The site tells nothing of its orders for 3 minutes, and its publisher is well: is `lanewise api` alive? Nothing is planned, released or forecast meanwhile.",
            "站點已 3 分鐘未提供訂單資料，而發布者正常：lanewise api 是否在執行？期間不會計畫、釋出或預測。",
        ),
        _by_minute(schema.ORDER_FLOW, "orders", ("site", "controller")),
        over_s=REMEMBERED_S,
        silence=True,
        unless=_PUBLISHED,
        page="order-flow",
    ),
    AlertRule(
        "cut-off-missed",
        T("Cut-off missed", "錯過截止"),
        T(
            "{{ $labels.carrier }} {{ $labels.service }}: parcels are in no lane, and their cut-off is over. Call the carrier, or plan them anew.",
            "{{ $labels.carrier }} {{ $labels.service }}：包裹未入道口且已過截止。請聯絡承運商或重新計畫。",
        ),
        select(schema.PICKUP, 'last("missed")', by=("site", "carrier", "service"), scopes=()),
        above=0,
        lasts="5m",
        over_s=180,
        severity="high",
        page="order-flow",
    ),
    AlertRule(
        "late-forecast",
        T("Parcels will be late", "包裹將遲延"),
        T(
            "Parcels will miss their cut-off. The page of waves says which and what keeps them; put people there.",
            "包裹將錯過截止。波次頁面列出包裹與阻礙，請增派人力。",
        ),
        select(schema.LATE_FORECAST, 'last("orders")', where="\"reason\" = 'all'", by=("site",), scopes=()),
        above=0,
        lasts="10m",
        over_s=180,
        page="order-flow",
    ),
    AlertRule(
        "held-too-long",
        T("Order held too long", "訂單暫停過久"),
        T(
            "An order waits for a person for more than four hours. Look at the queue.",
            "有訂單等待人工超過四小時。請處理待審清單。",
        ),
        select(schema.ORDER_FLOW, 'last("oldest_us")', where="\"stage\" = 'held'", by=("site",), scopes=()),
        above=4 * _HOUR_US,
        lasts="5m",
        over_s=180,
        severity="low",
        page="order-flow",
    ),
    AlertRule(
        "parcel-not-inducted",
        T("Parcel packed, in no lane", "已包裝未入道口"),
        T(
            "A packed parcel is in no lane for more than two hours. The page of parcels says which; is it at the station still?",
            "有包裹包裝後超過兩小時未進入道口。包裹頁面列出明細；是否仍在包裝站？",
        ),
        select(schema.ORDER_FLOW, 'last("oldest_us")', where="\"stage\" = 'labelled'", by=("site",), scopes=()),
        above=2 * _HOUR_US,
        lasts="5m",
        over_s=180,
        page="order-flow",
    ),
    AlertRule(
        "parcel-not-departed",
        T("Parcel sorted, not gone", "已分揀未離倉"),
        T(
            "A parcel lies in its carrier's lane for more than a day. Did a load leave without it, or was none closed?",
            "有包裹在承運商道口超過一天。是否漏裝，或裝車未結束？",
        ),
        select(schema.ORDER_FLOW, 'last("oldest_us")', where="\"stage\" = 'sorted'", by=("site",), scopes=()),
        above=24 * _HOUR_US,
        lasts="5m",
        over_s=180,
        page="order-flow",
    ),
    AlertRule(
        "case-overdue",
        T("Cases overdue", "案件逾期"),
        T(
            "A case is more than an hour behind its time. The page of cases says whose.",
            "有案件逾期超過一小時。案件頁面列出負責人。",
        ),
        select(schema.ORDER_FLOW, 'last("oldest_us")', where="\"stage\" = 'case-overdue'", by=("site",), scopes=()),
        above=_HOUR_US,
        lasts="5m",
        over_s=180,
        severity="low",
        page="order-flow",
    ),
    AlertRule(
        "events-untold",
        T("Events untold", "事件未送達"),
        T(
            "A webhook was not told events for more than ten minutes. `lanewise events webhooks` says which, and why.",
            "有 webhook 超過十分鐘未收到事件。lanewise events webhooks 列出對象與原因。",
        ),
        select(schema.ORDER_FLOW, 'last("oldest_us")', where="\"stage\" = 'untold'", by=("site",), scopes=()),
        above=_HOUR_US // 6,
        lasts="5m",
        over_s=180,
        page="order-flow",
    ),
    AlertRule(
        "out-late",
        T("Out late today", "今日準時出倉不足"),
        T(
            "Less than 95 % of today's parcels were in their lane by their cut-off. The service page says which carrier.",
            "今日準時入道口的包裹低於 95 %。服務品質頁面列出承運商。",
        ),
        select(
            schema.KPI,
            'last("value")',
            where="\"kpi\" = 'on-time-departed' AND \"dimension\" = 'site'",
            by=("site",),
            scopes=(),
        ),
        below=0.95,
        lasts="15m",
        over_s=660,
        severity="low",
        page="service",
    ),
    AlertRule(
        "parcels-in-trouble",
        T("Parcels in trouble today", "今日異常包裹過多"),
        T(
            "More parcels than 2 % of today's are lost, damaged or do not move. The page of tracking lists them.",
            "異常包裹（遺失、損壞、停滯）超過今日的 2 %。追蹤頁面列出包裹。",
        ),
        select(
            schema.KPI,
            'last("value")',
            where="\"kpi\" = 'parcel-trouble' AND \"dimension\" = 'site'",
            by=("site",),
            scopes=(),
        ),
        above=0.02,
        lasts="15m",
        over_s=660,
        severity="low",
        page="service",
    ),
)
RULES = (*LINE_RULES, *SITE_RULES)


def provisioned(boards: tuple[Board, ...]) -> dict[str, object]:
    """The rules as Grafana's provisioning wants them. Raises ValueError for a page that shows nothing of a rule's."""
    rules = [_rule(rule, *_shown(rule, boards)) for rule in RULES]
    group = {"orgId": 1, "name": "lanewise", "folder": FOLDER, "interval": EVERY, "rules": rules}
    return {"apiVersion": 1, "groups": [group]}


def _shown(rule: AlertRule, boards: tuple[Board, ...]) -> tuple[str, int]:
    """The page to look at, and on it the number of the first panel that shows the rule's measurement."""
    source = rule.query.partition(" FROM ")[2].partition(" ")[0]
    board = next(board for board in boards if board.name == rule.page)
    for number, (what, _, _) in enumerate(board.placed(), start=1):
        if isinstance(what, Panel) and any(f" FROM {source} " in query.query for query in what.queries):
            return board.uid(Language.ENGLISH), number
    raise ValueError(f"rule {rule.name}: page {rule.page!r} has no panel with {source}")


def _rule(rule: AlertRule, page_uid: str, panel: int) -> dict[str, object]:
    return {
        "uid": f"lanewise-{rule.name}",
        "title": f"{rule.title.en} · {rule.title.zh}",
        "condition": "C",
        "for": rule.lasts,
        "noDataState": rule.nothing,
        "execErrState": rule.unreachable,
        "isPaused": False,
        "labels": {"severity": rule.severity, "system": "lanewise"},
        "annotations": {
            "summary": rule.summary.en,
            "summary_zh": rule.summary.zh,
            "__dashboardUid__": page_uid,
            "__panelId__": str(panel),
        },
        "data": list(_parts(rule)),
    }


def _parts(rule: AlertRule) -> Iterator[dict[str, object]]:
    """The query, its number, and the judgement C."""

    def part(ref: str, model: dict[str, object], source: str = "__expr__") -> dict[str, object]:
        span = {"from": rule.over_s, "to": 0}
        return {"refId": ref, "relativeTimeRange": span, "datasourceUid": source, "model": {"refId": ref, **model}}

    def asked(ref: str, query: str) -> dict[str, object]:
        return part(ref, {"query": query, "rawQuery": True, "resultFormat": "time_series"}, DATA_SOURCE_UID)

    def counted(ref: str, query: str) -> Iterator[dict[str, object]]:
        """How many points the newest SILENT_S have, also none, of every series that the day has."""
        yield asked(ref, query)
        steps = {"window": f"{SILENT_S}s", "downsampler": "sum", "upsampler": "fillna"}
        yield part(f"{ref}steps", {"type": "resample", "expression": ref, **steps})
        none = {"mode": "replaceNN", "replaceWithValue": 0}
        yield part(f"{ref}now", {"type": "reduce", "expression": f"{ref}steps", "reducer": "last", "settings": none})

    if rule.silence:
        yield from counted("A", rule.query)
        silent = "$Anow < 1"
        if rule.unless:
            yield from counted("B", rule.unless)
            silent = f"({silent}) * ($Bnow > 0)"
        yield part("C", {"type": "math", "expression": silent})
        return
    yield asked("A", rule.query)
    yield part("B", {"type": "reduce", "expression": "A", "reducer": "last", "settings": {"mode": "dropNN"}})
    limit, kind = (rule.above, "gt") if rule.above is not None else (rule.below, "lt")
    conditions = [{"evaluator": {"type": kind, "params": [limit]}}]
    yield part("C", {"type": "threshold", "expression": "B", "conditions": conditions})
