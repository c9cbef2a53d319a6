"""Totes by numbers of a house's own: what a tag or barcode is called, and back.

Public names: ToteNames, names_by, plans_of, plan_problems.

A `TotePlan` says by a pattern which tags, GS1 keys or barcodes are totes, and how each is called:

    hex:AC10{n:20x}                  EPC memory in hexadecimal, no EPC of GS1
    (01)09521141123454(21){n}        a GS1 key, on a tag as well as in a barcode
    T-{n:6}                          a barcode as it is

``{n}`` is a number without leading zeros, ``{n:6}`` one of six digits, ``{n:8x}`` one of eight hexadecimal digits,
``{s:a}`` a text of letters, digits and ``._/-``. In a name the digits are the fewest that are written. Each part stands
once in the pattern and once in the name, so that the one follows from the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from edge.core.values.layout import TotePlan
from rfid.epc.identity import begins_epc, check_digit, identity_of_hex

HEX = "hex:"
_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)(?::(?:([1-9][0-9]?)(x?)|(a)))?\}")
_DIGITS, _HEX_DIGITS = "0123456789", "0123456789ABCDEF"
_TEXT = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._/-"
_LONGEST_NUMBER, _LONGEST_TEXT, _LONGEST_NAME = 20, 20, 40
_CARD = 10
"""Hexadecimal digits of a 125 kHz card; a tag has whole words of four, and more than that."""
_NAME = re.compile(rf"[A-Za-z][{re.escape(_TEXT)}]*")
_NO_HEX = re.compile(r"[G-Zg-z]")
_ITEM = re.compile(r"\(01\)([0-9]{14})\(21\)")
_KEYS = ("(01)", "(8003)", "(8004)", "urn:epc:id:gid:")
_ALLOWED = "{n}, {n:6} for six digits, {n:8x} for eight hexadecimal ones, {s:a} for a text"


@dataclass(frozen=True, slots=True)
class _Field:
    """``base``: 10, 16, or 0 for a text. ``width``: digits, 0 = as many as there are."""

    name: str
    base: int
    width: int

    @property
    def chars(self) -> str:
        return {10: _DIGITS, 16: _HEX_DIGITS}.get(self.base, _TEXT)


_Parts = tuple[str | _Field, ...]


def _parts(text: str) -> _Parts:
    """Literal texts and fields. Raises ValueError for a brace that begins or ends none."""
    found: list[str | _Field] = []
    end = 0
    for field in _FIELD.finditer(text):
        found.append(text[end : field.start()])
        name, width, is_hex, is_text = field.groups()
        found.append(_Field(name, 0 if is_text else 16 if is_hex else 10, int(width or 0)))
        end = field.end()
    found.append(text[end:])
    for part in found:
        if isinstance(part, str) and ("{" in part or "}" in part):
            raise ValueError(f"{text!r}: a brace that is no part: allowed are {_ALLOWED}")
    return tuple(part for part in found if part != "")


def _fields(parts: _Parts) -> list[_Field]:
    return [part for part in parts if isinstance(part, _Field)]


def _expression(parts: _Parts, *, named: bool) -> re.Pattern[str]:
    """``named``: digits are the fewest that are written."""

    def of(part: str | _Field) -> str:
        if isinstance(part, str):
            return re.escape(part)
        digits, first = f"[{part.chars}]", f"[{part.chars[1:]}]"
        if part.base == 0:
            return f"([{re.escape(_TEXT)}]{{1,{_LONGEST_TEXT}}})"
        if not part.width:
            return f"(0|{first}{digits}{{0,{_LONGEST_NUMBER - 1}}})"
        more = f"|{first}{digits}{{{part.width},{_LONGEST_NUMBER + part.width}}}" if named else ""
        return f"({digits}{{{part.width}}}{more})"

    return re.compile("".join(map(of, parts)))


def _read(expression: re.Pattern[str], parts: _Parts, text: str) -> dict[str, int | str] | None:
    found = expression.fullmatch(text)
    if found is None:
        return None
    fields = _fields(parts)
    return {
        one.name: int(value, one.base) if one.base else value for one, value in zip(fields, found.groups(), strict=True)
    }


def _written(parts: _Parts, values: Mapping[str, int | str]) -> str:
    def of(part: str | _Field) -> str:
        if isinstance(part, str):
            return part
        value = values[part.name]
        return f"{value:0{part.width}{'X' if part.base == 16 else 'd'}}" if isinstance(value, int) else value

    return "".join(map(of, parts))


class _Plan:
    """One plan, ready to be asked."""

    def __init__(self, plan: TotePlan) -> None:
        self.is_hex = plan.pattern.startswith(HEX)
        self.is_key = plan.pattern.startswith(_KEYS)
        self.pattern = _parts(plan.pattern.removeprefix(HEX))
        self.name = _parts(plan.name)
        self._pattern = _expression(self.pattern, named=False)
        self._name = _expression(self.name, named=True)

    def name_of(self, text: str) -> str | None:
        values = _read(self._pattern, self.pattern, text)
        return None if values is None else _written(self.name, values)

    def text_of(self, name: str) -> str | None:
        values = _read(self._name, self.name, name)
        if values is None:
            return None
        text = _written(self.pattern, values)
        return text if self._pattern.fullmatch(text) else None  # a number may have more digits than the pattern holds


class ToteNames:
    """What totes are called. GRAIs, ``(8003)...``, are totes in any case, and called by their identity."""

    def __init__(self, plans: Sequence[TotePlan]) -> None:
        self._plans = [_Plan(plan) for plan in plans]

    def of_tag(self, epc_hex: str) -> str | None:
        """The tote that a tag is on; None = it is no tote's."""
        identity = identity_of_hex(epc_hex)
        for plan in self._plans:
            text = epc_hex if plan.is_hex else identity if plan.is_key else None
            if text is not None and (name := plan.name_of(text)) is not None:
                return name
        return identity if identity is not None and identity.startswith("(8003)") else None

    def of_code(self, code: str) -> str | None:
        """The tote that a code is on, as `BarcodesRead` tells it; None = it is no tote's."""
        for plan in self._plans:
            if not plan.is_hex and (name := plan.name_of(code)) is not None:
                return name
        return code if code.startswith("(8003)") else None

    def named(self, text: str) -> str | None:
        """The tote that somebody means by its name, its code or its tag in hexadecimal; None = no plan has it."""
        if any(plan.text_of(text) is not None for plan in self._plans):
            return text
        for plan in self._plans:
            if (name := plan.name_of(text.upper() if plan.is_hex else text)) is not None:
                return name
        return None

    def tag_of(self, name: str) -> str | None:
        """What the tag of a tote says: EPC memory in hexadecimal, or a GS1 key, whose filter value no plan tells.

        None: the plans know no tag of it.
        """
        return next((text for plan in self._plans if plan.is_hex or plan.is_key if (text := plan.text_of(name))), None)

    def code_of(self, name: str) -> str | None:
        """What the barcode of a tote says; None: the plans know none of it."""
        plans = sorted((plan for plan in self._plans if not plan.is_hex), key=lambda plan: plan.is_key)
        return next((text for plan in plans if (text := plan.text_of(name))), None)

    def numbered(self, number: int) -> str | None:
        """A name that the first plan has, another for each number as far as it goes; None without plans."""
        if not self._plans:
            return None
        plan = self._plans[0]
        values: dict[str, int | str] = {one.name: 0 if one.base else "A" for one in _fields(plan.pattern)}
        first = _fields(plan.pattern)[0]
        holds = first.base ** (first.width or 9) if first.base else 0
        values[first.name] = number % holds if first.base else str(number)
        return _written(plan.name, values)


