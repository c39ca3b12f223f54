"""What C++ calls the functions of the table, of vectors and of numbers.

A row is a text with its arguments in braces.  ``x.log()`` is a method of ATen's
vectors, ``sigmoid(x)`` a function of ours that stands in
``templates/cpu/functions.h.j2``; those that ATen has for one number at a time are named
there as such.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from symgrad.naming import Names

_METHODS = (
    "abs acos asin atan atanh cos cosh digamma erfinv exp2 floor i0 "
    "i0e log log10 log1p log2 reciprocal round rsqrt sin sinh sqrt tan trunc"
)
_METHODS_OF_TWO = "atan2 copysign fmod hypot"
_OURS = (
    "acosh asinh deg entr erf erfc erfcx exp expm1 hardswish hardtanh i1 i1e log_ndtr "
    "logit mish ndtri rad relu relu6 selu sigmoid sign silu softplus softsign square "
    "tanh"
)
_OURS_OF_TWO = "fmax fmin logaddexp logaddexp2 polygamma xlog1py xlogy zeta"

VECTOR: Mapping[str, str] = {
    **{name: f"{{0}}.{name}()" for name in _METHODS.split()},
    **{name: f"{{0}}.{name}({{1}})" for name in _METHODS_OF_TWO.split()},
    **{name: f"{name}({{0}})" for name in _OURS.split()},
    **{name: f"{name}({{0}}, {{1}})" for name in _OURS_OF_TWO.split()},
    "Max": "at::vec::maximum({0}, {1})",
    "Min": "at::vec::minimum({0}, {1})",
    "Mod": "remainder({0}, {1})",
    "arg": "{0}.angle()",
    "ceiling": "{0}.ceil()",
    "clamp": "bounded({0}, {1}, {2})",
    "loggamma": "{0}.lgamma()",
    "pow": "{0}.pow({1})",
}
"""Functions of vectors."""

_STD = (
    "abs acos acosh asin asinh atan atanh cos cosh erf erfc exp exp2 expm1 floor log "
    "log10 log1p log2 sin sinh sqrt tan tanh trunc"
)
_STD_OF_TWO = "atan2 copysign fmod hypot pow"
NUMBER: Mapping[str, str] = {
    **{name: f"std::{name}({{0}})" for name in _STD.split()},
    **{name: f"std::{name}({{0}}, {{1}})" for name in _STD_OF_TWO.split()},
    "Max": "std::max<double>({0}, {1})",
    "Min": "std::min<double>({0}, {1})",
    "ceiling": "std::ceil({0})",
    "deg": "{0} * (180 / M_PI)",
    "loggamma": "std::lgamma({0})",
    "rad": "{0} * (M_PI / 180)",
    "reciprocal": "1 / {0}",
    "relu": "std::max<double>({0}, 0)",
    "round": "std::nearbyint({0})",
    "rsqrt": "1 / std::sqrt({0})",
    "sigmoid": "1 / (1 + std::exp(-{0}))",
    "square": "{0} * {0}",
}
"""Functions of numbers, which are double."""

HELPERS: Mapping[str, tuple[str, ...]] = {
    "where": (),
    "is_true": (),
    "inverse": (),
    "mask_of": (),
    "polynomial": (),
    "power": (),
    "inverse_power": ("power",),
    "raised": (),
    "acosh": ("where",),
    "asinh": ("where",),
    "bounded": (),
    "deg": (),
    "entr": ("where",),
    "erf": ("exp", "polynomial", "where"),
    "erfc": ("exp", "polynomial", "where"),
    "erfcx": (),
    "exp": ("polynomial", "where"),
    "expm1": ("exp", "polynomial", "where"),
    "log1p_of_unit": ("polynomial",),
    "tanh": ("expm1", "where"),
    "tanh_softplus": ("exp", "where"),
    "fmax": ("where",),
    "fmin": ("where",),
    "hardswish": ("bounded",),
    "hardtanh": ("bounded",),
    "i1": (),
    "i1e": (),
    "log_ndtr": (),
    "logaddexp": ("exp", "log1p_of_unit", "where"),
    "logaddexp2": ("log1p_of_unit", "where"),
    "logit": (),
    "softplus": ("exp", "log1p_of_unit"),
    "mish": ("tanh_softplus",),
    "ndtri": (),
    "polygamma": (),
    "rad": (),
    "relu": (),
    "relu6": ("bounded",),
    "remainder": ("where",),
    "selu": ("expm1", "where"),
    "sigmoid": ("exp", "where"),
    "sign": ("where",),
    "silu": ("sigmoid",),
    "softsign": (),
    "square": (),
    "xlog1py": ("where",),
    "xlogy": ("where",),
    "zeta": (),
}
"""The functions of ours, each with those that it calls."""

ONE_BY_ONE = frozenset({"erfcx", "i1", "i1e", "log_ndtr", "ndtri", "polygamma", "zeta"})
"""Those of ours that ATen has for one number at a time."""

_KEYWORDS = (
    "alignas alignof and_eq asm auto bitand bitor bool case catch char char16_t "
    "char32_t char8_t class co_await co_return co_yield compl concept const "
    "const_cast consteval constexpr constinit decltype default delete do double "
    "dynamic_cast enum explicit export extern false float friend goto inline int long "
    "mutable namespace new noexcept not_eq nullptr operator or_eq private protected "
    "public register reinterpret_cast requires short signed sizeof static "
    "static_assert static_cast struct switch template this thread_local throw true "
    "typedef typeid typename union unsigned using virtual void volatile wchar_t xor "
    "xor_eq"
)
_OWN = (
    "assert at body c10 Fold in kInf kNan kMax kMin kSum kept length out pass place "
    "promoted row rows Row Rows std Pass T Tensor V Vectorized"
)
_MACROS = (
    "errno int_vector linux math_errhandling sched_priority stderr stdin stdout unix "
    "MaxTypeIndex"
)

RESERVED = frozenset(f"{_KEYWORDS} {_OWN} {_MACROS}".split()) | frozenset(HELPERS)
"""What no variable can be called: words of C++, of the code around it, and macros."""


def called(names: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Names of Python's that may stand in C++, those that may not with a tail.

    Names that begin in capitals may be macros, such as ``EOF`` and ``P_tmpdir``.
    """
    names = list(names)
    free = Names([*RESERVED, *taken, *(n for n in names if _may_stand(n))])
    return {n: n if _may_stand(n) else free.claim(f"{n}_") for n in names}


def _may_stand(name: str) -> bool:
    return name not in RESERVED and not re.fullmatch(
        r"[A-Z]+_\w*|[A-Z][A-Z0-9_]+|I", name
    )


def helpers(text: str) -> frozenset[str]:
    """The functions of ours that a text calls, and those that they call."""
    found = {n for n in HELPERS if re.search(rf"(?<![\w.:]){n}(<\w+>)?\(", text)}
    todo = list(found)
    while todo:
        more = set(HELPERS[todo.pop()]) - found
        found |= more
        todo += more
    return frozenset(found)
