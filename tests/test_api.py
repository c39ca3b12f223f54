"""The Python API: declaring, compiling, writing, loading, and being refused."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import pytest
import sympy
import torch

import symgrad
from symgrad.errors import SpecError

x, beta = symgrad.reals("x beta")

SWISH = """\
symgrad: 1
ops:
  swish:
    inputs: {x: real, beta: real}
    forward: {y: x*sigmoid(beta*x)}
  twice:
    inputs: {x: real}
    forward: {y: 2*x}
"""


def swish(**options: Any) -> symgrad.Op:
    forward = {"y": x * symgrad.sigmoid(beta * x)}
    return symgrad.Op("swish", inputs=[x, beta], forward=forward, **options)


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specs") / "gates.yaml"
    path.write_text(SWISH)
    return path


def body(source: str) -> str:
    return "".join(source.splitlines(keepends=True)[3:])


def test_import_is_lazy() -> None:
    heavy = "{'torch', 'sympy', 'pydantic', 'numpy', 'jinja2', 'flint'}"
    program = f"import sys, symgrad; dir(symgrad); print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_what_the_module_offers() -> None:
    for name in symgrad.__all__:
        assert getattr(symgrad, name) is not None
    assert {"sigmoid", "softplus", "erf", "where"} <= set(dir(symgrad))
    assert symgrad.erf is sympy.erf
    with pytest.raises(AttributeError, match="sigmiod"):
        _ = symgrad.sigmiod


def test_reals() -> None:
    a, b = symgrad.reals("a, b")
    assert a.is_real and b.is_real and (a, b) == sympy.symbols("a b", real=True)
    assert symgrad.reals("a") == a


def test_a_symbolic_op_is_the_spec_of_the_same_formula() -> None:
    texts = symgrad.Op("swish", ["x", "beta"], {"y": "x*sigmoid(beta*x)"})
    assert texts.source() == swish().source()
    single = symgrad.Op("swish", [x, beta], x * symgrad.sigmoid(beta * x))
    assert single.source() == swish().source()


def test_a_loaded_op_is_the_op_declared_in_python(spec_file: Path) -> None:
    ops = symgrad.load(spec_file)
    assert list(ops) == ["swish", "twice"] and len(ops) == 2
    assert body(ops["swish"].source()) == body(swish().source())
    with pytest.raises(KeyError):
        ops["swich"]


def test_compile_computes_value_and_gradient() -> None:
    f = swish().compile()
    a = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    b = torch.randn(4, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(f(a, b), a * torch.sigmoid(b * a))
    assert torch.autograd.gradcheck(f, (a, b))


def test_compiled_source_shows_in_tracebacks_and_inspect() -> None:
    f = swish().compile(verify="off")
    assert "def swish(" in inspect.getsource(f)
    with pytest.raises(TypeError) as caught:
        f(1, 2)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.line and last.line in swish().source()


def test_compiling_twice_gives_the_same_function() -> None:
    assert swish().compile(verify="off") is swish().compile(verify="off")


def test_write_makes_the_files_of_the_command_line(tmp_path: Path) -> None:
    paths = swish().write(tmp_path, verify="off")
    names = ["swish.py", "test_swish.py", "swish.lock.json"]
    assert [p.name for p in paths] == names
    assert all(p.parent == tmp_path for p in paths)
    assert body(paths[0].read_text()) == body(swish().source())


def test_write_of_a_loaded_file_is_what_gen_writes(
    spec_file: Path, tmp_path: Path
) -> None:
    symgrad.load(spec_file).write(tmp_path / "api", verify="off")
    command = [sys.executable, "-m", "symgrad", "gen", str(spec_file), "--verify"]
    subprocess.run([*command, "off", "-o", str(tmp_path / "cli")], check=True)
    for path in (tmp_path / "cli").glob("*.py"):
        assert path.read_bytes() == (tmp_path / "api" / path.name).read_bytes()


def test_write_does_not_overwrite_an_edited_file(tmp_path: Path) -> None:
    module, *_ = swish().write(tmp_path, verify="off")
    module.write_text(module.read_text() + "# mine\n")
    with pytest.raises(symgrad.SymgradError) as caught:
        swish().write(tmp_path, verify="off")
    assert [d.code for d in caught.value.diagnostics] == ["SG503"]
    swish().write(tmp_path, force=[module], verify="off")
    assert "# mine" not in module.read_text()


def test_failed_verification_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from symgrad import api

    wrong = api.generate(swish()._origin)
    broken = wrong.source.replace("(-u).sigmoid_()", "torch.sigmoid(u)")
    assert broken != wrong.source
    monkeypatch.setattr(
        api, "generate", lambda _: type(wrong)(wrong.stem, broken, wrong.tests)
    )
    with pytest.raises(symgrad.SymgradError) as caught:
        swish().compile()
    assert {d.code for d in caught.value.diagnostics} == {"SG600"}
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("error[SG600]: swish: rung 1: ")
    assert [line for line in lines if line.startswith("  expected: ")]
    assert "\\n" not in str(caught.value)


def test_no_module_hides_one_of_python(tmp_path: Path) -> None:
    op = symgrad.Op("random", [x], {"y": 2 * x})
    with pytest.raises(symgrad.SymgradError, match="SG105"):
        op.write(tmp_path)
    assert not list(tmp_path.iterdir())
    assert op.compile(verify="off").__name__ == "random"


def test_lets_outputs_overrides_and_surrogates() -> None:
    u, grad_y = symgrad.reals("u grad_y")
    op = symgrad.Op(
        "mixed",
        inputs={x: "real", "alpha": "float = 2"},
        let={"u": symgrad.tanh(x)},
        forward={"y": u * sympy.Symbol("alpha"), "z": sympy.Heaviside(x, 1) + 0 * x},
        surrogate={"z": symgrad.sigmoid(x)},
        doc="Both.",
    )
    f = op.compile(verify="off")
    a = torch.tensor([0.3, -0.4], dtype=torch.float64, requires_grad=True)
    first, second = f(a)
    assert torch.allclose(first, 2 * torch.tanh(a))
    assert second.tolist() == [1, 0]
    [slope] = torch.autograd.grad(second.sum(), a)
    s = torch.sigmoid(a)
    assert torch.allclose(slope, s * (1 - s))

    clipped = symgrad.Op(
        "clipped", [x], {"y": x}, backward={"x": symgrad.clamp(grad_y, -1, 1)}
    )
    [given] = torch.autograd.grad(
        clipped.compile(verify="off")(a), a, torch.tensor([5.0, 0.5]).double()
    )
    assert given.tolist() == [1, 0.5]


def test_a_thousand_lets_take_linear_time() -> None:
    names = [f"u{i}" for i in range(1_000)]
    symbols = [x, *(sympy.Symbol(name, real=True) for name in names)]
    let = {n: sympy.tanh(u) + u / 2 for n, u in zip(names, symbols, strict=False)}
    start = time.perf_counter()
    op = symgrad.Op("chain", [x], {"y": symbols[-1]}, let=let)
    assert time.perf_counter() - start < 10
    assert op._meaning.lets[-1].text == "u998/2 + tanh(u998)"


def test_a_positive_symbol_brings_its_domain() -> None:
    p = sympy.Symbol("p", positive=True)
    assert (
        str(symgrad.Op("f", [p], sympy.log(p))._meaning.inputs[0].domain) == "(0, oo)"
    )


class Doubtful(sympy.Function):  # type: ignore[misc]
    """A function of the user's whose derivative is that of something else."""

    def fdiff(self, argindex: int = 1) -> Any:
        return sympy.Integer(argindex)

    def doit(self, **_: Any) -> Any:
        return self.args[0] ** 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "two words"}, "name"),
    ({"name": "class"}, "reserved"),
    ({"inputs": []}, "'inputs'"),
    ({"inputs": [x, x]}, "'x'"),
    ({"inputs": [sympy.Symbol('__import__("os").system("x")')]}, "name"),
    ({"inputs": {"x": "reel"}}, "reel"),
    ({"inputs": {"x": "int"}}, "differentiable"),
    ({"inputs": [x, beta]}, "'beta'"),
    ({"forward": {"y": sympy.Max(x, 1) + sympy.erf(sympy.I * x)}}, "complex"),
    ({"forward": {}}, "'forward'"),
    ({"forward": {"y": 2 * x, "z": 3}}, "depends on no tensor"),
    ({"forward": {"y": sympy.polygamma(x, x)}}, "whole number"),
    ({"forward": {"y": sympy.Symbol("z", real=True)}}, "'z'"),
    ({"forward": {"y": sympy.Symbol("x")}}, "two different symbols"),
    ({"forward": {"y": "x*bta"}}, "'bta'"),
    ({"forward": {"y": x > 0}}, "condition"),
    ({"forward": {"x": 2 * x}}, "'x'"),
    ({"forward": {"y": x * sympy.asin(2)}}, "real"),
    ({"forward": {"y": ...}}, "expression"),
    ({"forward": {"y": Doubtful(x)}}, "not the derivative"),
    ({"edges": "sideways"}, "sideways"),
    ({"edges": {"exp": "left"}}, "'exp' has no corner"),
    ({"edges": {"abs": "left"}}, "no derivative passes through 'abs'"),
    ({"save": ["x", "x"]}, "'x' is in the list already"),
    ({"name": None}, "reserved"),
    ({"nondifferentiable": "y"}, "should be a list"),
    ({"samples": [1]}, "should be a mapping, not list"),
    ({"forward": sympy.factorial(10**9, evaluate=False)}, "too large"),
    ({"save": "everything"}, "everything"),
    ({"backend": "triton"}, "not built"),
    ({"nondifferentiable": ["z"]}, "'z'"),
    ({"surrogate": {"z": x}}, "'z'"),
    ({"backward": {"z": x}}, "'z'"),
    ({"samples": {"z": {"range": [0, 1]}}}, "'z'"),
]


