"""Every example has its generated module and tests, and every op keeps its promises."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import yaml
from contract import real_sum
from generated_modules import EXAMPLES, GENERATED, generated
from torch import Tensor

SPECS = {path.stem: path for path in sorted(EXAMPLES.glob("*.yaml"))}
ARGUMENTS: dict[str, Any] = {
    "index": torch.tensor([1, 2, 3]),
    "mask": torch.tensor([True, False, True]),
}
SIZE = 4
"""Of every named axis: there is place for those integers."""
FLOATING = {"real": torch.float64, "complex": torch.complex128}


@dataclass(frozen=True)
class Example:
    """An op as its spec declares it."""

    stem: str
    name: str
    declared: dict[str, Any]

    @property
    def function(self) -> Callable[..., Any]:
        """The generated function."""
        function: Callable[..., Any] = getattr(generated(self.stem), self.name)
        return function

    @property
    def kinds(self) -> dict[str, str]:
        """Input name to kind, without domain and default."""
        return {name: _kind(text) for name, text in self.declared["inputs"].items()}

    def shape(self, name: str, batch: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of an input: a batch, and its named axes where it has any."""
        axes = _axes(self.declared["inputs"][name])
        if axes is None:
            return batch
        lead = batch if axes[:1] == ["..."] else ()
        return (*lead, *(SIZE for axis in axes if axis != "..."))

    @property
    def is_batched(self) -> bool:
        """Whether some floating input takes any batch."""
        floating = (name for name, kind in self.kinds.items() if kind in FLOATING)
        return any(self.shape(name, (0,))[:1] == (0,) for name in floating)

    @property
    def wanted(self) -> list[bool]:
        """For each input whether it has a gradient."""
        return [
            kind in FLOATING and not _without_grad(self.declared["inputs"][name])
            for name, kind in self.kinds.items()
        ]

    def __str__(self) -> str:
        return f"{self.stem}.{self.name}"


def _kind(declaration: str | dict[str, Any]) -> str:
    text = declaration if isinstance(declaration, str) else declaration["kind"]
    return text.split()[0].partition("[")[0]


def _axes(declaration: str | dict[str, Any]) -> list[str] | None:
    """The axes between the brackets of a declaration, if it has brackets."""
    if isinstance(declaration, dict):
        return declaration.get("axes")
    inside = re.match(r"\w+\[([^\]]*)\]", declaration)
    return None if inside is None else re.findall(r"[\w.]+", inside[1])


def _without_grad(declaration: str | dict[str, Any]) -> bool:
    return isinstance(declaration, dict) and declaration.get("grad") is False


def _examples() -> list[Example]:
    return [
        Example(stem, name, declared)
        for stem, path in SPECS.items()
        for name, declared in yaml.safe_load(path.read_text())["ops"].items()
    ]


OPS = _examples()


def call(example: Example, **changed: Any) -> tuple[dict[str, Tensor], Any]:
    """The op at a point inside every domain; its floating inputs, and its result."""
    point = {
        name: torch.full(
            example.shape(name, (3,)), 0.4 + 0.05 * i, dtype=FLOATING[kind]
        )
        for i, (name, kind) in enumerate(example.kinds.items())
        if kind in FLOATING
    }
    for value in point.values():
        value.requires_grad_()
    kinds = example.kinds.items()
    given = {
        name: _along_first(ARGUMENTS[kind], example.shape(name, (3,)))
        for name, kind in kinds
        if kind in ARGUMENTS
    }
    return point, example.function(**{**point, **given, **changed})


def _along_first(values: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Three values in turn, in a shape."""
    return values.repeat(math.prod(shape))[: math.prod(shape)].view(shape)


def test_enough_examples() -> None:
    assert len(OPS) >= 60


def test_no_stray_and_no_missing_file() -> None:
    wanted = {name for stem in SPECS for name in (f"{stem}.py", f"test_{stem}.py")}
    assert {path.name for path in GENERATED.glob("*.py")} == wanted


@pytest.mark.parametrize("stem", SPECS)
def test_module_exports_its_ops(stem: str) -> None:
    module = generated(stem)
    ops = [op for op in OPS if op.stem == stem]
    modules = [op.declared["module"]["name"] for op in ops if "module" in op.declared]
    assert module.__all__ == [*sorted(modules), *sorted(op.name for op in ops)]
    assert module.__doc__


@pytest.mark.parametrize("op", OPS, ids=str)
def test_op_is_documented(op: Example) -> None:
    doc = inspect.getdoc(op.function) or ""
    first_words = " ".join(op.declared["doc"].split()[:4])
    assert " ".join(doc.split()).startswith(first_words)
    assert all(f"{name}:" in doc for name in op.kinds)


@pytest.mark.parametrize("op", OPS, ids=str)
def test_parameters_are_the_inputs(op: Example) -> None:
    assert list(inspect.signature(op.function).parameters) == list(op.kinds)


@pytest.mark.parametrize("op", OPS, ids=str)
def test_backward_returns_as_many_gradients_as_inputs(op: Example) -> None:
    _, result = call(op)
    outputs = result if isinstance(result, tuple) else (result,)
    assert len(outputs) == len(op.declared["forward"])
    node: Any = outputs[0].grad_fn
    returned = node.apply(*(torch.ones_like(y) for y in outputs))
    returned = returned if isinstance(returned, tuple) else (returned,)
    assert [grad is not None for grad in returned] == op.wanted


@pytest.mark.parametrize("op", OPS, ids=str)
def test_a_wrong_kind_of_argument_is_a_type_error(op: Example) -> None:
    for name, kind in op.kinds.items():
        wrong = torch.ones(3, 1) if kind in ("float", "int", "bool") else 1.5
        with pytest.raises(TypeError, match=rf"{op.name}: {name} must be"):
            call(op, **{name: wrong})


@pytest.mark.parametrize("op", [op for op in OPS if op.is_batched], ids=str)
def test_an_op_of_empty_tensors_is_empty(op: Example) -> None:
    empty = {
        name: torch.zeros(op.shape(name, (0, 3)), dtype=FLOATING[kind])
        for name, kind in op.kinds.items()
        if kind in FLOATING
    }
    for value in empty.values():
        value.requires_grad_()
    _, result = call(op, **empty)
    outputs = result if isinstance(result, tuple) else (result,)
    assert all(y.shape[:2] == (0, 3) for y in outputs)
    real_sum(outputs).backward()
    for value in empty.values():
        assert value.grad is None or value.grad.shape == value.shape
