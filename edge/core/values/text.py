"""What may stand in a text that people write: one line that can be read.

Public names: one_line, plain_line, readable.
"""

from __future__ import annotations

import re

_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_UNSEEN = dict.fromkeys(
    one
    for first, last in (
        (0x00AD, 0x00AD), (0x061C, 0x061C), (0x180E, 0x180E), (0x200B, 0x200B), (0x200E, 0x200F), (0x202A, 0x202E),
        (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
    )
    for one in range(first, last + 1)
)  # fmt: skip
"""Format characters without a shape, but for U+200C and U+200D, which join letters and the parts of an emoji."""
_UNWRITTEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
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


def plain_line(text: str) -> str:
    """A text that other systems wrote, as a product's name, made one line as ``one_line`` stores it.

    Line breaks and tabs become a space; marks that nobody sees are left out, but for what joins an emoji. Raises
    ValueError for other control characters and lone surrogates, which no name has.
    """
    text = _BREAKS.sub(" ", text.translate(_SPACES)).translate(_UNSEEN)
    if (found := _UNWRITTEN.search(text)) is not None:
        raise ValueError(f"character U+{ord(found[0]):04X}: allowed are characters that can be written")
    return text.strip(" ")


def readable(text: str) -> str:
    """The text with what cannot be printed as an escape, ``\\x1b``: as a terminal or log may show what others wrote."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\u200c\u200d" else ascii(one)[1:-1] for one in text)