@lru_cache(maxsize=64)
def names_by(plans: tuple[TotePlan, ...]) -> ToteNames:
    """By some plans, which are right."""
    return ToteNames(plans)


# ---- what is wrong with plans ----------------------------------------------------------------------------------------


def plan_problems(plans: Sequence[TotePlan]) -> Iterator[str]:
    """Each as ``<place>.<key>: <value>: what is wrong and what to do``."""
    good: list[tuple[int, TotePlan]] = []
    for place, plan in enumerate(plans):
        problems = list(_problems(plan))
        yield from (f"{place}.{problem}" for problem in problems)
        if not problems:
            good.append((place, plan))
    for at, (place, plan) in enumerate(good):
        for before, other in good[:at]:
            one, two = _Plan(plan), _Plan(other)
            if _kind(one) == _kind(two) and _meet(one.pattern, two.pattern, named=False):
                yield (
                    f"{place}.pattern: {plan.pattern!r}: tote.{before}.pattern can match the same: let what they begin "
                    "with, or their lengths, differ"
                )
            elif (one.is_hex or one.is_key) == (two.is_hex or two.is_key) and _meet(one.name, two.name, named=True):
                yield (
                    f"{place}.name: {plan.name!r}: tote.{before}.name can be the same for another tote: let what they "
                    "begin with differ"
                )


def _kind(plan: _Plan) -> str:
    return "hex" if plan.is_hex else "key" if plan.is_key else "code"


