"""Search: any text, in a store with a warehouse in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge.intake.sales_orders import EXAMPLE, entry_of
from edge.orders.articles import Article
from edge.site import catalogue, finding
from edge.site.store import SiteStore
from edge.views.spoken import asked_for
from edge.views.words.table import LANGUAGES, say
from fuzz.borders import Take
from fuzz.texts import seeds as texts

_NOW_US = 1_790_000_000_000_000


def seeds() -> Iterable[bytes]:
    """As of texts, and what is in the store."""
    yield from texts()
    yield from (b"1001", b"SKU-3", b"B3-1", b"mug", "王小明".encode(), b"ming@example.org", b"%_\\", b"'\"")


@contextmanager
def opened(folder: Path) -> Iterator[Take]:
    """With a store in a file."""
    with closing(SiteStore(f"sqlite:///{folder / 'site.sqlite'}")) as store:
        with store.connections.writing() as db:
            articles = [catalogue.Sku(Article(sku=f"SKU-{at}", mass_g=200), f"article {at}") for at in range(8)]
            catalogue.put_skus(db, articles)
        drafts = [entry_of({**EXAMPLE, "external": f"{1000 + at}"}).draft for at in range(20)]
        store.take_sales([draft for draft in drafts if draft is not None], _NOW_US)

        def take(octets: bytes) -> None:
            asked = asked_for(octets.decode("utf-8", "replace"))
            with store.connections.reading() as db:
                for hit in finding.find(db, store.keys, asked, ("TW", "DE"), True):
                    for language in LANGUAGES:
                        assert say(hit.said, language)

        yield take
