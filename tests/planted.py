"""Correct hand-written modules, and faults to plant in them.

Each fault is a replacement in the text of a module, with the number of the rung that
must reject it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad.op import Formula, Input, Op, Spec
from symgrad.program import Graph, Kind

HEADER = '''"""Hand-written."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["NAME"]


def _is_half(x: Any) -> bool:
    return isinstance(x, Tensor) and x.dtype in (torch.float16, torch.bfloat16)


def _apply(function: Any, *given: Any) -> Any:
    """Half precision is computed in float32; autograd rounds the gradients back."""
    if not any(_is_half(x) for x in given):
        return function.apply(*given)
    found = function.apply(*(x.float() if _is_half(x) else x for x in given))
    wide = [x.dtype for x in given if isinstance(x, Tensor) and not _is_half(x)]
    dtype = wide[0] if torch.float32 in wide else given[0].dtype
    if isinstance(found, tuple):
        return tuple(y.to(dtype) for y in found)
    return found.to(dtype)

'''


@dataclass(frozen=True)
class Fixture:
    """An op and a module that computes it rightly."""

    spec: Spec
    source: str


@dataclass(frozen=True)
class Fault:
    """A wrong version of a fixture."""

    name: str
    fixture: str
    rung: int
    old: str
    new: str


def _fixture(op: Op, body: str) -> Fixture:
    source = HEADER.replace("NAME", op.name) + body
    return Fixture(Spec(f"{op.name}.yaml", op.name, (op,), ""), source)


def _reals(graph: Graph, *names: str) -> list[int]:
    return [graph.input(name, Kind.REAL) for name in names]


def _op(name: str, inputs: list[Input], graph: Graph, **outputs: int) -> Op:
    formulas = tuple(Formula(n, n, v) for n, v in outputs.items())
    return Op(
        name=name,
        doc=f"{name}.",
        inputs=tuple(inputs),
        nodes=tuple(graph.nodes),
        lets=(),
        outputs=formulas,
        stand_ins=dict(outputs),
    )


def swish() -> Fixture:
    """Two tensors that broadcast."""
    graph = Graph()
    x, beta = _reals(graph, "x", "beta")
    u = graph.node("mul", beta, x)
    y = graph.node("mul", x, graph.call("sigmoid", u))
    inputs = [Input("x", Kind.REAL), Input("beta", Kind.REAL)]
    return _fixture(_op("swish", inputs, graph, y=y), _SWISH)


_SWISH = """
class Swish(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, beta: Tensor) -> Tensor:
        return x * torch.sigmoid(beta * x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, beta = ctx.saved_tensors
        need_x, need_beta = ctx.needs_input_grad
        grad_x = grad_beta = None

        u = beta * x
        s = torch.sigmoid(u)
        ds = s * torch.sigmoid(-u)
        if need_x:
            # dy/dx = s + u*ds
            grad_x = (grad_y * (s + u * ds)).sum_to_size(x.shape)
        if need_beta:
            # dy/dbeta = x**2*ds
            grad_beta = (grad_y * (x * x * ds)).sum_to_size(beta.shape)
        return grad_x, grad_beta


def swish(x: Tensor, beta: Tensor) -> Tensor:
    return _apply(Swish, x, beta)
"""


def huber() -> Fixture:
    """A Python number whose default hides a factor, and branches."""
    graph = Graph()
    [x] = _reals(graph, "x")
    delta = graph.input("delta", Kind.FLOAT)
    size = graph.call("abs", x)
    half = graph.const(Fraction(1, 2))
    inner = graph.node("mul", half, graph.node("mul", x, x))
    shifted = graph.node("sub", size, graph.node("mul", half, delta))
    outer = graph.node("mul", delta, shifted)
    y = graph.node("where", graph.node("le", size, delta), inner, outer)
    number = Input("delta", Kind.FLOAT, default=1.0, has_default=True)
    inputs = [Input("x", Kind.REAL), number]
    return _fixture(_op("huber", inputs, graph, y=y), _HUBER)


_HUBER = """
class Huber(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, delta: float) -> Tensor:
        size = torch.abs(x)
        return torch.where(size <= delta, 0.5 * x * x, delta * (size - 0.5 * delta))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        x, delta = inputs
        ctx.save_for_backward(x)
        ctx.delta = delta

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        delta = ctx.delta
        slope = torch.where(torch.abs(x) <= delta, x, delta * torch.sign(x))
        return grad_y * slope, None


def huber(x: Tensor, delta: float = 1.0) -> Tensor:
    return _apply(Huber, x, delta)
"""


def gate() -> Fixture:
    """Two outputs, so that cotangents may be missing."""
    graph = Graph()
    a, b = _reals(graph, "a", "b")
    s = graph.call("sigmoid", b)
    u = graph.node("mul", a, s)
    v = graph.call("tanh", graph.node("mul", a, b))
    inputs = [Input("a", Kind.REAL), Input("b", Kind.REAL)]
    return _fixture(_op("gate", inputs, graph, u=u, v=v), _GATE)


_GATE = """
class Gate(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return a * torch.sigmoid(b), torch.tanh(a * b)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, Tensor], output: tuple[Tensor, Tensor]
    ) -> None:
        a, b = inputs
        u, v = output
        ctx.save_for_backward(a, b)
        ctx.set_materialize_grads(False)
        ctx.output_shape = u.shape

    @staticmethod
    def backward(
        ctx: Any, grad_u: Tensor | None, grad_v: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        if grad_u is None and grad_v is None:
            return None, None
        a, b = ctx.saved_tensors
        if grad_u is None:
            grad_u = grad_v.new_zeros(ctx.output_shape)
        if grad_v is None:
            grad_v = grad_u.new_zeros(ctx.output_shape)
        s = torch.sigmoid(b)
        p = 4 * torch.sigmoid(2 * a * b) * torch.sigmoid(-2 * a * b)
        grad_a = (grad_u * s + grad_v * b * p).sum_to_size(a.shape)
        ds = s * torch.sigmoid(-b)
        grad_b = (grad_u * a * ds + grad_v * a * p).sum_to_size(b.shape)
        return grad_a, grad_b


def gate(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return _apply(Gate, a, b)
"""


def larger() -> Fixture:
    """A tie: half of the cotangent goes to either input."""
    graph = Graph()
    x, z = _reals(graph, "x", "z")
    y = graph.call("Max", x, z)
    inputs = [Input("x", Kind.REAL), Input("z", Kind.REAL)]
    return _fixture(_op("larger", inputs, graph, y=y), _LARGER)


_LARGER = """
class Larger(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, z: Tensor) -> Tensor:
        return torch.maximum(x, z)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor]:
        x, z = ctx.saved_tensors
        share = torch.where(x == z, 0.5, (x > z).to(grad_y.dtype))
        return (grad_y * share).sum_to_size(x.shape), (
            grad_y * (1 - share)
        ).sum_to_size(z.shape)


def larger(x: Tensor, z: Tensor) -> Tensor:
    return _apply(Larger, x, z)
"""


def ramp() -> Fixture:
    """A branch that is not taken has no derivative."""
    graph = Graph()
    [x] = _reals(graph, "x")
    zero = graph.const(0)
    above = graph.node("gt", x, zero)
    y = graph.node("where", above, graph.call("sqrt", x), zero)
    return _fixture(_op("ramp", [Input("x", Kind.REAL)], graph, y=y), _RAMP)


_RAMP = """
class Ramp(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return torch.where(x > 0, torch.sqrt(torch.where(x > 0, x, 1.0)), 0.0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        safe = torch.where(x > 0, x, 1.0)
        return torch.where(x > 0, grad_y * 0.5 / torch.sqrt(safe), 0.0)


def ramp(x: Tensor) -> Tensor:
    return _apply(Ramp, x)
"""


def spike() -> Fixture:
    """A surrogate: the derivative is not that of the forward."""
    graph = Graph()
    [x] = _reals(graph, "x")
    y = graph.node(
        "where", graph.node("gt", x, graph.const(0)), graph.const(1), graph.const(0)
    )
    smooth = graph.call("sigmoid", x)
    op = Op(
        name="spike",
        doc="spike.",
        inputs=(Input("x", Kind.REAL),),
        nodes=tuple(graph.nodes),
        lets=(),
        outputs=(Formula("y", "y", y),),
        stand_ins={"y": smooth},
        surrogates=(Formula("y", "sigmoid(x)", smooth),),
    )
    return _fixture(op, _SPIKE)


_SPIKE = """
class Spike(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        y = torch.where(x > 0, 1.0, 0.0).to(x.dtype)
        if torch.compiler.is_compiling():
            smooth = torch.sigmoid(x)
            y = smooth + (y - smooth).detach()
        return y

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad_y * torch.sigmoid(x) * torch.sigmoid(-x)


def spike(x: Tensor) -> Tensor:
    return _apply(Spike, x)
"""


def held() -> Fixture:
    """A factor without derivative."""
    graph = Graph()
    x, w = _reals(graph, "x", "w")
    factor = graph.node("stop_gradient", graph.call("sigmoid", x))
    y = graph.node("mul", graph.node("mul", x, w), factor)
    inputs = [Input("x", Kind.REAL), Input("w", Kind.REAL)]
    return _fixture(_op("held", inputs, graph, y=y), _HELD)


_HELD = """
class Held(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, w: Tensor) -> Tensor:
        return x * w * torch.sigmoid(x).detach()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor]:
        x, w = ctx.saved_tensors
        s = torch.sigmoid(x).detach()
        grad_x = (grad_y * w * s).sum_to_size(x.shape)
        grad_w = (grad_y * x * s).sum_to_size(w.shape)
        return grad_x, grad_w


def held(x: Tensor, w: Tensor) -> Tensor:
    return _apply(Held, x, w)
"""


def clipped() -> Fixture:
    """A gradient as the spec gives it, not linear in the cotangent."""
    graph = Graph()
    [x] = _reals(graph, "x")
    y = graph.call("exp", x)
    grad = graph.cotangent("y")
    given = graph.call("tanh", graph.node("mul", grad, x))
    op = Op(
        name="clipped",
        doc="clipped.",
        inputs=(Input("x", Kind.REAL),),
        nodes=tuple(graph.nodes),
        lets=(),
        outputs=(Formula("y", "exp(x)", y),),
        stand_ins={"y": y},
        overrides=(Formula("x", "tanh(grad_y*x)", given),),
    )
    return _fixture(op, _CLIPPED)


_CLIPPED = """
class Clipped(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return torch.exp(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return torch.tanh(grad_y * x)


def clipped(x: Tensor) -> Tensor:
    return _apply(Clipped, x)
"""


def bend() -> Fixture:
    """A kink where the spec asks for the middle."""
    graph = Graph()
    [x] = _reals(graph, "x")
    y = graph.node("mul", x, graph.call("relu", x))
    y = graph.node("add", y, graph.call("relu", x))
    op = _op("bend", [Input("x", Kind.REAL)], graph, y=y)
    return _fixture(replace(op, edges={"relu": "half"}), _BEND)


_BEND = """
class Bend(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        r = torch.relu(x)
        return x * r + r

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        step = torch.where(x == 0, 0.5, (x > 0).to(x.dtype))
        return grad_y * (torch.relu(x) + x * step + step)


def bend(x: Tensor) -> Tensor:
    return _apply(Bend, x)
"""


def masked() -> Fixture:
    """A condition and an integer among the inputs."""
    graph = Graph()
    x = graph.input("x", Kind.REAL)
    keep = graph.input("keep", Kind.MASK)
    k = graph.input("k", Kind.INDEX)
    scaled = graph.node("mul", graph.call("exp", x), k)
    y = graph.node("where", keep, scaled, graph.const(0))
    inputs = [Input("x", Kind.REAL), Input("keep", Kind.MASK), Input("k", Kind.INDEX)]
    return _fixture(_op("masked", inputs, graph, y=y), _MASKED)


_MASKED = """
class Masked(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, keep: Tensor, k: Tensor) -> Tensor:
        return torch.where(keep, torch.exp(x) * k, 0.0)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor
    ) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, None, None]:
        x, keep, k = ctx.saved_tensors
        grad_x = torch.where(keep, grad_y * torch.exp(x) * k, 0.0)
        return grad_x.sum_to_size(x.shape), None, None


def masked(x: Tensor, keep: Tensor, k: Tensor) -> Tensor:
    return _apply(Masked, x, keep, k)
"""


def product() -> Fixture:
    """With forward mode, in a class of its own."""
    graph = Graph()
    x, w = _reals(graph, "x", "w")
    inputs = [Input("x", Kind.REAL), Input("w", Kind.REAL)]
    y = graph.node("mul", x, graph.call("sin", w))
    return _fixture(_op("product", inputs, graph, y=y), _PRODUCT)


_PRODUCT = """
class Product(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, w: Tensor) -> Tensor:
        return x * torch.sin(w)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, w = ctx.saved_tensors
        need_x, need_w = ctx.needs_input_grad
        grad_x = grad_w = None
        if need_x:
            grad_x = (grad_y * torch.sin(w)).sum_to_size(x.shape)
        if need_w:
            grad_w = (grad_y * (x * torch.cos(w))).sum_to_size(w.shape)
        return grad_x, grad_w


class ProductJvp(Product):
    @staticmethod
    def jvp(ctx: Any, tangent_x: Tensor, tangent_w: Tensor) -> Tensor:
        (x, w) = ctx.saved_tensors
        return tangent_x * torch.sin(w) + tangent_w * x * torch.cos(w)


def product(x: Tensor, w: Tensor) -> Tensor:
    cls = Product if torch.compiler.is_compiling() else ProductJvp
    return _apply(cls, x, w)
"""


_MAKERS = (
    swish, huber, gate, larger, ramp, spike, held, clipped, bend, masked, product
)  # fmt: skip
FIXTURES: Mapping[str, Fixture] = {make.__name__: make() for make in _MAKERS}

_GRAD_X = "(grad_y * (s + u * ds)).sum_to_size(x.shape)"
_RETURN = "return grad_x, grad_beta"
_READ = "x, beta = ctx.saved_tensors\n"

FAULTS = (
    # -- rung 0: what the text shows
    Fault("missing return", "swish", 0, _RETURN, "return grad_x"),
    Fault("extra None", "swish", 0, _RETURN, "return grad_x, grad_beta, None"),
    Fault("gradient of a number", "huber", 0, "grad_y * slope, None", "None, grad_y"),
    Fault("second read", "swish", 0, _READ, _READ + "        _ = ctx.saved_tensors\n"),
    Fault(
        "saved twice",
        "swish",
        0,
        _RETURN,
        "x, beta = ctx.saved_tensors\n        " + _RETURN,
    ),
    Fault(
        "saved intermediate",
        "swish",
        0,
        "(*inputs)",
        "(*inputs, torch.sigmoid(output))",
    ),
    Fault("in-place on input", "swish", 0, "return x * t", "return x.mul_(1.0) * t"),
    Fault(
        "in-place on cotangent",
        "swish",
        0,
        "u = beta",
        "grad_y *= 1.0\n        u = beta",
    ),
    Fault("in-place by out=", "swish", 0, "sigmoid(-u)", "sigmoid(-u, out=u)"),
    Fault(
        "in-place by element", "swish", 0, "u = beta", "x[0] = 0.0\n        u = beta"
    ),
    Fault(
        "once_differentiable",
        "huber",
        0,
        "    def backward",
        "    @torch.autograd.function.once_differentiable\n    def backward",
    ),
    Fault(
        "captured tensor", "swish", 0, "\nclass", "\n_ONE = torch.ones(3)\n\n\nclass"
    ),
    Fault("captured name", "swish", 0, "u = beta * x", "u = beta * x + offset"),
    Fault("item", "swish", 0, "s + u * ds", "s + u.mean().item() * ds"),
    Fault(
        "data",
        "swish",
        0,
        "x, beta = ctx.saved_tensors",
        "x, beta = ctx.saved_tensors\n        x = x.data",
    ),
    Fault("another import", "swish", 0, "import torch\n", "import os\nimport torch\n"),
    Fault("runs on import", "swish", 0, "\nclass", "\nprint(1)\n\n\nclass"),
    # -- rung 1: what is true
    Fault("wrong sign", "swish", 1, "s + u * ds", "s - u * ds"),
    Fault("factor 1.0005", "swish", 1, "u * ds)", "1.0005 * u * ds)"),
    Fault(
        "wrong output",
        "swish",
        1,
        "return x * torch.sigmoid(beta * x)",
        "return x * torch.sigmoid(beta * x) * 1.0001",
    ),
    Fault(
        "small gradients are zero",
        "swish",
        1,
        _GRAD_X,
        "torch.where(s < 1e-6, 0.0, grad_y * (s + u * ds)).sum_to_size(x.shape)",
    ),
    Fault("default factor, alone", "huber", 1, "delta * torch.sign", "torch.sign"),
    Fault(
        "NaN from the other branch",
        "ramp",
        1,
        "torch.where(x > 0, grad_y * 0.5 / torch.sqrt(safe), 0.0)",
        "torch.where(x > 0, 1.0, 0.0) * (grad_y * 0.5 / torch.sqrt(x))",
    ),
    Fault("wrong surrogate", "spike", 1, "torch.sigmoid(-x)", "torch.sigmoid(x)"),
    Fault(
        "derivative of what is held",
        "held",
        1,
        "s = torch.sigmoid(x).detach()",
        "s = torch.sigmoid(x) + x * torch.sigmoid(x) * torch.sigmoid(-x)",
    ),
    Fault(
        "other than the override", "clipped", 1, "torch.tanh(grad_y * x)", "grad_y * x"
    ),
    # -- rung 2: shapes, cotangents, subsets
    Fault("wrong sign", "swish", 2, "s + u * ds", "s - u * ds"),
    Fault("factor 1.0005", "swish", 2, "u * ds)", "1.0005 * u * ds)"),
    Fault("default factor", "huber", 2, "delta * torch.sign", "torch.sign"),
    Fault(
        "size of the cotangent", "swish", 2, "(grad_y * (s", "(torch.sign(grad_y) * (s"
    ),
    Fault(
        "missing reduction",
        "swish",
        2,
        "(x * x * ds)).sum_to_size(beta.shape)",
        "(x * x * ds)).mean().expand(beta.shape)",
    ),
    Fault("swapped returns", "swish", 2, _RETURN, "return grad_beta, grad_x"),
    Fault("wrong guard", "swish", 2, "if need_beta", "if need_x"),
    Fault(
        "swapped cotangents",
        "gate",
        2,
        "grad_u * s + grad_v * b * p",
        "grad_v * s + grad_u * b * p",
    ),
    Fault(
        "wrongly not differentiable",
        "gate",
        2,
        "ctx.set_materialize_grads(False)",
        "ctx.set_materialize_grads(False)\n        ctx.mark_non_differentiable(v)",
    ),
    Fault("missing cotangent", "gate", 2, "grad_u.new_zeros", "grad_u.new_ones"),
    Fault("wrong surrogate", "spike", 2, "torch.sigmoid(-x)", "torch.sigmoid(x)"),
    Fault(
        "wrong shape",
        "swish",
        2,
        "return x * torch.sigmoid(beta * x)",
        "return (x * torch.sigmoid(beta * x)).sum_to_size(x.shape)",
    ),
    Fault(
        "mask ignored",
        "masked",
        2,
        "torch.where(keep, grad_y * torch.exp(x) * k, 0.0)",
        "grad_y * torch.exp(x) * k",
    ),
    Fault(
        "integer ignored",
        "masked",
        2,
        "torch.exp(x) * k, 0.0)\n        return grad_x",
        "torch.exp(x), 0.0)\n        return grad_x",
    ),
    # -- rung 3: forward mode and batches
    Fault("jvp of the wrong sign", "product", 3, "+ tangent_w * x", "- tangent_w * x"),
    Fault("jvp with a factor", "product", 3, "+ tangent_w", "+ 1.0005 * tangent_w"),
    Fault("jvp without a term", "product", 3, " + tangent_w * x * torch.cos(w)", ""),
    Fault(
        "tangents swapped",
        "product",
        3,
        "tangent_x: Tensor, tangent_w: Tensor",
        "tangent_w: Tensor, tangent_x: Tensor",
    ),
    Fault("jvp reads another order", "product", 3, "(x, w) =", "(w, x) ="),
    Fault("jvp of a constant", "product", 3, "tangent_x * torch", "torch"),
    Fault(
        "jvp of another function", "product", 3, "tangent_w * x", "tangent_w * x.abs()"
    ),
    Fault("jvp is never applied", "product", 3, "else ProductJvp", "else Product"),
    Fault("no rule for batches", "product", 3, "vmap_rule = True", "vmap_rule = False"),
    # -- rung 4: second derivatives
    Fault(
        "detached gradient",
        "swish",
        4,
        _GRAD_X,
        "(grad_y.detach() * (s + u * ds).detach()).sum_to_size(x.shape)",
    ),
    Fault(
        "detached factor",
        "swish",
        4,
        "s = torch.sigmoid(u)",
        "s = torch.sigmoid(u).detach()",
    ),
    Fault(
        "detached cotangent",
        "gate",
        4,
        "grad_b = (grad_u * a * ds",
        "grad_b = (grad_u.detach() * a * ds",
    ),
    Fault(
        "differentiable again",
        "held",
        4,
        "s = torch.sigmoid(x).detach()",
        "s = torch.sigmoid(x)",
    ),
    # -- rung 5: linearity
    Fault(
        "size of the cotangent", "swish", 5, "(grad_y * (s", "(torch.sign(grad_y) * (s"
    ),
    Fault(
        "clipped cotangent", "ramp", 5, "grad_y * 0.5", "grad_y.clamp(-9.0, 9.0) * 0.5"
    ),
    # -- rung 6: layouts
    Fault(
        "view of the cotangent",
        "huber",
        6,
        "grad_y * slope",
        "(grad_y.view(-1) * slope.reshape(-1)).reshape(x.shape)",
    ),
    Fault(
        "flat memory of the cotangent",
        "huber",
        6,
        "grad_y * slope",
        "torch.as_strided(grad_y, x.shape, x.contiguous().stride()) * slope",
    ),
    Fault(
        "flat memory of the input",
        "ramp",
        6,
        "grad_y * 0.5 / torch.sqrt(safe)",
        "grad_y * 0.5 / torch.sqrt(torch.as_strided(x, x.shape,"
        " torch.empty(x.shape).stride()).abs())",
    ),
    # -- rung 7: traces (see also below)
    Fault(
        "output is a view",
        "swish",
        7,
        "return x * torch.sigmoid(beta * x)",
        "return x.view_as(x)",
    ),
    # -- rung 8: conventions
    Fault(
        "cotangent at a kink",
        "bend",
        8,
        "return grad_y * (",
        "return torch.where(x == 0, 1.0, grad_y) * (",
    ),
    Fault("policy", "bend", 8, "torch.where(x == 0, 0.5", "torch.where(x == 0, 0.0"),
    Fault("tie", "larger", 8, "x == z, 0.5", "x == z, 1.0"),
    Fault(
        "kink",
        "huber",
        8,
        "delta * torch.sign(x))",
        "delta * torch.sign(x)) + (x == 0)",
    ),
    Fault(
        "NaN gets lost",
        "swish",
        8,
        "return x * torch.sigmoid(beta * x)",
        "return torch.where(x == x, x * torch.sigmoid(beta * x), 0.0)",
    ),
    Fault(
        "side of a kink",
        "huber",
        1,
        "torch.abs(x) <= delta, x",
        "torch.abs(x) <= delta + 1e-4, x",
    ),
    # -- rung 10: what is traced
    Fault(
        "untaken branch, traced",
        "ramp",
        10,
        "torch.sqrt(torch.where(x > 0, x, 1.0))",
        "torch.sqrt(x)",
    ),
    Fault("surrogate, traced", "spike", 10, "(y - smooth).detach()", "(y - smooth)"),
    Fault("value, traced", "spike", 10, "smooth + (y", "smooth + 1e-3 + (y"),
    # -- rung 9: dtypes
    Fault(
        "rounding on the way",
        "swish",
        9,
        "u = beta * x",
        "u = (beta * x).to(torch.bfloat16).to(x.dtype)",
    ),
    Fault(
        "another dtype",
        "swish",
        9,
        "return x * torch.sigmoid(beta * x)",
        "return x * torch.sigmoid(beta * x).double()",
    ),
)

PAST_LINT = (
    # -- rung 7 finds by running what rung 0 forbids in the text
    Fault("in-place on input", "swish", 7, "return x * t", "return x.mul_(2.0) * t"),
    Fault(
        "in-place on cotangent",
        "huber",
        7,
        "return grad_y * slope",
        "return grad_y.mul_(slope)",
    ),
    Fault("in-place on saved", "huber", 7, "slope = ", "x.mul_(0.5)\n        slope = "),
    Fault(
        "second backward differs",
        "huber",
        7,
        "return grad_y * slope",
        "ctx.delta += 1.0\n        return grad_y * slope",
    ),
    Fault(
        "once_differentiable",
        "swish",
        4,
        "    def backward",
        "    @torch.autograd.function.once_differentiable\n    def backward",
    ),
    Fault(
        "saved intermediate",
        "huber",
        4,
        "slope = torch.where(torch.abs(x) <= delta, x,",
        "slope = torch.where(torch.abs(x) <= delta, x.data,",
    ),
)
"""Faults that lint rejects as well; these are run without it."""
