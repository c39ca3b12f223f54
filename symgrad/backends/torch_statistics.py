"""Statistics where backward is differentiated: kept ones have no derivative."""

from __future__ import annotations

from dataclasses import replace

from symgrad.backends.torch_lines import scope, statistic_names, written
from symgrad.backends.torch_precision import Precision
from symgrad.backends.torch_shapes import derived_leaves
from symgrad.backends.torch_spell import speller
from symgrad.layout import Layout
from symgrad.op import Op
from symgrad.printer import formula
from symgrad.program import Program, depending_on


def computed_again(op: Op, program: Program, low: Precision, anchor: str) -> list[str]:
    """The lines that compute from inputs what has a derivative by them.

    That is asked for where grad mode is on in backward: with ``create_graph``, and
    under ``torch.func``.  ``anchor`` is a tensor that is at hand.
    """
    moving = [program.inputs[item.name] for item in op.inputs if item.differentiable]
    active = depending_on(program.nodes, moving)
    wanted = [v for v in program.statistics if v in active]
    if not wanted:
        return []
    names = statistic_names(op, program)
    named = replace(program, names=names, hints={})
    leaves = derived_leaves(op, program, {}, statistics=False)
    leaves |= {v: name for v, name in names.items() if v not in wanted}
    spell = low.spelled(program.nodes, speller(named, low.anchor(anchor)))
    layout = Layout(named, spell, formula, leaves, scope(op, program), [wanted])
    return [
        "        if torch.is_grad_enabled():  # what is kept has no derivative",
        *written(layout.block(wanted), 12),
    ]
