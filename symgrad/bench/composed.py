"""An op's formulas as the torch program that one would write for them.

The formula is run once, one operator for each node, and the calls are recorded; what
is timed is the recording, so that the walk over the nodes costs nothing.
"""

from __future__ import annotations

import itertools
import operator
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from symgrad.axes import BATCH, dim, is_along, named
from symgrad.bench.inputs import Place, contracted
from symgrad.op import Op
from symgrad.program import Node, Program
from symgrad.verify import dimensions
from symgrad.verify.evaluation import evaluate


def composed(op: Op, inputs: Sequence[Any], place: Place) -> Callable[..., Any]:
    """A function of all inputs, for those of the same shapes and the same numbers.

    Sums of products are ``torch.einsum``, lookups are indexing; an output with a
    surrogate has that one's derivative.  Gradients given in a spec are not in it.
    Raises whatever torch raises for the formula.
    """
    names = [item.name for item in op.inputs]
    recorder = Recorder(place.dtype)
    arguments = [recorder.argument(value) for value in inputs]
    with torch.device(place.device), recorder:
        results = _results(contracted(op), dict(zip(names, arguments, strict=True)))
    return recorder.function(results)


def _results(op: Op, values: Mapping[str, Any]) -> list[Tensor]:
    """The outputs, with the derivatives of their surrogates."""
    roots = [f.value for f in op.outputs]
    counted = [op.stand_ins.get(f.name, f.value) for f in op.outputs]
    known = _special(op.nodes, (*roots, *counted), values)
    found = evaluate(op.nodes, (*roots, *counted), values, frozen=known)
    pairs = zip(found[: len(roots)], found[len(roots) :], strict=True)
    return [y if y is smooth else _surrogate(y, smooth) for y, smooth in pairs]


def _surrogate(value: Any, smooth: Any) -> Any:
    """One value with another's derivative, as straight-through code has it."""
    return smooth + (value - smooth).detach()


def _special(
    nodes: Sequence[Node], roots: Sequence[int], values: Mapping[str, Any]
) -> dict[int, Any]:
    """What is not to be run as naively as verification does, and all before it."""
    program = Program(tuple(nodes), {}, {})
    known: dict[int, Any] = {}
    for number in program.reachable(roots):
        node = nodes[number]
        if node.op not in _SPECIAL:
            continue
        behind = program.reachable(node.args, frozenset(known))
        known |= dict(
            zip(behind, evaluate(nodes, behind, values, frozen=known), strict=True)
        )
        parts = [nodes[arg] for arg in node.args]
        known[number] = _SPECIAL[node.op](node, parts, [known[a] for a in node.args])
    return known


def _einsum(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Tensor:
    """A contraction by torch's own, with a letter for each label."""
    labels = dict.fromkeys(axis for part in parts for axis in named(part.axes))
    letters = {BATCH: "...", **dict(zip(labels, string.ascii_letters, strict=False))}
    sides = ["".join(letters[axis] for axis in n.axes) for n in (*parts, node)]
    return torch.einsum(f"{','.join(sides[:-1])}->{sides[-1]}", *args)


def _gather(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Any:
    """Indexing, where whole parts of a base are looked up."""
    at, (base, index) = str(node.data), parts
    if is_along(at, base.axes, index.axes):
        return dimensions.apply(node, parts, args)
    first = args[0].dim() + dim(at, base.axes)
    rows = args[0].movedim(first, 0) if first else args[0]
    rest = [axis for axis in base.axes if axis != at]
    return dimensions.with_axes(
        rows[args[1].long()], (*index.axes, *rest), named(node.axes)
    )


_SPECIAL: Mapping[str, Callable[..., Any]] = {"einsum": _einsum, "gather": _gather}


class Recorder(TorchFunctionMode):
    """Records the calls of torch's functions while it is entered.

    Constants are made once, and where torch is asked for doubles it is given the dtype
    in which the op is timed: verification computes in double precision, people do not.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtypes = {
            torch.float64: dtype,
            torch.complex128: dtype.to_complex(),
        }
        self._graph = fx.Graph()
        self._places = itertools.count()
        self._constants: dict[str, Any] = {}
        self._nodes: dict[int, fx.Node] = {}
        self._alive: list[Tensor] = []

    def argument(self, value: Any) -> Any:
        """Declare the next argument; a tensor stands for it, a number for itself."""
        # fx takes W and w for one name
        node = self._graph.placeholder(f"input_{next(self._places)}")
        if isinstance(value, Tensor):
            value = value.detach().requires_grad_(value.requires_grad)
            self._know(value, node)
        return value

    def function(self, results: Sequence[Any]) -> Callable[..., Any]:
        """The recorded program, one result alone not being a tuple."""
        found = [self._of(torch.as_tensor(result)) for result in results]
        self._graph.output(found[0] if len(found) == 1 else tuple(found))
        self._graph.eliminate_dead_code()
        module = fx.GraphModule(self._constants, self._graph)
        run: Callable[..., Any] = module.forward
        return run

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run a function, and note down whatever tensors it makes of known ones."""
        if func is Tensor.double:
            func, args = Tensor.to, (*args, torch.float64)
        args, kwargs = tree_map(self._in_dtype, (args, kwargs or {}))
        result = func(*args, **kwargs)
        parts = result if isinstance(result, (tuple, list)) else [result]
        if any(isinstance(p, Tensor) and id(p) not in self._nodes for p in parts):
            self._record(func, args, kwargs, result)
        return result

    def _in_dtype(self, value: Any) -> Any:
        is_dtype = isinstance(value, torch.dtype)
        return self._dtypes.get(value, value) if is_dtype else value

    def _record(
        self, func: Callable[..., Any], args: Any, kwargs: Any, result: Any
    ) -> None:
        known: list[bool] = []
        tree_map(lambda value: known.append(id(value) in self._nodes), (args, kwargs))
        if not any(known):
            return
        if func is Tensor.permute and list(args[1]) == sorted(args[1]):
            self._know(result, self._of(args[0]))  # nobody writes what changes nothing
            return
        own, named = tree_map(self._of, (args, kwargs))
        node = self._graph.call_function(func, tuple(own), named)
        if isinstance(result, Tensor):
            self._know(result, node)
            return
        for place, part in enumerate(result):
            item = self._graph.call_function(operator.getitem, (node, place))
            self._know(part, item)

    def _know(self, tensor: Tensor, node: fx.Node) -> None:
        self._nodes[id(tensor)] = node
        self._alive.append(tensor)

    def _of(self, value: Any) -> Any:
        """The node of a tensor, which is a constant if it was made of none."""
        if isinstance(value, Tensor) and id(value) not in self._nodes:
            name = f"constant_{len(self._constants)}"
            self._constants[name] = value.detach()
            self._know(value, self._graph.create_node("get_attr", name))
        return self._nodes[id(value)] if isinstance(value, Tensor) else value
