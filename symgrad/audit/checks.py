"""The checks of an audit, one function each, in the order of a table.

A check yields what is wrong; what a Function just does not offer, it says by raising
:class:`Absent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symgrad.audit import composed, kept, returned
from symgrad.audit.findings import Absent, line
from symgrad.audit.trial import Trial
from symgrad.verify.absent import is_absent


@dataclass(frozen=True)
class Check:
    """A check, and what it catches.

    ``exact`` says that it takes backward for forward's own, ``optional`` that it is of
    something that a Function may be written without.
    """

    name: str
    catches: str
    run: Callable[[Trial], Iterator[str]]
    exact: bool = False
    optional: bool = False


CHECKS = (
    Check("arity", "missing, extra and misplaced gradients", returned.arity),
    Check(
        "first order",
        "a gradient that is not that of forward",
        returned.first_order,
        True,
    ),
    Check("broadcast", "gradients that are not reduced", returned.broadcast, True),
    Check("saves", "intermediates and tensors on ctx", kept.saves),
    Check("layouts", "tensors taken for contiguous", kept.layouts),
    Check("purity", "writes, and a second backward that differs", kept.purity),
    Check("second order", "gradients cut off from their inputs", composed.second_order),
    Check("dtypes", "wrong dtypes, lost digits", composed.dtypes),
    Check("transforms", "torch.func", composed.transforms, optional=True),
    Check("batches", "vmap", composed.batches, optional=True),
    Check(
        "forward mode",
        "a jvp that is not backward's transpose",
        composed.forward_mode,
        optional=True,
    ),
    Check("compile", "graph breaks", composed.compiled),
)


def run(check: Check, trial: Trial) -> list[str]:
    """What a check finds at one trial; raises ``Absent``."""
    try:
        return list(check.run(trial))
    except Absent:
        raise
    except SystemExit as error:
        return [f"calls sys.exit({error.code})"]
    except Exception as error:
        if check.optional and is_absent(error):
            raise Absent(line(error)) from error
        return [f"raises {type(error).__name__}: {line(error)}"]
