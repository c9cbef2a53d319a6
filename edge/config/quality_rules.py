"""What quality looks at, from SITE.toml to what decisions go by.

Public names: quality_rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.config.stations import QualityTable
from edge.orders.quality import MILLION, Aspect, QualityRule, QualityRules


def quality_rules(table: QualityTable) -> QualityRules:
    """The rules of a site."""
    return QualityRules(
        per_million=round(table.share * MILLION),
        aspects=_aspects(table.aspects),
        new_lot_units=table.new_lot,
        rules=tuple(
            QualityRule(
                sku=one.sku,
                supplier=one.supplier,
                per_million=round(one.share * MILLION),
                aspects=_aspects(one.aspects),
            )
            for one in table.rule
        ),
    )


def _aspects(names: Iterable[str]) -> tuple[Aspect, ...]:
    return tuple(Aspect(one) for one in dict.fromkeys(names))
