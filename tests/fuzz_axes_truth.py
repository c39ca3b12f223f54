"""Formulas over named axes in plain torch, by a reading of their own.

A value is a tensor with its batch in front and one dimension for each index behind.
Nothing of the tool is used here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from fuzz_axes_terms import REDUCTIONS, Term
from torch import Tensor


@dataclass(frozen=True)
class Value:
    """A tensor, and the indices that its last dimensions are of."""

    tensor: Tensor
    indices: tuple[str, ...] = ()

    @property
    def lead(self) -> int:
        """How many dimensions the batch has."""
        return self.tensor.dim() - len(self.indices)

    def along(self, target: Sequence[str]) -> Tensor:
        """The tensor with its indices as in ``target``, of size 1 where it has none."""
        order = [i for i in target if i in self.indices]
        moved = [self.lead + self.indices.index(i) for i in order]
        tensor = self.tensor.permute([*range(self.lead), *moved])
        for place, index in enumerate(target):
            if index not in self.indices:
                tensor = tensor.unsqueeze(self.lead + place)
        return tensor


Run = Callable[..., Tensor]

_POINTWISE: Mapping[str, Run] = {
    "-{0}": lambda a: -a,
    "tanh({0})": torch.tanh,
    "sin({0})": torch.sin,
    "sigmoid({0})": torch.sigmoid,
    "exp(-{0}**2)": lambda a: torch.exp(-a * a),
    "{0}**2": lambda a: a * a,
    "sqrt(1 + {0}**2)": lambda a: torch.sqrt(1 + a * a),
    "log1p({0}**2)": lambda a: torch.log1p(a * a),
    "abs({0})": torch.abs,
    "relu({0})": torch.relu,
    "{0}/3": lambda a: a / 3,
    "({0} + {1})": lambda a, b: a + b,
    "({0} - {1})": lambda a, b: a - b,
    "{0}*{1}": lambda a, b: a * b,
    "{0}*{1}*{2}": lambda a, b, c: a * b * c,
    "{0}/(1 + {1}**2)": lambda a, b: a / (1 + b * b),
    "Max({0}, {1})": lambda a, b: torch.maximum(*torch.broadcast_tensors(a, b)),
    "where({0} < {1}, {2}, {1})": lambda a, b, c: torch.where(a < b, c, b),
    "stop_gradient({0})": lambda a: a.detach(),
    "where({0}, {1}, {2})": torch.where,
    "where({0}, {1}, 0)": lambda m, a: torch.where(m, a, torch.zeros_like(a)),
    "where({0}, {1}, -10000)": lambda m, a: torch.where(m, a, -1e4),
    "{0}/{1}": lambda a, b: a / b,
    "{0}/sqrt({1})": lambda a, b: a / torch.sqrt(b),
}


def _tanh(a: Tensor) -> Tensor:
    """Without torch's 1 - y*y in the derivative, which is all rounding far out."""
    near, far = 2 * torch.sigmoid(2 * a) - 1, 1 - 2 * torch.sigmoid(-2 * a)
    return torch.where(a < 0, near, far)


_REFORMED: Mapping[str, Run] = {**_POINTWISE, "tanh({0})": _tanh}
"""The same in other operations."""

_EDGES: Mapping[str, Callable[..., Tensor]] = {
    "abs({0})": lambda a: a.abs(),
    "relu({0})": lambda a: a.abs(),
    "Max({0}, {1})": lambda a, b: (a - b).abs(),
    "where({0} < {1}, {2}, {1})": lambda a, b, c: (a - b).abs(),
    "norm": lambda a: torch.linalg.vector_norm(a, dim=-1),
    "std": lambda a: a.std(-1, correction=0),
    "amax": lambda a: _between(a),
    "amin": lambda a: _between(-a),
}
"""How far from a kink a form is."""


def _between(values: Tensor) -> Tensor:
    """How far the largest of a line is above the others."""
    if values.shape[-1] < 2:
        return torch.tensor(math.inf)
    first, second = values.topk(2, -1).values.unbind(-1)
    return first - second


def _var(line: Tensor, more: str) -> Tensor:
    ddof = int(more.lstrip(", ") or 1)
    gaps = line - line.mean(-1, keepdim=True)
    return (gaps * gaps).sum(-1) / (line.shape[-1] - ddof)


_ALONG: Mapping[str, Callable[[Tensor, str], Tensor]] = {
    "sum": lambda line, _: line.sum(-1),
    "mean": lambda line, _: line.sum(-1) / line.shape[-1],
    "prod": lambda line, _: line.prod(-1),
    "amax": lambda line, _: line.amax(-1),
    "amin": lambda line, _: line.amin(-1),
    "logsumexp": lambda line, _: line.logsumexp(-1),
    "norm": lambda line, _: torch.linalg.vector_norm(line, dim=-1),
    "var": _var,
    "std": lambda line, more: _var(line, more).sqrt(),
    "softmax": lambda line, _: line.softmax(-1),
    "log_softmax": lambda line, _: line.log_softmax(-1),
    "cumsum": lambda line, _: line.cumsum(-1),
}


