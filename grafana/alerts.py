"""Alert rules for those who look after the machines that Lanewise runs on; the floor's own alarms are the controller's.

Public names: AlertRule, RULES, provisioned.

Every rule has its own query without a page's variables, tells in both languages what to do, and keeps its last state
when InfluxDB gives an error. Only the heartbeat takes silence for a fault: were all rules to do so, one dead database
would call people a dozen times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.publish import schema
from grafana.board import Board
from grafana.influxql import select
from grafana.panels import Language, Panel, T

DATA_SOURCE_UID = "lanewise-influx"
FOLDER = "Lanewise"
EVERY = "30s"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule: fires while the newest (``reduce``: or the sum) of a series is ``above`` or ``below`` a limit.

    ``over_s``: how far back it looks. ``lasts``: how long it must be so. ``page``: the dashboard to look at.
    """

    name: str
    title: T
    summary: T
    query: str
    page: str
    above: float | None = None
    below: float | None = None
    reduce: Literal["last", "sum"] = "last"
    over_s: int = 600
    lasts: str = "1m"
    severity: Literal["high", "medium", "low"] = "medium"
    silence: Literal["OK", "Alerting"] = "OK"


RULES = (
    AlertRule(
        "controller-silent",
        T("Controller silent", "控制器無訊號"),
        T(
            "No sign of life of controller {{ $labels.controller }}: parcels take the default lane. Is `lanewise run` alive, and `lanewise publish`, and InfluxDB?",
            "控制器 {{ $labels.controller }} 無訊號：包裹走預設滑道。請檢查 lanewise run、lanewise publish 與 InfluxDB。",
        ),
        select(
            schema.CONTROLLER, 'count("journal_records")', by=("site", "controller"), every="1m", fill="0", scopes=()
        ),
        below=1,
        over_s=3600,
        severity="high",
        silence="Alerting",
        page="decision-path",
    ),
    AlertRule(
        "plc-link",
        T("PLC link", "PLC 連線"),
        T(
            "PLC {{ $labels.plc }} does not answer; its line runs on its own. Cable, address, PLC?",
            "PLC {{ $labels.plc }} 未回應，其產線自行運作。請檢查纜線、位址與 PLC。",
        ),
        select(schema.PLC, 'min("up")', by=("site", "plc"), every="30s", scopes=()),
        below=1,
        severity="high",
        page="plcs",
    ),
    AlertRule(
        "plc-heartbeat",
        T("PLC heartbeat", "PLC 心跳"),
        T(
            "The heartbeat of PLC {{ $labels.plc }} stands still: its program does not run.",
            "PLC {{ $labels.plc }} 心跳停止：程式未執行。",
        ),
        select(schema.PLC, 'max("heartbeat_age_us")', by=("site", "plc"), every="30s", scopes=()),
        above=2_000_000,
        lasts="30s",
        severity="high",
        page="plcs",
    ),
    AlertRule(
        "reader-link",
        T("Reader link", "讀取器連線"),
        T(
            "Reader {{ $labels.reader }} does not answer: totes are refused and parcels set aside. Power, cable, another client?",
            "讀取器 {{ $labels.reader }} 未回應：物流箱被拒、包裹被擱置。請檢查電源、纜線或其他連線者。",
        ),
        select(schema.READER, 'min("up")', by=("site", "reader"), every="30s", scopes=()),
        below=1,
        severity="high",
        page="portals",
    ),
    AlertRule(
        "late-answers",
        T("Late answers", "逾時回應"),
        T(
            "Line {{ $labels.line }}: routes came too late for the PLC. Look at the round trip and at what else runs on this machine.",
            "產線 {{ $labels.line }}：路線來不及送達 PLC。請檢查往返時間與本機其他程式。",
        ),
        select(schema.REACTION, 'sum("late")', by=("site", "line"), every="1m", fill="0", scopes=()),
        above=0,
        reduce="sum",
        over_s=300,
        lasts="0s",
        page="decision-path",
    ),
    AlertRule(
        "slow-reaction",
        T("Slow reaction", "反應緩慢"),
        T(
            "Line {{ $labels.line }}: one route in a hundred takes longer than 50 ms from induction to PLC.",
            "產線 {{ $labels.line }}：百分之一的路線超過 50 毫秒。",
        ),
        select(schema.REACTION, 'percentile("reaction_us", 99)', by=("site", "line"), every="5m", scopes=()),
        above=50_000,
        lasts="5m",
        severity="low",
        page="decision-path",
    ),
    AlertRule(
        "no-reads",
        T("Not read", "未讀"),
        T(
            "Portal {{ $labels.portal }}: more than 5 % of passages without a tag. Reader, antennas, labels?",
            "讀取門 {{ $labels.portal }}：超過 5 % 無標籤。請檢查讀取器、天線與標籤。",
        ),
        select(schema.PASSAGE, 'mean("empty")', by=("site", "portal"), every="10m", scopes=()),
        above=0.05,
        over_s=1200,
        lasts="5m",
        page="portals",
    ),
    AlertRule(
        "not-confirmed",
        T("Missorted, lost or defaulted", "錯分、遺失或走預設"),
        T(
            "Line {{ $labels.line }}: more than 5 items in 10 minutes did not end where they were sent.",
            "產線 {{ $labels.line }}：10 分鐘內超過 5 件未到指定滑道。",
        ),
        select(schema.OUTCOME, 'sum("bad")', by=("site", "line"), every="1m", fill="0", scopes=()),
        above=5,
        reduce="sum",
        lasts="0s",
        page="lanes",
    ),
    AlertRule(
        "alarm-flood",
        T("Alarm flood", "警報氾濫"),
        T(
            "More than 10 alarms in 10 minutes: nobody can handle that. Look for the first one.",
            "10 分鐘內超過 10 次警報，無人能應付。請找出第一個。",
        ),
        select(schema.ALARM, 'sum("annunciated")', by=("site",), every="1m", fill="0", scopes=()),
        above=10,
        reduce="sum",
        lasts="0s",
        severity="low",
        page="reliability",
    ),
    AlertRule(
        "backlog",
        T("Backlog of a follower", "發布積壓"),
        T(
            "{{ $labels.follower }} of {{ $labels.controller }} is more than 50,000 records behind. Is its target up? `lanewise publish --status` says why.",
            "{{ $labels.controller }} 的 {{ $labels.follower }} 落後超過五萬筆。請以 lanewise publish --status 查看原因。",
        ),
        select(schema.BACKLOG, 'max("records")', by=("site", "controller", "follower"), every="1m", scopes=()),
        above=50_000,
        lasts="5m",
        severity="low",
        page="decision-path",
    ),
    AlertRule(
        "set-aside",
        T("Points set aside", "資料點被擱置"),
        T(
            "The target of {{ $labels.publisher }} refuses points: `lanewise publish --set-aside` shows them with its reason.",
            "{{ $labels.publisher }} 的目標拒收資料點：以 lanewise publish --set-aside 查看原因。",
        ),
        select(
            schema.PUBLISHER, 'max("set_aside") - min("set_aside")', by=("site", "publisher"), every="10m", scopes=()
        ),
        above=0,
        over_s=1200,
        lasts="0s",
        severity="low",
        page="decision-path",
    ),
    AlertRule(
        "disk",
        T("Disk nearly full", "磁碟將滿"),
        T(
            "Less than 1 GB beside the journal of {{ $labels.controller }}. When it is full nothing is acknowledged and parcels take the default lane.",
            "{{ $labels.controller }} 的日誌磁碟不足 1 GB；寫滿後不再確認，包裹走預設滑道。",
        ),
        select(schema.CONTROLLER, 'min("disk_free_bytes")', by=("site", "controller"), every="1m", scopes=()),
        below=1_000_000_000,
        lasts="5m",
        page="decision-path",
    ),
)


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
    span = {"from": rule.over_s, "to": 0}
    evaluator = (
        {"type": "gt", "params": [rule.above]} if rule.above is not None else {"type": "lt", "params": [rule.below]}
    )
    asked = {"refId": "A", "query": rule.query, "rawQuery": True, "resultFormat": "time_series"}
    reduced = {
        "refId": "B",
        "type": "reduce",
        "expression": "A",
        "reducer": rule.reduce,
        "settings": {"mode": "dropNN"},
    }
    judged = {"refId": "C", "type": "threshold", "expression": "B", "conditions": [{"evaluator": evaluator}]}
    return {
        "uid": f"lanewise-{rule.name}",
        "title": f"{rule.title.en} · {rule.title.zh}",
        "condition": "C",
        "for": rule.lasts,
        "noDataState": rule.silence,
        "execErrState": "KeepLast",
        "isPaused": False,
        "labels": {"severity": rule.severity, "system": "lanewise"},
        "annotations": {
            "summary": rule.summary.en,
            "summary_zh": rule.summary.zh,
            "__dashboardUid__": page_uid,
            "__panelId__": str(panel),
        },
        "data": [
            {"refId": "A", "relativeTimeRange": span, "datasourceUid": DATA_SOURCE_UID, "model": asked},
            {"refId": "B", "relativeTimeRange": span, "datasourceUid": "__expr__", "model": reduced},
            {"refId": "C", "relativeTimeRange": span, "datasourceUid": "__expr__", "model": judged},
        ],
    }
