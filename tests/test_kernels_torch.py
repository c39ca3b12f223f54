"""Where kernels are called, and that all of torch goes on as it does without them."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from kernel_cases import Compiled, counted, inputs
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx

Function = Callable[..., Any]


def three(kernels: Compiled, **how: Any) -> list[Tensor]:
    return list(
        inputs(kernels.spec, "three", (5, 9), dtype=torch.float64, **how).values()
    )


def whole(function: Function) -> Function:
    """A function with one number as its result."""
    return lambda *given: function(*given).square().sum()


# -- transforms: what torch records is the formula -------------------------------------


def hessian(function: Function) -> Function:
    return torch.func.hessian(whole(function), argnums=1)


def double_backward(function: Function) -> Function:
    def twice(*given: Tensor) -> Any:
        leaves = [t.detach().requires_grad_() for t in given]
        first = torch.autograd.grad(whole(function)(*leaves), leaves, create_graph=True)
        return torch.autograd.grad(sum(g.sum() for g in first), leaves)

    return twice


def forward_mode(function: Function) -> Function:
    def pushed(*given: Tensor) -> Any:
        with torch.no_grad(), forward_ad.dual_level():
            dual = function(*(forward_ad.make_dual(t, t.cos()) for t in given))
            return tuple(forward_ad.unpack_dual(dual))

    return pushed


def pushed(function: Function) -> Function:
    def both(*given: Tensor) -> Any:
        with torch.no_grad():
            return torch.func.jvp(function, given, tuple(t.cos() for t in given))

    return both


RECORDED = {
    "hessian": hessian,
    "forward mode": forward_mode,
    "jvp": pushed,
    "jacfwd": lambda f: torch.func.jacfwd(whole(f), argnums=(0, 2)),
    "compile": lambda f: torch.compile(f, fullgraph=True, backend="aot_eager"),
}
"""Transforms that call no kernel."""

TAKEN = {
    "grad": lambda f: torch.func.grad(whole(f), argnums=(0, 1, 2)),
    "vjp": lambda f: lambda *given: torch.func.vjp(f, *given)[1](given[0]),
    "jacrev": lambda f: torch.func.jacrev(whole(f), argnums=(0, 1, 2)),
    "double backward": double_backward,
    "vmap": lambda f: torch.func.vmap(f, in_dims=(0, 1, None), out_dims=1),
    "vmap of grad": lambda f: torch.func.vmap(torch.func.grad(whole(f))),
    "vmap of vmap": lambda f: torch.func.vmap(torch.func.vmap(f), in_dims=(1, 1, 1)),
}
"""Those that may call one, and need not."""


@pytest.mark.parametrize("transform", {**RECORDED, **TAKEN})
def test_transforms(kernels: Compiled, transform: str) -> None:
    given = three(kernels)
    if transform == "vmap":
        given[1], given[2] = given[1].mT, given[2][0]
    wrap = {**RECORDED, **TAKEN}[transform]
    for context in (torch.enable_grad, torch.no_grad):
        if transform == "double backward" and context is torch.no_grad:
            continue
        with context(), counted(kernels.module) as calls:
            found = wrap(kernels.module.three)(*given)
        with context():
            expected = wrap(kernels.formulas.three)(*given)
        torch.testing.assert_close(found, expected)
        assert not calls or transform in TAKEN


def test_a_compiled_op_and_its_gradients_call_no_kernel(kernels: Compiled) -> None:
    function = torch.compile(kernels.module.named, fullgraph=True, backend="aot_eager")
    given = inputs(kernels.spec, "named", (5, 9))
    leaves = [v.requires_grad_() for v in given.values()]
    with counted(kernels.module) as calls:
        found = torch.autograd.grad(sum(y.sum() for y in function(*leaves)), leaves)
        with torch.no_grad():
            function(*leaves)
    assert calls == []
    expected = kernels.formulas.named(*leaves)
    torch.testing.assert_close(
        found, torch.autograd.grad(sum(y.sum() for y in expected), leaves)
    )


# -- where they are called -------------------------------------------------------------


class Own(torch.Tensor):
    """A subclass of no use."""


PLAIN: dict[str, tuple[Function, bool]] = {
    "tensor": (lambda t: t, True),
    "parameter": (torch.nn.Parameter, True),
    "leaf": (lambda t: t.requires_grad_(), True),
    "subclass": (lambda t: t.as_subclass(Own), False),
    "meta": (lambda t: t.to("meta"), False),
}


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("mode", (torch.no_grad, torch.inference_mode))
def test_forward_is_a_kernel_for_plain_tensors(
    kernels: Compiled, kind: str, mode: Function
) -> None:
    made, is_plain = PLAIN[kind]
    given = [made(t) for t in three(kernels)]
    with mode(), counted(kernels.module) as calls:
        found = kernels.module.three(*given)
    assert calls == ["three_forward"] * is_plain
    expected = kernels.formulas.three(*given)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if kind != "meta":
        torch.testing.assert_close(found, expected.detach())


def test_recording_backward_is_the_formula(kernels: Compiled) -> None:
    given = [t.requires_grad_() for t in three(kernels)]
    with counted(kernels.module) as calls:
        y = kernels.module.three(*given).sum()
        torch.autograd.grad(y, given, create_graph=True)
    assert calls == ["three_forward"]


def test_fake_tensors(kernels: Compiled) -> None:
    with FakeTensorMode() as mode, counted(kernels.module) as calls, torch.no_grad():
        given = [mode.from_tensor(t) for t in three(kernels)]
        found = kernels.module.three(*given)
    assert calls == [] and found.shape == (5, 9) and found.dtype == torch.float64


def test_make_fx(kernels: Compiled) -> None:
    """With grad mode on and off, with tensors that have data and with such as not."""
    given = three(kernels)
    for tracing in ("real", "fake", "symbolic"):
        for mode in (torch.enable_grad, torch.no_grad):
            with mode():
                traced = make_fx(kernels.module.three, tracing_mode=tracing)(*given)
                again = [t.sin() for t in given]
                torch.testing.assert_close(
                    traced(*again), kernels.formulas.three(*again)
                )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_trace_holds_the_formula(kernels: Compiled) -> None:
    """It is run, or exported to ONNX, where the kernels are not."""
    with torch.no_grad(), counted(kernels.module) as calls:
        traced = torch.jit.trace(
            kernels.module.three, tuple(three(kernels)), check_trace=False
        )
    assert calls == []
    given = [t.sin() for t in three(kernels)]
    torch.testing.assert_close(traced(*given), kernels.formulas.three(*given))


class Wrapped(torch.nn.Module):
    """A module of an op."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        found: Tensor = self.function(x, scale, shift)
        return found


