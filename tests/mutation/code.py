"""One op within the syntax tree of a generated module, to be changed in place."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from symgrad.naming import FORWARD_MODE, class_names
from symgrad.op import Op, Spec
from symgrad.spec import load

ROOT = Path(__file__).parents[2]
GALLERY = tuple(sorted(path.stem for path in (ROOT / "examples").glob("*.yaml")))


@dataclass(frozen=True)
class Code:
    """A module's tree, and the op in it that is to be made wrong."""

    tree: ast.Module
    spec: Spec
    op: Op

    @property
    def source(self) -> str:
        """The module as it stands now."""
        return ast.unparse(ast.fix_missing_locations(self.tree))

    @property
    def class_name(self) -> str:
        """What the op's class is called."""
        return class_names(self.spec.ops)[self.op.name]

    def definition(self, name: str) -> ast.ClassDef | ast.FunctionDef:
        """A class or a function of the module."""
        kinds = ast.ClassDef, ast.FunctionDef
        found = [n for n in self.tree.body if isinstance(n, kinds) and n.name == name]
        return found[0]

    def home(self, method: str) -> tuple[list[ast.stmt], int]:
        """The body that a method stands in, and its place there.

        ``apply`` is the public function, ``jvp`` stands in a class of its own; any
        other name is that of a method, or of a helper of the module.
        """
        bodies = [self.tree.body]
        if method in ("forward", "setup_context", "backward", "jvp"):
            suffix = FORWARD_MODE if method == "jvp" else ""
            bodies = [self.definition(self.class_name + suffix).body]
        name = self.op.name if method == "apply" else method
        for body in bodies:
            for place, node in enumerate(body):
                if isinstance(node, ast.FunctionDef) and node.name == name:
                    return body, place
        raise LookupError(method)

    def method(self, name: str) -> ast.FunctionDef:
        """A method of the op; see ``home``."""
        body, place = self.home(name)
        found = body[place]
        assert isinstance(found, ast.FunctionDef)
        return found

    @property
    def words(self) -> Mapping[str, str]:
        """What templates call the parts of an op: x and w are the first two inputs
        that get a gradient, c and d the first two cotangents, t and s the tangents of x
        and w, p the first Python number.
        """
        moving = [i.name for i in self.op.inputs if i.differentiable]
        numbers = [i.name for i in self.op.inputs if not i.kind.is_tensor]
        cotangents = [f"grad_{f.name}" for f in self.op.outputs]
        tangents = [f"tangent_{name}" for name in moving]
        named = {"xw": moving, "cd": cotangents, "ts": tangents, "p": numbers}
        return {
            letter: name
            for letters, names in named.items()
            for letter, name in zip(letters, names, strict=False)
        } | {"op": self.op.name, "cls": self.class_name}

    def text(self, template: str, **more: str) -> str:
        """A template with the op's own names in it."""
        return template.format_map({**self.words, **more})


@cache
def spec(stem: str) -> Spec:
    """An example's spec."""
    return load(str(ROOT / "examples" / f"{stem}.yaml"))


def code(place: str) -> Code:
    """A fresh tree for ``module.op``, without the module's other ops."""
    stem, name = place.split(".")
    tree = ast.parse((ROOT / "generated" / f"{stem}.py").read_text("utf-8"))
    whole = spec(stem)
    others = {
        defined
        for other in whole.ops
        if other.name != name
        for defined in _defined(other, class_names(whole.ops)[other.name])
    }
    tree.body[:] = [n for n in tree.body if getattr(n, "name", None) not in others]
    return Code(tree, alone(place), alone(place).ops[0])


def _defined(op: Op, class_name: str) -> set[str]:
    """What a module defines for an op."""
    layer = set() if op.module is None else {op.module.name}
    return {op.name, class_name, class_name + FORWARD_MODE} | layer


@cache
def alone(place: str) -> Spec:
    """An example's spec with one op only."""
    stem, name = place.split(".")
    return replace(spec(stem), ops=tuple(o for o in spec(stem).ops if o.name == name))