def _torchs_var(line: Tensor, more: str) -> Tensor:
    """Its tangents are not centered, as ours are not: they round otherwise."""
    return torch.var(line, -1, correction=int(more.lstrip(", ") or 1))


_OTHERWISE: Mapping[str, Callable[[Tensor, str], Tensor]] = {
    **_ALONG,
    "var": _torchs_var,
    "std": lambda line, more: _torchs_var(line, more).sqrt(),
}
"""The same in another order of operations."""


@dataclass
class Reading:
    """What formulas say: ``noise`` moves every value by so much, relatively.

    Then operations are in another order too.
    """

    values: dict[str, Tensor]
    ranks: dict[str, int]
    sizes: Mapping[str, int]
    noise: float = 0.0
    gaps: list[Tensor] = field(default_factory=list)

    def define(self, name: str, indices: Sequence[str], term: Term) -> Tensor:
        """The tensor of a formula whose name has these indices."""
        tensor = self.at(term).along(indices)
        self.values[name], self.ranks[name] = tensor, len(indices)
        return tensor

    def at(self, term: Term) -> Value:
        """What a term is worth."""
        value = self._at(term)
        tensor = value.tensor
        if self.noise and tensor.is_floating_point() and term.op != "size":
            moved = tensor * (1 + self.noise * torch.randn(tensor.shape).to(tensor))
            return Value(moved, value.indices)
        return value

    def _at(self, term: Term) -> Value:
        if term.op == "size":
            return Value(torch.tensor(float(self.sizes[term.name])).double())
        parts = [self.at(part) for part in term.parts]
        if term.op == "access":
            return self._accessed(term, parts)
        if term.op == "Sum":
            return self._bounded(term, parts[0])
        if term.op in REDUCTIONS:
            return self._reduced(term, parts[0])
        target = term.free
        args = [part.along(target) for part in parts]
        self._watch(term.op, *args)
        forms = _REFORMED if self.noise else _POINTWISE
        return Value(forms[term.op](*args), target)

    def _watch(self, op: str, *args: Tensor) -> None:
        if op in _EDGES:
            self.gaps.append(_EDGES[op](*(a.detach() for a in args)).reshape(-1))

    def _accessed(self, term: Term, parts: Sequence[Value]) -> Value:
        """Every element picked by its full coordinates."""
        base, rank, target = self.values[term.name], self.ranks[term.name], term.free
        if rank != len(term.places):
            raise IndexError(term.text)
        batch = base.shape[: base.dim() - rank]
        rest = iter([part.along(target) for part in parts])
        picks = []
        for dim, place in enumerate(term.places, base.dim() - rank):
            if place is None:
                picks.append(next(rest))
            elif isinstance(place, int):
                picks.append(torch.tensor(place))
            else:
                steps = Value(torch.arange(base.shape[dim]), (place,))
                picks.append(steps.along(target))
        leads = [p.shape[: max(p.dim() - len(target), 0)] for p in picks]
        whole = torch.broadcast_shapes(batch, *leads)
        base = base.expand((*whole, *base.shape[base.dim() - rank :]))
        own = [
            torch.arange(n).reshape(-1, *[1] * (len(whole) - 1 - k + len(target)))
            for k, n in enumerate(whole)
        ]
        return Value(base[(*own, *picks)] if own or picks else base, target)

    def _bounded(self, term: Term, body: Value) -> Value:
        """The sum of a slice, or of a lower triangle."""
        index, *other = map(str, term.places)
        kept = [i for i in body.indices if i not in (index, *other)]
        tensor = body.along([*kept, *other, index])
        if other:
            size = tensor.shape[-1]
            whole = tensor.expand(*tensor.shape[:-2], size, size)
            return Value(whole.tril().sum(-1), (*kept, *other))
        low, high = (self._place(text) for text in term.name.split(", "))
        return Value(tensor[..., low : max(high + 1, low)].sum(-1), tuple(kept))

    def _place(self, text: str) -> int:
        axis, _, less = text.rpartition(" - ")
        return self.sizes[axis] - int(less) if axis else int(less)

    def _reduced(self, term: Term, body: Value) -> Value:
        bound = [str(p) for p in term.places]
        if not set(bound) <= set(body.indices):
            raise IndexError(term.text)
        kept = [i for i in body.indices if i not in bound]
        tensor = body.along([*kept, *bound])
        line = tensor.flatten(tensor.dim() - len(bound))
        self._watch(term.op, line)
        along = _OTHERWISE if self.noise else _ALONG
        found = along[term.op](line, term.name)
        whole = tensor.dim() - len(bound) < found.dim()
        return Value(found, (*kept, *bound) if whole else tuple(kept))