def test_export(kernels: Compiled) -> None:
    given = tuple(three(kernels))
    for mode in (torch.enable_grad, torch.no_grad):
        with mode(), counted(kernels.module) as calls:
            program = torch.export.export(Wrapped(kernels.module.three), given)
        assert calls == []
        assert "kernel_cases_" not in str(program.graph_module.code)
        torch.testing.assert_close(
            program.module()(*given), kernels.formulas.three(*given)
        )


def test_saved_tensor_hooks_and_checkpoints(kernels: Compiled) -> None:
    packed: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        packed.append(tensor)
        return tensor.double()

    given = [t.float().requires_grad_() for t in three(kernels)]
    expected = torch.autograd.grad(kernels.formulas.three(*given).sum(), given)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t.float()):
        y = kernels.module.three(*given)
    torch.testing.assert_close(torch.autograd.grad(y.sum(), given), expected)
    assert len(packed) == 3
    y = torch.utils.checkpoint.checkpoint(
        kernels.module.three, *given, use_reentrant=False
    )
    torch.testing.assert_close(torch.autograd.grad(y.sum(), given), expected)


@pytest.mark.parametrize("mode", (torch.no_grad, torch.inference_mode))
def test_results_are_new_and_may_be_written(kernels: Compiled, mode: Function) -> None:
    given = three(kernels)
    with mode():
        y = kernels.module.three(*given)
        before = y.clone()
        y.add_(1)
        assert torch.equal(kernels.module.three(*given), before)


def test_functions_are_copied_and_pickled(kernels: Compiled) -> None:
    given = three(kernels)
    module = Wrapped(kernels.module.three)
    stream = io.BytesIO()
    torch.save(module, stream)
    stream.seek(0)
    copies = (
        copy.deepcopy(module),
        pickle.loads(pickle.dumps(module)),
        torch.load(stream, weights_only=False),
    )
    with torch.no_grad():
        for one in copies:
            assert torch.equal(one(*given), module(*given))
