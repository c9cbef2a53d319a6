"""InfluxQL for Grafana: queries whose every name is looked up in the telemetry's schema.

Public names: Influx, select, totals, recent, values_of, SCOPES, HOUR, NOW, FLOW_NOW, FIGURES_NOW.

The dialect is what InfluxDB 1.x, 2.x (by DBRP) and 3 Core share: aggregates, percentile, grouping by time and tags,
arithmetic on them, regular expressions on tags and text fields; no subqueries.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from grafana_foundation_sdk.cog.variants import Dataquery

from edge.publish import schema
from edge.publish.schema import BASE_TAGS, Measurement

SCOPES = ("site", "controller", "line", "lane", "reader", "portal", "plc", "point", "dock", "follower")
"""Tags that a page narrows by its variables of the same names."""
HOUR = "3600000 / $__interval_ms"
"""Times a count or sum of one step of time: what that is an hour."""
NOW = "time > ${__to}ms - 30s"
"""The newest of what is written every 10 s; nothing once nobody writes it."""
_STEP = "$__interval, ${__to}001u"
"""Steps end with the chosen time, a microsecond behind its last point: a step of the calendar that has just begun
looks as if the line stood still."""
FLOW_NOW = "time > ${__to}ms - 3m"
"""The same of what is written every minute."""
FIGURES_NOW = "time > ${__to}ms - 11m"
"""The same of key figures."""
_OFTEN_ABSENT = {
    **{name: {"controller"} for name in schema.OF_SITE},  # the site as a whole is of none
    schema.ALARM.name: {"line", "plc"},
    schema.ANOMALY.name: {"line"},
    schema.REQUEST.name: {"line", "lane"},
}
"""Tags that not every point of a measurement has: no regular expression finds an absent tag in InfluxDB 3. And those by
which a page must not narrow."""
_NAMES = re.compile(r'"([a-z_]+)"')
_RENAMED = re.compile(r'AS "[^"]*"')


class Influx(Dataquery):
    """One query of Grafana's InfluxDB data source; ``alias`` names its series: ``$tag_lane``, ``$col``."""

    def __init__(self, query: str, alias: str = "", table: bool = False, ref: str = "A") -> None:
        self.query = query
        self.alias = alias
        self.table = table
        self.ref = ref

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        return {
            "alias": self.alias,
            "datasource": {"type": "influxdb", "uid": "${datasource}"},
            "query": self.query,
            "rawQuery": True,
            "refId": self.ref,
            "resultFormat": "table" if self.table else "time_series",
        }


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a vertical line in the graphs says: a text field, and tags."""

    query: str
    text: str
    tags: str


class AnnotationTarget(Dataquery):
    """An annotation's query, as Grafana's InfluxDB data source wants it."""

    def __init__(self, annotation: Annotation, name: str) -> None:
        self._annotation = annotation
        self._name = name

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        return {
            "fromAnnotations": True,
            "name": self._name,
            "query": self._annotation.query,
            "queryType": "tags",
            "rawQuery": True,
            "refId": "annotationQuery",
            "tagsColumn": self._annotation.tags,
            "textColumn": self._annotation.text,
        }


def select(
    source: Measurement,
    what: str,
    *,
    where: str = "",
    by: tuple[str, ...] = (),
    every: bool = False,
    fill: str = "null",
    scopes: Collection[str] = SCOPES,
) -> str:
    """An aggregate over the chosen time. ``by``: tags; ``every``: also by steps of time, those without a point too.

    ``scopes``: variables of the page that narrow it, as far as the
    measurement has such tags. Raises ValueError for a name that the measurement does not have.
    """
    parts = [part for part in (f"time({_STEP})" if every else "", *(f'"{tag}"' for tag in by)) if part]
    group = f" GROUP BY {', '.join(parts)}" + (f" fill({fill})" if every else "") if parts else ""
    return _from(source, what, where, scopes, by) + group


def totals(source: Measurement, what: str, *, by: tuple[str, ...], where: str = "") -> str:
    """An aggregate over the chosen time for each value of some tags, in a column `value`."""
    return select(source, f'{what} AS "value"', by=by, where=where)


def recent(
    source: Measurement, what: str, *, where: str = "", limit: int = 50, scopes: Collection[str] = SCOPES
) -> str:
    """The newest points themselves, newest first."""
    return f"{_from(source, what, where, scopes, ())} ORDER BY time DESC LIMIT {limit}"


def values_of(source: Measurement, tag: str) -> str:
    """The values of a tag, for a variable; narrowed by the site."""
    _known(source, f'"{tag}"')
    where = "" if tag == "site" else f" WHERE {_scope('site')}"
    return f'SHOW TAG VALUES FROM "{source.name}" WITH KEY = "{tag}"{where}'


def _from(source: Measurement, what: str, where: str, scopes: Collection[str], by: tuple[str, ...]) -> str:
    _known(source, " ".join((what, where, *(f'"{tag}"' for tag in by))))
    tags = {*BASE_TAGS, *source.tags} - _OFTEN_ABSENT.get(source.name, set())
    narrowed = [_scope(scope) for scope in scopes if scope in tags]
    return (
        f'SELECT {what} FROM "{source.name}" WHERE {" AND ".join(("$timeFilter", *narrowed, *filter(None, (where,))))}'
    )


def _scope(tag: str) -> str:
    return f'"{tag}" =~ /^${{{tag}:regex}}$/'


def _known(source: Measurement, text: str) -> None:
    known = {*BASE_TAGS, *source.tags, *(field.name for field in source.fields)}
    unknown = set(_NAMES.findall(_RENAMED.sub("", text))) - known
    if unknown:
        raise ValueError(f"{source.name}: {', '.join(sorted(unknown))}: allowed are {', '.join(sorted(known))}")
