"""Sums of products become contractions, and no outer product is formed for them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from symgrad.axes import named
from symgrad.backends.torch import joint_program
from symgrad.generate import generate
from symgrad.op import Spec
from symgrad.program import Program
from symgrad.rebuild import roots
from symgrad.spec import load_text

INPUTS = {
    "A": "real[m, n]",
    "B": "real[n, p]",
    "C": "real[p, q]",
    "S": "real[n, n]",
    "X": "real[..., m, n]",
    "Y": "real[..., n, p]",
    "u": "real[m]",
    "v": "real[n]",
    "x": "real[..., n]",
}
"""The inputs that formulas may use."""


@dataclass(frozen=True)
class Case:
    """A formula, how forward spells it, and the most axes that any value has."""

    title: str
    formula: str
    spelled: str
    most: int = 2

    @property
    def spec(self) -> Spec:
        """The spec of it."""
        used = [n for n in INPUTS if f"{n}[" in self.formula]
        inputs = "".join(f"      {n}: {INPUTS[n]}\n" for n in used)
        text = f"    forward:\n      {self.title}: {self.formula}\n"
        head = "symgrad: 1\nops:\n  f:\n    inputs:\n"
        return load_text(head + inputs + text, "f.yaml")

    @property
    def program(self) -> Program:
        """The program of its only op."""
        return joint_program(self.spec.ops[0])


CASES = (
    Case("y[i, k]", "sum(A[i, j]*B[j, k], j)", "A @ B"),
    Case("y[k, i]", "sum(A[i, j]*B[j, k], j)", "B.mT @ A.mT"),
    Case("y[i]", "sum(A[i, j]*v[j], j)", "A @ v"),
    Case("y[j]", "sum(A[i, j]*u[i], i)", "A.mT @ u"),
    Case("y[i]", "sum(A[i, j]*x[j], j)", "x @ A.mT"),
    Case("y[i, k]", "sum(X[i, j]*Y[j, k], j)", "X @ Y"),
    Case("y[i, j]", "sum(S[i, k]*S[j, k], k)", "S @ S.mT"),
    Case("y", "sum(u[i]*A[i, j]*v[j], (i, j))", "@"),
    Case("y", "sum(A[i, j]*B[j, k]*C[k, l]*u[i], (i, j, k, l))", "@"),
    Case("y[i, l]", "sum(A[i, j]*B[j, k]*C[k, l], (j, k))", "@"),
    Case("y[i, l]", "sum(C[k, l]*sum(A[i, j]*B[j, k], j), k)", "@"),
    Case("y", "sum(u[i]*v[j], (i, j))", "u.sum(-1)", 1),
    Case("y", "sum(S[i, i], i)", ".sum(-1)"),
    Case("y", "sum(v[i]*v[i], i)", "(v * v).sum(-1)", 1),
    Case("y[i, j]", "u[i]*v[j]", "u[..., None] * v"),
    Case("y[i]", "sum((A[i, j] - 1)*v[j], j)", "@ v"),
    Case("y", "sum((u[i] - v[j])**2, (i, j))", ".sum((-2, -1))"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.formula)
def test_contractions_are_spelled_as_people_do(case: Case) -> None:
    source = generate(case.spec).source
    forward = source.split("def forward(")[1].split("def setup_context(")[0]
    assert case.spelled in forward, forward


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.formula)
def test_no_outer_product_is_formed(case: Case) -> None:
    program = case.program
    live = program.reachable(roots(program))
    sizes = {v: len(named(program.nodes[v].axes)) for v in live}
    largest = max(sizes, key=sizes.__getitem__)
    assert sizes[largest] <= case.most, program.nodes[largest]


def test_a_chain_with_a_vector_at_its_end_is_a_chain_of_vectors() -> None:
    formula = "sum(A[i, j]*B[j, k]*C[k, l]*u[i], (i, j, k, l))"
    program = Case("y", formula, "").program
    live = program.reachable(program.outputs.values())
    built = [program.nodes[v] for v in live if program.nodes[v].op in ("einsum", "mul")]
    assert max(len(named(node.axes)) for node in built) == 1


def test_a_gradient_over_the_batch_is_one_product_of_rows() -> None:
    source = generate(Case("y[i]", "sum(A[i, j]*x[j], j)", "").spec).source
    backward = source.split("def backward(")[1].split("def jvp(")[0]
    assert "_rows_product(" in backward
    assert "@ A" in backward


def test_letters_of_an_einsum_are_the_indices() -> None:
    case = Case("y[b, a, c]", "sum(A[a, j]*Y[j, b]*C[b, c]*X[a, j], j)", "")
    subscripts = generate(case.spec).source.split('torch.einsum("')[1].split('"')[0]
    assert set(subscripts) <= set("abcj.,->")