def _problems(plan: TotePlan) -> Iterator[str]:
    try:
        pattern = _parts(plan.pattern.removeprefix(HEX))
    except ValueError as error:
        yield f"pattern: {error}"
        return
    try:
        name = _parts(plan.name)
    except ValueError as error:
        yield f"name: {error}"
        return
    its, theirs = _fields(pattern), _fields(name)
    here = f"pattern: {plan.pattern!r}"
    if not its:
        yield f"{here}: names one tote alone: put a part where the numbers differ, {_ALLOWED}"
        return
    yield from _wrong_in(here, pattern, named=False)
    yield from _wrong_in(f"name: {plan.name!r}", name, named=True)
    known = {one.name: one.base == 0 for one in its}
    if sorted(one.name for one in theirs) != sorted(known) or any(known[one.name] != (one.base == 0) for one in theirs):
        yield (
            f"name: {plan.name!r}: cannot be turned back into its pattern: allowed is each of "
            f"{', '.join(f'{{{one.name}}}' for one in its)} once, a text as a text"
        )
    literal = "".join(part for part in name if isinstance(part, str))
    if not _NAME.match(plan.name) or set(literal) - set(_TEXT) or not _NO_HEX.search(literal):
        yield (
            f"name: {plan.name!r}: begins with a letter, has letters, digits and ._/- and one letter of G to Z, so "
            "that nobody takes it for an EPC or an SSCC"
        )
    yield from (f"{here}: {problem}" for problem in _not_a_tote(plan.pattern, pattern))


def _wrong_in(here: str, parts: _Parts, *, named: bool) -> Iterator[str]:
    names = [one.name for one in _fields(parts)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"{here}: {{{twice[0]}}} stands twice: allowed is each part once"
    for part, behind in pairwise(parts):
        if not isinstance(part, _Field) or (part.base and part.width and not named):
            continue
        first = behind[0] if isinstance(behind, str) else behind.chars
        if set(first) & set(part.chars):
            yield (
                f"{here}: where {{{part.name}}} ends cannot be told: give it a width, or put a character behind it "
                "that it has not"
            )


def _not_a_tote(text: str, parts: _Parts) -> Iterator[str]:
    """Why a pattern can match what is no tote."""
    lead = parts[0] if isinstance(parts[0], str) else ""
    if text.startswith(HEX):
        yield from _wrong_hex(lead, parts)
    elif text.startswith("(01)"):
        found = _ITEM.match(lead)
        if found is None or check_digit(found[1][:13]) != found[1][13]:
            yield "can match goods: give the totes' own article whole, (01), 14 digits with the right last one, (21)"
    elif text.startswith("(8004)"):
        if not re.match(r"\(8004\)[0-9]{6}", lead):
            yield "can match every asset: begin with your company prefix, 6 digits or more behind (8004)"
    elif text.startswith(("(00)", "00")):
        yield "can match the SSCC of a parcel: totes are numbered otherwise"
    elif text.startswith(("(", "urn:")):
        if not text.startswith(_KEYS):
            yield f"such a key names no tote: allowed begins with {', '.join(_KEYS)}"
    elif not re.search(r"[^0-9]", "".join(part for part in parts if isinstance(part, str))):
        yield "can match the barcode of goods or of a parcel: begin with a letter"


def _wrong_hex(lead: str, parts: _Parts) -> Iterator[str]:
    fields = _fields(parts)
    length = sum(len(part) if isinstance(part, str) else part.width for part in parts)
    if any(not part.width for part in fields) or any(
        isinstance(part, str) and set(part) - set(_HEX_DIGITS) for part in parts
    ):
        yield "is not as long each time, or no hexadecimal: allowed are 0-9, A-F, {n:6} and {n:8x}"
    elif length == _CARD:
        return
    elif length % 4 or length < 8:
        yield f"has {length} digits: a tag has whole words of four, a card {_CARD}"
    elif len(lead) < 2:
        yield "can match every tag: begin with two digits or more that your totes alone have"
    elif begins_epc(lead):
        yield (
            f"begins with {lead[:2]}, as goods and parcels do: write the key, as (01)…(21){{n}}, (8003)…{{n}} or "
            "(8004)…{s:a}"
        )


def _meet(one: _Parts, two: _Parts, *, named: bool) -> bool:
    """Whether a text can be both."""
    first, second = _steps(one, named), _steps(two, named)
    reached, waiting = {(0, 0)}, [(0, 0)]
    while waiting:
        a, b = waiting.pop()
        if a == len(first) and b == len(second):
            return True
        then: list[tuple[int, int]] = []
        if a < len(first) and first[a][1]:
            then.append((a + 1, b))
        if b < len(second) and second[b][1]:
            then.append((a, b + 1))
        if a < len(first) and b < len(second) and first[a][0] & second[b][0]:
            then.append((a + (not first[a][1]), b + (not second[b][1])))
        waiting += [state for state in then if state not in reached]
        reached.update(then)
    return False


def _steps(parts: _Parts, named: bool) -> list[tuple[frozenset[str], bool]]:
    """Characters one after the other; True = any number of them, or none."""
    steps: list[tuple[frozenset[str], bool]] = []
    for part in parts:
        if isinstance(part, str):
            steps += [(frozenset(char), False) for char in part]
            continue
        chars = frozenset(part.chars)
        steps += [(chars, False)] * (part.width or 1)
        if named or not part.width:
            steps.append((chars, True))
    return steps


def plans_of(layouts: Iterable[tuple[TotePlan, ...]]) -> tuple[TotePlan, ...]:
    """Of several lines, each once."""
    return tuple(dict.fromkeys(plan for plans in layouts for plan in plans))
