"""Where what is emitted is inaccurate still, so that its docstring can say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import isinf

from symgrad.measure.formats import Format
from symgrad.patches.charts import Chart, Inverse, Shift
from symgrad.patches.degrees import domain_of
from symgrad.patches.find import Patched
from symgrad.patches.ideal import run
from symgrad.patches.kernels import Kernel, between, kernel_of
from symgrad.patches.place import Aim, Place
from symgrad.program import Program, Weakness


def weaknesses(
    program: Program,
    found: Mapping[int, Patched],
    aim: Aim,
    patched: Program,
    new: Mapping[int, int],
) -> Iterator[Weakness]:
    """The values that have no patch where they are bad, and whose parts have none.

    The formula says what is true, and ``patched``, in which values have ``new``
    numbers, what is computed.
    """
    for value, search in found.items():
        leaf, root = new[search.leaf], new[value]
        exact = kernel_of(program.nodes, search.leaf, search.inside)
        inside = between(patched.nodes, leaf, root)
        emitted = inside and kernel_of(patched.nodes, leaf, inside)
        for centre in sorted(search.bad):
            chart: Chart = Inverse() if isinf(centre) else Shift(centre)
            place = Place(exact, chart, domain_of(program, search.leaf), aim)
            if not emitted or place.worst_of(partial(_computed, emitted)):
                yield Weakness(root, leaf, centre)


def _computed(kernel: Kernel, x: float, fmt: Format) -> float:
    return run(kernel, x, fmt, is_rough=False)
