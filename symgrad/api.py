"""The Python API: ops from SymPy expressions or texts, and what they can become."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import sympy

from symgrad import lock, names, op, provenance, spec, write
from symgrad import verify as ladder
from symgrad.backends.torch import joint_program
from symgrad.build import alone, build
from symgrad.display import latex
from symgrad.errors import Diagnostic, SpecError, VerificationError
from symgrad.generate import Module, generate
from symgrad.in_memory import load_text
from symgrad.op import Accuracy, EdgePolicy, Spec
from symgrad.program import Program
from symgrad.skeleton import PLACE, Draft, declared
from symgrad.verify import Finding, Report

Expression: TypeAlias = sympy.Basic | str | int | float
"""A SymPy expression, a text in the language of specs, or a number."""

Level = Literal["quick", "full", "off"]
"""How much of the verification ladder is climbed."""


class Op:
    """A differentiable operation: forward formulas, from which the rest follows.

    >>> x = symgrad.reals("x")
    >>> symgrad.Op("squared", inputs=[x], forward=x**2)
    <symgrad.Op squared(x) -> y>

    Args:
        name: the name of the public function.
        inputs: symbols, which are real tensors; or a mapping of symbol or name to a
            declaration such as ``"real in (0, oo)"``, ``"float = 1"``, ``"mask"``.
        forward: output name to expression; a single expression is the output ``y``.
        let, doc, surrogate, backward, nondifferentiable, edges, samples, save,
            accuracy, backend, module: as the keys of a spec.

    Raises:
        SpecError: whatever would be wrong in a spec, with the same codes.
    """

    _meaning: op.Op
    _origin: Spec

    def __init__(
        self,
        name: str,
        inputs: Sequence[sympy.Symbol | str] | Mapping[Any, str],
        forward: Mapping[str, Expression] | Expression,
        *,
        let: Mapping[str, Expression] | None = None,
        doc: str = "",
        surrogate: Mapping[str, Expression] | None = None,
        backward: Mapping[str, Expression] | None = None,
        nondifferentiable: Sequence[str] = (),
        edges: EdgePolicy | Mapping[str, EdgePolicy] | None = None,
        samples: Mapping[str, Mapping[str, Any]] | None = None,
        save: str | Sequence[str] | None = None,
        accuracy: Accuracy | None = None,
        backend: str | None = None,
        module: Mapping[str, Any] | None = None,
    ) -> None:
        options = {
            "doc": doc or None,
            "nondifferentiable": _listed(nondifferentiable) or None,
            "edges": _by_name(edges) if isinstance(edges, Mapping) else edges,
            "samples": _by_name(samples) or None,
            "save": save if save is None else _listed(save),
            "accuracy": accuracy,
            "backend": backend,
            "module": module,
        }
        draft = Draft(
            name=str(name),
            inputs=declared(inputs),
            forward=_by_name(
                forward if isinstance(forward, Mapping) else {"y": forward}
            ),
            let=_by_name(let),
            surrogate=_by_name(surrogate),
            backward=_by_name(backward),
            options=options,
        )
        self._origin = build(draft)
        [self._meaning] = self._origin.ops

    @classmethod
    def _of(cls, meaning: op.Op, origin: Spec) -> Op:
        """One op of a file; alone in it, it is written as the file would be."""
        made = cls.__new__(cls)
        made._meaning = meaning
        whole = (meaning,) == origin.ops and meaning.name == origin.stem
        made._origin = origin if whole else alone(meaning)
        return made

    @property
    def name(self) -> str:
        """The name of the public function."""
        return self._meaning.name

    def source(self) -> str:
        """The text of the module, header included, as if written to ``generated``.

        Raises:
            SpecError: a gradient cannot be had from what is to be kept.
        """
        return _stamped(self._origin, Path("generated"))

    @property
    def program(self) -> Program:
        """What the module computes, forward and gradients, as a straight-line list.

        In a notebook it is a table.

        Raises:
            SpecError: the gradients cannot be had from what ``save`` admits.
        """
        return joint_program(self._meaning)

    def verify(self, level: Literal["quick", "full"] = "quick") -> Report:
        """Climb the verification ladder with the module; what fails is in the report.

        The module runs in a process of its own.  In a notebook the report is a table.

        Raises:
            SpecError: a gradient cannot be had from what is to be kept.
        """
        module = generate(self._origin)
        source, kernels = module.source, module.kernels
        return ladder.verify(source, self._origin, level, kernels=kernels)

    def compile(self, verify: Level = "quick") -> Callable[..., Any]:
        """The public function, from memory, after its source was verified.

        Verification runs in a process of its own.  Tracebacks and
        ``inspect.getsource`` show the generated source.

        Raises:
            SpecError: a gradient cannot be had from what is to be kept.
            VerificationError: the source failed a rung of the ladder.
        """
        module = generate(self._origin)
        _verify(module, self._origin, verify)
        text = _stamped(self._origin, Path("generated"), module)
        home = load_text(module.stem, text, module.kernels)
        function: Callable[..., Any] = getattr(home, self.name)
        return function

    def write(
        self,
        directory: str | os.PathLike[str] = "generated",
        force: Collection[str | os.PathLike[str]] = (),
        verify: Level = "quick",
    ) -> list[Path]:
        """Write the module ``<name>.py`` and its tests, after verification.

        What was searched for is written to ``<name>.lock.json``, and read from there
        the next time.  ``force`` names files that may be replaced though symgrad did
        not write them, or they were edited since; a lock among them is not read.
        Returns the paths.

        Raises:
            SpecError: a gradient cannot be had from what is to be kept.
            VerificationError: the source failed a rung of the ladder.
            OutputError: a file could not, or must not, be replaced.
        """
        return _write(self._origin, directory, force, verify)

    def __repr__(self) -> str:
        inputs = ", ".join(item.name for item in self._meaning.inputs)
        outputs = ", ".join(formula.name for formula in self._meaning.outputs)
        return f"<symgrad.Op {self.name}({inputs}) -> {outputs}>"

    def _repr_latex_(self) -> str:
        """Forward and gradients, for a notebook."""
        return latex(self._meaning)


class Ops(Mapping[str, Op]):
    """The ops of a spec file by name, in its order."""

    def __init__(self, origin: Spec) -> None:
        self._origin = origin
        self._ops = {item.name: Op._of(item, origin) for item in origin.ops}

    def __getitem__(self, name: str) -> Op:
        return self._ops[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ops)

    def __len__(self) -> int:
        return len(self._ops)

    def __repr__(self) -> str:
        return f"<symgrad.Ops of {self._origin.path}: {', '.join(self._ops)}>"

    def source(self) -> str:
        """The text of the module with all ops, header included.

        Raises:
            SpecError: a gradient cannot be had from what is to be kept.
        """
        return _stamped(self._origin, Path("generated"))

    def write(
        self,
        directory: str | os.PathLike[str] = "generated",
        force: Collection[str | os.PathLike[str]] = (),
        verify: Level = "quick",
    ) -> list[Path]:
        """Write the same files as ``symgrad gen``, as :meth:`Op.write` does.

        Raises:
            SpecError: a gradient cannot be had from what is to be kept.
            VerificationError: the source failed a rung of the ladder.
            OutputError: a file could not, or must not, be replaced.
        """
        return _write(self._origin, directory, force, verify)


def _by_name(keyed: Mapping[Any, Any] | None) -> dict[str, Any]:
    """A mapping whose keys are names, or symbols and functions that bear them."""
    if keyed is not None and not isinstance(keyed, Mapping):
        said = f"this should be a mapping, not {type(keyed).__name__}"
        help = "write {name: value}"
        raise SpecError(Diagnostic("SG122", said, PLACE, None, (), help))
    return {str(key): value for key, value in (keyed or {}).items()}


def _listed(names: str | Sequence[str]) -> str | list[str]:
    """Names in a list; what is no list is complained of, or a word of the spec."""
    return names if isinstance(names, str) else list(names)


def load(path: str | os.PathLike[str]) -> Ops:
    """The ops of a spec file.

    Raises:
        SpecError: all that is wrong with the file.
    """
    return Ops(spec.load(path))


def _stamped(origin: Spec, folder: Path, module: Module | None = None) -> str:
    source = (module or generate(origin)).source
    return provenance.stamped(source, origin, folder)


def _verify(module: Module, origin: Spec, level: Level) -> None:
    """Raise unless the source passes; the lint is never off."""
    source, kernels = module.source, module.kernels
    if level == "off":
        found: Sequence[Finding] = ladder.lint(source, origin)
    else:
        found = ladder.verify(source, origin, level, kernels=kernels).failures
    if found:
        raise VerificationError(*(_problem(finding, origin) for finding in found))


def _problem(finding: Finding, origin: Spec) -> Diagnostic:
    said, more = finding.title, finding.details
    return Diagnostic(finding.code, said, origin.path, None, (), notes=more)


def _write(
    origin: Spec,
    directory: str | os.PathLike[str],
    force: Collection[str | os.PathLike[str]],
    level: Level,
) -> list[Path]:
    objection = names.module_objection(origin.stem)
    if objection is not None:
        help = "give the op another name, or write it from a spec of another name"
        raise SpecError(Diagnostic("SG105", objection, origin.path, None, (), help))
    folder, allowed = Path(directory), [Path(path) for path in force]
    locked = folder / write.lock_name(origin.stem)
    module = generate(origin, {} if locked in allowed else lock.read(locked))
    wanted = write.files(module, origin, folder)
    write.plan(wanted, allowed)  # a refusal should not wait for verification
    _verify(module, origin, level)
    return [change.file.path for change in write.publish(wanted, allowed)]
