"""Formula text straight to the intermediate representation, in the order it is written.

An allow-list over Python's syntax tree: what has no rule here is refused.  Nothing is
evaluated but exact rationals, within bounds.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from symgrad import fold
from symgrad.functions import NAMES
from symgrad.grammar import FormulaError, tree
from symgrad.program import Graph

__all__ = ["FormulaError", "Template", "parse"]


@dataclass(frozen=True)
class Template:
    """A formula of the spec's ``functions``: parameter names and text."""

    inputs: tuple[str, ...]
    text: str


def parse(
    text: str,
    graph: Graph,
    names: Mapping[str, int],
    *,
    functions: Mapping[str, Template] | None = None,
    condition_too: bool = False,
) -> int:
    """Build a formula in ``graph`` and return its value.

    ``names`` are the values that it may use, ``functions`` formulas that it may call
    besides the rows of the function table.  It is a number, or, if
    ``condition_too``, it may be a condition.

    Raises:
        FormulaError: all independent mistakes of the text, with their places.
    """
    root, lead = tree(text)
    parser = _Parser(graph, names, functions or {}, text, lead)
    value = parser.value(root) if condition_too else parser.number(root)
    if parser.mistakes:
        first, *_ = ordered = sorted(parser.mistakes, key=lambda m: (m.start, m.end))
        first.mistakes = tuple(ordered)
        raise first
    assert value is not None
    return value


_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.Mod: "Mod",
    ast.FloorDiv: "floordiv",
}
_CONNECTIVES: Mapping[type[ast.AST], str] = {
    ast.And: "and",
    ast.Or: "or",
    ast.BitAnd: "and",
    ast.BitOr: "or",
}
CONSTANTS = ("pi", "E")
"""Names of constants, where no input, let or output has them."""

NOT_BUILT: Mapping[str, str] = {
    **dict.fromkeys("sum mean prod amax amin norm var std cumsum".split(), "SG705"),
    **dict.fromkeys("logsumexp softmax log_softmax Sum Product".split(), "SG705"),
    **dict.fromkeys("inv det logdet trace transpose solve cholesky".split(), "SG704"),
    "root": "SG709",
    "Integral": "SG710",
    **dict.fromkeys("re im conjugate arg".split(), "SG702"),
}
"""Functions of the format whose meaning is not built yet, and the code that says so."""

_FOLDED_LEFT = frozenset({"Max", "Min"})
_WHOLE_FIRST = frozenset({"polygamma"})
"""Functions whose first argument is a whole number that is written out."""

Value = int | None
"""A value of the graph, or ``None`` where a mistake stands."""


