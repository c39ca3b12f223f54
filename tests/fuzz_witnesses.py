"""An op's numbers by several ways: the emitted code, plain torch, complex steps.

Each way is a mapping from what a number is to a tensor of such numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import torch
from fuzz_points import Place
from torch import Tensor

from symgrad.naming import FORWARD_MODE
from symgrad.op import Input, Op
from symgrad.program import Graph, Kind
from symgrad.verify import reference
from symgrad.verify.subject import Subject, call, gradients, inner, leaves
from symgrad.verify.tangents import pushed
from symgrad.wirtinger import RULES


class What(NamedTuple):
    """What a number is: of which input or output, and what of it.

    ``second`` is the derivative of the gradients times the directions by an input;
    ``turned`` is that by a cotangent, which is the tangent again.
    """

    kind: Literal["value", "gradient", "tangent", "second", "turned"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.name}"


Numbers = dict[What, Tensor]


def ours(subject: Subject, place: Place) -> Numbers:
    """What the emitted code says."""

    def pulled(inputs: Any, cotangents: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        results = call(subject, inputs)
        names = list(place.tangents)
        tensors = [inputs[name] for name in names]
        return gradients(
            results, tensors, cotangents, names, create_graph=True, materialize=True
        )

    results = call(subject, place.values)
    found = {What("value", n): r.detach() for n, r in results.items()}
    found |= _derivatives(place, pulled)
    if has_forward_mode(subject):
        moved = pushed(subject, place.values, place.tangents)[1]
        found |= {What("tangent", n): t for n, t in moved.items()}
    return found


def has_forward_mode(subject: Subject) -> bool:
    """Whether there is a class with a jvp."""
    assert subject.cls is not None
    return f"{subject.cls.__name__}{FORWARD_MODE}" in subject.function.__globals__


def of_torch(op: Op, place: Place) -> Numbers:
    """What torch makes of the formula; the second derivatives it has."""

    def pulled(inputs: Any, cotangents: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        found = reference.native(op, inputs, cotangents, create_graph=True)
        return found | reference.given(op, inputs, cotangents)

    with torch.no_grad():
        results = reference.named_outputs(op, place.values)
    found = {What("value", n): r for n, r in results.items()}
    found |= _derivatives(place, pulled)
    transposed = {
        What("tangent", n): found[key]
        for n in place.cotangents
        if (key := What("turned", n)) in found
    }
    return found | transposed


Pull = Callable[[Any, Mapping[str, Tensor]], Mapping[str, Tensor]]


def _derivatives(place: Place, pulled: Pull) -> Numbers:
    """Gradients, and the derivatives of their products with the tangents."""
    inputs = leaves(place.op, place.values)
    cotangents = {n: c.clone().requires_grad_() for n, c in place.cotangents.items()}
    first = pulled(inputs, cotangents)
    found = {What("gradient", n): g.detach() for n, g in first.items()}
    moving = [inner(first[n], t).sum() for n, t in place.tangents.items()]
    wanted = {What("second", n): inputs[n] for n in place.tangents}
    wanted |= {What("turned", n): c for n, c in cotangents.items()}
    try:
        return found | _by(torch.stack(moving).sum(), wanted)
    except (RuntimeError, NotImplementedError) as error:
        if "derivative for" in str(error) or "not implemented" in str(error):
            return found  # torch has no second derivative of some of its functions
        raise


def _by(total: Tensor, wanted: Mapping[What, Tensor]) -> Numbers:
    if not total.requires_grad:
        return {key: torch.zeros_like(x) for key, x in wanted.items()}
    found = torch.autograd.grad(
        total, list(wanted.values()), allow_unused=True, materialize_grads=True
    )
    return dict(zip(wanted, found, strict=True))


# -- rounding --------------------------------------------------------------------------

NOISES = (1e-11, 1e-15)
"""By which every value of a formula is off, relatively, when rounding is imitated.

