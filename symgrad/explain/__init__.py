"""What ``symgrad explain`` says: of the ops of a spec, or of a code of an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os.path import exists
from pathlib import Path

from symgrad.codes import CODES, Code
from symgrad.explain import as_json, latex, markdown, text
from symgrad.explain.page import Style
from symgrad.explain.tree import Derivation
from symgrad.limits import limited
from symgrad.terminal import NO_TERMINAL, Terminal


@dataclass(frozen=True)
class Format:
    """How derivations are written, and how a code of an error is."""

    ops: Callable[[Sequence[Derivation], Terminal], str]
    of_code: Callable[[Code, Terminal], str]


def _marked_up(style: Style) -> Format:
    """A format to which the terminal does not matter."""
    return Format(lambda ops, _: style.ops(ops), lambda code, _: style.of_code(code))


FORMATS: Mapping[str, Format] = {
    "text": Format(text.ops, text.of_code),
    "latex": _marked_up(latex.STYLE),
    "markdown": _marked_up(markdown.STYLE),
    "json": Format(as_json.ops, as_json.of_code),
}
"""By the names that ``--format`` takes."""


def explain(
    subject: str,
    backend: str | None = None,
    form: str = "text",
    folder: Path = Path("generated"),
    terminal: Terminal = NO_TERMINAL,
) -> str:
    """The ops of ``SPEC``, the one that ``SPEC:OP`` names, or a code such as ``SG210``.

    ``backend`` stands in place of those that the spec chooses; of kernels the loops
    are shown.  ``form`` is a name of ``FORMATS``, and in ``folder`` is the lock of the
    module, if there is one.
    Raises ``SpecError`` for the spec, ``SymgradError`` for an op that it has not, and
    ``OutputError`` for a lock that is not as it was written.
    """
    code = CODES.get(subject.upper())
    if code is not None and not exists(subject):
        return FORMATS[form].of_code(code, terminal)
    return FORMATS[form].ops(derivations(subject, backend, folder), terminal)


def derivations(
    subject: str, backend: str | None = None, folder: Path = Path("generated")
) -> list[Derivation]:
    """How the ops of ``SPEC``, or that of ``SPEC:OP``, come to their code."""
    # What these load takes seconds, and nothing of it is needed for a code.
    from symgrad import lock, spec
    from symgrad.callables import in_spec
    from symgrad.explain.build import derivation
    from symgrad.write import lock_name

    alone = ":" in subject and not exists(subject)
    origin = in_spec(subject) if alone else spec.load(Path(subject))
    place = folder / lock_name(origin.stem)
    known = lock.read(place)
    chosen = (replace(op, backend=backend or op.backend) for op in origin.ops)
    with limited(origin.path):
        return [derivation(op, known, place.as_posix()) for op in chosen]