@pytest.mark.parametrize(("change", "fragment"), REFUSED, ids=str)
def test_is_refused_as_a_spec_would_be(change: dict[str, Any], fragment: str) -> None:
    good: dict[str, Any] = {"name": "f", "inputs": [x], "forward": {"y": 2 * x}}
    with pytest.raises(symgrad.SymgradError) as caught:
        symgrad.Op(**(good | change))
    assert caught.value.diagnostics
    assert any(fragment in d.message for d in caught.value.diagnostics), str(
        caught.value
    )


def test_a_let_may_be_a_condition() -> None:
    inside = sympy.Symbol("inside")
    chosen = sympy.Piecewise((x, inside), (beta * x, True))
    made = symgrad.Op("f", [x, beta], chosen, let={"inside": sympy.Abs(x) < beta})
    text = symgrad.Op(
        "f", [x, beta], "where(inside, x, beta*x)", let={"inside": "abs(x) < beta"}
    )
    assert "inside = torch.abs(x) < beta" in made.source()
    assert body(made.source()).count("inside") == body(text.source()).count("inside")


def test_a_policy_is_for_a_function_of_the_formulas() -> None:
    made = symgrad.Op("f", [x], sympy.Abs(x), edges={sympy.Abs: "left"})
    assert made._meaning.edges == {"abs": "left"}


