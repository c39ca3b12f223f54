"""The rewrite table: what is written one way and computed better another.

Patterns are in the language of specs; ``a``, ``b`` and ``c`` stand for any value.
Sums and products match in either order.  A rule keeps the domain of what it
replaces: where the pattern is NaN by its mathematics, so is the replacement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from symgrad import algebra, formulas
from symgrad.parse import parse
from symgrad.program import COMMUTATIVE, Graph, Kind, Node
from symgrad.signs import NOTHING, Domains, is_positive, varies

WILDCARDS = ("a", "b", "c", "d", "e")


@dataclass(frozen=True)
class Rule:
    """One rewrite, and why it is worth having.

    ``where`` is what must be known of wildcards: ``"b > 0"`` by the domains of inputs,
    ``"b varies"`` where it is neither whole nor a number that stands in the formula,
    ``"b beyond c"`` where both are such numbers, of one sign, and b the farther from 0.
    ``numbers`` are an example of wildcards that stand for numbers alone.
    """

    pattern: str
    replacement: str
    why: str
    where: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict, hash=False)


TABLE: tuple[Rule, ...] = (
    # before the logistic family, whose patterns it is a case of
    Rule("expm1(2*a)/(exp(2*a) + 1)", "tanh(a)", "inf/inf for a large a"),
    # logistic family
    Rule("1/(1 + exp(-a))", "sigmoid(a)", "one function with a stable derivative"),
    Rule("b/(1 + exp(-a))", "b*sigmoid(a)", "one function with a stable derivative"),
    Rule("exp(a)/(1 + exp(a))", "sigmoid(a)", "inf/inf once exp(a) overflows"),
    Rule("1/(1 + exp(a))", "sigmoid(-a)", "one function with a stable derivative"),
    Rule("b/(1 + exp(a))", "b*sigmoid(-a)", "one function with a stable derivative"),
    Rule("exp(a)/(exp(a) + exp(b))", "sigmoid(a - b)", "inf/inf once exp(a) overflows"),
    Rule("(1 + exp(-a))**(-1)", "sigmoid(a)", "one function with a stable derivative"),
    Rule("1 - sigmoid(a)", "sigmoid(-a)", "1 - s is 0 in float32 once a > 17"),
    Rule(
        "log(1 + exp(a))", "softplus(a)", "exp(a) overflows, and 1 + exp(a) rounds to 1"
    ),
    Rule("log1p(exp(a))", "softplus(a)", "exp(a) overflows"),
    Rule("log(sigmoid(a))", "logsigmoid(a)", "log(0) once sigmoid(a) underflows"),
    Rule("log(exp(a) + exp(b))", "logaddexp(a, b)", "exp(a) overflows"),
    Rule("log(exp(a))", "a", "exp(a) overflows"),
    Rule("logsigmoid(a) - logsigmoid(-a)", "a", "exact"),
    Rule("logsigmoid(-a) - logsigmoid(a)", "-a", "exact"),
    Rule("softplus(a) - softplus(-a)", "a", "exact"),
    # differences that lose digits
    Rule("exp(a) - 1", "expm1(a)", "keeps the digits of a small a"),
    Rule("-1 + exp(a)", "expm1(a)", "keeps the digits of a small a"),
    Rule("1 - exp(a)", "-expm1(a)", "keeps the digits of a small a"),
    Rule("log(1 + a)", "log1p(a)", "keeps the digits of a small a"),
    Rule("log(1 - a)", "log1p(-a)", "keeps the digits of a small a"),
    Rule("1 - cos(a)", "2*sin(a/2)**2", "1 - cos(a) is 0 for a small a"),
    Rule("1 - tanh(a)**2", "sech_squared(a)", "0 in float32 once |a| > 9"),
    Rule("b/expm1(a)*exp(a)", "-(b/expm1(-a))", "0*inf once exp(a) overflows"),
    # hyperbolic
    Rule("(exp(a) - exp(-a))/(exp(a) + exp(-a))", "tanh(a)", "inf/inf for a large a"),
    Rule("2*sigmoid(2*a) - 1", "tanh(a)", "keeps the digits of a small a"),
    Rule("1 - 2*sigmoid(-2*a)", "tanh(a)", "keeps the digits of a small a"),
    Rule("2*sigmoid(-2*a) - 1", "-tanh(a)", "keeps the digits of a small a"),
    Rule("2*sigmoid(a) - 1", "tanh(a/2)", "keeps the digits of a small a"),
    Rule("1 - 2*sigmoid(a)", "-tanh(a/2)", "keeps the digits of a small a"),
    Rule("(exp(a) - exp(-a))/2", "sinh(a)", "keeps the digits of a small a"),
    Rule("(exp(a) + exp(-a))/2", "cosh(a)", "one function with one derivative"),
    Rule("sinh(a)/cosh(a)", "tanh(a)", "inf/inf for a large a"),
    Rule("log(cosh(a))", "logcosh(a)", "cosh(a) overflows"),
    Rule("log(-expm1(a))", "log1mexp(a)", "log(1) where exp(a) is small"),
    Rule("log1p(-exp(a))", "log1mexp(a)", "cancels where a is small"),
    Rule("log(expm1(a))", "logexpm1(a)", "expm1(a) overflows"),
    Rule("log(exp(a) - exp(b))", "a + log1mexp(b - a)", "exp(a) overflows"),
    Rule("expm1(a)/a", "exprel(a)", "0/0 at 0, and expm1(a) overflows before it"),
    Rule("a/expm1(a)", "1/exprel(a)", "0/0 at 0"),
    Rule("exp(a)/exprel(a)", "1/exprel(-a)", "inf/inf once exp(a) overflows"),
    Rule("b/exprel(a)*exp(a)", "b/exprel(-a)", "0*inf once exp(a) overflows"),
    Rule("expm1(a*b)/a", "expm1_ratio(a, b)", "0/0 where a is 0"),
    Rule(
        "(a**b - 1)/b", "expm1_ratio(b, log(a))", "0/0 where b is 0", "a > 0, b varies"
    ),
    # error function and the normal distribution
    Rule("1 - erf(a)", "erfc(a)", "1 - erf(a) is 0 once a > 4 in float32"),
    Rule("1 + erf(a/sqrt(2))", "2*ndtr(a)", "1 + erf is 0 once a < -5 in float32"),
    Rule("1 + erf(a)", "erfc(-a)", "1 + erf(a) is 0 once a < -4 in float32"),
    Rule("a/2*(2*b)", "a*b", "exact"),
    Rule("a*(2*b)/2", "a*b", "exact"),
    Rule("1*a", "a", "exact"),
    Rule("log(ndtr(a))", "log_ndtr(a)", "log(0) once ndtr(a) underflows"),
    Rule("polygamma(1, a)", "trigamma(a)", "torch's own keeps 9 digits"),
    Rule("exp(a*a)*erfc(a)", "erfcx(a)", "inf*0 for a large a"),
    Rule("exp(a**2)*erfc(a)", "erfcx(a)", "inf*0 for a large a"),
    Rule("log(beta(a, b))", "betaln(a, b)", "log(0) once beta(a, b) underflows"),
    Rule(
        "loggamma(a + b) - loggamma(a)",
        "log_rising(a, b)",
        "cancels for a large a",
        "a > 0, b > 0",
    ),
    # lengths
    Rule("sqrt(a**2 + b**2)", "hypot(a, b)", "a**2 overflows and underflows"),
    Rule("sqrt(a*a + b*b)", "hypot(a, b)", "a*a overflows and underflows"),
    Rule("sqrt(a**2)", "abs(a)", "a**2 overflows and underflows"),
    Rule("sqrt(b + a**2)", "hypot(a, sqrt(b))", "a**2 overflows", "b > 0"),
    Rule("sqrt(b + a*a)", "hypot(a, sqrt(b))", "a*a overflows", "b > 0"),
    Rule("hypot(a, b) - b", "hypot_excess(a, b)", "cancels for a small a", "b > 0"),
    Rule("sqrt(1 + a) - 1", "sqrt1pm1(a)", "cancels for a small a"),
    Rule("2*a/2", "a", "exact"),
    Rule("a + hypot(a, b)", "add_hypot(a, b)", "cancels for a far below 0", "b > 0"),
    Rule("add_hypot(a, b)/2", "add_hypot(a/2, b/2)", "overflows before it is halved"),
    Rule("log(add_hypot(a, 1))", "asinh(a)", "keeps the digits of a small a"),
    Rule("log1p(a**2/b)", "log1psq_ratio(a, sqrt(b))", "a**2 overflows", "b > 0"),
    Rule("log1p(a**2)", "log1psq(a)", "a**2 overflows"),
    Rule("log1p(a*a)", "log1psq(a)", "a*a overflows"),
    Rule("a**2/(b + a**2)", "square_share(a, sqrt(b))", "inf/inf", "b > 0"),
    Rule("a**2/b**2", "(a/b)**2", "inf/inf and 0/0"),
    Rule("a**2/(2*b**2)", "(a/b)**2/2", "inf/inf and 0/0"),
    Rule(
        "log(b/a) + (a/b)**2/2",
        "(a/b)**2/2 - log(a/b)",
        "a function of a/b, whose terms cancel where that is near 1",
    ),
    # powers
    Rule(
        "a**b - a**c",
        "a**c*(a**(b - c) - 1)",
        "inf - inf",
        "b beyond c, c beyond 2",
        {"b": -12, "c": -6},
    ),
    Rule(
        "a/c**d - b/c**e",
        "(a/c**(d - e) - b)/c**e",
        "inf - inf",
        "d beyond e, e beyond 2",
        {"d": 12, "e": 6},
    ),
    Rule("(a - 1/a)*a", "a*a - 1", "inf*0"),
    # Bessel functions
    Rule("log(i0(a))", "log_i0(a)", "i0(a) overflows"),
    Rule(
        "a*cos(b) - log_i0(a)",
        "-log(i0e(a)) - 2*a*sin(b/2)**2",
        "cancels for a large a and a small b",
        "a > 0",
    ),
    Rule("acosh(1 + 2*a)", "2*asinh(sqrt(a))", "1 + 2*a is 1 for a small a"),
    Rule("acosh(1 + a)", "2*asinh(sqrt(a/2))", "1 + a is 1 for a small a"),
    Rule("atanh(1 - 2*a)", "-logit(a)/2", "1 - 2*a is 1 for a small a"),
    # ties that are no kinks
    Rule("clamp(a, a, b)", "Min(a, b)", "a tie everywhere"),
    # whose shape and NaN are those of b, too
    Rule("clamp(a, b, a)", "where(b == b, a, b)", "a tie wherever a is the greater"),
    Rule("Max(a, a)", "a", "a tie everywhere, of which one side is the derivative"),
    Rule("Max(Max(a, b), a)", "Max(a, b)", "a tie wherever a is chosen"),
    Rule("Max(Max(b, a), a)", "Max(b, a)", "a tie wherever a is chosen"),
    Rule("Min(a, a)", "a", "a tie everywhere, of which one side is the derivative"),
    Rule("Min(Min(a, b), a)", "Min(a, b)", "a tie wherever a is chosen"),
    Rule("Min(Min(b, a), a)", "Min(b, a)", "a tie wherever a is chosen"),
)


@cache
def _parsed(text: str) -> tuple[tuple[Node, ...], int]:
    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in WILDCARDS}
    root = parse(text, graph, names)
    return tuple(graph.nodes), root


Label = tuple[str, object]
"""What a node does, whatever it does it to."""


@cache
def _by_root() -> Mapping[Label, tuple[tuple[Rule, frozenset[Label]], ...]]:
    """The rules, found by what stands at the top of their pattern.

    Beside each is what must stand among the arguments: most values are told apart
    by that, without a look at the rest of the pattern.
    """
    index: dict[Label, list[tuple[Rule, frozenset[Label]]]] = defaultdict(list)
    for rule in TABLE:
        nodes, root = _parsed(rule.pattern)
        parts = [nodes[arg] for arg in nodes[root].args]
        below = frozenset((p.op, p.data) for p in parts if p.op != "input")
        index[nodes[root].op, nodes[root].data].append((rule, below))
    return {key: tuple(rules) for key, rules in index.items()}


def apply(
    graph: Graph, value: int, domains: Domains = NOTHING
) -> tuple[int, Rule] | None:
    """The first rule that matches a value, and what it makes of it.

    ``domains`` are those of inputs, by their names.

    A rule that would leave an integer where a number was is not applied: ``n/2*(2*m)``
    cannot overflow, ``n*m`` can.
    """
    node = graph[value]
    rules = _by_root().get((node.op, node.data), ())
    below = {(graph[arg].op, graph[arg].data) for arg in node.args} if rules else set()
    for rule in (rule for rule, needed in rules if needed <= below):
        nodes, root = _parsed(rule.pattern)
        for bindings in _matches(graph, nodes, root, value, {}):
            if not _allowed(graph, rule, bindings, domains):
                continue
            replacement, top = _parsed(rule.replacement)
            found = int(formulas.substitute(graph, replacement, top, bindings))
            if graph[found].kind is node.kind:
                return found, rule
    return None


Bindings = dict[str, int]

_KNOWN: Mapping[str, Callable[[Graph, int, Domains], bool]] = {
    "> 0": is_positive,
    "varies": varies,
}
"""What a rule may want to be known of a value."""


def _allowed(graph: Graph, rule: Rule, bindings: Bindings, domains: Domains) -> bool:
    """Whether what a rule wants to be known is known of the values that it found."""
    for part in filter(None, rule.where.split(", ")):
        name, known = part.split(maxsplit=1)
        if known in _KNOWN:
            allowed = _KNOWN[known](graph, bindings[name], domains)
        else:
            allowed = _is_beyond(graph, bindings, name, known.removeprefix("beyond "))
        if not allowed:
            return False
    return True


def _is_beyond(graph: Graph, bindings: Bindings, name: str, other: str) -> bool:
    """Whether a number is farther from 0 than another, of one sign, or than a size."""
    far = algebra.number(graph, bindings[name])
    if other.isdigit():
        return far is not None and abs(far) > int(other)
    near = algebra.number(graph, bindings[other])
    if far is None or near is None:
        return False
    return abs(far) > abs(near) and far * near > 0


def _matches(
    graph: Graph, pattern: tuple[Node, ...], at: int, value: int, bound: Bindings
) -> Iterator[Bindings]:
    """All ways in which a value is an instance of a pattern."""
    wanted, node = pattern[at], graph[value]
    if wanted.op == "input":
        name = str(wanted.data)
        if node.kind.is_complex:
            return  # the rules are those of real numbers
        if bound.get(name, value) == value:
            yield bound | {name: value}
        return
    if (wanted.op, wanted.data) != (node.op, node.data):
        return
    orders = [node.args]
    if node.op in COMMUTATIVE:
        orders.append(node.args[::-1])
    for args in orders:
        yield from _matches_all(graph, pattern, wanted.args, args, bound)


def _matches_all(
    graph: Graph,
    pattern: tuple[Node, ...],
    places: tuple[int, ...],
    values: tuple[int, ...],
    bound: Bindings,
) -> Iterator[Bindings]:
    if not places:
        yield bound
        return
    for first in _matches(graph, pattern, places[0], values[0], bound):
        yield from _matches_all(graph, pattern, places[1:], values[1:], first)
