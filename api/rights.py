"""Which action each route is: the one table that requests are let in by, and that docs/rights.md is written from.

Public names: ROUTES, OPEN, OWN, Needed, needed.

A route that has no line is refused to everybody. `edge.core.values.rights` says who may do what.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from edge.core.values.rights import Action

Needed: TypeAlias = Action | Literal["open", "own"]
OPEN: Literal["open"] = "open"
"""Whoever reaches the server: words, what has secrets of its own, and the way in."""
OWN: Literal["own"] = "own"
"""Whoever is signed in, of his own account."""

_BY_ACTION: dict[Needed, str] = {
    OPEN: """
        GET /api/words | GET /api/openapi.json | GET /login | POST /login | GET /login/oidc | GET /login/oidc/back
        GET /api/v1/session
        POST /api/v1/hooks/{carrier} | GET /track/{token} | POST /track/{token}
    """,
    OWN: """
        GET /account | POST /account/password | POST /account/session | POST /logout | POST /api/v1/page-session
    """,
    Action.VIEW: """
        GET / | GET /index.html | GET /docks.html
        GET /api/orders/{order_id:path} | GET /api/lookup/{key:path} | GET /api/lines | GET /api/state
        GET /api/history | GET /api/health | GET /api/live | GET /api/alarms | GET /api/points
        GET /api/docks | GET /api/loads
        GET /api/loads/{load_id} | GET /api/loads/{load_id}/manifest.csv | GET /api/loads/{load_id}/manifest.pdf
        GET /stock | GET /stock/a/{sku:path} | GET /waves | GET /waves/w/{wave:path} | GET /carriers | GET /parcels
        GET /kpis | GET /kpis/k/{name} | GET /kpis/shift/{name} | GET /kpis/shift/{name}/report.pdf
        GET /api/v1/stock | GET /api/v1/stock/movements | GET /api/v1/stock/audit | GET /api/v1/stock/cover
        GET /api/v1/stock/{sku}
        GET /api/v1/waves | GET /api/v1/waves/late | GET /api/v1/waves/measured | GET /api/v1/waves/{wave}
        GET /api/v1/waves/unplanned
        GET /api/v1/waves/{wave}/materials | GET /api/v1/pick-tasks | GET /api/v1/pick-tasks/{task}
        GET /api/v1/put-backs | GET /api/v1/parcels | GET /api/v1/parcels/{sscc}
        GET /api/v1/services | GET /api/v1/services/pickups | GET /api/v1/services/suspensions
        GET /api/v1/services/stuck | GET /api/v1/services/moves | GET /api/v1/services/choices
        GET /api/v1/services/scorecard | POST /api/v1/services/what-if | GET /api/v1/stations
        GET /api/v1/stations/{station}/weight | GET /api/v1/quality | GET /api/v1/quality/rates | GET /api/v1/lots
        GET /find | GET /t/{key:path} | GET /api/v1/search
        GET /lists/{name} | GET /lists/{name}.csv | GET /api/v1/lists/{name} | GET /api/v1/lists/{name}.csv
        GET /alarms | GET /alarms/history | GET /alarms/figures | GET /alarms/a/{alarm} | GET /log
        GET /api/v1/alarms | GET /api/v1/alarms/list.csv | GET /api/v1/alarms/history
        GET /api/v1/alarms/history.csv | GET /api/v1/alarms/figures | GET /api/v1/log | GET /api/v1/log.csv
        POST /api/v1/packing/plan | GET /api/v1/kpis | GET /api/v1/kpis/days.csv | GET /api/v1/kpis/days.xlsx
        GET /api/v1/kpis/definitions | GET /api/v1/kpis/shifts/{shift} | GET /api/v1/kpis/{kpi}/behind
    """,
    Action.PERSON: """
        GET /orders | GET /orders/o/{order_id:path} | GET /orders/import | GET /orders/import/{run_id} | GET /cases
        GET /cases/c/{number} | GET /tracking | GET /parcels/{sscc}
        GET /api/v1/sales-orders | GET /api/v1/sales-orders/{order_id:path}
        GET /api/v1/sales-orders/{order_id:path}/timeline | GET /api/v1/imports | GET /api/v1/imports/{run_id}
        GET /api/v1/cases | GET /api/v1/cases/causes | GET /api/v1/cases/actions | GET /api/v1/cases/ledger
        GET /api/v1/cases/evidence/{parcel}.zip | GET /api/v1/cases/{number} | GET /api/v1/cases/{number}/suggestions
        GET /api/v1/tracking | GET /api/v1/tracking/codes | GET /api/v1/tracking/{sscc}
        GET /api/v1/tracking/feedback.csv | GET /cases/c/{number}/label.{kind}
        GET /api/v1/cases/{number}/label.{kind}
    """,
    Action.PEOPLE: "GET /kpis/people | GET /api/v1/kpis/people",
    Action.EVENTS: """
        GET /metrics | GET /api/v1/events | GET /api/v1/webhooks | GET /api/v1/webhooks/{name}/refused
        POST /api/v1/webhooks/{name}/again
    """,
    Action.AUDIT: "GET /audit | GET /audit/export.csv | GET /api/v1/audit | GET /api/v1/audit/check",
    Action.LANE: "POST /api/lines/{line}/lanes/{lane}",
    Action.ALARM: """
        POST /api/alarms/{alarm}/{action} | POST /alarms/a/{alarm}/{action} | POST /api/v1/alarms/{alarm}/{action}
    """,
    Action.POINT: "POST /api/plcs/{plc}/points/{station}/{role}",
    Action.LOAD: """
        POST /api/loads | POST /api/loads/{load_id}/close | POST /api/loads/{load_id}/add
        POST /api/loads/{load_id}/remove
    """,
    Action.ORDER: """
        POST /api/orders | GET /orders/new | POST /orders/new | POST /orders/import
        POST /orders/o/{order_id:path}/{action} | GET /orders/blocklist | POST /orders/blocklist
        POST /orders/blocklist/{seq}/remove | POST /api/v1/sales-orders | POST /api/v1/imports
        POST /api/v1/sales-orders/{order_id:path}/release | POST /api/v1/sales-orders/{order_id:path}/hold
        POST /api/v1/sales-orders/{order_id:path}/amend | POST /api/v1/sales-orders/{order_id:path}/cancel
        POST /api/v1/sales-orders/{order_id:path}/merge | POST /api/v1/sales-orders/{order_id:path}/split
        POST /api/v1/sales-orders/{order_id:path}/contact | POST /api/v1/sales-orders/{order_id:path}/pay
        POST /api/v1/sales-orders/{order_id:path}/put-back
        POST /api/v1/sales-orders/{order_id:path}/delivery-refused
        GET /api/v1/blocklist | POST /api/v1/blocklist | POST /api/v1/blocklist/{seq}/remove
    """,
    Action.STOCK: """
        POST /stock/import | POST /api/v1/stock/movements | POST /api/v1/stock/counts | POST /api/v1/stock/imports
    """,
    Action.WAVE: """
        POST /waves/{action} | POST /api/v1/waves/plan | POST /api/v1/waves/{wave}/release
        POST /api/v1/waves/{wave}/withdraw
    """,
    Action.PICK: """
        GET /picks | POST /picks/{action} | GET /picks/t/{task}/list.html | GET /picks/t/{task}/list.pdf
        GET /api/v1/pick-tasks/{task}/list.html | GET /api/v1/pick-tasks/{task}/list.pdf
        POST /api/v1/pick-tasks/claim | POST /api/v1/pick-tasks/{task}/hand-back
        POST /api/v1/pick-tasks/{task}/lines/{n} | PUT /api/v1/totes/{tote} | POST /api/v1/totes/{tote}/emptied
        GET /put-backs | POST /put-backs/{action} | POST /api/v1/put-backs/{seq}/done
    """,
    Action.PACK: """
        GET /station/pack | POST /station/pack/{action} | GET /parcels/{sscc}/label.{kind} | POST /parcels/{action}
        POST /api/v1/parcels | POST /api/v1/parcels/blocks | GET /api/v1/parcels/{sscc}/label.{kind}
        POST /api/v1/parcels/{sscc}/print | POST /api/v1/parcels/{sscc}/void | GET /api/v1/parcels/{sscc}/items
        GET /api/v1/stations/{station}/pack/{order} | POST /api/v1/stations/{station}/pack
    """,
    Action.QUALITY: """
        GET /station/quality | POST /station/quality/{action} | POST /api/v1/stations/{station}/quality
        POST /api/v1/quality/{seq}/settle
    """,
    Action.LOT: "POST /api/v1/lots/block | POST /api/v1/lots/free | POST /api/v1/lots/supplier",
    Action.CARRIER: """
        POST /carriers/{action} | POST /api/v1/services/suspensions | POST /api/v1/services/suspensions/{seq}/end
        POST /api/v1/services/{service}/suspend
    """,
    Action.TRACK: "POST /api/v1/tracking/imports | POST /api/v1/tracking/numbers",
    Action.RETURN: """
        GET /station/returns | POST /station/returns/{action} | POST /api/v1/cases/gate
        POST /api/v1/cases/{number}/units/{unit}
    """,
    Action.CASE: """
        POST /cases/{action} | POST /cases/c/{number}/{action} | POST /api/v1/cases | POST /api/v1/cases/returns
        POST /api/v1/cases/actions | POST /api/v1/cases/actions/{seq}/done | POST /api/v1/cases/{number}/settle
        POST /api/v1/cases/{number}/take | POST /api/v1/cases/{number}/close | POST /api/v1/cases/{number}/causes
        POST /api/v1/cases/{number}/{action}
    """,
    Action.ENGINEERING: """
        GET /engineering | GET /engineering/portal/{line}.svg | POST /engineering/trial | GET /api/v1/engineering
        POST /api/v1/lines/{line}/trial
    """,
    Action.CONFIGURE: "POST /api/v1/lines/{line}/config",
    Action.COUNT: "POST /api/v1/kpis/count",
    Action.ACCOUNTS: "GET /accounts | POST /accounts/{action} | GET /api/v1/accounts",
}


def _lines(text: str) -> list[tuple[str, str]]:
    found = [one.split() for line in text.splitlines() for one in line.split("|") if one.strip()]
    return [(method, path) for method, path in found]


ROUTES: dict[tuple[str, str], Needed] = {route: needs for needs, text in _BY_ACTION.items() for route in _lines(text)}
"""By method and route template."""


def needed(method: str, template: str) -> Needed | None:
    """What somebody needs who asks a route; None = it has no line, and nobody may."""
    return ROUTES.get(("GET" if method == "HEAD" else method, template))
