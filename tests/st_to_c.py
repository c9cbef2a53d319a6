"""Structured Text to C, for the part of IEC 61131-3 that plc/st uses; the syntax tree is tree-sitter's.

Public names: to_c, StError.

UINT and UDINT become C's, and what would depend on a controller ends the program instead: a result outside UDINT, an
index outside its array, a conversion that loses something. AND and OR evaluate both sides, as a controller may. The C
compiler checks the types: no UDINT fits into a UINT without being told to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import tree_sitter
import tree_sitter_iec61131_3_st
from tree_sitter import Node

ELEMENTARY = {"BOOL": "bool", "UINT": "uint16_t", "UDINT": "uint32_t"}
CONVERSIONS = {"UINT_TO_UDINT": "(uint32_t)", "UDINT_TO_UINT": "to_uint"}
ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "quotient", "MOD": "rest"}
COMPARISONS = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "AND": "&", "OR": "|"}
RESERVED = frozenset(
    [
        "action",
        "array",
        "at",
        "bit",
        "bool",
        "by",
        "byte",
        "case",
        "configuration",
        "constant",
        "date",
        "dint",
        "do",
        "dword",
        "else",
        "elsif",
        "en",
        "end",
        "eno",
        "exit",
        "false",
        "for",
        "from",
        "function",
        "if",
        "int",
        "interval",
        "ldate",
        "lint",
        "literal",
        "ltime",
        "lword",
        "method",
        "mod",
        "not",
        "of",
        "on",
        "or",
        "priority",
        "program",
        "real",
        "repeat",
        "resource",
        "retain",
        "return",
        "sint",
        "step",
        "string",
        "struct",
        "super",
        "task",
        "then",
        "this",
        "time",
        "to",
        "tod",
        "transition",
        "true",
        "type",
        "udint",
        "uint",
        "ulint",
        "until",
        "usint",
        "var",
        "while",
        "with",
        "within",
        "word",
        "wstring",
        "xor",
    ]
)
"""Words that IEC 61131-3 or a controller keeps to itself, in lower case."""
PRELUDE = """#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
static inline uint32_t whole(uint64_t n) { if (n > UINT32_MAX) abort(); return (uint32_t)n; }
static inline uint32_t add(uint64_t a, uint64_t b) { return whole(a + b); }
static inline uint32_t sub(uint64_t a, uint64_t b) { return whole(a - b); }
static inline uint32_t mul(uint64_t a, uint64_t b) { return whole(a * b); }
static inline uint32_t quotient(uint32_t a, uint32_t b) { if (!b) abort(); return a / b; }
static inline uint32_t rest(uint32_t a, uint32_t b) { if (!b) abort(); return a % b; }
static inline uint16_t to_uint(uint32_t n) { if (n > UINT16_MAX) abort(); return (uint16_t)n; }
static inline uint32_t within(uint32_t i, uint32_t count) { if (i >= count) abort(); return i; }
"""


class StError(Exception):
    """No Structured Text, or beyond the part that is translated; names file, line and what stands there."""


def to_c(sources: Sequence[Path]) -> str:
    """One C text from files in the order in which they declare what the next ones use."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_iec61131_3_st.language()))
    translation = _Translation()
    for source in sources:
        root = parser.parse(source.read_bytes()).root_node
        for node in _all(root):
            if node.type == "ERROR" or node.is_missing:
                raise StError(f"{source.name}:{node.start_point[0] + 1}: {_text(node)[:60]!r}")
        try:
            translation.add(root)
        except StError as error:
            raise StError(f"{source.name}:{error}") from None
    return PRELUDE + "\n".join(translation.lines) + "\n"


