"""Where orders come from, `[channels.NAME]` of SITE.toml: which column says what, and how its numbers are written.

Public names: ChannelTable, ColumnsTable, ItemsTable, Columns, Zone, Encoding, channel_problems.

A channel starts from its preset (`edge/config/channel_presets.py`); every key that it gives stands in that one's place,
within ``columns`` and ``items`` key by key.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from edge.config.channel_presets import PRESETS
from edge.config.table import Beside, Frozen
from edge.core.values.text import one_line


def _listed(given: object) -> object:
    return ((given,) if given else ()) if isinstance(given, str) else given


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone: give one of the IANA database, as 'Asia/Taipei'") from None
    return name


def _encoding(name: str) -> str:
    try:
        "1,".encode(name)
        return codecs.lookup(name).name
    except (LookupError, UnicodeError):
        raise ValueError("no such encoding: allowed are names as 'utf-8', 'utf-16', 'gb18030', 'big5'") from None


_Column = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line)]
Columns = Annotated[tuple[_Column, ...], BeforeValidator(_listed), Field(max_length=10)]
"""One column or several, of which the first that is not empty counts; ``A + B`` are two that belong together."""
_Word = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Zone = Annotated[str, AfterValidator(_zone)]
Encoding = Annotated[str, AfterValidator(_encoding)]
_Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
_Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class ItemsTable(Frozen):
    """What stands for each article. A name is a column, or a list of which the first that is not empty counts;
    `"A + B"` are columns whose texts belong together, a name with a dot is a path in JSON."""

    order: Columns = Field(default=(), description="the order's number; required")
    line: Columns = Field(default=(), description="the channel's own number of the line, by which repeats are known")
    sku: Columns = Field(default=(), description="the article, as the shop calls it; it or `gtin` is required")
    gtin: Columns = Field(default=(), description="its GTIN")
    product: Columns = Field(default=(), description="its name")
    quantity: Columns = Field(default=(), description="how many; required")
    price: Columns = Field(default=(), description="what it costs; `price_of` says of what")
    line_discount: Columns = Field(default=(), description="what is taken off the line")


class ColumnsTable(ItemsTable):
    """Which column says what. A name is a column, or a list of which the first that is not empty counts: so an address
    that was changed wins over the first one. `"A + B"` are columns whose texts belong together, a name with a dot is a
    path in JSON. With preset `generic` a
    column is called as its key. What a file does not have is empty."""

    revision: Columns = Field(default=(), description="time or number of the order's last change; the later wins")
    status: Columns = Field(default=(), description="the order's state; `take` says which are taken")
    ordered: Columns = Field(default=(), description="when it was ordered")
    paid_at: Columns = Field(default=(), description="when it was paid; not empty = all is paid")
    ship_by: Columns = Field(default=(), description="when it must be shipped")
    promised: Columns = Field(default=(), description="the day that the customer was promised")
    currency: Columns = Field(default=(), description="its currency")
    total: Columns = Field(default=(), description="what the customer pays for all of it")
    paid: Columns = Field(default=(), description="what is paid of it")
    paid_state: Columns = Field(default=(), description="whether it is paid; `paid_words` say yes")
    freight: Columns = Field(default=(), description="freight in the total")
    discount: Columns = Field(default=(), description="discount in the total")
    tax: Columns = Field(default=(), description="tax on top of the prices")
    method: Columns = Field(default=(), description="how it is paid; `cod_words` say at the door")
    service: Columns = Field(default=(), description="the service that the customer wishes")
    priority: Columns = Field(default=(), description="a whole number; the higher, the sooner")
    note: Columns = Field(default=(), description="what the customer says")
    name: Columns = Field(default=(), description="who gets it")
    phone: Columns = Field(default=(), description="the phone; an extension or a mask is known as such")
    email: Columns = Field(default=(), description="the mail address")
    country: Columns = Field(default=(), description="two letters, or a word of `countries`")
    region: Columns = Field(default=(), description="province, state or county")
    city: Columns = Field(default=(), description="city")
    district: Columns = Field(default=(), description="district")
    postcode: Columns = Field(default=(), description="postcode")
    street: Columns = Field(default=(), description="the rest of the address, or all of it")


class ChannelTable(Frozen):
    """A shop or marketplace whose orders come as files or JSON. What is not given is as its preset says."""

    preset: Literal["generic", "taobao", "jd", "pinduoduo", "shopify", "woocommerce", "amazon"] = Field(
        default="generic", description="what the rest starts from; [channels](channels.md) says how each is"
    )
    folder: Beside | None = Field(
        default=None, description="a folder that is watched for its files; none = there is none"
    )
    columns: ColumnsTable = Field(default=ColumnsTable(), description="which column says what")
    items: ItemsTable = Field(
        default=ItemsTable(),
        description="the columns of a second file with the articles, joined by the order's number; empty = none",
    )
    encodings: Annotated[tuple[Encoding, ...], BeforeValidator(_listed), Field(min_length=1, max_length=6)] = Field(
        default=("utf-8",),
        description="in which its text may come; the header proves which it is, never that it can be read so",
    )
    delimiters: Annotated[
        tuple[Literal["comma", "semicolon", "tab", "bar"], ...], BeforeValidator(_listed), Field(min_length=1)
    ] = Field(default=("comma", "semicolon", "tab"), description="between two cells; the header proves which")
    sheet: str = Field(default="", description="the sheet of a workbook; empty = the first that has the header")
    orders_at: str = Field(default="", description="in JSON: the key of the list of orders; empty = JSON is that list")
    lines_at: str = Field(default="lines", description="in JSON: the key of an order's list of articles")
    rows: Literal["every", "first"] = Field(
        default="first",
        description="what concerns the whole order stands in every row, the same, or in its first and may be left out "
        "below, the order's number as well",
    )
    same_rows: Literal["refuse", "repeat", "lines"] = Field(
        default="refuse",
        description="two rows of one order that are alike, without `line`: refused, one that came twice, two lines",
    )
    footers: tuple[_Word, ...] = Field(
        default=("合计", "合計", "总计", "總計", "小计", "小計", "共", "Total", "Sum", "Summe", "Gesamt"),
        description="a row that begins so and has no more than two other cells is not of an order",
    )
    take: tuple[_Word, ...] = Field(default=(), description="states that are taken; others are counted; empty = all")
    amounts: Literal["order", "line"] = Field(
        default="order",
        description="`total`, `freight` and `discount` are the order's, each row says the same, or a row's part",
    )
    price_of: Literal["unit", "line"] = Field(default="unit", description="`price` is that of one, or of the line")
    decimal: Literal[".", ","] = Field(default=".", description="the decimal sign; the other one groups thousands")
    digits: int = Field(default=2, ge=0, le=4, description="digits behind it that the currency has here")
    currency: _Currency | Literal[""] = Field(default="", description="where no column says it")
    payment: Literal["prepaid", "deposit", "cod", "credit"] = Field(
        default="prepaid", description="who has to pay when"
    )
    cod_words: tuple[_Word, ...] = Field(
        default=("货到付款", "貨到付款", "COD", "Cash on Delivery (COD)"),
        description="`method`: it is paid at the door",
    )
    paid_words: tuple[_Word, ...] = Field(default=(), description="`paid_state`: all is paid")
    settled: bool = Field(default=False, description="what it brings is paid to it, but for what is paid at the door")
    time_zone: Zone = Field(default="UTC", description="of times that do not say theirs")
    dates: tuple[_Word, ...] = Field(
        default=(),
        description="how its times are written, as `%d.%m.%Y %H:%M`, besides 2026-11-30, 2026/11/30 09:30:00 and "
        "ISO 8601; the first that fits",
    )
    country: _Country | Literal[""] = Field(default="", description="where no column says it")
    countries: dict[str, _Country] = Field(default={}, description='words for countries, as `Taiwan = "TW"`')
    allow_merge: bool = Field(
        default=True,
        description="its orders may ship in one parcel with others of the same consignee; false = the marketplace "
        "forbids it",
    )
    limit_mb: int = Field(default=64, ge=1, le=1024, description="a larger file is refused")

    @property
    def of_two_files(self) -> bool:
        """Whether the articles stand in a file of their own."""
        return bool(self.items.order)

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        name = given.get("preset", "generic")
        preset = PRESETS.get(name, {}) if isinstance(name, str) else {}
        made: dict[str, Any] = {**preset, **given}
        for key in ("columns", "items"):
            if isinstance(given.get(key), Mapping) and key in preset:
                made[key] = {**preset[key], **given[key]}
        return made


def channel_problems(channels: Mapping[str, ChannelTable]) -> Iterator[str]:
    """What a single key cannot say; paths begin at ``channels``."""
    folders: dict[str, str] = {}
    for name, channel in channels.items():
        here = f"channels.{name}"
        items = channel.items if channel.of_two_files else channel.columns
        where = f"{here}.items" if channel.of_two_files else f"{here}.columns"
        if not channel.columns.order:
            yield f"{here}.columns.order: missing: a channel's orders have numbers"
        if not items.quantity:
            yield f"{where}.quantity: missing: how many of an article"
        if not items.sku and not items.gtin:
            yield f"{where}.sku: missing: required is sku or gtin"
        if channel.take and not channel.columns.status:
            yield f"{here}.take: {list(channel.take)}: without columns.status nothing says a state"
        if channel.folder is not None:
            other = folders.setdefault(str(channel.folder), name)
            if other != name:
                yield f"{here}.folder: {str(channel.folder)!r}: channels.{other} has this folder already"
