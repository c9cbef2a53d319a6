"""docs/epc.md says what the code does: its tables are made from the code and compared."""

from __future__ import annotations

from pathlib import Path

from epc_tags import VECTORS

from rfid.epc.identity import DateKind, classify, decode, describe
from rfid.epc.schemes import ROWS, SCHEME_OF_HEADER, Partitioned, Plus


def scheme_rows() -> list[str]:
    """Each scheme with its header, width and worked example."""
    rows = ["| scheme | header | bits | EPC memory | element string | pure identity URI |", "|---|---|---|---|---|---|"]
    for scheme, row in ROWS.items():
        (epc_hex,) = (vector[1] for vector in VECTORS if vector[0] == scheme)
        described = describe(epc_hex)
        bits = "varies" if isinstance(row, Plus) or not row.bits else str(row.bits)
        cells = [f"`{value}`" if value else "-" for value in (described["element_string"], described["uri"])]
        rows.append(f"| {scheme} | 0x{row.header:02X} | {bits} | `{epc_hex}` | {' | '.join(cells)} |")
    return rows


def link_rows() -> list[str]:
    """One example for each key: link, and tag URI where there is one."""
    rows = ["| key | GS1 Digital Link | tag URI |", "|---|---|---|"]
    for kind in dict.fromkeys(row.kind for row in ROWS.values()):
        scheme = next(scheme for scheme, row in ROWS.items() if row.kind is kind)
        (epc_hex,) = (vector[1] for vector in VECTORS if vector[0] == scheme)
        tag = decode(epc_hex)
        link = f"`{tag.digital_link}`" if tag.digital_link else "-"
        rows.append(f"| {kind.upper()} | {link} | `{tag.tag_uri}` |")
    return rows


def date_rows() -> list[str]:
    """What a DSGTIN+ may say."""
    rows = ["| date type | application identifier | date |", "|---|---|---|"]
    return rows + [f"| {kind.value[0]} | {kind.ai} | {kind.name.lower().replace('_', ' ')} |" for kind in DateKind]


def header_rows() -> list[str]:
    """Headers that are named and not decoded."""
    rows = ["| header | what it is |", "|---|---|"]
    for header in range(256):
        what = classify(f"{header:02X}" + "0" * 21 + "1")
        if header not in SCHEME_OF_HEADER and not what.startswith("unknown"):
            rows.append(f"| 0x{header:02X} | {what.removesuffix(' is not decoded').removeprefix('header 0xE2 ')} |")
    return rows


def test_the_page_agrees_with_the_code(project: Path) -> None:
    page = (project / "docs" / "epc.md").read_text(encoding="utf-8")
    for table in (scheme_rows(), link_rows(), date_rows(), header_rows()):
        wanted = "\n".join(table)
        assert f"\n{wanted}\n\n" in f"{page}\n", f"docs/epc.md must have this table:\n{wanted}"


def test_each_row_of_the_table_is_a_sum_of_its_parts() -> None:
    for scheme, row in ROWS.items():
        if isinstance(row, Partitioned) and row.bits:
            assert scheme.endswith(str(row.bits))