class _Translation:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.arrays: dict[str, tuple[str, int]] = {}  # type: element, count
        self.fields: dict[tuple[str, str], str] = {}  # structure, field: type
        self.functions: dict[str, list[tuple[str, bool]]] = {}  # name: parameters, each by reference or not
        self.results: dict[str, str] = {}
        self.names: dict[str, str] = {}  # of the current unit, in C
        self.types: dict[str, str] = {}  # of the current unit's variables

    def add(self, root: Node) -> None:
        for node in root.named_children:
            match node.type:
                case "type_declaration":
                    for inner in node.named_children:
                        self._type(inner)
                case "function_declaration" | "program_declaration":
                    self._unit(node)
                case "comment":
                    pass
                case _:
                    raise _beyond(node)

    def _type(self, node: Node) -> None:
        if node.type == "comment":
            return
        name, spec = _named(node)
        if spec.type == "array_type":
            numbers = [int(_text(one)) for one in _all(spec) if one.type == "integer_literal"]
            element = _text(spec.named_children[-1])
            if numbers[0] != 0:
                raise _beyond(spec)
            self.arrays[name] = (element, numbers[1] + 1)
            self.lines.append(f"typedef struct {{ {self._c(element)} at[{numbers[1] + 1}]; }} {name};")
        elif spec.type == "structure_type_inline":
            self.lines.append("typedef struct {")
            for field, kind in _variables(spec):
                self.fields[name, field] = kind
                self.lines.append(f"    {self._c(kind)} {field};")
            self.lines.append(f"}} {name};")
        else:
            raise _beyond(spec)

    def _c(self, kind: str) -> str:
        return ELEMENTARY.get(kind, kind)

    def _unit(self, node: Node) -> None:
        name = _text(_field(node, "name"))
        program = node.type == "program_declaration"
        sections = {
            kind: [pair for part in node.named_children if part.type == kind for pair in _variables(part)]
            for kind in ("var_input", "var_in_out", "var_output", "var_block")
        }
        inputs, shared, outputs, own = sections.values()
        self.types = dict(inputs + shared + outputs + own)
        start = [(_text(_field(v, "names")), _text(i)) for v in _all(node)
                 if v.type == "variable_declaration" and (i := v.child_by_field_name("initial_value"))]  # fmt: skip
        if program:
            self.lines += ["typedef struct {", *(f"    {self._c(k)} {v};" for v, k in self.types.items())]
            values = ", ".join(f".{variable} = {self._literal(value)}" for variable, value in start)
            self.lines += [f"}} {name}_t;", f"static {name}_t {name}_v = {{{values}}};", f"static void {name}(void) {{"]
            self.names = {variable: f"{name}_v.{variable}" for variable in self.types}
        else:
            result = _text(_field(node, "return_type"))
            self.results[name] = result
            self.functions[name] = [(v, False) for v, _ in inputs] + [(v, True) for v, _ in shared]
            parameters = [f"{self._c(k)} {v}" for v, k in inputs] + [f"{self._c(k)} *{v}" for v, k in shared]
            self.lines.append(f"static {self._c(result)} {name}({', '.join(parameters)}) {{")
            self.lines += [f"    {self._c(kind)} {v} = {{0}};" for v, kind in [*own, ("result", result)]]
            self.names = {v: v for v in self.types} | {v: f"(*{v})" for v, _ in shared} | {name: "result"}
            self.types[name] = result
        self.lines += self._body(node.children_by_field_name("body"), 1)
        self.lines += ["}"] if program else ["    return result;", "}"]

    def _body(self, statements: Sequence[Node], depth: int) -> Iterator[str]:
        pad = "    " * depth
        for node in statements:
            match node.type:
                case "comment" | "empty_statement" | ";":
                    pass
                case "assignment_statement":
                    left, right = _field(node, "left"), _field(node, "right")
                    yield f"{pad}{self._value(left)} = {self._value(right)};"
                case "if_statement":
                    yield f"{pad}if ({self._value(_field(node, 'condition'))}) {{"
                    yield from self._body(node.children_by_field_name("consequence"), depth + 1)
                    for part in node.named_children:
                        if part.type == "elsif_clause":
                            yield f"{pad}}} else if ({self._value(_field(part, 'condition'))}) {{"
                            yield from self._body(part.children_by_field_name("body"), depth + 1)
                        elif part.type == "else_clause":
                            yield f"{pad}}} else {{"
                            yield from self._body(part.children_by_field_name("body"), depth + 1)
                    yield f"{pad}}}"
                case "while_statement":
                    yield f"{pad}while ({self._value(_field(node, 'condition'))}) {{"
                    yield from self._body(node.children_by_field_name("body"), depth + 1)
                    yield f"{pad}}}"
                case "for_statement":
                    control, start, end = (self._value(_field(node, name)) for name in ("control", "start", "end"))
                    yield f"{pad}for ({control} = {start}; {control} <= {end}; {control}++) {{"
                    yield from self._body(node.children_by_field_name("body"), depth + 1)
                    yield f"{pad}}}"
                case "case_statement":
                    yield f"{pad}switch ({self._value(_field(node, 'subject'))}) {{"
                    for clause in (part for part in node.named_children if part.type == "case_clause"):
                        values = [part for part in clause.named_children if part.type == "case_value"]
                        yield pad + " ".join(f"case {self._literal(_text(value))}:" for value in values) + " {"
                        yield from self._body(clause.children_by_field_name("body"), depth + 1)
                        yield f"{pad}    break; }}"
                    yield f"{pad}    default: break;"
                    yield f"{pad}}}"
                case _:
                    raise _beyond(node)

    def _value(self, node: Node) -> str:
        match node.type:
            case "identifier":
                if _text(node) not in self.names:
                    raise _beyond(node)
                return self.names[_text(node)]
            case "integer_literal" | "boolean_literal":
                return self._literal(_text(node))
            case "parenthesized_expression":
                return f"({self._value(node.named_children[0])})"
            case "member_access_expression":
                return f"{self._value(_field(node, 'object'))}.{_text(_field(node, 'member'))}"
            case "index_expression":
                array = _field(node, "object")
                count = self.arrays[self._kind(array)][1]
                return f"{self._value(array)}.at[within({self._value(_field(node, 'index'))}, {count})]"
            case "unary_expression":
                return f"!({self._value(node.named_children[-1])})"
            case "binary_expression":
                sign = _text(_field(node, "operator")).upper()
                left, right = self._value(_field(node, "left")), self._value(_field(node, "right"))
                if sign in ARITHMETIC:
                    return f"{ARITHMETIC[sign]}({left}, {right})"
                if sign in COMPARISONS:
                    return f"(({left}) {COMPARISONS[sign]} ({right}))"
                raise _beyond(node)
            case "call_expression":
                return self._call(node)
            case _:
                raise _beyond(node)

    def _call(self, node: Node) -> str:
        name = _text(_field(node, "function"))
        arguments = _field(node, "arguments").named_children
        if name in CONVERSIONS:
            return f"{CONVERSIONS[name]}({self._value(arguments[0])})"
        given = {_text(_field(one, "name")): self._value(_field(one, "value")) for one in arguments}
        if name not in self.functions or given.keys() != {parameter for parameter, _ in self.functions[name]}:
            raise _beyond(node)
        by_place = (f"&{given[one]}" if shared else given[one] for one, shared in self.functions[name])
        return f"{name}({', '.join(by_place)})"

    def _kind(self, node: Node) -> str:
        match node.type:
            case "identifier":
                return self.types[_text(node)]
            case "member_access_expression":
                return self.fields[self._kind(_field(node, "object")), _text(_field(node, "member"))]
            case "index_expression":
                return self.arrays[self._kind(_field(node, "object"))][0]
            case _:
                raise _beyond(node)

    def _literal(self, text: str) -> str:
        if text.upper() in ("TRUE", "FALSE"):
            return text.lower()
        return f"{int(text.removeprefix('16#'), 16 if text.startswith('16#') else 10)}u"


def _named(node: Node) -> tuple[str, Node]:
    parts = [part for part in node.named_children if part.type != "comment"]
    return _text(parts[0]), parts[1]


def _variables(node: Node) -> Iterator[tuple[str, str]]:
    for part in node.named_children:
        if part.type == "comment":
            continue
        kind = part.child_by_field_name("type")
        if kind is None:
            raise _beyond(part)
        for name in part.children_by_field_name("names") or part.children_by_field_name("name"):
            if _text(name).lower() in RESERVED:
                raise StError(f"{name.start_point[0] + 1}: {_text(name)!r} is a reserved word")
            if name.is_named:
                yield _text(name), _text(kind)


def _field(node: Node, name: str) -> Node:
    found = node.child_by_field_name(name)
    if found is None:
        raise _beyond(node)
    return found


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)


def _beyond(node: Node) -> StError:
    return StError(f"{node.start_point[0] + 1}: {node.type} {_text(node)[:60]!r} is not translated")
