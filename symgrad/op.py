"""What a user declared, checked and frozen: the thing that the front end hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from symgrad.axes import BATCH, Axes, label
from symgrad.errors import Diagnostic
from symgrad.intervals import Interval
from symgrad.program import Kind, Node, depending_on

EdgePolicy = Literal["torch", "min_norm", "half", "left", "right", "nan"]
Accuracy = Literal["fast", "stable", "max"]


@dataclass(frozen=True)
class Sample:
    """Where verification takes the values of an input from."""

    range: tuple[float, float] | None = None
    values: tuple[float, ...] | None = None
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Input:
    """One declared input.  ``default`` is meaningful only if ``has_default``."""

    name: str
    kind: Kind
    axes: tuple[str, ...] | None = None
    domain: Interval | None = None
    default: float | int | bool | None = None
    has_default: bool = False
    grad: bool = True
    boundary: str | None = None

    def admits(self, value: complex) -> bool:
        """Whether a number is in the domain, which only real ones have."""
        return self.domain is None or float(value.real) in self.domain

    @property
    def labels(self) -> Axes:
        """The axes of its value, those with a name by their places."""
        if self.axes is None:
            return (BATCH,) if self.kind.is_tensor else ()
        named = [axis for axis in self.axes if axis != BATCH]
        places = tuple(label(str(k), axis) for k, axis in enumerate(named))
        return (BATCH, *places) if BATCH in self.axes else places

    @property
    def differentiable(self) -> bool:
        """Whether backward returns a gradient for this input, and not ``None``."""
        return self.grad and self.kind.is_floating


@dataclass(frozen=True)
class Formula:
    """A named expression: its text as written, and its value in ``Op.nodes``.

    ``indices`` are those of its axes, in their order.
    """

    name: str
    text: str
    value: int
    indices: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """The name as a spec has it, with its indices."""
        return f"{self.name}[{', '.join(self.indices)}]" if self.indices else self.name


@dataclass(frozen=True)
class Initial:
    """Initial values: a constant, or the two numbers of a distribution."""

    kind: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Parameter:
    """An input that a module keeps; sizes with a name are given to its constructor."""

    name: str
    shape: tuple[int | str, ...]
    initial: Initial

    @property
    def sizes(self) -> list[str]:
        """The sizes that have a name, each once."""
        return list(dict.fromkeys(s for s in self.shape if isinstance(s, str)))


@dataclass(frozen=True)
class ModuleClass:
    """The ``nn.Module`` that is written beside the function of an op."""

    name: str
    parameters: tuple[Parameter, ...]

    @property
    def sizes(self) -> list[str]:
        """The names of sizes, which its constructor takes."""
        return list(dict.fromkeys(s for p in self.parameters for s in p.sizes))


@dataclass(frozen=True)
class Op:
    """A checked op.  All formulas refer to one list of nodes.

    ``stand_ins`` maps every output to the value whose derivative counts for it: the
    output itself, or, where a surrogate is declared for it or for an earlier output
    it uses, the same formula with the surrogates in their outputs' places.
    ``overrides`` are gradients given by the user, in inputs, lets, outputs and
    ``cotangent`` nodes.
    """

    name: str
    doc: str
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    lets: tuple[Formula, ...]
    outputs: tuple[Formula, ...]
    stand_ins: Mapping[str, int] = field(default_factory=dict)
    surrogates: tuple[Formula, ...] = ()
    overrides: tuple[Formula, ...] = ()
    nondifferentiable: frozenset[str] = frozenset()
    edges: Mapping[str, EdgePolicy] = field(default_factory=dict)
    """Function name to policy; the key ``*`` is the default for all functions."""
    accuracy: Accuracy = "stable"
    save: tuple[str, ...] | Literal["auto", "inputs", "outputs"] = "auto"
    samples: Mapping[str, Sample] = field(default_factory=dict)
    backend: str = "torch"
    module: ModuleClass | None = None

    @cached_property
    def names(self) -> frozenset[str]:
        """All that the user gave a name to."""
        formulas = {formula.name for formula in (*self.lets, *self.outputs)}
        return frozenset(formulas.union(item.name for item in self.inputs))

    def input(self, name: str) -> Input:
        """The input of that name."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Input]:
        return {item.name: item for item in self.inputs}

    @cached_property
    def tensors(self) -> tuple[Input, ...]:
        """The inputs that are tensors, in order."""
        return tuple(item for item in self.inputs if item.kind.is_tensor)

    @cached_property
    def batched(self) -> tuple[str, ...]:
        """The inputs that have a batch, by their names."""
        return tuple(item.name for item in self.inputs if BATCH in item.labels)

    @cached_property
    def differentiable_outputs(self) -> tuple[Formula, ...]:
        """The outputs that backward receives a meaningful cotangent for.

        Not those that were declared to have none, and not those through which no
        input has a derivative; of a single output torch finds that out by itself.
        """
        open_ = [f for f in self.outputs if f.name not in self.nondifferentiable]
        names = {item.name for item in self.inputs if item.differentiable}
        leaves = [v for v, n in enumerate(self.nodes) if n.op == "input"]
        active = depending_on(
            self.nodes, [v for v in leaves if self.nodes[v].data in names]
        )
        given = {str(n.data) for n in self.nodes if n.op == "cotangent"}
        ends = {f.name: self.stand_ins.get(f.name, f.value) for f in open_}
        moving = [f for f in open_ if ends[f.name] in active or f.name in given]
        floating = [f for f in open_ if self.nodes[f.value].kind.is_floating]
        return tuple(moving or floating or open_)

    @cached_property
    def domains(self) -> Mapping[str, Interval]:
        """The domains of the inputs that have one."""
        return {i.name: i.domain for i in self.inputs if i.domain is not None}

    @cached_property
    def has_axes(self) -> bool:
        """Whether its tensors have named axes, or are declared to have none."""
        return any(item.axes is not None for item in self.inputs)

    @cached_property
    def in_plane(self) -> bool:
        """Whether anything in it is complex."""
        return any(node.kind.is_complex for node in self.nodes)

    @property
    def has_surrogate_derivative(self) -> bool:
        """Whether some output's derivative is not that of its own formula."""
        return any(self.stand_ins.get(f.name, f.value) != f.value for f in self.outputs)


@dataclass(frozen=True)
class Spec:
    """All ops of one spec file, in its order.

    ``canonical`` is the meaning of the file as text: layout, comments and the order
    of keys that have none do not change it.  ``saves`` are the places of the key
    ``save`` by op: whether it can be kept is found out only where gradients are known.
    ``backend`` is that of all ops where it was not the spec that chose.
    """

    path: str
    stem: str
    ops: tuple[Op, ...]
    canonical: str
    saves: Mapping[str, Diagnostic] = field(default_factory=dict, compare=False)
    backend: str = field(default="", compare=False)
