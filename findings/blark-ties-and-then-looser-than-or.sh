#!/usr/bin/env bash
# A AND_THEN B OR C of a TwinCAT program is A AND_THEN (B OR C) for blark; for the PLC it is (A AND_THEN B) OR C.
#
# Packages: blark==0.8.3 (PyPI)
# Guess: AND_THEN ties as AND does, and both tighter than XOR and OR (CODESYS and TwinCAT, operators of ST), so a check of
#   interlocks that is made with blark's tree sees what the PLC does.
# Behaviour: AND and XOR and OR are right; AND_THEN stands on the step of OR, or below it, and takes the OR behind it with it. The
#   tree of an interlock has guards before a condition that has none in the machine.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages blark==0.8.3

"$python" -I - >"$saw" <<'PYTHON'
from blark.parse import parse_source_code

LINES = (
    "q := guard AND closed OR manual;",
    "q := guard AND_THEN closed OR manual;",
    "q := manual OR guard AND_THEN closed;",
    "q := guard AND_THEN closed XOR manual;",
    "q := guard OR_ELSE closed AND manual;",
    "q := guard AND_THEN closed OR_ELSE manual;",
)


def tree(expression):
    if hasattr(expression, "left"):
        return f"({tree(expression.left)} {expression.op} {tree(expression.right)})"
    return str(expression)


source = "\n".join(("FUNCTION_BLOCK gate", "VAR q, guard, closed, manual : BOOL; END_VAR", *LINES, "END_FUNCTION_BLOCK"))
(block,) = parse_source_code(source).transform().items
for statement in block.body.statements:
    print(str(statement).strip().rstrip(";"), "is", tree(statement.expression))
PYTHON

still_seen <<'SEEN'
q := guard AND closed OR manual is ((guard AND closed) OR manual)
q := guard AND_THEN closed OR manual is (guard AND_THEN (closed OR manual))
q := manual OR guard AND_THEN closed is ((manual OR guard) AND_THEN closed)
q := guard AND_THEN closed XOR manual is (guard AND_THEN (closed XOR manual))
q := guard OR_ELSE closed AND manual is (guard OR_ELSE (closed AND manual))
q := guard AND_THEN closed OR_ELSE manual is ((guard AND_THEN closed) OR_ELSE manual)
SEEN