def test_indices_need_inputs_with_axes() -> None:
    v, i = symgrad.indexed("v[..., n]"), sympy.Symbol("i", integer=True)
    with pytest.raises(symgrad.SymgradError, match="nothing has indices"):
        symgrad.Op("f", {"v": "real"}, {"y": v[i]})
    with pytest.raises(symgrad.SymgradError, match="the free index i"):
        symgrad.Op("f", [v], {"y": v[i]})


def test_axes_in_sympy_are_those_of_specs() -> None:
    n, m = sympy.symbols("n m")
    i, j = sympy.symbols("i j", cls=sympy.Idx)
    x, w = symgrad.indexed("x[..., n]"), symgrad.indexed("w[n]")
    A = sympy.IndexedBase("A", shape=(m, n))
    product = sympy.Sum(A[i, j] * x[j] * w[j], (j, 0, n - 1))
    written = symgrad.Op("f", [A, x, w], {"y[i]": product / symgrad.mean(w[j], j)})
    inputs = {"A": "real[m, n]", "x": "real[..., n]", "w": "real[n]"}
    text = "sum(A[i, j]*x[j]*w[j], j)/mean(w[j], j)"
    f, g = (
        op.compile(verify="off")
        for op in (written, symgrad.Op("f", inputs, {"y[i]": text}))
    )
    args = [torch.randn(s, dtype=torch.float64) for s in ((2, 3), (4, 3), (3,))]
    torch.testing.assert_close(f(*args), g(*args))
    assert r"\sum_{j=0}" in written._repr_latex_()


def test_the_documentation_runs(tmp_path: Path) -> None:
    """All blocks of the page, one after the other, where the examples are at hand."""
    repository = Path(__file__).parents[1]
    page = (repository / "docs" / "python-api.md").read_text()
    blocks = re.findall(r"(?<!-->\n)```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 4
    program = "\n".join(blocks)  # verification has its own tests, and takes seconds
    program = program.replace("compile()", 'compile(verify="off")')
    program = program.replace('write("generated")', 'write("generated", verify="off")')
    (tmp_path / "page.py").write_text(program)
    shutil.copytree(repository / "examples", tmp_path / "examples")
    path = os.pathsep.join([str(repository), os.environ.get("PYTHONPATH", "")])
    subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert (tmp_path / "generated" / "swish.py").is_file()


def test_in_a_notebook() -> None:
    latex = swish()._repr_latex_()
    assert r"\frac{\partial y}{\partial \beta}" in latex
    assert r"\operatorname{sigmoid}" in latex
    assert repr(swish()) == "<symgrad.Op swish(x, beta) -> y>"


def test_a_formula_that_nobody_could_read_is_left_out() -> None:
    term = x
    for _ in range(300):
        term = sympy.Add(sympy.Mul(term, term, evaluate=False), 1, evaluate=False)
    op = symgrad.Op("deep", [x], {"y": term})
    assert r"\ldots" in op._repr_latex_()
    assert len(op.source()) < 2_000_000


@pytest.mark.parametrize("inputs", [None, 3, object()])
def test_inputs_that_are_no_inputs_are_said_to_be(inputs: Any) -> None:
    with pytest.raises(SpecError, match=r"mapping or symbols.*\n.*\n.*reals"):
        symgrad.Op("f", inputs=inputs, forward="x")


def test_a_matrix_is_refused_by_its_code() -> None:
    """A mutable one is not even an expression of SymPy's."""
    x = symgrad.reals("x")
    for matrix in (sympy.Matrix([x, x]), sympy.ImmutableMatrix([x, x])):
        with pytest.raises(SpecError, match="SG704"):
            symgrad.Op("f", inputs=[x], forward={"y": matrix}).source()