Well above roundings, and of their size: where nothing but rounding is left of a value,
its spread does not grow with the noise.
"""


def noisy(op: Op) -> tuple[Op, Mapping[str, Kind]]:
    """The formula with every floating value times an input, and these inputs' kinds.

    What rounds one part of a complex number by the size of the other turns it, too.
    """
    graph = Graph()
    new: list[int] = []
    kinds = {}
    for number, node in enumerate(op.nodes):
        args = tuple(new[arg] for arg in node.args)
        value = graph.node(node.op, *args, data=node.data) if args else graph.leaf(node)
        if node.kind.is_floating:
            name = f"noise {number}"
            turns = node.op in ("mul", "div", "call") and node.kind.is_complex
            kinds[name] = Kind.COMPLEX if turns else Kind.REAL
            value = graph.node("mul", value, graph.input(name, kinds[name]))
        new.append(value)

    def moved(formulas: Any) -> Any:
        return tuple(replace(f, value=new[f.value]) for f in formulas)

    return replace(
        op,
        nodes=tuple(graph.nodes),
        lets=(),
        inputs=(*op.inputs, *(Input(n, kind, grad=False) for n, kind in kinds.items())),
        outputs=moved(op.outputs),
        overrides=moved(op.overrides),
        surrogates=moved(op.surrogates),
        stand_ins={n: new[v] for n, v in op.stand_ins.items()},
    ), kinds


def rounding(op: Op, place: Place, times: int = 6) -> Numbers:
    """How far rounding can move what torch says: the spread under small noise."""
    rough, kinds = noisy(op)
    exact = of_torch(op, place)
    generator = torch.Generator().manual_seed(0)
    spread = {key: torch.zeros_like(t.abs()) for key, t in exact.items()}
    for size in NOISES * times:
        noise = {n: _factor(kind, size, generator) for n, kind in kinds.items()}
        values = {**place.values, **noise}
        found = of_torch(rough, replace(place, op=rough, values=values))
        for key in spread.keys() & found.keys():
            moved = (found[key] - exact[key]).abs() * (2.0**-53 / size)
            spread[key] = torch.maximum(spread[key], moved)
    return spread


def _factor(kind: Kind, size: float, generator: torch.Generator) -> Tensor:
    """A number beside 1."""
    dtype = torch.complex128 if kind.is_complex else torch.float64
    return 1 + size * torch.randn((), generator=generator, dtype=dtype)


# -- steps -----------------------------------------------------------------------------

COMPLEX_STEP, REAL_STEP = 1e-30, 1e-6
_ANALYTIC = frozenset(RULES) - {"re", "im", "arg", "abs", "sign", "conjugate"}
_ARITHMETIC = frozenset(
    {"input", "const", "neg", "add", "sub", "mul", "div"}
    | {"where", "guard", "stop_gradient"}
)


def is_analytic(op: Op) -> bool:
    """Whether a real formula can be evaluated with complex numbers."""
    if op.in_plane:
        return False
    return all(
        str(node.data) in _ANALYTIC if node.op == "call" else node.op in _ARITHMETIC
        for node in op.nodes
        if not node.kind.is_condition and node.op != "cotangent"
    )


def stepped(op: Op, place: Place) -> Numbers:
    """The tangents by a step: an imaginary one, or one to either side."""
    kept = reference.frozen_values(op, place.values)
    roots = {n: op.stand_ins[n] for n in place.cotangents}

    def moved(step: complex, frozen: Mapping[int, Any]) -> list[Any]:
        values = {
            name: torch.as_tensor(place.values[name]) + step * tangent
            for name, tangent in place.tangents.items()
        }
        given = {**place.values, **values}
        return reference.evaluate(op.nodes, list(roots.values()), given, frozen=frozen)

    if is_analytic(op):
        ends = moved(COMPLEX_STEP * 1j, {**_conditions(op, place), **kept})
        slopes = [torch.as_tensor(y).imag / COMPLEX_STEP for y in map(_plane, ends)]
    else:
        pairs = zip(moved(REAL_STEP, kept), moved(-REAL_STEP, kept), strict=True)
        slopes = [torch.as_tensor(a - b) / (2 * REAL_STEP) for a, b in pairs]
    return {
        What("tangent", n): s.expand(place.cotangents[n].shape)
        for n, s in zip(roots, slopes, strict=True)
    }


def _plane(y: Any) -> Tensor:
    return torch.as_tensor(y).to(torch.complex128)


def _conditions(op: Op, place: Place) -> dict[int, Any]:
    """What the conditions are worth: complex numbers are not compared."""
    tests = [v for v, node in enumerate(op.nodes) if node.kind.is_condition]
    return dict(
        zip(tests, reference.evaluate(op.nodes, tests, place.values), strict=True)
    )
