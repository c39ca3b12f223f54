"""``symgrad new``: a spec to begin with."""

from __future__ import annotations

import shlex
from pathlib import Path

from symgrad import names
from symgrad.disk import Change, File, os_errors
from symgrad.errors import Diagnostic, OutputError, SpecError
from symgrad.outcome import Outcome
from symgrad.starter_kinds import KINDS
from symgrad.templates import render
from symgrad.write import one

SCHEMA = "symgrad.schema.json"
"""The name under which a spec looks for its schema, beside it."""


def write(name: str, kind: str, folder: Path) -> Outcome:
    """Write ``NAME.yaml`` with one op in ``folder``, and say how to go on.

    Raises ``SpecError`` for what is no name of an op and of a module, ``OutputError``
    for a file that is there already (SG510) or cannot be written.
    """
    _check(name)
    path = folder / f"{name}.yaml"
    text = render(
        f"new/{kind}.yaml.j2",
        name=name,
        about=KINDS[kind][:1].upper() + KINDS[kind][1:] + ".",
        schema=SCHEMA,
    )
    made = File(path, text, "")
    try:
        with os_errors(f"cannot write {path}"):
            one(made)
    except OutputError as error:
        if isinstance(error.__cause__, FileExistsError):
            help = "choose another name, or another folder with -o"
            said = f"{path} is there already"
            raise OutputError(Diagnostic("SG510", said, "", None, (), help)) from None
        raise
    change = Change(made, "missing")
    return Outcome(changes=(change,), notes=(f"wrote {path}", *_next(path)))


def _check(name: str) -> None:
    """A name for an op, and for the module that its spec becomes."""
    found = names.objection(name)
    message = names.module_objection(name)
    if found is None and message is not None:
        found = "SG105", message
    if found is not None:
        code, message = found
        raise SpecError(Diagnostic(code, message, "", None, (), "such as 'my_op'"))


def _next(path: Path) -> tuple[str, ...]:
    """What to do with it, as commands."""
    spec, schema = shlex.quote(str(path)), shlex.quote(str(path.parent / SCHEMA))
    commands = {
        f"symgrad gen {spec}": "derives, verifies and writes the code",
        f"symgrad explain {spec}": "shows how its backward comes about",
        f"symgrad schema -o {schema}": "lets editors check and complete it",
    }
    width = max(map(len, commands))
    shown = (f"  {line:<{width}}  {what}" for line, what in commands.items())
    return "now write your formula into it; then", *shown