@dataclass
class _Parser:
    """Walks a syntax tree; mistakes are collected, and poison what depends on them."""

    graph: Graph
    names: Mapping[str, int]
    functions: Mapping[str, Template]
    source: str
    lead: int
    mistakes: list[FormulaError] = field(default_factory=list)
    expanding: tuple[str, ...] = ()
    expanded: dict[tuple[str, tuple[int, ...]], int] = field(default_factory=dict)

    # what is asked for

    def number(self, node: ast.expr) -> Value:
        """A value that is not a condition."""
        value = self.value(node)
        if value is not None and self.graph[value].kind.is_condition:
            message = "a condition cannot be used as a number"
            return self.fail("SG208", message, node, "where(condition, 1, 0) makes it one")
        return value

    def condition(self, node: ast.expr) -> Value:
        """A value that is a condition."""
        value = self.value(node)
        if value is not None and not self.graph[value].kind.is_condition:
            message = "a number cannot be used as a condition"
            return self.fail("SG208", message, node, "compare it, such as x > 0")
        return value

    def fail(self, code: str, message: str, node: ast.AST, help: str | None = None) -> None:
        """Note a mistake at a node."""
        start = self.lead + getattr(node, "col_offset", 0)
        end = self.lead + (getattr(node, "end_col_offset", None) or start + 1)
        self.mistakes.append(FormulaError(code, message, start, end, help))

    def value(self, node: ast.expr) -> Value:
        """A value of any kind, by the rule of the node's type."""
        rule = _RULES.get(type(node))
        if rule is not None:
            return rule(self, node)
        if isinstance(node, ast.Subscript):
            return self.fail("SG701", "indices are not built yet", node)
        name = type(node).__name__
        return self.fail("SG204", f"{name} is not allowed in a formula", node)

    # leaves

    def constant(self, node: ast.Constant) -> Value:
        try:
            return self.graph.const(fold.literal(node, self.source, self.lead))
        except FormulaError as mistake:
            self.mistakes.append(mistake)
            return None

    def name(self, node: ast.Name) -> Value:
        if node.id in self.names:
            return self.names[node.id]
        if node.id in CONSTANTS:
            return self.graph.const(node.id)
        if node.id == "oo":
            return self.fail("SG207", "oo is not a finite number", node)
        if node.id == "I":
            return self.fail("SG702", "complex ops are not built yet", node)
        if node.id in NAMES or node.id in self.functions:
            return self.fail("SG210", f"the function '{node.id}' has no arguments", node)
        close = difflib.get_close_matches(node.id, [*self.names, *CONSTANTS], 1, 0.5)
        known = ", ".join(self.names) or "none"
        help = f"did you mean '{close[0]}'?" if close else f"known here: {known}"
        return self.fail("SG210", f"unknown name '{node.id}'", node, help)

    # operators

    def unary(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, (ast.Not, ast.Invert)):
            condition = self.condition(node.operand)
            return None if condition is None else self.graph.node("not", condition)
        operand = self.number(node.operand)
        if operand is None or isinstance(node.op, ast.UAdd):
            return operand
        return fold.arithmetic(self.graph, "neg", operand)

    def binary(self, node: ast.BinOp) -> Value:
        """A chain of operators, from the left; long sums are not deep."""
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        left: ast.expr = chain[-1].left
        logical = type(chain[-1].op) in _CONNECTIVES
        value = self.condition(left) if logical else self.number(left)
        for link in reversed(chain):
            value = self.link(link, left, value)
            left = link
        return value

    def link(self, node: ast.BinOp, left: ast.expr, value: Value) -> Value:
        """One operator, its left side already built."""
        if isinstance(node.op, ast.MatMult):
            return self.fail("SG704", "matrix products are not built yet", node)
        connective = _CONNECTIVES.get(type(node.op))
        wanted = self.condition if connective else self.number
        if value is not None and self.graph[value].kind.is_condition != bool(connective):
            self.number(left) if not connective else self.condition(left)
            value = None
        right = wanted(node.right)
        if value is None or right is None:
            return None
        if connective:
            return self.graph.node(connective, value, right)
        op = _ARITHMETIC.get(type(node.op))
        if op is None:
            return self.fail("SG204", f"{type(node.op).__name__} is not allowed", node)
        return self.checked(node, lambda: self.arithmetic(op, node, value, right))

    def arithmetic(self, op: str, node: ast.BinOp, a: int, b: int) -> int:
        if op == "Mod":
            return self.graph.call("Mod", a, b)
        if op == "floordiv":
            return self.graph.call("floor", fold.arithmetic(self.graph, "div", a, b, node.right))
        return fold.arithmetic(self.graph, op, a, b, node.right)

    def checked(self, node: ast.expr, build: Callable[[], int]) -> Value:
        """A value that, if it is a constant, is finite and real."""
        try:
            value = build()
            fold.check(self.graph, value)
        except fold.Unfit as unfit:
            return self.fail(unfit.code, unfit.message, unfit.node or node, unfit.help)
        return value

    def comparison(self, node: ast.Compare) -> Value:
        sides = [self.number(side) for side in (node.left, *node.comparators)]
        ops = [_COMPARISONS.get(type(op)) for op in node.ops]
        if None in ops:
            return self.fail("SG204", "'is' and 'in' are not allowed in a formula", node)
        if None in sides:
            return None
        tests = [
            self.graph.node(str(op), a or 0, b or 0)
            for op, a, b in zip(ops, sides, sides[1:], strict=False)
        ]
        return self.joined("and", tests)

    def connective(self, node: ast.BoolOp) -> Value:
        tests = [self.condition(value) for value in node.values]
        known = [test for test in tests if test is not None]
        if len(known) < len(tests):
            return None
        return self.joined(_CONNECTIVES[type(node.op)], known)

    def joined(self, connective: str, tests: Sequence[int]) -> int:
        value = tests[0]
        for test in tests[1:]:
            value = self.graph.node(connective, value, test)
        return value

    # choices

    def choice(self, node: ast.IfExp) -> Value:
        condition = self.condition(node.test)
        return self.where(condition, self.number(node.body), self.number(node.orelse))

    def where(self, condition: Value, a: Value, b: Value) -> Value:
        if condition is None or a is None or b is None:
            return None
        return self.graph.node("where", condition, a, b)

    def piecewise(self, node: ast.Call) -> Value:
        """``Piecewise((value, condition), …, (value, True))``"""
        pairs = [arg for arg in node.args if isinstance(arg, ast.Tuple) and len(arg.elts) == 2]
        if not pairs or len(pairs) < len(node.args):
            help = "Piecewise((a, x < 0), (b, True))"
            return self.fail("SG212", "Piecewise takes pairs of value and condition", node, help)
        *others, last = pairs
        default = last.elts[1]
        if not (isinstance(default, ast.Constant) and default.value is True):
            message = "Piecewise has no default: its last condition must be True"
            return self.fail("SG213", message, node, "end it with (value, True)")
        branches = [(self.number(p.elts[0]), self.condition(p.elts[1])) for p in others]
        value = self.number(last.elts[0])
        for branch, condition in reversed(branches):
            value = self.where(condition, branch, value)
        return value

    # calls

    def call(self, node: ast.Call) -> Value:
        if not isinstance(node.func, ast.Name):
            return self.fail("SG204", "only functions by their names are called", node.func)
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            return self.fail("SG204", "arguments are given by position", node)
        name = node.func.id
        if name in self.functions:
            return self.template(name, node)
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, node)
        if name not in NAMES:
            return self.unknown_function(node.func)
        return self.table_function(name, node)

    def unknown_function(self, node: ast.Name) -> None:
        if node.id in NOT_BUILT:
            return self.fail(NOT_BUILT[node.id], f"{node.id}() is not built yet", node)
        if node.id in self.names:
            message = f"'{node.id}' is not a function: a product is written with '*'"
            return self.fail("SG210", message, node, f"write '{node.id}*(...)'")
        known = [*NAMES, *self.functions, *_SPECIAL]
        close = difflib.get_close_matches(node.id, known, 1, 0.6)
        help = f"did you mean '{close[0]}'?" if close else "'symgrad functions' lists them"
        return self.fail("SG210", f"unknown function '{node.id}'", node, help)

    def arguments(self, node: ast.Call, name: str, fewest: int, most: int | None) -> list[int] | None:
        """The arguments of a call, if their number is right and none is a mistake."""
        given = len(node.args)
        args = [self.number(arg) for arg in node.args]
        if given < fewest or (most is not None and given > most):
            takes = str(fewest) if fewest == most else f"{fewest} to {most}"
            takes = f"at least {fewest}" if most is None else takes
            self.fail("SG211", f"{name}() takes {takes} arguments, got {given}", node)
            return None
        known = [arg for arg in args if arg is not None]
        return known if len(known) == given else None

    def table_function(self, name: str, node: ast.Call) -> Value:
        row = NAMES[name]
        fewest = len(row.args) - len(row.defaults)
        most = None if row.name in _FOLDED_LEFT else len(row.args)
        args = self.arguments(node, name, fewest, most)
        if args is None:
            return None
        if row.name in _FOLDED_LEFT:
            return self.checked(node, lambda: self.folded(row.name, args))
        if row.name in _WHOLE_FIRST and self.graph[args[0]].op != "const":
            message = f"the first argument of {name}() is a whole number, written out"
            return self.fail("SG214", message, node.args[0])
        missing = row.defaults[len(args) - len(row.args) :] if len(args) < len(row.args) else ()
        for text in missing:
            args.append(parse(text, self.graph, {}))
        return self.checked(node, lambda: self.graph.call(row.name, *args))

    def folded(self, name: str, args: Sequence[int]) -> int:
        value = args[0]
        for arg in args[1:]:
            value = self.graph.call(name, value, arg)
        return value

    def choose(self, node: ast.Call) -> Value:
        if len(node.args) != 3:
            message = f"where() takes 3 arguments, got {len(node.args)}"
            return self.fail("SG211", message, node, "where(condition, a, b)")
        condition, a, b = node.args
        return self.where(self.condition(condition), self.number(a), self.number(b))

    def stopped(self, node: ast.Call) -> Value:
        args = self.arguments(node, "stop_gradient", 1, 1)
        return None if args is None else self.graph.node("stop_gradient", *args)

    def template(self, name: str, node: ast.Call) -> Value:
        """A formula of the spec, expanded where it is called, once for equal arguments."""
        template = self.functions[name]
        count = len(template.inputs)
        args = self.arguments(node, name, count, count)
        if args is None:
            return None
        if name in self.expanding:
            return self.fail("SG221", f"the function '{name}' calls itself", node)
        key = (name, tuple(args))
        if key not in self.expanded:
            root, lead = tree(template.text)
            bound = dict(zip(template.inputs, args, strict=True))
            expanding = (*self.expanding, name)
            inner = _Parser(
                self.graph,
                bound,
                self.functions,
                template.text,
                lead,
                expanding=expanding,
                expanded=self.expanded,
            )
            value = inner.number(root)
            if value is None:
                mistake = inner.mistakes[0]
                return self.fail(mistake.code, f"in '{name}': {mistake.message}", node)
            self.expanded[key] = value
        return self.expanded[key]


_RULES: Mapping[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _Parser.constant,
    ast.Name: _Parser.name,
    ast.UnaryOp: _Parser.unary,
    ast.BinOp: _Parser.binary,
    ast.Compare: _Parser.comparison,
    ast.BoolOp: _Parser.connective,
    ast.IfExp: _Parser.choice,
    ast.Call: _Parser.call,
}
_SPECIAL: Mapping[str, Callable[[_Parser, ast.Call], Value]] = {
    "where": _Parser.choose,
    "Piecewise": _Parser.piecewise,
    "stop_gradient": _Parser.stopped,
}
