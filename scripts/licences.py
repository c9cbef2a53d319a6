"""The licences of everything that is installed in a folder: python scripts/licences.py SITE_PACKAGES [--check].

Public names: Licence, licences, refused, stray, listed.

With `--check` only says what may not be in it: GPL and AGPL. LGPL may, unmodified and replaceable, as modules are.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path

_NAMES = {
    "Apache-2.0": r"apache( software)?( license)?,?( version)? ?-?2(\.0)?|apache software license|^apache$",
    "BSD-3-Clause": r"bsd-3-clause|3-clause bsd|new bsd|modified bsd",
    "BSD-2-Clause": r"bsd-2-clause",
    "LGPL-3.0": r"lgpl|lesser general public",
    "MPL-2.0": r"mpl|mozilla public",
    "ISC": r"^isc",
    "MIT": r"^mit( license)?( .*)?$|^the mit license",
    "PSF-2.0": r"psf|python software foundation",
    "BSD": r"bsd",
    "EPL-2.0": r"epl|eclipse public",
}
_NEVER = re.compile(r"(?<!L)\bA?GPL|(?<!lesser )general public licen[cs]e|affero", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Licence:
    """``says``: the licence as the package says it, an SPDX expression where it has one."""

    name: str
    version: str
    says: str


def licences(folder: Path) -> list[Licence]:
    """Of every distribution in a folder, by name."""
    found = [_licence(path) for path in folder.glob("*.dist-info/METADATA")]
    return sorted(found, key=lambda one: one.name.lower())


def refused(found: Sequence[Licence]) -> list[str]:
    """What may not be in it, and what says nothing of its licence."""
    bad = [f"{one.name} {one.version}: {one.says}: may not come along" for one in found if _forbidden(one.says)]
    return bad + [f"{one.name} {one.version}: says no licence" for one in found if not one.says]


def stray(folder: Path) -> list[str]:
    """Texts of the GPL that lie among modules, whatever the package says of itself: a font has brought one."""
    named = [
        path for path in folder.rglob("*") if re.search(r"copying|gpl", path.name, re.IGNORECASE) and path.is_file()
    ]
    return [
        f"{path.relative_to(folder)}: a text of the GPL"
        for path in named
        if not any(part.endswith(".dist-info") for part in path.parts)
        and re.search(
            r"GNU (Affero )?General Public", path.read_text(encoding="utf-8", errors="replace"), re.IGNORECASE
        )
    ]


def listed(found: Iterable[Licence]) -> str:
    """For people: a line each."""
    return "".join(f"{one.name} {one.version}: {one.says}\n" for one in found)


def _licence(metadata: Path) -> Licence:
    told = message_from_string(metadata.read_text(encoding="utf-8"))
    says = told["License-Expression"] or ""
    if not says:
        classified = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier", ()) if one.startswith("License")]
        says = " OR ".join(_known(one) for one in classified if one != "OSI Approved") or _known(told["License"] or "")
    return Licence(told["Name"], told["Version"], says)


def _known(said: str) -> str:
    """Its name in SPDX's list, or its own first line."""
    first = said.strip().partition("\n")[0]
    for name, pattern in _NAMES.items():
        if re.search(pattern, first, re.IGNORECASE):
            return name
    return first[:80]


def _forbidden(says: str) -> bool:
    """Whether each of its choices is forbidden, or a part that always holds."""
    return all(any(_NEVER.search(part) for part in re.split(r"\bAND\b", one)) for one in re.split(r"\bOR\b", says))


def main() -> int:
    """Prints them; 1 = one may not come along."""
    found = licences(Path(sys.argv[1]))
    if "--check" not in sys.argv:
        print(listed(found), end="")
    bad = [*refused(found), *stray(Path(sys.argv[1]))]
    print("".join(f"{line}\n" for line in bad), end="", file=sys.stderr)
    return int(bool(bad) or not found)


if __name__ == "__main__":
    sys.exit(main())
