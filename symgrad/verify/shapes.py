"""Shapes of inputs to try an op with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgrad.op import Op
from symgrad.program import Program
from symgrad.verify import extents, sampling
from symgrad.verify.subject import Shape, Subject, call, smooth_values, tensor_inputs


def shapes_taken(subject: Subject) -> Iterator[dict[str, Shape]]:
    """Shapes to try, of those that a callable takes."""
    return shape_choices(subject.op, broadcasts(subject))


def broadcasts(subject: Subject) -> bool:
    """Whether batches of different shapes are taken.

    Where axes have names, a callable of the user's that says it takes none offers less,
    and is not wrong.
    """
    op = subject.op
    if subject.cls is not None or not op.has_axes:
        return True
    shapes = extents.of_sizes(op, (2, 1), extents.sizes(op), (3,))
    values = smooth_values(op, shapes, sampling.generator(op, "broadcast"))
    try:
        call(subject, values)
    except (RuntimeError, ValueError, IndexError):
        return False
    return True


def shape_choices(op: Op, broadcast: bool = True) -> Iterator[dict[str, Shape]]:
    """Shapes to try: equal, broadcast any way, 0-dim, of one element, empty."""
    if op.has_axes:
        yield from extents.choices(op, broadcast)
        return
    names = tensor_inputs(op)
    declared = {n: s.shape for n, s in op.samples.items() if s.shape is not None}
    if declared:
        yield {n: declared.get(n, ()) for n in names}
        return
    yield dict.fromkeys(names, (2, 3))
    if len(names) > 1:
        yield {n: ((3,) if k % 2 else (2, 3)) for k, n in enumerate(names)}
        yield {n: ((2, 3) if k % 2 else (3,)) for k, n in enumerate(names)}
        yield {n: ((2, 1) if k % 2 else (1, 3)) for k, n in enumerate(names)}
        yield {n: (() if k else (2,)) for k, n in enumerate(names)}
    for single in _partial(op, names):
        yield {n: ((2, 3) if n == single else (3,)) for n in names}
    yield dict.fromkeys(names, ())
    yield dict.fromkeys(names, (0, 3))


def _partial(op: Op, names: Sequence[str]) -> list[str]:
    """The inputs that some outputs depend on and others do not.

    If such an input alone is larger, so are those outputs.
    """
    program = Program(op.nodes, {}, {})
    found = [program.reachable([f.value]) for f in op.outputs]
    used = [
        {str(op.nodes[v].data) for v in f if op.nodes[v].op == "input"} for f in found
    ]
    return [n for n in names if 0 < sum(n in u for u in used) < len(used)]
