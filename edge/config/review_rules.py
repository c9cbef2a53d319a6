"""What [review] of SITE.toml means to those who review orders.

Public names: review_rules, review_problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from edge.config.review import ReviewTable
from edge.orders.review import ReviewRule, ReviewRules, Weight

_RULES = [str(rule) for rule in ReviewRule]


def review_rules(table: ReviewTable) -> ReviewRules:
    """Of a table without problems."""
    weights = {
        **dict.fromkeys(map(ReviewRule, table.warn), Weight.WARN),
        **dict.fromkeys(map(ReviewRule, table.hold), Weight.HOLD),
    }
    return ReviewRules(
        off=frozenset(map(ReviewRule, table.off)),
        weights=weights,
        **table.model_dump(exclude={"off", "warn", "hold"}),
    )


def review_problems(table: ReviewTable) -> Iterator[str]:
    """Rules that there are not, and rules that are in more than one list."""
    seen: dict[str, str] = {}
    for key, names in (("off", table.off), ("warn", table.warn), ("hold", table.hold)):
        for place, name in enumerate(names):
            here = f"review.{key}.{place}: {name!r}"
            if name not in _RULES:
                near = get_close_matches(name, _RULES, n=1)
                said = f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(_RULES)}"
                yield f"{here}: no such rule: {said}"
            elif seen.setdefault(name, key) != key:
                yield f"{here}: is in review.{seen[name]} too, give it once"
