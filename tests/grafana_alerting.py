"""What Grafana's alerting makes of a rule over time: its expressions, its states, and when people are told.

Public names: Instance, Told, Evaluator.

Sources: Grafana 13.2, "Alert rule evaluation": pending period, No Data and Error states, stale alert instances (two
evaluations without their series resolve one); "Expressions": reduce, resample, math and threshold, and that
a binary operation on series drops those whose labels only one side has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from grafana.ask import Series

Json: TypeAlias = dict[str, Any]
Labels: TypeAlias = tuple[tuple[str, str], ...]
Numbers: TypeAlias = dict[Labels, float]
Points: TypeAlias = dict[Labels, list[tuple[float, float]]]
STALE_AFTER = 2
_UNITS = {"s": 1, "m": 60, "h": 3600}
_TERM = re.compile(r"\$(\w+) ([<>]) (\d+)")


class Told(NamedTuple):
    """People are told: an instance fires, or is resolved."""

    at_s: float
    labels: Labels
    fires: bool


@dataclass(slots=True)
class Instance:
    """One series of a rule. ``since_s``: when the limit was passed first; ``missed``: evaluations without it."""

    state: str = "Normal"
    since_s: float = 0
    missed: int = 0


def seconds(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1]]


class Evaluator:
    """One rule. Give it every evaluation's answers, or None where the database gave an error."""

    def __init__(self, rule: Json) -> None:
        self._rule = rule
        self._lasts_s = seconds(rule["for"])
        self._instances: dict[Labels, Instance] = {}
        self.told: list[Told] = []

    def evaluate(self, at_s: float, answers: Mapping[str, Sequence[Series]] | None) -> None:
        """One evaluation, at a time. ``answers``: by the query's refId."""
        if answers is None:
            self._all(at_s, self._rule["execErrState"])
            return
        found = self._condition(at_s, answers)
        if not found:
            self._all(at_s, self._rule["noDataState"])
            return
        for labels, number in found.items():
            self._next(at_s, labels, fires=number != 0)
        for labels, instance in list(self._instances.items()):
            if labels not in found:
                instance.missed += 1
                if instance.missed >= STALE_AFTER:
                    self._next(at_s, labels, fires=False)
                    del self._instances[labels]

    def _all(self, at_s: float, state: str) -> None:
        """Without an answer: the same for every instance, or for one without labels."""
        for labels in list(self._instances) or [()]:
            if state != "KeepLast":
                self._next(at_s, labels, fires=state == "Alerting")

    def _next(self, at_s: float, labels: Labels, *, fires: bool) -> None:
        instance = self._instances.setdefault(labels, Instance())
        instance.missed = 0
        if not fires:
            if instance.state == "Alerting":
                self.told.append(Told(at_s, labels, fires=False))
            instance.state = "Normal"
            return
        if instance.state == "Normal":
            instance.state, instance.since_s = "Pending", at_s
        if instance.state == "Pending" and at_s - instance.since_s >= self._lasts_s:
            instance.state = "Alerting"
            self.told.append(Told(at_s, labels, fires=True))

    def _condition(self, at_s: float, answers: Mapping[str, Sequence[Series]]) -> Numbers:
        points: dict[str, Points] = {}
        numbers: dict[str, Numbers] = {}
        for part in self._rule["data"]:
            model, ref = part["model"], part["refId"]
            match model.get("type"):
                case None:
                    points[ref] = _points(answers[ref])
                case "resample":
                    from_s = at_s - part["relativeTimeRange"]["from"]
                    points[ref] = _resampled(points[model["expression"]], from_s, at_s, seconds(model["window"]))
                case "reduce":
                    numbers[ref] = _last(points[model["expression"]], model["settings"])
                case "threshold":
                    evaluator = model["conditions"][0]["evaluator"]
                    (limit,) = evaluator["params"]
                    above = evaluator["type"] == "gt"
                    asked = numbers[model["expression"]]
                    numbers[ref] = {key: float(one > limit if above else one < limit) for key, one in asked.items()}
                case "math":
                    numbers[ref] = _product(_TERM.findall(model["expression"]), numbers)
                case other:
                    raise AssertionError(other)
        return numbers[self._rule["condition"]]


def _points(answer: Sequence[Series]) -> Points:
    return {
        tuple(sorted(series.tags.items())): [
            (float(row[0] or 0) / 1000, float(row[1])) for row in series.rows if row[1] is not None
        ]
        for series in answer
    }


def _resampled(series: Points, from_s: float, to_s: float, window_s: int) -> Points:
    """Sums of the windows that end at each step from the range's begin on; nothing where there is nothing."""
    made: Points = {}
    for labels, points in series.items():
        steps = [from_s + at * window_s for at in range(int((to_s - from_s) / window_s) + 1)]
        sums: dict[float, float] = {}
        for at_s, value in points:
            step = next((step for step in steps if at_s <= step), None)
            if step is not None:
                sums[step] = sums.get(step, 0.0) + value
        made[labels] = [(step, sums.get(step, float("nan"))) for step in steps]
    return made


def _last(series: Points, settings: Json) -> Numbers:
    made = {}
    for labels, points in series.items():
        values = [value for _, value in points]
        if settings["mode"] == "replaceNN":
            values = [settings["replaceWithValue"] if value != value else value for value in values]
        else:
            values = [value for value in values if value == value]
        if values:
            made[labels] = values[-1]
    return made


def _product(terms: Sequence[tuple[str, str, str]], numbers: Mapping[str, Numbers]) -> Numbers:
    """Comparisons, multiplied; a series that one side lacks is dropped."""
    assert terms
    sides = [
        {key: float(one < int(limit) if sign == "<" else one > int(limit)) for key, one in numbers[ref].items()}
        for ref, sign, limit in terms
    ]
    made = sides[0]
    for side in sides[1:]:
        made = {key: one * side[key] for key, one in made.items() if key in side}
    return made
