"""A dict that tells what changed in it, so that a large one need not be stored whole again and again.

Public names: NotedDict, NotedChange, NotedChanges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Generic, NamedTuple, TypeVar

V = TypeVar("V")


class NotedChange(NamedTuple, Generic[V]):
    """What a key is now. ``new``: it came in behind all others; else it stands where it stood. ``gone``: it is out."""

    value: V | None
    new: bool
    gone: bool = False


class NotedChanges(NamedTuple, Generic[V]):
    """By key, in the order in which they came in. ``whole``: it is all there is, and no other key is left."""

    whole: bool
    changed: dict[str, NotedChange[V]]

    def then(self, later: NotedChanges[V]) -> NotedChanges[V]:
        """Both as one."""
        if later.whole:
            return later
        changed = dict(self.changed)
        for key, one in later.changed.items():
            before = changed.pop(key, None) if one.new else changed.get(key)
            changed[key] = one._replace(new=one.new or (before is not None and before.new and not one.gone))
        return NotedChanges(self.whole, changed)


class NotedDict(dict[str, V]):
    """As a dict. ``taken`` tells what changed since it was taken before; the first time, that is all of it.

    Values must be frozen: who takes them looks at them later, in another thread.
    """

    __slots__ = ("_changed",)

    def __init__(self, given: Mapping[str, V] | Iterable[tuple[str, V]] = ()) -> None:
        super().__init__(given)
        self._changed: dict[str, NotedChange[V]] | None = None

    def begin(self) -> None:
        """What it holds now was taken, in this order, as by another that was the same."""
        self._changed = {}

    def taken(self) -> NotedChanges[V]:
        """What changed since then; it is not told again."""
        before, self._changed = self._changed, {}
        if before is None:
            return NotedChanges(True, {key: NotedChange(value, new=True) for key, value in self.items()})
        return NotedChanges(False, before)

    def __setitem__(self, key: str, value: V) -> None:
        changed = self._changed
        if changed is not None:
            new = key not in self
            before = changed.pop(key, None) if new else changed.get(key)
            changed[key] = NotedChange(value, new or (before is not None and before.new))
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        if self._changed is not None:
            self._changed[key] = NotedChange(None, new=False, gone=True)

    def pop(self, key: str, *default: Any) -> Any:
        """As a dict's."""
        if key not in self and default:
            return default[0]
        value = self[key]
        del self[key]
        return value

    # A dict's own would pass by what is noted.
    popitem = MutableMapping.popitem
    clear = MutableMapping.clear
    update = MutableMapping.update
    setdefault = MutableMapping.setdefault

    def __ior__(self, other: object) -> NotedDict[V]:  # type: ignore[override, misc]
        self.update(other)  # type: ignore[call-overload]
        return self
