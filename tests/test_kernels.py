"""Kernels compute what their formulas do, whatever their inputs are in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from kernel_cases import SOUND, Compiled, counted, floating, inputs
from kernel_checks import CLOSE, check
from torch import Tensor

BROADCAST: dict[str, tuple[int, ...]] = {
    **{"x": (3, 37), "scale": (37,), "shift": (3, 1), "keep": (37,)},
    **{"new": (3, 37), "Tensor": (), "errno": (1, 37), "w": (3, 37)},
    **{"a": (37,), "b": (3, 37)},
}
SIZES = (0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 255, 256, 257, 511, 513, 1029)

# -- dtypes and shapes -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("name", SOUND)
def test_in_every_dtype_and_size(
    kernels: Compiled, name: str, dtype: torch.dtype
) -> None:
    for size in SIZES:
        check(kernels, name, inputs(kernels.spec, name, (size,), dtype=dtype))
    check(kernels, name, inputs(kernels.spec, name, (), dtype=dtype))


@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("name", ("three", "named", "chosen", "unkept"))
def test_gradients_of_what_is_broadcast_are_summed(
    kernels: Compiled, name: str, dtype: torch.dtype
) -> None:
    check(kernels, name, inputs(kernels.spec, name, BROADCAST, dtype=dtype))
    empty = {n: tuple(0 if k == 37 else k for k in s) for n, s in BROADCAST.items()}
    check(kernels, name, inputs(kernels.spec, name, empty, dtype=dtype))


@pytest.mark.parametrize(
    "shapes",
    [
        {"x": (4, 1, 3), "scale": (5, 1), "shift": (1, 1, 3)},
        {"x": (1,), "scale": (2, 3), "shift": ()},
        {"x": (0, 3), "scale": (3,), "shift": (1, 1)},
        {"x": (2, 0), "scale": (2, 1), "shift": ()},
        {"x": (3,), "scale": (1, 3), "shift": (1, 1, 3)},
        {"x": (1, 600), "scale": (40, 1), "shift": (40, 600)},
        {"x": (700, 1), "scale": (1, 700), "shift": (1,)},
    ],
    ids=str,
)
def test_shapes_that_broadcast_both_ways(
    kernels: Compiled, shapes: dict[str, tuple[int, ...]]
) -> None:
    check(kernels, "three", inputs(kernels.spec, "three", shapes))


MIXED = (
    (torch.float32, torch.float64, torch.float32),
    (torch.bfloat16, torch.float32, torch.bfloat16),
    (torch.float16, torch.bfloat16, torch.float16),
    (torch.float64, torch.float16, torch.float32),
)


@pytest.mark.parametrize("dtypes", MIXED, ids=str)
@pytest.mark.parametrize("scalar", (False, True))
@pytest.mark.parametrize("name", ("three", "named", "unkept"))
def test_mixed_dtypes(
    kernels: Compiled, name: str, dtypes: tuple[torch.dtype, ...], scalar: bool
) -> None:
    """A 0-dim tensor counts only where all are, and each gradient is like its input."""
    given = inputs(kernels.spec, name, (41,))
    given = {n: v.to(d) for (n, v), d in zip(given.items(), dtypes, strict=False)}
    if scalar:
        last = list(given)[-1]
        given[last] = given[last][3]
    check(kernels, name, given)


def test_outputs_of_their_own_shapes_take_the_kernel_where_shapes_are_one(
    kernels: Compiled,
) -> None:
    given = inputs(kernels.spec, "apart", {"x": (5, 3), "w": (3,)})
    check(kernels, "apart", given, calls=())


def test_numbers_change_what_is_chosen(kernels: Compiled) -> None:
    given = inputs(kernels.spec, "chosen", (300,))
    for rate, times, flip in ((3, -2, False), (2.5, 0, True), (float("nan"), 1, False)):
        check_numbers = {**given, "rate": rate, "times": times, "flip": flip}
        results = [
            torch.stack(m.chosen(**check_numbers))
            for m in (kernels.module, kernels.formulas)
        ]
        torch.testing.assert_close(*results, equal_nan=True)


# -- how they lie in memory ------------------------------------------------------------

LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "transposed": lambda t: t.mT.contiguous().mT,
    "sliced": lambda t: torch.stack([t, t + 9], dim=-1)[..., 0],
    "every third row": lambda t: torch.stack([t, t, t], dim=1).flatten(0, 1)[::3],
    "offset": lambda t: torch.cat([t.flatten()[:1], t.flatten()])[1:].view(t.shape),
}


@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16), ids=str)
@pytest.mark.parametrize("sent", LAYOUTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_cotangents(
    kernels: Compiled, layout: str, sent: str, dtype: torch.dtype
) -> None:
    given = inputs(kernels.spec, "three", (13, 37), dtype=dtype)
    given["x"] = LAYOUTS[layout](given["x"])
    check(kernels, "three", given, LAYOUTS[sent])
    check(kernels, "three", {n: LAYOUTS[layout](v) for n, v in given.items()})


def test_expanded_inputs_and_cotangents(kernels: Compiled) -> None:
    given = inputs(kernels.spec, "three", {"x": (7, 1), "scale": (300,), "shift": ()})
    given = {n: v.expand(7, 300) for n, v in given.items()}
    check(kernels, "three", given)
    check(kernels, "three", given, lambda t: t[:1, :1].expand(t.shape))


@pytest.mark.parametrize("name", ("unary", "three", "unkept"))
def test_channels_last_is_kept(kernels: Compiled, name: str) -> None:
    last = {"memory_format": torch.channels_last}
    given = inputs(kernels.spec, name, (2, 5, 7, 3))
    given = {n: v.contiguous(**last) for n, v in given.items()}
    got, gradients = check(kernels, name, given, lambda t: t.contiguous(**last))
    assert all(t.is_contiguous(**last) for t in (*got, *gradients.values()))


def test_neither_inputs_nor_cotangents_are_written(kernels: Compiled) -> None:
    given = inputs(kernels.spec, "named", (5, 300))
    before = {n: v.clone() for n, v in given.items()}
    check(kernels, "named", given)
    assert all(torch.equal(given[n], before[n]) for n in given)


def test_lazily_negated_tensors(kernels: Compiled) -> None:
    """The imaginary part of a conjugate is a view that says it is to be negated."""
    x = torch.randn(40, dtype=torch.complex64).conj().imag
    assert x.is_neg()
    with torch.no_grad(), counted(kernels.module) as calls:
        got = kernels.module.unary(x)
    assert calls == ["unary_forward"]
    torch.testing.assert_close(got, kernels.formulas.unary(x.clone()))


# -- which gradients -------------------------------------------------------------------


@pytest.mark.parametrize("name", ("three", "named", "apart", "unkept"))
def test_only_gradients_that_are_needed(kernels: Compiled, name: str) -> None:
    given = inputs(kernels.spec, name, (29,))
    op = getattr(kernels.module, name)
    formula = getattr(kernels.formulas, name)
    for one in given:
        found = []
        for function in (op, formula):
            leaf = torch.nn.Parameter(given[one].clone())
            outputs = function(**{**given, one: leaf})
            results = outputs if isinstance(outputs, tuple) else (outputs,)
            sum(y.sum() for y in results).backward()
            found.append(leaf.grad)
        torch.testing.assert_close(*found)


def test_a_kernel_gives_nothing_for_what_is_not_needed(kernels: Compiled) -> None:
    given = list(inputs(kernels.spec, "three", (8, 3)).values())
    backward = kernels.module._kernels().three_backward
    for needs in ((True, False, False), (False, True, True), (False, False, False)):
        found = backward(given[0], *given, *needs)
        assert [g is not None for g in found] == list(needs)


def test_one_of_several_cotangents_is_missing(kernels: Compiled) -> None:
    for which in (0, 1):
        found = []
        for module in (kernels.module, kernels.formulas):
            given = inputs(kernels.spec, "named", BROADCAST)
            leaves = {n: v.requires_grad_() for n, v in given.items()}
            module.named(**leaves)[which].sum().backward()
            found.append([v.grad for v in leaves.values()])
        torch.testing.assert_close(*found)


@pytest.mark.parametrize("name", SOUND)
def test_the_formula_beside_a_kernel_is_the_one_without(
    kernels: Compiled, name: str
) -> None:
    """To the bit, where torch records it."""
    given = inputs(kernels.spec, name, (3, 37))
    leaves = {n: v.requires_grad_() for n, v in floating(given).items()}
    found = []
    for module in (kernels.module, kernels.formulas):
        cls = getattr(module, name.title())
        results = getattr(module, name)(**{**given, **leaves})
        with torch.enable_grad():
            recorded = cls.forward(*{**given, **leaves}.values())
        several = results if isinstance(results, tuple) else (results,)
        gradients = torch.autograd.grad(
            sum(y.sum() for y in several), [*leaves.values()], create_graph=True
        )
        found.append((recorded, [g.detach() for g in gradients]))
    if name not in ("unkept",):  # it keeps its result, which the kernel rounds
        torch.testing.assert_close(*found, rtol=0, atol=0)
    torch.testing.assert_close(*found)
