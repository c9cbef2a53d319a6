#!/usr/bin/env bash
# The tree-sitter grammar of Structured Text reads A ** B ** C from the right; IEC 61131-3 reads it from the left.
#
# Packages: tree-sitter==0.26.1, tree-sitter-iec61131-3-st==0.1.2 (PyPI)
# Guess: operators of one rank are taken from left to right, ** as well as * and - (IEC 61131-3, expressions), so the tree
#   of 2 ** 3 ** 2 is that of (2 ** 3) ** 2 = 64.
# Behaviour: the tree is that of 2 ** (3 ** 2) = 512, as in mathematics and Python, while - and / are taken from the left. No
#   error node says so: who formats, translates or simulates by the tree calculates otherwise than the PLC.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages tree-sitter==0.26.1 tree-sitter-iec61131-3-st==0.1.2

"$python" -I - >"$saw" <<'PYTHON'
import tree_sitter_iec61131_3_st
from tree_sitter import Language, Parser


def shape(node):
    return f"({' '.join(map(shape, node.children))})" if node.children else node.text.decode()


def assigned(node):
    if node.type == "assignment_statement":
        return node
    return next(filter(None, map(assigned, node.children)), None)


parser = Parser(Language(tree_sitter_iec61131_3_st.language()))
for expression in ("2 - 3 - 2", "2 / 3 / 2", "2 ** 3 ** 2"):
    root = parser.parse(f"PROGRAM p VAR x : LREAL; END_VAR x := {expression}; END_PROGRAM".encode()).root_node
    print(f"{expression}: errors {root.has_error}, {shape(assigned(root))}")
PYTHON

still_seen <<'SEEN'
2 - 3 - 2: errors False, (x := ((2 - 3) - 2) ;)
2 / 3 / 2: errors False, (x := ((2 / 3) / 2) ;)
2 ** 3 ** 2: errors False, (x := (2 ** (3 ** 2)) ;)
SEEN
