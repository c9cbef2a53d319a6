"""What may stand in a text that people write: one line that can be read.

Public names: one_line.
"""

from __future__ import annotations

_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
)


def one_line(text: str) -> str:
    """The text as it is stored: every space a plain one (also the wide one of Chinese keyboards), none around it.

    Raises ValueError for what cannot be read or breaks the line: control characters, line ends, marks that nobody sees
    or that turn the direction, lone surrogates. Source: The Unicode Standard, 4.5 General Category: Zs, and C*, Zl, Zp.
    """
    text = text.translate(_SPACES).strip(" ")
    for one in text:
        if not one.isprintable():
            raise ValueError(f"character U+{ord(one):04X}: allowed are printable characters only")
    return text
