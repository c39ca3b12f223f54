"""PyTorch's elementwise operators beside the specs that say the same: a table.

Points come from torch's own database of operators, and from a grid of extremes; how an
operator is differentiated there is torch's own backward.  So nothing of what the specs
are compared with is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

SPEC = Path(__file__).parent / "judge" / "elementwise.yaml"

Points = Mapping[str, tuple[float, ...]]
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Row:
    """An op of the spec, and the operator of torch that judges it.

    ``entries`` are the lines of torch's table of derivatives that are run so; none
    where torch composes the operator of others.  ``database`` is its name among
    torch's test operators, with the variant after a slash: its samples are taken, and
    it is called with the ``fixed`` keywords.  ``torch`` is called instead where it is
    given, with the arguments of the op in their order.  ``points`` are the extremes of
    an input where they are not those of every other.
    """

    op: str
    entries: tuple[str, ...] = ()
    database: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    torch: Callable[..., Tensor] | None = None
    points: Points = field(default_factory=dict)

    def __str__(self) -> str:
        return self.op


def _named(prefix: str, names: str, composed: bool = False) -> Iterator[Row]:
    """Operators that have one name in the spec, the database and the table."""
    for name in names.split():
        place = prefix.replace(".", "_") if prefix == "special." else ""
        op = place + name
        yield Row(op, () if composed else (op,), prefix + name)


def _alone(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """An operator that takes one element of a tensor only, element by element."""

    def of_each(*args: Tensor) -> Tensor:
        return torch.stack([function(*each) for each in zip(*args, strict=True)])

    return of_each


def _of_degree_3(polynomial: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: polynomial(x, 3)


def _of_a_number(polynomial: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return _alone(lambda x, n: polynomial(x.item(), n.double()))


DIVISORS = (0.3, 2.0, -1.5, 0.0, math.inf, -math.inf, math.nan)
# the logarithm of a Python number that has none is an error in the generated backward
ABOVE_0 = (0.3, 1.0, 3.0, math.inf, math.nan)
SLOPES = {"lower": (0.1,), "upper": (0.3,)}
DEGREES = (0, 1, 2, 3)
WITHOUT_EPS = {"eps": None}
EACH = {"reduction": "none"}
NN = "nn.functional."

UNARY = (
    Row("absolute", ("abs",), "abs"),
    Row("rounded", ("round",), "round"),
    Row("round_3", ("round.decimals",), "round/decimals_3", {"decimals": 3}),
    Row("round_hundreds", ("round.decimals",), "round", {"decimals": -2}),
    *_named(
        "",
        "acos asin atan ceil cos cosh deg2rad erf erfc erfinv exp exp2 expm1 floor "
        "frac i0 log log10 log1p log2 lgamma digamma neg rad2deg reciprocal rsqrt "
        "sigmoid sign sgn sin sinc sinh sqrt tan tanh trunc angle nan_to_num",
    ),
    *(Row(name, (name, name + "_"), name) for name in ("acosh", "asinh", "atanh")),
    Row("negated_view", ("_neg_view",), "neg", torch=torch._neg_view),
    *_named("", "positive square", composed=True),
    *_named("special.", "i0e i1 i1e entr ndtri log_ndtr erfcx"),
    *_named("special.", "ndtr", composed=True),
    Row("logit", ("logit",), "logit", WITHOUT_EPS),
    Row(
        "logit_clamped",
        ("logit",),
        torch=torch.logit,
        points={"eps": (0.0, 1e-6, 0.25)},
    ),
    *(
        Row(
            f"polygamma_{n}",
            ("polygamma", "polygamma_"),
            "polygamma/polygamma_n_0",
            {"n": n},
        )
        for n in range(5)
    ),
    *(
        Row(f"mvlgamma_{p}", ("mvlgamma",), f"mvlgamma/mvlgamma_p_{p}", {"p": p})
        for p in (1, 3, 5)
    ),
    *(
        Row(
            f"zeta_{s}",
            ("special_zeta.self_scalar",),
            torch=lambda x, s=s: torch.special.zeta(float(s), x),
        )
        for s in (2, 3)
    ),
)

ACTIVATIONS = (
    *_named(NN, "relu silu hardsigmoid hardswish mish"),
    *_named(NN, "selu softsign tanhshrink relu6", composed=True),
    Row("logsigmoid", ("log_sigmoid_forward",), f"{NN}logsigmoid"),
    *(
        Row(name, (name, name + "_"), NN + name)
        for name in ("elu", "celu", "leaky_relu", "threshold")
    ),
    *_named(NN, "softshrink hardshrink hardtanh softplus"),
    *(
        Row(f"gelu_{kind}", ("gelu",), f"{NN}gelu", {"approximate": kind})
        for kind in ("none", "tanh")
    ),
    Row("prelu", ("_prelu_kernel",), torch=torch._prelu_kernel),
    Row(
        "rrelu",
        ("rrelu_with_noise", "rrelu_with_noise_"),
        f"{NN}rrelu",
        torch=lambda x, lower, upper: F.rrelu(x, lower, upper, training=False),
        points=SLOPES,
    ),
    Row(
        "rrelu",
        ("rrelu_with_noise_functional",),
        torch=lambda x, lower, upper: torch.ops.aten.rrelu_with_noise_functional(
            x, torch.zeros_like(x), lower, upper
        )[0],
        points=SLOPES,
    ),
)

BINARY = (
    *(Row(name, (f"{name}.Tensor",), name) for name in ("add", "sub", "rsub", "mul")),
    *(
        Row(name, (f"{name}.Tensor",), name)
        for name in ("remainder", "fmod", "copysign", "xlogy", "ldexp")
    ),
    *_named("", "atan2 hypot maximum minimum fmax fmin logaddexp logaddexp2"),
    *_named("", "float_power", composed=True),
    *_named("special.", "xlog1py"),
    Row("clamp_min", ("clamp_min.Tensor",), "clamp_min"),
    Row("clamp_max", ("clamp_max.Tensor",), "clamp_max"),
    Row("power", ("pow.Tensor_Tensor",), "pow"),
    Row("div", ("div.Tensor",), "div/no_rounding_mode"),
    *(
        Row(
            f"div_{mode}",
            ("div.Tensor_mode",),
            f"div/{mode}_rounding",
            {"rounding_mode": mode},
        )
        for mode in ("trunc", "floor")
    ),
)

SCALAR = (
    Row("add_number", ("add.Scalar",), torch=torch.add),
    Row("sub_number", ("sub.Scalar",), torch=torch.sub),
    Row("rsub_number", ("rsub.Scalar",), torch=torch.rsub),
    Row("mul_number", ("mul.Scalar",), torch=torch.mul),
    Row("div_number", ("div.Scalar",), torch=torch.div),
    *(
        Row(
            f"div_number_{mode}",
            ("div.Scalar_mode",),
            torch=lambda x, c, mode=mode: torch.div(x, c, rounding_mode=mode),
            points={"c": DIVISORS},
        )
        for mode in ("trunc", "floor")
    ),
    Row("fmod_number", ("fmod.Scalar",), torch=torch.fmod),
    Row("remainder_number", ("remainder.Scalar",), torch=torch.remainder),
    Row("copysign_number", ("copysign.Scalar",), torch=torch.copysign),
    Row("power_of_number", ("pow.Scalar",), torch=torch.pow, points={"c": ABOVE_0}),
    Row("power_number", ("pow.Tensor_Scalar",), torch=torch.pow),
    Row(
        "xlogy_number",
        ("xlogy.Scalar_Other",),
        torch=torch.xlogy,
        points={"c": ABOVE_0},
    ),
    Row("number_logy", ("xlogy.Scalar_Self",), torch=torch.xlogy),
    Row(
        "xlog1py_number",
        ("special_xlog1py.other_scalar",),
        torch=torch.special.xlog1py,
        points={"c": ABOVE_0},
    ),
    Row(
        "number_log1py",
        ("special_xlog1py.self_scalar",),
        torch=torch.special.xlog1py,
    ),
    Row("clamp_numbers", ("clamp",), torch=torch.clamp),
    Row("clamp_min_number", ("clamp_min",), torch=torch.clamp_min),
    Row("clamp_max_number", ("clamp_max",), torch=torch.clamp_max),
    Row("lerp_number", ("lerp.Scalar",), torch=torch.lerp),
)

TERNARY = (
    Row("addcmul", ("addcmul",), "addcmul"),
    Row("addcdiv", ("addcdiv",), "addcdiv"),
    Row("lerp", ("lerp.Tensor",), "lerp"),
    Row("clamp", ("clamp.Tensor",), "clamp"),
    Row("choice", ("where.self",), "where"),
    Row("masked_fill_number", ("masked_fill.Scalar",), torch=torch.masked_fill),
    Row(
        "masked_fill",
        ("masked_fill.Tensor",),
        "masked_fill",
        torch=_alone(torch.masked_fill),
    ),
)

LOSSES = (
    *(
        Row(name, (name,), NN + name, EACH)
        for name in ("mse_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss")
    ),
    Row("l1_loss", (), f"{NN}l1_loss", EACH),
    Row("poisson_nll_loss", (), f"{NN}poisson_nll_loss", {**EACH, "full": False}),
    Row("kl_div", (), f"{NN}kl_div", EACH),
    Row(
        "binary_cross_entropy",
        ("binary_cross_entropy",),
        f"{NN}binary_cross_entropy",
        EACH,
    ),
    Row(
        "binary_cross_entropy_with_logits",
        ("binary_cross_entropy_with_logits",),
        f"{NN}binary_cross_entropy_with_logits",
        EACH,
    ),
)

POLYNOMIALS = (
    *(f"chebyshev_polynomial_{kind}" for kind in "tuvw"),
    *(f"shifted_chebyshev_polynomial_{kind}" for kind in "tuvw"),
    *("hermite_polynomial_h", "hermite_polynomial_he"),
    *("laguerre_polynomial_l", "legendre_polynomial_p"),
)
UNDERIVED = (
    *_named(
        "special.",
        "airy_ai bessel_j0 bessel_j1 modified_bessel_i0 modified_bessel_i1 "
        "spherical_bessel_j0 bessel_y0 bessel_y1 modified_bessel_k0 modified_bessel_k1 "
        "scaled_modified_bessel_k0 scaled_modified_bessel_k1",
    ),
    *(
        Row(
            f"special_{name}",
            (f"special_{name}", f"special_{name}.n_scalar"),
            f"special.{name}",
            torch=_of_degree_3(getattr(torch.special, name)),
        )
        for name in POLYNOMIALS
    ),
    *(
        Row(
            f"special_{name}_of_degree",
            (f"special_{name}.x_scalar",),
            torch=_of_a_number(getattr(torch.special, name)),
            points={"n": DEGREES},
        )
        for name in POLYNOMIALS
    ),
)
"""Those that torch has no derivative of; the degree is 3, or one of ``DEGREES``."""

ROWS = (*UNARY, *ACTIVATIONS, *BINARY, *SCALAR, *TERNARY, *LOSSES, *UNDERIVED)
